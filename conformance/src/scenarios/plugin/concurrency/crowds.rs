//! Crowds: 64 hooks at the same time, with and without API calls, and hooks inside of API calls inside of hooks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::join_all;
use plugin_host::hooks::{Hooks, Outcome};
use plugin_proto::hook::MessageWillBePosted;
use serde_json::{Value, json};

use super::super::place;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::backend::{Mishap, Recorder};
use crate::plugin_run::message::Orderable as _;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Api;
    /// Hooks that call the API, which calls a hook before it answers.
    "plugin/concurrency/hook-in-api-in-hook" => nested: ["CC-056"];
    /// 64 hooks at the same time, each with an API call of its own.
    "plugin/concurrency/api-crowd" => api_crowd: ["CC-057"];
}

/// The same area, with orders of the hooks profile.
pub mod orders {
    use super::crowd;
    use crate::scenario::scenarios;

    scenarios! {
        Plugin, Hooks;
        /// 64 hooks at the same time, each with an answer of its own.
        "plugin/concurrency/crowd" => crowd: ["CC-055"];
    }
}

const CROWD: usize = 64;
/// How many hooks are nested at the same time: fewer than the threads of any pool.
const NESTED: usize = 4;

/// So many hooks at the same time: what each was answered, `Err` where it was not answered, and how many left evidence.
async fn all_at_once(
    running: &Running,
    orders: &[Order],
) -> Result<(Vec<Result<String, String>>, usize), Interruption> {
    let hooks = orders
        .iter()
        .map(|order| running.order::<MessageWillBePosted>(order));
    let (mut answers, mut shown) = (Vec::new(), 0);
    for obeyed in join_all(hooks).await {
        let obeyed = obeyed?;
        shown += usize::from(obeyed.evidence.is_some());
        answers.push(match obeyed.outcome {
            Outcome::Answered(answer) => Ok(answer.rejection_reason),
            other => Err(other.to_string()),
        });
    }
    Ok((answers, shown))
}

async fn crowd(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let expected: Vec<String> = (0..CROWD)
        .map(|number| format!("answer {number}"))
        .collect();
    let orders: Vec<Order> = expected
        .iter()
        .map(|reason| fresh(case, Word::Reject(reason.clone())))
        .collect();
    let (answers, shown) = all_at_once(&running, &orders).await?;
    let unanswered: Vec<&String> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    let wrong: Vec<&String> = answers
        .iter()
        .zip(&expected)
        .filter_map(|(answer, expected)| answer.as_ref().ok().filter(|got| *got != expected))
        .collect();
    // An answer shows that a handler ran; evidence with another's nonce must not hide a mix-up.
    let seen = || {
        let answered = CROWD - unanswered.len();
        let witness = case
            .require("CC-055")
            .seen("hooks answered", some(answered));
        witness.and("hooks with evidence of their own", shown)
    };
    seen().absent("hook without an answer", &unanswered, "not-answered");
    seen().absent("answer of another hook", &wrong, "anothers-answer");
    running.end().await;
    Ok(())
}

async fn api_crowd(case: &mut Case) -> ScenarioResult {
    let claims = &case.subject().capabilities;
    if !claims.claims_method("KVSet") || !claims.claims_method("KVGet") {
        case.not_applicable("CC-057", "api methods KVSet and KVGet");
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let value = |number: usize| format!("v{number:03}");
    let key = |number: usize| format!("key-{number}");
    let set: Vec<Order> = (0..CROWD)
        .map(|number| {
            let request = json!({"key": key(number), "value": value(number)});
            fresh(case, Word::Api("KVSet", request))
        })
        .collect();
    let get: Vec<Order> = (0..CROWD)
        .map(|number| fresh(case, Word::Api("KVGet", json!({ "key": key(number) }))))
        .collect();
    all_at_once(&running, &set).await?;
    let (answers, shown) = all_at_once(&running, &get).await?;
    let (mut failed, mut wrong) = (Vec::new(), Vec::new());
    for (number, answer) in answers.iter().enumerate() {
        let told: Value = match answer {
            Ok(told) => serde_json::from_str(told).unwrap_or(Value::Null),
            Err(_) => Value::Null,
        };
        if !told["ok"].is_object() {
            failed.push(format!("{number}: {}", answer.words()));
        } else if told["ok"]["value"] != value(number) {
            wrong.push(format!("{number}: {told}"));
        }
    }
    let seen = || {
        case.require("CC-057")
            .seen("hooks with evidence", some(shown))
    };
    seen().absent("API call that failed", &failed, "call-failed");
    seen().absent("answer of another call", &wrong, "anothers-answer");
    running.end().await;
    Ok(())
}

async fn nested(case: &mut Case) -> ScenarioResult {
    if !case.subject().capabilities.claims_method("KVGet") {
        case.not_applicable("CC-056", "api method KVGet");
        return Ok(());
    }
    let folder = place(case)?;
    let api = Recorder::default();
    let hooks: Arc<OnceLock<Arc<Hooks>>> = Arc::default();
    let inner: Arc<Mutex<Vec<String>>> = Arc::default();
    for number in 0..NESTED {
        let order = fresh(case, Word::Reject(format!("inner {number}"))).to_string();
        let (hooks, inner) = (Arc::clone(&hooks), Arc::clone(&inner));
        let call_hook = move || {
            let (hooks, inner, order) = (Arc::clone(&hooks), Arc::clone(&inner), order.clone());
            async move {
                let Some(hooks) = hooks.get() else { return };
                let request = MessageWillBePosted::ordering(order);
                let told = match hooks.call::<MessageWillBePosted>(request).await {
                    Outcome::Answered(answer) => answer.rejection_reason,
                    other => other.to_string(),
                };
                inner
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(told);
            }
        };
        api.mishap(&format!("nested-{number}"), Mishap::after(call_hook));
    }
    let setup = Setup {
        api,
        ..Setup::default()
    };
    let running = Running::start(case, &folder, setup).await?;
    // It was just started, and nobody else sets them.
    let _ = hooks.set(running.hooks()?);
    let orders: Vec<Order> = (0..NESTED)
        .map(|number| {
            fresh(
                case,
                Word::Api("KVGet", json!({ "key": format!("nested-{number}") })),
            )
        })
        .collect();
    let (outer, shown) = all_at_once(&running, &orders).await?;
    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner).clone();
    inner.sort_unstable();
    let expected: Vec<String> = (0..NESTED)
        .map(|number| format!("inner {number}"))
        .collect();
    let answered = outer.iter().all(|answer| {
        let told: Option<Value> = answer
            .as_ref()
            .ok()
            .and_then(|told| serde_json::from_str(told).ok());
        told.is_some_and(|told| told["ok"].is_object())
    });
    case.require("CC-056")
        .seen("hooks with evidence", some(shown))
        .holds(
            answered && inner == expected,
            "hooks answered inside of API calls inside of hooks that are answered",
            format!("outer: {}; inner: {}", outer.words(), inner.words()),
            "deadlock",
        );
    running.end().await;
    Ok(())
}
