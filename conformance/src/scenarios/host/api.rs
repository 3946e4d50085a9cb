//! The plugin API as the host serves it: a fake calls it step by step, and its journal has the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{ApiOrder, Script, Step};
use plugin_proto::dial::{Target, dial};
use serde_json::{Value, json};
use tonic::{Code, Request, Status};

use super::stage::{Stage, environment_of, good};
use crate::case::Case;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Facts about the server and the plugin.
    "host/api/facts" => facts: ["AP-001"];
    /// Log lines of plugins.
    "host/api/logs" => logs: ["AP-002"];
    /// Set, get, delete.
    "host/api/kv" => kv: ["AP-003"];
    /// Compare and set, compare and delete.
    "host/api/kv-compare" => kv_compare: ["AP-004"];
    /// Lists, expiry, delete all.
    "host/api/kv-list" => kv_list: ["AP-005"], waits();
    /// One plugin's keys and another's.
    "host/api/kv-apart" => kv_apart: ["AP-006"];
    /// Methods that the host does not have.
    "host/api/missing-methods" => missing_methods: ["AP-007"];
    /// Calls that are wrong.
    "host/api/wrong-calls" => wrong_calls: ["AP-008"];
    /// Large messages.
    "host/api/large-messages" => large_messages: ["AP-009"];
}

/// One call and the label of its answer.
type Line = (&'static str, &'static str, Value);

/// A plugin that makes calls, one after the other, when it has announced itself.
fn calling(lines: &[Line]) -> Script {
    lines.iter().fold(good(), |script, (label, method, request)| script.step(call(label, method, request.clone())))
}

fn call(label: &str, method: &str, request: Value) -> Step {
    Step::Api(ApiOrder { label: Some(label.to_owned()), ..ApiOrder::new(method, request) })
}

/// The answers by label: the response, or the status in words.
type Answers = BTreeMap<String, Result<Value, String>>;

