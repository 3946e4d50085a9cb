//! Hooks of all kinds at the same time, and calls that the host gives up.

use std::time::Duration;

use plugin_proto::{Shape, find_hook};
use serde_json::{Value, json};

use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Session, claimed};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Every hook twice, all at the same time.
    "plugin/crowd/mixed" => mixed: ["HK-123"], deadline(40);
    /// Forty calls that the host gives up, and one that it does not.
    "plugin/crowd/given-up" => given_up: ["HK-121", "HK-122"], deadline(40);
    /// One call that the host gives up while its handler sleeps.
    "plugin/crowd/noticed" => noticed: ["HK-151"];
}

async fn mixed(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let mut calls = Vec::new();
    let mut expected = Vec::new();
    for round in 0..2 {
        for hook in claimed(case) {
            if fake_interpreters::testee::place::of(hook.name).is_none() {
                continue;
            }
            let why = format!("{} in round {round}", hook.name);
            let (word, answer) = match hook.shape {
                Shape::Filter => (
                    Word::Reject(why.clone()),
                    json!({ "rejection_reason": why }),
                ),
                Shape::Fallible if hook.name == "ExecuteCommand" => (
                    Word::Reject(why.clone()),
                    json!({ "response": { "response_type": "ephemeral", "text": why } }),
                ),
                Shape::Query => (Word::Allow, json!({ "healthy": true })),
                _ => (Word::Allow, Value::Null),
            };
            calls.push(session.asking(case, hook, json!({}), &word));
            expected.push(answer);
        }
    }
    let heard =
        futures_util::future::join_all(calls.into_iter().map(|asking| session.hear(asking)));
    for (expected, heard) in expected.into_iter().zip(heard.await) {
        let heard = heard?;
        let got = heard.json();
        let same = match &got {
            Ok(got) => expected.is_null() || *got == expected,
            Err(_) => false,
        };
        // Evidence with another's nonce is a mix-up, too.
        let reason = if got.is_ok() {
            "anothers-answer"
        } else {
            "call-failed"
        };
        case.require("HK-123")
            .seen("hook called", heard.hook.name)
            .holds(
                same && heard.evidence.is_some(),
                format!(
                    "{}: its own answer {expected} and its own evidence",
                    heard.hook.name
                ),
                heard.words(),
                reason,
            );
    }
    session.end(case).await;
    Ok(())
}

/// Calls that are given up.
const CALLS: usize = 40;
/// How long their handlers would take.
const SLEEP: Duration = Duration::from_secs(30);

/// How often a plugin that seems to go on is looked at once more.
const LOOKS: usize = 20;

async fn given_up(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let word = Word::Sleep(u64::try_from(SLEEP.as_millis()).unwrap_or(u64::MAX));
    let calls: Vec<_> = (0..CALLS)
        .map(|_| session.asking(case, hook, json!({}), &word))
        .collect();
    let sleeping = |seen: &[crate::plugin_run::evidence::Evidence]| {
        seen.iter()
            .filter(|evidence| evidence.hook == hook.name)
            .count()
    };
    let all = futures_util::future::join_all(calls.into_iter().map(|asking| session.hear(asking)));
    let begun = case.scaled(Duration::from_secs(5));
    let enough = async {
        // All forty handlers are running, or as many as the plugin lets run at once.
        let all = |_: &_| (sleeping(&session.raw.seen.evidence()) == CALLS).then_some(());
        session.raw.seen.wait(begun, all).await
    };
    let given_up = tokio::select! {
        // Dropping the calls cancels them.
        _ = enough => sleeping(&session.raw.seen.evidence()),
        _ = all => 0,
    };
    let later = session
        .order(case, hook, &Word::Reject("later".to_owned()))
        .await?;
    let answered = later.json() == Ok(json!({ "rejection_reason": "later" }));
    let control = (given_up > 0).then_some(given_up);
    case.require("HK-121")
        .seen("handlers whose calls were given up", control)
        .holds(
            answered && later.took < SLEEP / 3,
            "a later hook answered by its handler at once",
            format!("after {} ms, {}", later.took.as_millis(), later.words()),
            "waits-for-cancelled",
        );
    // That the calls were given up may reach the plugin a moment later.
    let mut health = session.services.health("plugin").await;
    for _ in 0..LOOKS {
        if health.as_deref().is_ok_and(|health| health == "SERVING") {
            health = session.services.health("plugin").await;
        }
    }
    let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
    let exit = match serving {
        true => session.raw.exit(),
        false => session.raw.exit_within(Duration::from_secs(1)).await,
    };
    let reason = if exit.is_some() {
        "process-ended"
    } else {
        "unhealthy"
    };
    case.require("HK-122")
        .seen("handlers whose calls were given up", control)
        .holds(
            serving && exit.is_none(),
            "the same process, SERVING",
            format!(
                "health: {}; the process: {}",
                health.words(),
                exit.map_or_else(|| "runs".to_owned(), |exit| exit.to_string())
            ),
            reason,
        );
    session.end(case).await;
    Ok(())
}

/// By when a handler has learnt that nobody waits for it.
const NOTICED: Duration = Duration::from_secs(5);

async fn noticed(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let answered = session.order(case, hook, &Word::Sleep(50)).await?;
    let word = Word::Sleep(u64::try_from(SLEEP.as_millis()).unwrap_or(u64::MAX));
    let asking = session.asking(case, hook, json!({}), &word);
    let nonce = asking.nonce().to_owned();
    let within = case.scaled(NOTICED);
    let seen = &session.raw.seen;
    let at_work = tokio::select! {
        // The call that is dropped is cancelled.
        evidence = seen.evidence_for(&nonce, within) => evidence.is_some(),
        _ = session.hear(asking) => false,
    };
    let shown = seen.cancelled_for(&nonce, within).await;
    let judge = || {
        let judge = case.require("HK-151");
        judge.seen("handler at work", at_work.then_some(&nonce))
    };
    judge().holds(
        shown.is_some_and(|shown| shown.hook == hook.name),
        "evidence with `cancelled` of the same handler",
        "none",
        "cancel-not-seen",
    );
    let wrongly = seen.cancelled_for(&answered.nonce, Duration::ZERO).await;
    judge().holds(
        answered.answer.is_ok() && wrongly.is_none(),
        "a call that is waited for is answered, and its handler is told nothing",
        format!("{}, and {}", answered.words(), wrongly.words()),
        "cancelled-wrongly",
    );
    session.end(case).await;
    Ok(())
}
