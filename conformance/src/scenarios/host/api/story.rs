//! What the stories of the API are told with: a plugin, its door, the hooks that it was called by, and a short way to judge one answer.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::script::{Answer, Script, Serve};
use serde_json::{Map, Value, json};

use super::super::stage::Stage;
use super::super::traces::calls;
use super::door::{Door, Said};
use crate::case::Case;
use crate::case::words::Words;
pub(in crate::scenarios::host) use crate::drawn::UNKNOWN;
use crate::driver::protocol::{Order, Stopped};
use crate::scenario::{Interruption, ScenarioResult};
use crate::verdict::OutcomeKind;

/// How long a hook that is called in the background may take.
const BACKGROUND: Duration = Duration::from_secs(6);

/// A host, one plugin in it, and its door.
pub(super) struct Story<'a> {
    pub(super) case: &'a Case,
    pub(super) stage: Stage<'a>,
    pub(super) plugin: PluginFolder,
    pub(super) door: Door,
}

impl<'a> Story<'a> {
    /// A plugin that has these hooks, and says nothing to them.
    pub(super) async fn begin<const N: usize>(
        case: &'a Case,
        hooks: [&str; N],
    ) -> Result<Story<'a>, Interruption> {
        let stage = Stage::open(case).await?;
        let serve = hooks.iter().fold(Serve::default(), |serve, hook| {
            serve.hook(hook, Answer::empty())
        });
        let plugin = stage.started("plugin", &Script::serving(serve)).await?;
        let door = Door::open(&plugin).await?;
        Ok(Story {
            case,
            stage,
            plugin,
            door,
        })
    }

    /// Another plugin, which answers hooks.
    pub(super) async fn another<const N: usize>(
        &self,
        name: &str,
        hooks: [(&str, Answer); N],
    ) -> Result<PluginFolder, Interruption> {
        let serve = hooks
            .into_iter()
            .fold(Serve::default(), |serve, (hook, answer)| {
                serve.hook(hook, answer)
            });
        self.stage.started(name, &Script::serving(serve)).await
    }

    /// Stops a plugin.
    pub(super) async fn stop(&self, plugin: &PluginFolder) -> ScenarioResult {
        let order = Order::Deactivate {
            plugin: plugin.id.clone(),
        };
        self.stage.done::<Stopped>(order).await.map(drop)
    }

    /// What is judged from here on, and the reason by which it fails.
    pub(super) fn rule(&self, id: &'static str, reason: &'static str) -> Rule<'_, 'a> {
        Rule {
            story: self,
            id,
            reason,
        }
    }

    /// Calls what has to be done for the story to go on.
    pub(super) async fn did(&self, method: &str, request: Value) -> Result<Value, Interruption> {
        match self.door.call(method, &request).await? {
            Said::Answer(answer) => Ok(answer),
            other => Err(Interruption::broken_off(format!(
                "{method} {request} was not done: {}",
                other.words()
            ))),
        }
    }

    /// A new object of a method that answers with it; its id.
    pub(super) async fn made(
        &self,
        method: &str,
        field: &str,
        given: Value,
    ) -> Result<String, Interruption> {
        let answer = self.did(method, json!({ field: given })).await?;
        Ok(text(&answer[field]["id"]))
    }

    /// A new user; the id.
    pub(super) async fn user(&self, name: &str) -> Result<String, Interruption> {
        let user = json!({"username": name, "email": format!("{name}@example.com"), "password": "secret-word-1"});
        self.made("CreateUser", "user", user).await
    }

    /// A new open team; the id.
    pub(super) async fn team(&self, name: &str) -> Result<String, Interruption> {
        let team = json!({"name": name, "display_name": name, "type": "TEAM_TYPE_OPEN", "allow_open_invite": true});
        self.made("CreateTeam", "team", team).await
    }

    /// A new open channel; the id.
    pub(super) async fn channel(&self, team: &str, name: &str) -> Result<String, Interruption> {
        let channel = json!({"team_id": team, "name": name, "display_name": name, "type": "CHANNEL_TYPE_OPEN"});
        self.made("CreateChannel", "channel", channel).await
    }

    /// A new post; the id.
    pub(super) async fn post(
        &self,
        (user, channel): (&str, &str),
        rest: Value,
    ) -> Result<String, Interruption> {
        let post = with(
            json!({"user_id": user, "channel_id": channel, "message": "m"}),
            rest,
        );
        self.made("CreatePost", "post", post).await
    }

    /// A new user in a team.
    pub(super) async fn member(&self, team: &str, name: &str) -> Result<String, Interruption> {
        let user = self.user(name).await?;
        let request = json!({"team_id": team, "user_id": user});
        self.did("CreateTeamMember", request).await?;
        Ok(user)
    }

    /// The requests by which the plugin was called by a hook, as soon as there are so many, at the latest after a while.
    pub(super) async fn fired(
        &self,
        plugin: &PluginFolder,
        hook: &str,
        count: usize,
    ) -> Result<Vec<Value>, Interruption> {
        let until = Instant::now() + self.case.scaled(BACKGROUND);
        loop {
            let entries = plugin.entries()?;
            let fired = calls(&entries, hook);
            if fired.len() >= count || Instant::now() >= until {
                return Ok(fired.iter().filter_map(|entry| entry.request()).collect());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the host.
    pub(super) async fn end(self) -> ScenarioResult {
        self.stage.close().await
    }
}

/// One requirement that is judged, and the reason by which it fails.
#[derive(Clone, Copy)]
pub(super) struct Rule<'s, 'a> {
    story: &'s Story<'a>,
    id: &'static str,
    reason: &'static str,
}

impl Rule<'_, '_> {
    /// The method has to answer with at least these fields: lists are whole, null is what is not there. The answer, for what follows.
    pub(super) async fn answers(
        self,
        method: &str,
        request: Value,
        part: Value,
    ) -> Result<Value, Interruption> {
        let said = self.story.door.call(method, &request).await?;
        let (wrong, answer) = match &said {
            Said::Answer(answer) => (differences(&part, answer), answer.clone()),
            other => (vec![other.words()], Value::Null),
        };
        let seen = format!("{} ({} was answered)", wrong.join("; "), said.words());
        self.holds(
            method,
            wrong.is_empty(),
            format!("{request} gives {part}"),
            seen,
        );
        Ok(answer)
    }

    /// The method has to refuse in band with this id and HTTP status.
    pub(super) async fn refuses(
        self,
        method: &str,
        request: Value,
        (id, status): (&str, i64),
    ) -> ScenarioResult {
        let said = self.story.door.call(method, &request).await?;
        let kept = match &said {
            Said::Error(error) => error["id"] == id && error["status_code"] == status,
            _ => false,
        };
        let expected = format!("{request} is refused as {id} with {status}");
        self.holds(method, kept, expected, said.words());
        Ok(())
    }

    /// The method has to refuse in band, however.
    pub(super) async fn refuses_somehow(self, method: &str, request: Value) -> ScenarioResult {
        let said = self.story.door.call(method, &request).await?;
        let kept = matches!(said, Said::Error(_));
        self.holds(method, kept, format!("{request} is refused"), said.words());
        Ok(())
    }

    /// Whether so many calls of a hook arrive and no more, as far as can be seen by then; their requests.
    pub(super) async fn fires(
        self,
        method: &str,
        hook: &str,
        count: usize,
    ) -> Result<Vec<Value>, Interruption> {
        let fired = self.story.fired(&self.story.plugin, hook, count).await?;
        let expected = format!("{count} calls of {hook}");
        self.holds(
            method,
            fired.len() == count,
            expected,
            format!("{} calls", fired.len()),
        );
        Ok(fired)
    }

    /// Judges a condition on what a method answered.
    pub(super) fn holds(
        self,
        method: &str,
        kept: bool,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) {
        let case = self.story.case;
        let kind = if kept {
            OutcomeKind::Passed
        } else {
            OutcomeKind::Failed
        };
        case.cell(self.id, method, kind);
        let witness = case.require(self.id).seen("answered", method);
        let expected = format!("{method}: {}", expected.into());
        witness.holds(
            kept,
            expected,
            format!("{method}: {}", seen.into()),
            self.reason,
        );
    }

    /// Judges that two values are equal.
    pub(super) fn same(self, method: &str, what: &str, expected: &Value, seen: &Value) {
        let kept = differences(expected, seen).is_empty() && differences(seen, expected).is_empty();
        self.holds(
            method,
            kept,
            format!("{what}: {expected}"),
            format!("{what}: {seen}"),
        );
    }
}

/// What stands in a text, empty if there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The object with these fields in place of its own.
pub(super) fn with(mut object: Value, fields: Value) -> Value {
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    object
}

/// A field of each entry of a list.
pub(super) fn each(list: &Value, field: &str) -> Value {
    let entries = list.as_array().into_iter().flatten();
    entries.map(|entry| entry[field].clone()).collect()
}

/// The entries of a list in the order of their text.
pub(super) fn sorted(list: &Value) -> Value {
    let mut texts: Vec<String> = list.as_array().into_iter().flatten().map(text).collect();
    texts.sort();
    texts.into()
}

/// How an answer differs from the part of it that is expected, by path. A field with its default value is one that is not there.
pub(super) fn differences(part: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(part, got, "", &mut found);
    found
}

fn compare(part: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    match (part, got) {
        (Value::Object(part), Value::Object(got)) => {
            for (name, expected) in part {
                let got = of(got, name);
                compare(expected, &got, &format!("{path}.{name}"), found);
            }
        }
        (Value::Array(part), Value::Array(got)) if part.len() == got.len() => {
            for (at, (part, got)) in part.iter().zip(got).enumerate() {
                compare(part, got, &format!("{path}[{at}]"), found);
            }
        }
        (expected, Value::Null) if is_default(expected) => {}
        (expected, got) if expected == got => {}
        (Value::Number(expected), Value::Number(got)) if expected.as_f64() == got.as_f64() => {}
        (expected, got) => found.push(format!("{path} is {got}, not {expected}")),
    }
}

fn of(fields: &Map<String, Value>, name: &str) -> Value {
    fields.get(name).cloned().unwrap_or_default()
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compared_with_the_part_that_is_expected() {
        let got = json!({"user": {"name": "a", "count": 2}, "list": [1, 2]});
        for part in [
            json!({}),
            json!({"user": {"count": 2.0, "gone": null, "no": false}}),
            json!({"list": [1, 2], "none": []}),
        ] {
            assert_eq!(differences(&part, &got), [""; 0], "{part}");
        }
        for part in [
            json!({"user": {"name": null}}),
            json!({"user": {"gone": 1}}),
            json!({"list": [2, 1]}),
            json!({"list": [1]}),
            json!({"user": null}),
        ] {
            assert_eq!(
                differences(&part, &got).len(),
                if part["list"][0] == 2 { 2 } else { 1 },
                "{part}"
            );
        }
    }
}
