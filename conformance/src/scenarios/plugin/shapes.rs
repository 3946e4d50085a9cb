//! What every hook answers when its handler lets pass, rejects or fails: by the shape of the answer, for all hooks alike.

use plugin_proto::{Method, Shape};
use serde_json::{Value, json};

use crate::case::Case;
use crate::plugin_run::evidence::{difference, surplus};
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Asking, Heard, Session, claimed};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Handlers that do nothing.
    "plugin/shapes/allow" => allow: ["HK-083", "HK-086", "HK-096", "HK-107", "HK-110"];
    /// Handlers that reject, or return an error.
    "plugin/shapes/reject" => reject: ["HK-091", "HK-100"];
    /// Handlers that raise an error.
    "plugin/shapes/fail" => fail: ["HK-084", "HK-092", "HK-093", "HK-097", "HK-098", "HK-099", "HK-107", "HK-111"];
}

/// Every claimed hook is called once with something in its message; the order of the answers is that of the hooks.
async fn all(
    case: &mut Case,
    session: &Session,
    word: &Word,
    wanted: impl Fn(&Method) -> bool,
) -> Result<Vec<(Asking, Heard)>, Interruption> {
    let hooks = claimed(case).into_iter().filter(|hook| wanted(hook));
    let mut askings = Vec::new();
    for hook in hooks {
        // A whole post list is more than the evidence of one call can show, and more than is needed here.
        let message = filled::parts(hook).swap_remove(0);
        askings.push(session.asking(case, hook, message, word));
    }
    let heard = session.hear_all(askings.clone()).await?;
    Ok(askings.into_iter().zip(heard).collect())
}

/// An answer that is exactly this one.
fn exactly(
    case: &Case,
    id: &'static str,
    heard: &Heard,
    expected: &Value,
    reason: impl Fn(&Value) -> &'static str,
) {
    let got = heard.json();
    let reason = match (&got, &heard.evidence) {
        (Ok(_), None) => "handler-not-run",
        (Ok(got), Some(_)) => reason(got),
        (Err(_), _) => "call-failed",
    };
    let kept = got.as_ref().is_ok_and(|got| same(expected, got)) && heard.evidence.is_some();
    case.require(id).seen("hook called", heard.hook.name).holds(
        kept,
        format!("{}: {expected} after its handler ran", heard.hook.name),
        heard.words(),
        reason,
    );
}

/// An empty answer is one without any field: a replacement that is there and empty is none.
fn same(expected: &Value, got: &Value) -> bool {
    if *expected == json!({}) {
        return got == expected;
    }
    difference(expected, got, "").is_none() && surplus(expected, got, "").is_none()
}

async fn allow(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    for (asking, heard) in all(case, &session, &Word::Allow, |_| true).await? {
        let nothing = json!({});
        match heard.hook.shape {
            Shape::Notify => exactly(case, "HK-083", &heard, &nothing, |_| "answered-something"),
            Shape::Filter => exactly(case, "HK-086", &heard, &nothing, |got| {
                if got.get("rejection_reason").is_some() {
                    "rejected"
                } else {
                    "replaced"
                }
            }),
            Shape::Fallible => {
                let mut got = heard.json();
                // What the hook gives besides is for other checks.
                if let Ok(Value::Object(fields)) = &mut got {
                    fields.retain(|name, _| name == "error");
                }
                let reason = if got.is_ok() {
                    "error-on-success"
                } else {
                    "call-failed"
                };
                case.require("HK-096")
                    .seen("evidence", heard.witness())
                    .holds(
                        got == Ok(nothing),
                        format!("{}: no error", heard.hook.name),
                        heard.words(),
                        reason,
                    );
            }
            Shape::Query => {
                exactly(
                    case,
                    "HK-107",
                    &heard,
                    &json!({ "healthy": true }),
                    |_| "unhealthy",
                );
            }
            Shape::Transform => {
                let posts = json!({ "posts": asking.sent()["posts"] });
                exactly(case, "HK-110", &heard, &posts, |_| "posts-lost");
            }
            Shape::Stream | Shape::Api => {}
        }
    }
    session.end(case).await;
    Ok(())
}

