//! The plugin's client of the API: what it sends, what it gives back, what it makes of errors.

mod store;

pub mod large;
pub mod metadata;
pub mod methods;
pub mod outage;

use std::time::Duration;

use plugin_host::hooks::Outcome;
use plugin_host::memory::ServerFacts;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::{AppError, MessageWillBePostedResponse};
use serde_json::{Value, json};
use tonic::Code;

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::backend::{Mishap, Recorder};
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Api;
    /// The client works in OnActivate.
    "plugin/api/activation" => activation: ["AP-051"];
    /// What the server says of itself.
    "plugin/api/system" => system: ["AP-052"];
    /// Log lines through the API.
    "plugin/api/log" => log: ["AP-053"];
    /// Keys and values, there and back.
    "plugin/api/store" => store::store: ["AP-054", "AP-055", "AP-056", "AP-057"];
    /// Errors in band and failed calls.
    "plugin/api/errors" => errors: ["AP-058", "AP-059"];
    /// A call that is never answered.
    "plugin/api/no-answer" => no_answer: ["AP-060"], waits();
}

/// What the plugin says came of an API call: `{"ok":…}`, `{"error":…}`, or in a string why there is no such thing.
struct Told {
    answer: Value,
    nonce: Option<String>,
}

/// Orders an API call, and hears what came of it.
async fn told(
    case: &mut Case,
    running: &Running,
    method: &'static str,
    request: Value,
) -> Result<Told, Interruption> {
    let order = fresh(case, Word::Api(method, request));
    let obeyed = running.order::<MessageWillBePosted>(&order).await?;
    Ok(Told {
        answer: told_by(&obeyed.outcome),
        nonce: obeyed.evidence.map(|evidence| evidence.nonce),
    })
}

/// What the answer of the hook says came of the call.
fn told_by(outcome: &Outcome<MessageWillBePostedResponse>) -> Value {
    match outcome {
        Outcome::Answered(answer) => told_in(&answer.rejection_reason),
        other => Value::String(other.to_string()),
    }
}

/// The same, of the text of a rejection.
fn told_in(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(format!("no JSON: {text:?}")))
}

/// Whether all methods are claimed; if not, the requirement is not applicable.
fn claimed(case: &Case, id: &'static str, methods: &[&str]) -> bool {
    let missing = methods
        .iter()
        .find(|method| !case.subject().capabilities.claims_method(method));
    if let Some(method) = missing {
        case.not_applicable(id, format!("api method {method}"));
    }
    missing.is_none()
}

/// A result that the plugin has to give back as it was answered.
fn gives_back(case: &Case, id: &'static str, what: &str, told: Told, expected: &Value) {
    if told.answer.get("unmapped").is_some() {
        case.not_applicable(id, format!("{what}: unmapped"));
        return;
    }
    let reason = if told.answer.get("ok").is_some() {
        "result-changed"
    } else {
        "call-failed"
    };
    case.require(id).seen("evidence", told.nonce).same(
        "the answer",
        &json!({"ok": expected}),
        &told.answer,
        reason,
    );
}

/// A request that has to arrive as the order had it; the order's evidence shows that the handler ran.
fn arrives(
    case: &Case,
    running: &Running,
    (id, nonce): (&'static str, &Option<String>),
    method: &str,
    expected: &Value,
) {
    let calls = running.api.calls_of(method);
    let reason = if calls.is_empty() {
        "not-sent"
    } else {
        "request-changed"
    };
    case.require(id).seen("evidence", nonce).holds(
        calls.contains(expected),
        format!("{method} {expected}"),
        calls.words(),
        reason,
    );
}

async fn activation(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-051", &["KVSet"]) {
        return Ok(());
    }
    let folder = place(case)?;
    let key = case.nonce();
    let order = fresh(
        case,
        Word::Api("KVSet", json!({"key": key, "value": "eA=="})),
    );
    let running = Running::host(
        case,
        &folder,
        Setup::default().ordering(&[("OnActivate", order.clone())]),
    )?;
    let activated = running.activate(case).await;
    let evidence = running
        .seen
        .evidence_for(&order.nonce, running.scaled(Duration::from_secs(5)))
        .await;
    let arrived = running
        .api
        .calls_of("KVSet")
        .iter()
        .any(|request| request["key"] == key.as_str());
    let seen = match &activated {
        Ok(_) => "activated".to_owned(),
        Err(error) => error.to_string(),
    };
    case.require("AP-051")
        .seen(
            "evidence of OnActivate",
            evidence.map(|evidence| evidence.nonce),
        )
        .holds(
            arrived && activated.is_ok(),
            "a KVSet during OnActivate, and an activation that succeeds",
            format!("{seen}; calls: {}", running.api.calls().words()),
            "client-not-connected",
        );
    running.end().await;
    Ok(())
}

async fn system(case: &mut Case) -> ScenarioResult {
    if !claimed(
        case,
        "AP-052",
        &["GetServerVersion", "IsEnterpriseReady", "GetPluginID"],
    ) {
        return Ok(());
    }
    let folder = place(case)?;
    let version = format!("11.{}.{}", 10 + case.rng().below(80), case.rng().below(100));
    let facts = ServerFacts {
        version: version.clone(),
        enterprise_ready: true,
    };
    let setup = Setup {
        api: Recorder::new(facts),
        ..Setup::default()
    };
    let running = Running::start(case, &folder, setup).await?;
    let expected = [
        ("GetServerVersion", json!({"version": version})),
        ("IsEnterpriseReady", json!({"is_enterprise_ready": true})),
        ("GetPluginID", json!({"plugin_id": running.plugin.as_str()})),
    ];
    for (method, expected) in expected {
        let told = told(case, &running, method, json!({})).await?;
        gives_back(case, "AP-052", method, told, &expected);
    }
    running.end().await;
    Ok(())
}

