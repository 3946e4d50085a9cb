//! Handlers that take too long: what the host is told, by the shape of the answer, and what goes on meanwhile.

use std::time::Duration;

use plugin_proto::{Shape, find_hook};
use serde_json::{Value, json};

use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Heard, Session, claimed};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Every hook at once, and each handler takes longer than the host allows.
    "plugin/overdue" => overdue: ["HK-116", "HK-117", "HK-118", "HK-119", "HK-120"], waits(), deadline(40);
}

const TIMEOUT: &str = "MATTERMOST_PLUGIN_HOOK_TIMEOUT";
/// How long handlers may take, in seconds: on a machine that is busy, too, a handler that does nothing takes less.
const ALLOWED: &str = "2";
/// How long they take.
const SLEEP: Duration = Duration::from_secs(10);
/// By when an answer does not come from a handler that was waited for.
const BY: Duration = Duration::from_secs(9);

async fn overdue(case: &mut Case) -> ScenarioResult {
    let word = Word::Sleep(u64::try_from(SLEEP.as_millis()).unwrap_or(u64::MAX));
    let session = Session::start(case, word.clone(), &[(TIMEOUT, ALLOWED)]).await?;
    let mut calls = Vec::new();
    for hook in claimed(case) {
        let message = filled::parts(hook).swap_remove(0);
        calls.push(session.asking(case, hook, message, &word));
    }
    let sent: Vec<Value> = calls.iter().map(|asking| asking.sent()).collect();
    let heard =
        futures_util::future::join_all(calls.into_iter().map(|asking| session.hear(asking)));
    for (sent, heard) in sent.iter().zip(heard.await) {
        judge(case, sent, &heard?);
    }
    // Some of the handlers are still at it.
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let later = session
        .order(case, hook, &Word::Reject("later".to_owned()))
        .await?;
    let health = session.services.health("plugin").await;
    let answered = later.json() == Ok(json!({ "rejection_reason": "later" }));
    let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
    let reason = if serving {
        "later-hook-fails"
    } else {
        "unhealthy"
    };
    case.require("HK-120")
        .seen("evidence of a later hook", later.witness())
        .holds(
            answered && serving,
            "a later hook answered by its handler, and SERVING",
            format!("{}; health: {}", later.words(), health.words()),
            reason,
        );
    session.end(case).await;
    Ok(())
}

fn judge(case: &Case, sent: &Value, heard: &Heard) {
    let name = heard.hook.name;
    let got = heard.json();
    let text = |field: &Value| field.as_str().is_some_and(|text| !text.is_empty());
    let (id, expected, kept) = match heard.hook.shape {
        Shape::Filter => (
            "HK-116",
            "a rejection",
            got.as_ref().is_ok_and(|got| text(&got["rejection_reason"])),
        ),
        Shape::Fallible => (
            "HK-117",
            "an error in band with a message",
            got.as_ref().is_ok_and(|got| text(&got["error"]["message"])),
        ),
        Shape::Notify => ("HK-118", "an empty answer", got == Ok(json!({}))),
        Shape::Query => ("HK-119", "an unhealthy answer", got == Ok(json!({}))),
        Shape::Transform => {
            let ids = |posts: &Value| -> Vec<Value> {
                let posts = posts.as_array().into_iter().flatten();
                posts.map(|post| post["id"].clone()).collect()
            };
            let same = got
                .as_ref()
                .is_ok_and(|got| ids(&got["posts"]) == ids(&sent["posts"]));
            ("HK-119", "the posts as they came", same)
        }
        Shape::Stream | Shape::Api => return,
    };
    let in_time = heard.took < BY;
    let reason = match &got {
        Err(_) if in_time => "call-failed",
        _ if !in_time => "timeout-ignored",
        _ => "wrong-answer",
    };
    case.require(id).seen("evidence", heard.witness()).holds(
        kept && in_time,
        format!("{name}: {expected} after about {ALLOWED} seconds"),
        format!("after {} ms, {}", heard.took.as_millis(), heard.words()),
        reason,
    );
}