async fn reject(case: &mut Case) -> ScenarioResult {
    let why = format!("not «here» \u{1f6ab} % {{}} | {}\u{a0}", case.nonce());
    let word = Word::Reject(why.clone());
    let session = Session::start(case, word.clone(), &[]).await?;
    let rejecting = |hook: &Method| match hook.shape {
        Shape::Filter => true,
        Shape::Fallible => hook.name != "ExecuteCommand",
        _ => false,
    };
    for (_, heard) in all(case, &session, &word, rejecting).await? {
        if heard.hook.shape == Shape::Filter {
            let rejection = json!({ "rejection_reason": why });
            exactly(
                case,
                "HK-091",
                &heard,
                &rejection,
                |got| match got["rejection_reason"].as_str() {
                    None => "rejection-lost",
                    Some(reason) if reason != why => "reason-changed",
                    Some(_) => "object-too",
                },
            );
            continue;
        }
        let got = heard.json();
        let message = got.as_ref().map(|got| got["error"]["message"].clone());
        let reason = match &message {
            Err(_) => "call-failed",
            Ok(Value::Null) => "refusal-lost",
            Ok(_) => "message-changed",
        };
        case.require("HK-100")
            .seen("evidence", heard.witness())
            .holds(
                message == Ok(Value::from(why.as_str())),
                format!(
                    "{}: an error in band with the message {why:?}",
                    heard.hook.name
                ),
                heard.words(),
                reason,
            );
    }
    session.end(case).await;
    Ok(())
}

async fn fail(case: &mut Case) -> ScenarioResult {
    let why = format!("no such colour: größe {}", case.nonce());
    let word = Word::Fail(why.clone());
    let session = Session::start(case, word.clone(), &[]).await?;
    for (asking, heard) in all(case, &session, &word, |_| true).await? {
        match heard.hook.shape {
            Shape::Notify => {
                exactly(case, "HK-084", &heard, &json!({}), |_| "answered-something");
            }
            Shape::Filter => failed_filter(case, &heard, &why),
            Shape::Fallible => failed_call(case, &heard, &why),
            Shape::Query => exactly(case, "HK-107", &heard, &json!({}), |_| "healthy"),
            Shape::Transform => {
                let posts = json!({ "posts": asking.sent()["posts"] });
                exactly(case, "HK-111", &heard, &posts, |_| "posts-lost");
            }
            Shape::Stream | Shape::Api => {}
        }
    }
    session.end(case).await;
    Ok(())
}

/// The filter is closed, and says why.
fn failed_filter(case: &Case, heard: &Heard, why: &str) {
    let name = heard.hook.name;
    let got = heard.json();
    let reason = if got.is_ok() {
        "let-pass"
    } else {
        "call-failed"
    };
    let rejection = got
        .ok()
        .and_then(|got| got["rejection_reason"].as_str().map(str::to_owned));
    case.require("HK-092")
        .seen("evidence", heard.witness())
        .holds(
            rejection.as_ref().is_some_and(|reason| !reason.is_empty()),
            format!("{name}: status OK and a rejection"),
            heard.words(),
            reason,
        );
    // No rejection, no reason in it; but the hook was asked for one.
    let text = rejection.as_deref().unwrap_or_default();
    case.require("HK-093")
        .seen(&format!("rejection by {name}"), &rejection)
        .holds(
            text.contains(why),
            format!("{name}: a reason that holds {why:?}"),
            heard.words(),
            "message-lost",
        );
}

fn failed_call(case: &Case, heard: &Heard, why: &str) {
    let name = heard.hook.name;
    let got = heard.json();
    let error = got.as_ref().ok().and_then(|got| got.get("error")).cloned();
    let reason = match (&got, &error) {
        (Err(_), _) => "call-failed",
        (Ok(_), None) => "error-swallowed",
        (Ok(_), Some(_)) => "message-lost",
    };
    let message = error.as_ref().and_then(|error| error["message"].as_str());
    case.require("HK-097")
        .seen("evidence", heard.witness())
        .holds(
            message.is_some_and(|message| message.contains(why)),
            format!("{name}: status OK with an error in band whose message holds {why:?}"),
            heard.words(),
            reason,
        );
    let Some(error) = error else {
        for id in ["HK-098", "HK-099"] {
            case.require(id)
                .inconclusive(format!("never saw an error of {name}"));
        }
        return;
    };
    let code = error["status_code"].as_i64().unwrap_or_default();
    let reason = match () {
        () if error["id"].as_str().is_none_or(str::is_empty) => "no-id",
        () if error["where"] != name => "wrong-where",
        () => "wrong-status-code",
    };
    let complete = error["id"].is_string() && error["where"] == name;
    case.require("HK-098")
        .seen("error", error.to_string())
        .holds(
            complete && (400..600).contains(&code),
            format!("{name}: an id, where {name:?}, a status code of 400 to 599"),
            error.to_string(),
            reason,
        );
    let request = "request-of-the-suite";
    case.require("HK-099")
        .seen("error", error.to_string())
        .holds(
            error["request_id"] == request,
            format!("{name}: request_id {request:?}"),
            error.to_string(),
            "request-id-lost",
        );
}
