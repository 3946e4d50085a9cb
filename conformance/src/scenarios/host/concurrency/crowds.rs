//! Crowds: 64 hooks of one plugin, 20 plugins, and API calls from the middle of hooks.

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Answer, ApiOrder, Script, Serve};
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Value, json};

use super::super::stage::{PATIENCE, Setting, Stage};
use super::super::traces::calls;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::driver::protocol::{Activated, Called, Order, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// 64 hooks of one plugin, none of which is answered before all have arrived.
    "host/concurrency/crowd" => crowd: ["CC-005"];
    /// 20 plugins started at once, the first of which never gets up.
    "host/concurrency/twenty-plugins" => twenty_plugins: ["CC-006"], deadline(60);
    /// An API call from the middle of a hook, while other hooks hang.
    "host/concurrency/api-in-hook" => api_in_hook: ["CC-008"];
    /// 64 hooks, each with an API call of its own.
    "host/concurrency/api-crowd" => api_crowd: ["CC-009"];
}

const CROWD: usize = 64;

fn numbered(text: impl Fn(usize) -> String) -> Vec<String> {
    (0..CROWD).map(text).collect()
}

/// A request whose post has this text.
fn saying(message: &str) -> Value {
    json!({ "post": { "message": message } })
}

async fn crowd(case: &mut Case) -> ScenarioResult {
    // Ends the crowd in a host that calls one after the other.
    let hook = case.scaled(Duration::from_secs(6));
    let stage = Stage::open_with(case, Setting::new().bound("hook", hook)).await?;
    let serve = Serve::good().hook("MessageWillBePosted", Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let open = |entries: &[Entry]| {
        let ended = |entry: &&Entry| matches!(&entry.event, Seen::Answered { path, .. } | Seen::Abandoned { path } if path.ends_with("/MessageWillBePosted"));
        calls(entries, "MessageWillBePosted").len() - entries.iter().filter(ended).count()
    };
    let hooks =
        join_all((0..CROWD).map(|_| stage.hook(&folder, "MessageWillBePosted", Value::Null)));
    let all_open = stage.journal(&folder, |entries| open(entries) == CROWD);
    // The journal is looked at until the bound of the hooks ends them all.
    let (seen_open, ends) = tokio::select! {
        entries = all_open => (open(&entries?), None),
        ends = hooks => (0, Some(ends.len())),
    };
    let control = calls(&folder.entries()?, "MessageWillBePosted").len();
    case.require("CC-005")
        .seen("calls of the hook", some(control))
        .and("ended before all had arrived", ends.map_or(0, |ends| ends))
        .same(
            "hooks under way at once",
            CROWD,
            seen_open,
            "one-after-another",
        );
    stage.close().await
}

const PLUGINS: usize = 20;

/// Activates a plugin whose start may take longer than the stage has patience for.
async fn activated(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    within: Duration,
) -> Result<Result<Activated, Refusal>, Interruption> {
    let order = Order::Activate {
        dir: folder.directory.clone(),
    };
    let answer = stage.host().ask_for(order, within).await;
    answer.map_err(|error| Interruption::broken_off(error.to_string()))
}

async fn twenty_plugins(case: &mut Case) -> ScenarioResult {
    // Nineteen at once take their time where there is little of it.
    let start = case.scaled(Duration::from_secs(20));
    let stage = Stage::open_with(case, Setting::new().bound("start", start)).await?;
    let silent = stage.place("silent", &Preset::Silent.script())?;
    let mut folders = Vec::new();
    for number in 1..PLUGINS {
        let name = format!("p{number:02}");
        let answer = Answer::Value(json!({ "rejection_reason": name }));
        let serve = Serve::good().hook("MessageWillBePosted", answer);
        let script = Script::serving(serve).api("GetPluginID", json!({}));
        folders.push(stage.place(&name, &script)?);
    }
    // The silent one is asked for first: in a host that starts one after the other all wait for it.
    let within = start + case.scaled(PATIENCE);
    let mut slow = Box::pin(activated(&stage, &silent, within));
    let mut starts: FuturesUnordered<_> = folders
        .iter()
        .map(|folder| activated(&stage, folder, within))
        .collect();
    let mut up = 0;
    let mut refused = Vec::new();
    let first = loop {
        tokio::select! {
            biased;
            outcome = &mut slow => break Some(outcome?),
            Some(outcome) = starts.next() => match outcome? {
                Ok(_) => up += 1,
                Err(refusal) => refused.push(refusal.message),
            },
        }
        if up + refused.len() == folders.len() {
            break None;
        }
    };
    drop(slow);
    let seen = || case.require("CC-006").seen("plugins asked for", PLUGINS);
    seen().absent("plugin that does not start", &refused, "start-refused");
    seen().holds(
        first.is_none() && up == folders.len(),
        "19 plugins run while one is still expected to announce itself",
        format!(
            "{up} ran when the silent one was given up: {}",
            first.words()
        ),
        "waits-for-another",
    );
    if first.is_some() {
        return Ok(());
    }
    let answers = join_all(
        folders
            .iter()
            .map(|folder| stage.hook(folder, "MessageWillBePosted", Value::Null)),
    );
    let mut wrong = Vec::new();
    for (folder, answer) in folders.iter().zip(answers.await) {
        let own = folder.id.rsplit('.').next().unwrap_or_default();
        let right = matches!(answer?, Ok(Called::Answered { response }) if response["rejection_reason"] == own);
        let told = stage
            .journal(folder, |entries| {
                !stage.has(Feature::Api) || plugin_id(entries).is_some()
            })
            .await?;
        let known =
            !stage.has(Feature::Api) || plugin_id(&told).as_deref() == Some(folder.id.as_str());
        if !right || !known {
            wrong.push(folder.id.clone());
        }
    }
    seen().absent(
        "plugin with another's hooks or API",
        &wrong,
        "anothers-answer",
    );
    Ok(())
}

/// The id that the API told a plugin.
fn plugin_id(entries: &[Entry]) -> Option<String> {
    entries.iter().find_map(|entry| match &entry.event {
        Seen::Api { response, .. } => Some(
            response.as_ref()?["plugin_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ),
        _ => None,
    })
}

async fn api_in_hook(case: &mut Case) -> ScenarioResult {
    // Ends the hooks in a host whose API waits for them.
    let hook = case.scaled(Duration::from_secs(3));
    let stage = Stage::open_with(case, Setting::new().bound("hook", hook)).await?;
    stage.needs(Feature::Api)?;
    let order = ApiOrder::new("KVSet", json!({"key": "k", "value": "dg=="}));
    let done = Answer::Value(json!({ "rejection_reason": "done" }));
    let serve = Serve::good()
        .hook("MessageHasBeenPosted", Answer::Hang)
        .hook("MessageWillBePosted", Answer::Api(order, Box::new(done)));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let hanging =
        join_all((0..8).map(|_| stage.hook(&folder, "MessageHasBeenPosted", Value::Null)));
    let answered = async {
        stage
            .journal(&folder, |entries| {
                calls(entries, "MessageHasBeenPosted").len() == 8
            })
            .await?;
        let hook = stage
            .hook(&folder, "MessageWillBePosted", Value::Null)
            .await;
        hook.map(|outcome| {
            (
                outcome,
                calls(&folder.entries().unwrap_or_default(), "MessageWillBePosted").len(),
            )
        })
    };
    let (outcome, asked) = tokio::select! {
        answered = answered => answered?,
        hanging = hanging => {
            let seen = format!("the hanging hooks ended first: {}", hanging.words());
            case.require("CC-008").fails("api-waits", "an answered hook", seen);
            return stage.close().await;
        }
    };
    let answered = matches!(&outcome, Ok(Called::Answered { response }) if response["rejection_reason"] == "done");
    case.require("CC-008")
        .seen("calls of the hook", asked)
        .holds(
            answered,
            "a hook that calls the API is answered while others hang",
            outcome.words(),
            "api-waits",
        );
    stage.close().await
}

async fn api_crowd(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Api)?;
    let folder = stage.started("plugin", &Preset::Testee.script()).await?;
    // The values are base64 of three bytes.
    let value = |number: usize| format!("v{number:03}");
    let set = numbered(|number| {
        let request = json!({"key": format!("key-{number}"), "value": value(number)});
        format!("conformance s{number} api KVSet {request}")
    });
    let get = numbered(|number| {
        let request = json!({ "key": format!("key-{number}") });
        format!("conformance g{number} api KVGet {request}")
    });
    all_at_once(&stage, &folder, &set).await?;
    let got = all_at_once(&stage, &folder, &get).await?;
    let wrong: Vec<String> = got
        .iter()
        .enumerate()
        .filter(|(number, got)| {
            let told: Option<Value> = serde_json::from_str(got).ok();
            told.is_none_or(|told| told["ok"]["value"] != value(*number))
        })
        .map(|(number, got)| format!("{number}: {got}"))
        .collect();
    let asked = calls(&folder.entries()?, "MessageWillBePosted").len();
    case.require("CC-009")
        .seen("calls of the hook", asked)
        .absent(
            "API call with another answer than its own",
            &wrong,
            "mixed-answers",
        );
    stage.close().await
}

/// The rejection reasons of so many hooks at the same time, in their order.
async fn all_at_once(
    stage: &Stage<'_>,
    folder: &fake_interpreters::PluginFolder,
    messages: &[String],
) -> Result<Vec<String>, Interruption> {
    let hooks = messages
        .iter()
        .map(|message| stage.hook(folder, "MessageWillBePosted", saying(message)));
    let mut reasons = Vec::new();
    for outcome in join_all(hooks).await {
        reasons.push(match outcome? {
            Ok(Called::Answered { response }) => match &response["rejection_reason"] {
                Value::String(reason) => reason.clone(),
                _ => format!("an answer without a reason: {response}"),
            },
            other => other.words(),
        });
    }
    Ok(reasons)
}
