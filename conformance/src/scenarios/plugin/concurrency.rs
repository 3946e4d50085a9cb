//! Many hooks at the same time: side by side, each with its own answer, and nobody behind the slow ones.

pub mod crowds;

use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use plugin_host::hooks::Outcome;
use plugin_proto::hook::MessageWillBePosted;
use serde_json::{Value, json};

use super::place;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Ten hooks at the same time, each with an answer of its own.
    "plugin/concurrency/own-answers" => own_answers: ["CC-051"];
    /// Ten slow hooks, and meanwhile a quick one and a health check.
    "plugin/concurrency/slow-hooks" => slow_hooks: ["CC-052", "CC-053", "HE-054"], waits();
}

/// The same area, with orders of the API profile.
pub mod orders {
    use super::api_calls;
    use crate::scenario::scenarios;

    scenarios! {
        Plugin, Api;
        /// Ten hooks at the same time, each with an API call of its own.
        "plugin/concurrency/api-calls" => api_calls: ["CC-054"];
    }
}

const TEN: usize = 10;
/// How long the slow hooks take: long against everything that is to happen meanwhile.
const SLOW: Duration = Duration::from_secs(4);

fn ten(case: &mut Case, word: impl Fn(usize) -> Word) -> Vec<Order> {
    (0..TEN).map(|number| fresh(case, word(number))).collect()
}

async fn own_answers(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    for round in 0..3 {
        let orders = ten(case, |number| {
            Word::Reject(format!("answer {number} of round {round}"))
        });
        let answers = join_all(
            orders
                .iter()
                .map(|order| running.order::<MessageWillBePosted>(order)),
        )
        .await;
        for (order, answer) in orders.iter().zip(answers) {
            let obeyed = answer?;
            let Word::Reject(expected) = &order.word else {
                continue;
            };
            let got = match &obeyed.outcome {
                Outcome::Answered(answer) => answer.rejection_reason.clone(),
                other => other.to_string(),
            };
            let reason = if matches!(obeyed.outcome, Outcome::Answered(_)) {
                "anothers-answer"
            } else {
                "not-answered"
            };
            // The answer itself shows that the handler ran; evidence with another's nonce must not hide a mix-up.
            let evidence = obeyed.evidence.map_or_else(
                || format!("answer {}", got.words()),
                |evidence| evidence.nonce,
            );
            case.require("CC-051").seen("evidence", evidence).same(
                "what came back",
                expected,
                &got,
                reason,
            );
        }
    }
    running.end().await;
    Ok(())
}

async fn slow_hooks(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let long = case.scaled(SLOW);
    let millis = u64::try_from(long.as_millis()).unwrap_or(u64::MAX);
    let slow = ten(case, |_| Word::Sleep(millis));
    let quick = fresh(case, Word::Reject("quick".to_owned()));
    let mut sleepers: FuturesUnordered<_> = slow
        .iter()
        .map(|order| running.order::<MessageWillBePosted>(order))
        .collect();
    let sleeping = || {
        let evidence = running.seen.evidence();
        let of_slow = |nonce: &String| slow.iter().any(|order| order.nonce == *nonce);
        evidence.iter().filter(|seen| of_slow(&seen.nonce)).count()
    };
    let (answer, health) = (OnceLock::new(), OnceLock::new());
    let meanwhile = async {
        let all = |_: &_| (sleeping() == TEN).then_some(());
        running.seen.wait(2 * long, all).await;
        // Each is told once.
        tokio::join!(
            async {
                let _ = answer.set(running.order::<MessageWillBePosted>(&quick).await);
            },
            async {
                let _ = health.set(running.health().await);
            },
        );
    };
    // Everything has to happen before the first of the slow ones ends; what had not happened by then waited for it.
    tokio::select! {
        biased;
        _ = meanwhile => {}
        Some(ended) = sleepers.next() => { ended?; }
    }
    let sleeping = sleeping();
    // What the slow ones answer does not matter any more; the plugin is ended in the middle of them.
    drop(sleepers);
    case.require("CC-052")
        .seen("handlers running at once", some(sleeping))
        .same(
            "handlers running at once",
            TEN,
            sleeping,
            "one-after-another",
        );
    let witness = case
        .require("CC-053")
        .seen("handlers sleeping", some(sleeping));
    let expected = "an answer before any of the slow hooks ends";
    let reason = "waits-for-slow-hooks";
    match answer.into_inner().transpose()? {
        None => witness.holds(false, expected, "none when the first of them ended", reason),
        Some(quick) => {
            let own = matches!(&quick.outcome, Outcome::Answered(answer) if answer.rejection_reason == "quick");
            let nonce = quick.evidence.map(|evidence| evidence.nonce);
            let witness = witness.and("evidence of the quick hook", nonce);
            witness.holds(own, expected, quick.outcome.to_string(), reason)
        }
    };
    let health = health.into_inner().transpose()?;
    let health = health.map_or("no answer".to_owned(), |health| health.to_string());
    let reason = match health.as_str() {
        "no answer" | "deadline" => "health-waits",
        _ => "health-down",
    };
    case.require("HE-054")
        .seen("handlers sleeping", some(sleeping))
        .holds(
            health == "SERVING",
            "SERVING before any of the slow hooks ends",
            health,
            reason,
        );
    running.end().await;
    Ok(())
}

async fn api_calls(case: &mut Case) -> ScenarioResult {
    let claims = &case.subject().capabilities;
    if !claims.claims_method("KVSet") || !claims.claims_method("KVGet") {
        case.not_applicable("CC-054", "api methods KVSet and KVGet");
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let value = |number: usize| format!("{:0>4}", number * 7);
    let set = ten(case, |number| {
        Word::Api(
            "KVSet",
            json!({"key": format!("key-{number}"), "value": value(number)}),
        )
    });
    let get = ten(case, |number| {
        Word::Api("KVGet", json!({"key": format!("key-{number}")}))
    });
    for order in join_all(
        set.iter()
            .map(|order| running.order::<MessageWillBePosted>(order)),
    )
    .await
    {
        order?;
    }
    let answers = join_all(
        get.iter()
            .map(|order| running.order::<MessageWillBePosted>(order)),
    )
    .await;
    for (number, answer) in answers.into_iter().enumerate() {
        let obeyed = answer?;
        let got: Value = match &obeyed.outcome {
            Outcome::Answered(answer) => {
                serde_json::from_str(&answer.rejection_reason).unwrap_or(Value::Null)
            }
            other => Value::String(other.to_string()),
        };
        let reason = if got["ok"].is_object() {
            "anothers-answer"
        } else {
            "call-failed"
        };
        case.require("CC-054")
            .seen("evidence", obeyed.evidence.map(|evidence| evidence.nonce))
            .same(
                "the answer",
                json!({"ok": {"value": value(number)}}),
                got,
                reason,
            );
    }
    running.end().await;
    Ok(())
}
