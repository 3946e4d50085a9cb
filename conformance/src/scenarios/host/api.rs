//! The plugin API as the host serves it: a fake calls it step by step, and its journal has the answers.

pub(super) mod door;
mod story;

pub mod channel_members;
pub mod channels;
pub mod crowds;
pub mod echo;
pub mod events;
pub mod files;
pub mod groups;
pub mod integrations;
pub mod kv;
pub mod methods;
pub mod outward;
pub mod post_lists;
pub mod posts;
pub mod properties;
pub mod settings;
pub mod store;
pub mod teams;
pub mod users;

use std::collections::BTreeMap;

use bytes::Bytes;
use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{ApiOrder, Script, Step};
use serde_json::{Value, json};
use tonic::{Code, Status};

use door::{Door, Said};

use super::stage::{Stage, good};
use crate::case::Case;
use crate::case::words::Words;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Facts about the server and the plugin.
    "host/api/facts" => facts: ["AP-001"];
    /// Log lines of plugins.
    "host/api/logs" => logs: ["AP-002"];
    /// Methods that the host has, and that it does not have.
    "host/api/missing-methods" => missing_methods: ["AP-007"], deadline(120);
    /// Calls that are wrong.
    "host/api/wrong-calls" => wrong_calls: ["AP-008"];
    /// Large messages.
    "host/api/large-messages" => large_messages: ["AP-009"];
}

/// One call and the label of its answer.
type Line = (&'static str, &'static str, Value);

/// A plugin that makes calls, one after the other, when it has announced itself.
fn calling(lines: &[Line]) -> Script {
    lines
        .iter()
        .fold(good(), |script, (label, method, request)| {
            script.step(call(label, method, request.clone()))
        })
}

fn call(label: &str, method: &str, request: Value) -> Step {
    Step::Api(ApiOrder {
        label: Some(label.to_owned()),
        ..ApiOrder::new(method, request)
    })
}

/// The answers by label: the response, or the status in words.
type Answers = BTreeMap<String, Result<Value, String>>;

fn answers(entries: &[Entry]) -> Answers {
    let answer = |entry: &Entry| match &entry.event {
        Seen::Api {
            label: Some(label),
            response,
            status,
            ..
        } => {
            let answer = match status {
                Some(status) => Err(status.clone()),
                None => Ok(response.clone().unwrap_or_default()),
            };
            Some((label.clone(), answer))
        }
        _ => None,
    };
    entries.iter().filter_map(answer).collect()
}

/// Plays the calls and waits for the answer to the last.
async fn play(
    stage: &Stage<'_>,
    name: &str,
    lines: &[Line],
) -> Result<(PluginFolder, Answers), Interruption> {
    let folder = stage.started(name, &calling(lines)).await?;
    let entries = stage
        .journal(&folder, |entries| answers(entries).len() >= lines.len())
        .await?;
    Ok((folder, answers(&entries)))
}

/// The field of an answer, absent and default taken for the same.
fn field(answers: &Answers, label: &str, name: &str) -> Result<Value, String> {
    let answer = answers
        .get(label)
        .cloned()
        .unwrap_or_else(|| Err("no answer".to_owned()))?;
    match answer.get("error").filter(|error| !error.is_null()) {
        Some(error) => Err(format!("error {error}")),
        None => Ok(answer[name].clone()),
    }
}

/// Judges one field of one answer.
fn judge(
    case: &Case,
    id: &'static str,
    answers: &Answers,
    (label, name): (&str, &str),
    expected: Value,
    reason: &'static str,
) {
    let got = field(answers, label, name);
    let is_default = |value: &Value| {
        matches!(value, Value::Null | Value::Bool(false)) || value == "" || value == &json!([])
    };
    let kept = got
        .as_ref()
        .is_ok_and(|got| *got == expected || (is_default(got) && is_default(&expected)));
    let witness = case
        .require(id)
        .seen("answers", answers.len())
        .and(label, answers.get(label).words());
    witness.holds(
        kept,
        format!("{label}: {name} = {expected}"),
        got.words(),
        reason,
    );
}

/// Judges that a call succeeded.
fn succeeded(case: &Case, id: &'static str, answers: &Answers, label: &str, reason: &'static str) {
    let got = field(answers, label, "error");
    let witness = case.require(id).seen("answers", answers.len());
    witness.holds(
        got.is_ok(),
        format!("{label} succeeds"),
        got.words(),
        reason,
    );
}

async fn facts(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let lines = [
        ("version", "GetServerVersion", json!({})),
        ("enterprise", "IsEnterpriseReady", json!({})),
        ("id", "GetPluginID", json!({})),
    ];
    for name in ["one", "two"] {
        let (folder, answers) = play(&stage, name, &lines).await?;
        judge(
            case,
            "AP-001",
            &answers,
            ("id", "plugin_id"),
            json!(folder.id),
            "wrong-plugin-id",
        );
        let version = field(&answers, "version", "version");
        let kept = version.as_ref().is_ok_and(|version| {
            version
                .as_str()
                .is_some_and(|text| text.split('.').count() >= 2)
        });
        let witness = case.require("AP-001").seen("answers", answers.len());
        witness.holds(kept, "a version", version.words(), "no-version");
        succeeded(case, "AP-001", &answers, "enterprise", "not-answered");
    }
    stage.close().await
}