fn answers(entries: &[Entry]) -> Answers {
    let answer = |entry: &Entry| match &entry.event {
        Seen::Api { label: Some(label), response, status, .. } => {
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
async fn play(stage: &Stage<'_>, name: &str, lines: &[Line]) -> Result<(PluginFolder, Answers), Interruption> {
    let folder = stage.started(name, &calling(lines)).await?;
    let entries = stage.journal(&folder, |entries| answers(entries).len() >= lines.len()).await?;
    Ok((folder, answers(&entries)))
}

/// The field of an answer, absent and default taken for the same.
fn field(answers: &Answers, label: &str, name: &str) -> Result<Value, String> {
    let answer = answers.get(label).cloned().unwrap_or_else(|| Err("no answer".to_owned()))?;
    match answer.get("error").filter(|error| !error.is_null()) {
        Some(error) => Err(format!("error {error}")),
        None => Ok(answer[name].clone()),
    }
}

/// Judges one field of one answer.
fn judge(case: &Case, id: &'static str, answers: &Answers, (label, name): (&str, &str), expected: Value, reason: &'static str) {
    let got = field(answers, label, name);
    let is_default = |value: &Value| matches!(value, Value::Null | Value::Bool(false)) || value == "" || value == &json!([]);
    let kept = got.as_ref().is_ok_and(|got| *got == expected || (is_default(got) && is_default(&expected)));
    let witness = case.require(id).seen("answers", answers.len()).and(label, format!("{:?}", answers.get(label)));
    witness.holds(kept, format!("{label}: {name} = {expected}"), format!("{got:?}"), reason);
}

/// Judges that a call succeeded.
fn succeeded(case: &Case, id: &'static str, answers: &Answers, label: &str, reason: &'static str) {
    let got = field(answers, label, "error");
    let witness = case.require(id).seen("answers", answers.len());
    witness.holds(got.is_ok(), format!("{label} succeeds"), format!("{got:?}"), reason);
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
        judge(case, "AP-001", &answers, ("id", "plugin_id"), json!(folder.id), "wrong-plugin-id");
        let version = field(&answers, "version", "version");
        let kept = version.as_ref().is_ok_and(|version| version.as_str().is_some_and(|text| text.split('.').count() >= 2));
        let witness = case.require("AP-001").seen("answers", answers.len());
        witness.holds(kept, "a version", format!("{version:?}"), "no-version");
        succeeded(case, "AP-001", &answers, "enterprise", "not-answered");
    }
    stage.close().await
}

async fn logs(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let pairs = json!([{"key": "user", "value": "u\u{e4}"}, {"key": "count", "value": 3}]);
    let line = |text: &str| json!({"msg": text, "key_value_pairs": pairs});
    let rows = [("LogDebug", "debug"), ("LogInfo", "info"), ("LogWarn", "warn"), ("LogError", "error")];
    let lines: Vec<Line> = rows.iter().map(|(method, level)| (*level, *method, line(method))).collect();
    let (folder, answers) = play(&stage, "plugin", &lines).await?;
    for (method, level) in rows {
        succeeded(case, "AP-002", &answers, level, "not-answered");
        let event = stage.event(|event| event.event == "api_log" && event.text("message").contains(method)).await;
        let got = event.as_ref().map(|event| (event.plugin.as_str(), event.text("level"), event.fields.get("fields").cloned()));
        let pairs = Some(json!([["user", "u\u{e4}"], ["count", 3.0]]));
        let kept = got == Some((folder.id.as_str(), level, pairs));
        let witness = case.require("AP-002").seen("answers", answers.len());
        let reason = if event.is_none() { "log-lost" } else { "log-changed" };
        witness.holds(kept, format!("{method} of {} at {level} with both pairs", folder.id), format!("{event:?}"), reason);
    }
    stage.close().await
}

/// All kinds of bytes: zero, text, no UTF-8.
const BYTES: &str = "AAECf4D//gA=";

async fn kv(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let lines = [
        ("absent", "KVGet", json!({"key": "k"})),
        ("set", "KVSet", json!({"key": "k", "value": BYTES})),
        ("get", "KVGet", json!({"key": "k"})),
        ("overwrite", "KVSet", json!({"key": "k", "value": "eA=="})),
        ("overwritten", "KVGet", json!({"key": "k"})),
        ("delete", "KVDelete", json!({"key": "k"})),
        ("deleted", "KVGet", json!({"key": "k"})),
        ("delete again", "KVDelete", json!({"key": "k"})),
        ("odd key", "KVSet", json!({"key": "\u{fc}/ %", "value": "eQ=="})),
        ("odd key read", "KVGet", json!({"key": "\u{fc}/ %"})),
    ];
    let (_, answers) = play(&stage, "plugin", &lines).await?;
    judge(case, "AP-003", &answers, ("absent", "value"), json!(""), "absent-key-not-empty");
    succeeded(case, "AP-003", &answers, "set", "set-failed");
    judge(case, "AP-003", &answers, ("get", "value"), json!(BYTES), "value-changed");
    judge(case, "AP-003", &answers, ("overwritten", "value"), json!("eA=="), "value-changed");
    judge(case, "AP-003", &answers, ("deleted", "value"), json!(""), "deleted-key-not-empty");
    succeeded(case, "AP-003", &answers, "delete again", "absent-key-not-empty");
    judge(case, "AP-003", &answers, ("odd key read", "value"), json!("eQ=="), "value-changed");
    stage.close().await
}

async fn kv_compare(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let set = |old: &str, new: &str| json!({"key": "k", "old_value": old, "new_value": new});
    let delete = |old: &str| json!({"key": "k", "old_value": old});
    let lines = [
        ("wrong old on nothing", "KVCompareAndSet", set("eA==", "YQ==")),
        ("empty old on nothing", "KVCompareAndSet", set("", "YQ==")),
        ("empty old on a value", "KVCompareAndSet", set("", "Yg==")),
        ("wrong old", "KVCompareAndSet", set("eA==", "Yg==")),
        ("kept", "KVGet", json!({"key": "k"})),
        ("right old", "KVCompareAndSet", set("YQ==", "Yg==")),
        ("changed", "KVGet", json!({"key": "k"})),
        ("delete with wrong old", "KVCompareAndDelete", delete("YQ==")),
        ("not deleted", "KVGet", json!({"key": "k"})),
        ("delete with right old", "KVCompareAndDelete", delete("Yg==")),
        ("gone", "KVGet", json!({"key": "k"})),
    ];
    let (_, answers) = play(&stage, "plugin", &lines).await?;
    let rows = [
        ("wrong old on nothing", "success", json!(false)),
        ("empty old on nothing", "success", json!(true)),
        ("empty old on a value", "success", json!(false)),
        ("wrong old", "success", json!(false)),
        ("kept", "value", json!("YQ==")),
        ("right old", "success", json!(true)),
        ("changed", "value", json!("Yg==")),
        ("delete with wrong old", "success", json!(false)),
        ("not deleted", "value", json!("Yg==")),
        ("delete with right old", "success", json!(true)),
        ("gone", "value", json!("")),
    ];
    for (label, name, expected) in rows {
        judge(case, "AP-004", &answers, (label, name), expected, "old-value-ignored");
    }
    stage.close().await
}

/// How long a key with an expiry lives, in seconds: the shortest that the API knows.
const EXPIRY: u64 = 1;

async fn kv_list(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let names: Vec<String> = (0..25).map(|number| format!("key-{number:02}")).collect();
    let mut script = good();
    for name in &names {
        script = script.step(call(name, "KVSet", json!({"key": name, "value": "eA=="})));
    }
    for page in 0..4 {
        script = script.step(call(&format!("page {page}"), "KVList", json!({"page": page, "per_page": 10})));
    }
    script = script
        .step(call("delete all", "KVDeleteAll", json!({})))
        .step(call("nothing", "KVList", json!({"page": 0, "per_page": 100})))
        .step(call("expiring", "KVSetWithExpiry", json!({"key": "e", "value": "eA==", "expire_in_seconds": EXPIRY})))
        .step(call("optional", "KVSetWithOptions", json!({"key": "o", "value": "eA==", "options": {"expire_in_seconds": EXPIRY}})))
        .step(call("lasting", "KVSet", json!({"key": "l", "value": "eA=="})))
        .step(call("alive", "KVGet", json!({"key": "l"})))
        .sleep(EXPIRY * 1000 + 300)
        .step(call("expired", "KVGet", json!({"key": "e"})))
        .step(call("expired too", "KVGet", json!({"key": "o"})))
        .step(call("list", "KVList", json!({"page": 0, "per_page": 100})));
    let folder = stage.started("plugin", &script).await?;
    let entries = stage.journal(&folder, |entries| answers(entries).contains_key("list")).await?;
    let answers = answers(&entries);
    let pages: Vec<Vec<String>> = (0..4).map(|page| keys(&answers, &format!("page {page}"))).collect();
    let mut listed = pages.concat();
    listed.sort();
    let seen = || case.require("AP-005").seen("answers", answers.len());
    seen().equals(names, listed, "keys-lost");
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    seen().equals(vec![10, 10, 5, 0], lengths, "wrong-page");
    judge(case, "AP-005", &answers, ("nothing", "keys"), json!([]), "keys-not-deleted");
    judge(case, "AP-005", &answers, ("alive", "value"), json!("eA=="), "value-changed");
    judge(case, "AP-005", &answers, ("expired", "value"), json!(""), "key-not-expired");
    judge(case, "AP-005", &answers, ("expired too", "value"), json!(""), "key-not-expired");
    judge(case, "AP-005", &answers, ("list", "keys"), json!(["l"]), "key-not-expired");
    stage.close().await
}

/// The keys in the answer to a list.
fn keys(answers: &Answers, label: &str) -> Vec<String> {
    let keys = field(answers, label, "keys").unwrap_or_default();
    keys.as_array().into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

async fn kv_apart(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let first = [("set", "KVSet", json!({"key": "shared", "value": "YQ=="}))];
    let (_, control) = play(&stage, "first", &first).await?;
    let second = [
        ("get", "KVGet", json!({"key": "shared"})),
        ("list", "KVList", json!({"page": 0, "per_page": 10})),
        ("set", "KVSet", json!({"key": "shared", "value": "Yg=="})),
        ("delete all", "KVDeleteAll", json!({})),
    ];
    let (_, answers) = play(&stage, "second", &second).await?;
    succeeded(case, "AP-006", &control, "set", "set-failed");
    judge(case, "AP-006", &answers, ("get", "value"), json!(""), "keys-shared");
    judge(case, "AP-006", &answers, ("list", "keys"), json!([]), "keys-shared");
    succeeded(case, "AP-006", &answers, "delete all", "not-answered");
    // The first plugin's value, read by a new process of it: it survives the end of the first.
    let again = stage.place("first", &calling(&[("again", "KVGet", json!({"key": "shared"}))]))?;
    stage.restart(&again).await?.map_err(|refusal| Interruption::broken_off(refusal.message))?;
    let entries = stage.journal(&again, |entries| self::answers(entries).contains_key("again")).await?;
    judge(case, "AP-006", &self::answers(&entries), ("again", "value"), json!("YQ=="), "keys-shared");
    stage.close().await
}

async fn missing_methods(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let names: Vec<&str> = plugin_proto::API.iter().map(|method| method.name).collect();
    let script = names.iter().fold(good(), |script, name| script.step(call(name, name, json!({}))));
    let folder = stage.started("plugin", &script).await?;
    let entries = stage.journal(&folder, |entries| answers(entries).len() >= names.len()).await?;
    let answers = answers(&entries);
    let unanswered: Vec<&&str> = names.iter().filter(|name| !answers.contains_key(**name)).collect();
    let seen = || case.require("AP-007").seen("methods answered", answers.len()).and("of", names.len());
    seen().absent("method without an answer", &unanswered, "no-answer");
    let statuses: Vec<String> =
        answers.iter().filter_map(|(name, answer)| answer.as_ref().err().map(|status| format!("{name}: {status}"))).collect();
    seen().absent("method answered out of band", &statuses, "answered-out-of-band");
    let code = |answer: &Result<Value, String>| answer.as_ref().ok().and_then(|answer| answer["error"]["status_code"].as_i64());
    let missing = answers.values().filter(|answer| code(answer) == Some(501)).count();
    // A host that has every method shows no 501, and has nothing to be judged by.
    if missing == 0 && unanswered.is_empty() && statuses.is_empty() {
        case.not_applicable("AP-007", "a method that the host does not have");
    } else {
        seen().and("answers 501", missing).holds(missing > 0, "501 in band", "none", "no-501");
    }
    stage.close().await
}

/// A channel to the API server of a running plugin.
async fn channel(folder: &PluginFolder) -> Result<tonic::transport::Channel, Interruption> {
    let entries = folder.entries()?;
    let target = environment_of(&entries).and_then(|env| env.get("MATTERMOST_PLUGIN_API_TARGET").cloned()).unwrap_or_default();
    let dialled = dial(&Target::Tcp(target.clone()), Duration::from_secs(5)).await;
    dialled.map_err(|error| Interruption::broken_off(format!("the API server at {target} cannot be reached: {error}")))
}

async fn raw(channel: &tonic::transport::Channel, method: &str, message: Bytes) -> Result<Bytes, Status> {
    let path = format!("/mattermost.pluginapi.v1.PluginAPI/{method}");
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(8));
    plugin_proto::call::call_raw(channel, &path, request).await
}

async fn wrong_calls(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let channel = channel(&folder).await?;
    let before = raw(&channel, "GetServerVersion", Bytes::new()).await;
    // Field 1 announces more bytes than there are.
    let broken = Bytes::from_static(&[0x0a, 0x7f, 0x01]);
    let unknown = raw(&channel, "NoSuchMethod", Bytes::new()).await;
    let undecodable = raw(&channel, "KVSet", broken).await;
    let after = raw(&channel, "GetServerVersion", Bytes::new()).await;
    let next = stage.hook(&folder, "MessageHasBeenPosted", json!({})).await?;
    let seen = || case.require("AP-008").seen("control: a call before", format!("{before:?}"));
    let code = unknown.as_ref().err().map(Status::code);
    seen().equals(Some(Code::Unimplemented), code, "unknown-path-answered");
    seen().holds(undecodable.is_err(), "a failed call", format!("{undecodable:?}"), "wrong-bytes-accepted");
    seen().holds(before.is_ok() && after.is_ok(), "an answer after it", format!("{after:?}"), "server-ended");
    seen().holds(next.is_ok(), "an answered hook", format!("{next:?}"), "plugin-ended");
    stage.close().await
}

async fn large_messages(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let channel = channel(&folder).await?;
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
    let set = raw(&channel, "KVSet", message.into()).await;
    let get = raw(&channel, "KVGet", Bytes::from_static(&[0x0a, 1, b'k'])).await;
    let control = raw(&channel, "GetServerVersion", Bytes::new()).await;
    let seen = || {
        let judge = case.require("AP-009").go_host("refuses it with RESOURCE_EXHAUSTED");
        judge.seen("control: a small call", format!("{control:?}"))
    };
    let said = set.as_ref().map(Bytes::len).map_err(ToString::to_string);
    seen().holds(set.as_ref().is_ok_and(Bytes::is_empty), "a value of 6 MiB is set", format!("{said:?}"), "large-message-refused");
    let whole = get.as_ref().is_ok_and(|answer| answer.len() > value.len() && answer.ends_with(&value));
    let said = get.as_ref().map(Bytes::len).map_err(ToString::to_string);
    seen().holds(whole, "the same 6 MiB come back", format!("{said:?} bytes"), "large-message-refused");
    stage.close().await
}