async fn log(case: &mut Case) -> ScenarioResult {
    if !claimed(
        case,
        "AP-053",
        &["LogDebug", "LogInfo", "LogWarn", "LogError"],
    ) {
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    for method in ["LogDebug", "LogInfo", "LogWarn", "LogError"] {
        let text = format!("löss {}", case.nonce());
        let request = json!({"msg": text, "key_value_pairs": [{"key": "channel", "value": "town-square"}, {"key": "count", "value": 7.0}]});
        let told = told(case, &running, method, request.clone()).await?;
        if told.answer.get("unmapped").is_none() {
            arrives(case, &running, ("AP-053", &told.nonce), method, &request);
        }
        gives_back(case, "AP-053", method, told, &json!({}));
    }
    running.end().await;
    Ok(())
}

async fn errors(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-058", &["KVGet"]) | !claimed(case, "AP-059", &["KVGet"]) {
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    for status_code in [400, 403, 404, 409, 500, 501] {
        refused(case, &running, status_code).await?;
    }
    for code in [Code::Unavailable, Code::Internal, Code::Unimplemented] {
        failed(case, &running, code).await?;
    }
    running.end().await;
    Ok(())
}

async fn refused(case: &mut Case, running: &Running, status_code: i32) -> Result<(), Interruption> {
    let key = case.nonce();
    let error = AppError {
        id: format!("app.conformance.{key}"),
        message: format!("Nein, danke: {key}"),
        detailed_error: "details".to_owned(),
        request_id: "request".to_owned(),
        status_code,
        r#where: "KVGet".to_owned(),
        ..AppError::default()
    };
    running.api.mishap(&key, Mishap::Refused(error.clone()));
    let told = told(case, running, "KVGet", json!({"key": key})).await?;
    let got = &told.answer["error"];
    let reason = match () {
        () if told.answer.get("ok").is_some() => "error-lost",
        () if got.is_null() => "call-failed",
        () if got["status_code"] != status_code => "status-code-lost",
        () if got["id"] != error.id.as_str() => "id-lost",
        () => "message-lost",
    };
    let raised = got["id"] == error.id.as_str()
        && got["status_code"] == status_code
        && got["message"]
            .as_str()
            .is_some_and(|message| message.contains(&error.message));
    case.require("AP-058").seen("evidence", told.nonce).holds(
        raised,
        format!(
            "an error with id {:?}, status code {status_code}, message {:?}",
            error.id, error.message
        ),
        told.answer.to_string(),
        reason,
    );
    Ok(())
}

async fn failed(case: &mut Case, running: &Running, code: Code) -> Result<(), Interruption> {
    let key = case.nonce();
    running.api.mishap(&key, Mishap::Failed(code));
    let first = told(case, running, "KVGet", json!({"key": key})).await?;
    let nonce = first.nonce.clone();
    let after = told(case, running, "GetServerVersion", json!({})).await;
    let goes_on = after
        .as_ref()
        .is_ok_and(|told| told.answer.get("ok").is_some());
    let reason = match () {
        () if !goes_on => "process-ended",
        () => "error-lost",
    };
    let seen = format!(
        "{}; afterwards: {}",
        first.answer,
        after.map_or("nothing".to_owned(), |told| told.answer.to_string())
    );
    case.require("AP-059").seen("evidence", nonce).holds(
        first.answer.get("error").is_some() && goes_on,
        format!("an error for {}, and a plugin that goes on", code.words()),
        seen,
        reason,
    );
    Ok(())
}

async fn no_answer(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-060", &["KVGet"]) {
        return Ok(());
    }
    let folder = place(case)?;
    let setup = Setup::default().with("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "1");
    let running = Running::start(case, &folder, setup).await?;
    let key = case.nonce();
    running.api.mishap(&key, Mishap::Never);
    let order = fresh(case, Word::Api("KVGet", json!({"key": key})));
    let hung = running.order::<MessageWillBePosted>(&order).await?;
    let ended = matches!(&hung.outcome, Outcome::Answered(_) | Outcome::Refused(_))
        || matches!(&hung.outcome, Outcome::Failed(failure) if matches!(failure.kind, plugin_host::hooks::FailureKind::Status(_)));
    let later = fresh(case, Word::Allow);
    let after = running.order::<MessageWillBePosted>(&later).await?;
    let goes_on = matches!(after.outcome, Outcome::Answered(_));
    let reason = if ended {
        "plugin-stuck"
    } else {
        "waits-for-ever"
    };
    case.require("AP-060")
        .seen("the call at the host", running.api.calls_of("KVGet").pop())
        .and("evidence", hung.evidence.map(|evidence| evidence.nonce))
        .holds(
            ended && goes_on,
            "an end of the hook by a deadline of the plugin's, and a plugin that goes on",
            format!(
                "after {} ms: {}; afterwards: {}",
                hung.took.as_millis(),
                hung.outcome,
                after.outcome
            ),
            reason,
        );
    running.end().await;
    Ok(())
}