async fn logs(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let pairs = json!([{"key": "user", "value": "u\u{e4}"}, {"key": "count", "value": 3}]);
    let line = |text: &str| json!({"msg": text, "key_value_pairs": pairs});
    let rows = [
        ("LogDebug", "debug"),
        ("LogInfo", "info"),
        ("LogWarn", "warn"),
        ("LogError", "error"),
    ];
    let lines: Vec<Line> = rows
        .iter()
        .map(|(method, level)| (*level, *method, line(method)))
        .collect();
    let (folder, answers) = play(&stage, "plugin", &lines).await?;
    for (method, level) in rows {
        succeeded(case, "AP-002", &answers, level, "not-answered");
        let event = stage
            .event(|event| event.event == "api_log" && event.text("message").contains(method))
            .await;
        let got = event.as_ref().map(|event| {
            (
                event.plugin.as_str(),
                event.text("level"),
                event.fields.get("fields").cloned(),
            )
        });
        let pairs = Some(json!([["user", "u\u{e4}"], ["count", 3.0]]));
        let kept = got == Some((folder.id.as_str(), level, pairs));
        let witness = case.require("AP-002").seen("answers", answers.len());
        let reason = if event.is_none() {
            "log-lost"
        } else {
            "log-changed"
        };
        let expected = format!("{method} of {} at {level} with both pairs", folder.id);
        if !witness.holds(kept, expected, event.words(), reason) {
            return Ok(());
        }
    }
    stage.close().await
}

async fn missing_methods(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    let mut unanswered = Vec::new();
    let mut statuses = Vec::new();
    for method in plugin_proto::API {
        if let Said::Status(status) = door.call(method.name, &json!({})).await? {
            if status.code() == Code::DeadlineExceeded {
                unanswered.push(method.name);
            } else {
                statuses.push(format!("{}: {}", method.name, status.words()));
            }
        }
    }
    let answered = plugin_proto::API.len() - unanswered.len() - statuses.len();
    let seen = || case.require("AP-007").seen("methods answered", answered);
    seen().absent("method without an answer", &unanswered, "no-answer");
    seen().absent(
        "method answered out of band",
        &statuses,
        "answered-out-of-band",
    );
    stage.close().await
}

async fn wrong_calls(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    let before = door.raw("GetServerVersion", Bytes::new()).await;
    // Field 1 announces more bytes than there are.
    let broken = Bytes::from_static(&[0x0a, 0x7f, 0x01]);
    let unknown = door.raw("NoSuchMethod", Bytes::new()).await;
    let undecodable = door.raw("KVSet", broken).await;
    let after = door.raw("GetServerVersion", Bytes::new()).await;
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let seen = || {
        case.require("AP-008").seen(
            "control: a call before",
            before.as_ref().ok().map(Bytes::len),
        )
    };
    let code = unknown.as_ref().err().map(Status::code);
    seen().same(
        "the status of an unknown method",
        Some(Code::Unimplemented),
        code,
        "unknown-path-answered",
    );
    seen().holds(
        undecodable.is_err(),
        "a failed call",
        undecodable.words(),
        "wrong-bytes-accepted",
    );
    seen().holds(
        before.is_ok() && after.is_ok(),
        "an answer after it",
        after.words(),
        "server-ended",
    );
    seen().holds(
        next.is_ok(),
        "an answered hook",
        next.words(),
        "plugin-ended",
    );
    stage.close().await
}

async fn large_messages(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    // KVSet with the key `k` and a value of 6 MiB: two fields, each a tag, a length and bytes.
    let value = vec![b'x'; 6 << 20];
    let mut message = vec![0x0a, 1, b'k', 0x12];
    let mut length = value.len();
    while length >= 0x80 {
        message.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).unwrap_or_default());
    message.extend(&value);
    let set = door.raw("KVSet", message.into()).await;
    let get = door
        .raw("KVGet", Bytes::from_static(&[0x0a, 1, b'k']))
        .await;
    let control = door.raw("GetServerVersion", Bytes::new()).await;
    let seen = || {
        let judge = case
            .require("AP-009")
            .go_host("refuses it with RESOURCE_EXHAUSTED");
        judge.seen(
            "control: a small call",
            control.as_ref().ok().map(Bytes::len),
        )
    };
    let said = set.as_ref().map(Bytes::len).map_err(ToString::to_string);
    seen().holds(
        set.as_ref().is_ok_and(Bytes::is_empty),
        "a value of 6 MiB is set",
        said.words(),
        "large-message-refused",
    );
    let whole = get
        .as_ref()
        .is_ok_and(|answer| answer.len() > value.len() && answer.ends_with(&value));
    let said = get.as_ref().map(Bytes::len).map_err(ToString::to_string);
    seen().holds(
        whole,
        "the same 6 MiB come back",
        format!("{} bytes", said.words()),
        "large-message-refused",
    );
    stage.close().await
}
