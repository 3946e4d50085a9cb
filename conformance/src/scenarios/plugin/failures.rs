//! Handlers that fail: what the host is told, and whether the plugin goes on.

use plugin_host::health::Health;
use plugin_host::hooks::Outcome;
use plugin_proto::hook::{MessageHasBeenPosted, MessageWillBePosted, UserWillLogIn};

use super::place;
use crate::case::Case;
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Exceptions in filters and in notifications.
    "plugin/failures/exceptions" => exceptions: ["HK-062", "HK-063", "HK-064"];
    /// The language's exit call in a handler.
    "plugin/failures/quit" => quit: ["HK-065"];
}

/// How often a plugin that seems to go on is looked at once more: one that dies of an exception may answer first.
const LOOKS: usize = 20;

async fn exceptions(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let pid = running.pid()?;
    filter(case, &running).await?;
    notification(case, &running).await?;
    let trouble = trouble(case, &running).await;
    let (reason, seen) = trouble.clone().unwrap_or(("process-ended", String::new()));
    case.require("HK-064").seen("process", pid).holds(
        trouble.is_none(),
        "the same process, SERVING, and a hook answered with evidence",
        seen,
        reason,
    );
    running.end().await;
    Ok(())
}

/// Whether the plugin does not go on after what happened to it, and how that shows.
async fn trouble(case: &mut Case, running: &Running) -> Option<(&'static str, String)> {
    let order = fresh(case, Word::Allow);
    let outcome = match running.order::<MessageWillBePosted>(&order).await {
        Ok(obeyed)
            if matches!(obeyed.outcome, Outcome::Answered(_)) && obeyed.evidence.is_some() =>
        {
            None
        }
        Ok(obeyed) => Some(obeyed.outcome.to_string()),
        Err(_) => Some("the plugin does not run any more".to_owned()),
    };
    let mut health = None;
    for _ in 0..LOOKS {
        health = running.health().await.ok();
        if health.is_none_or(|health| health.to_string() != "SERVING") {
            break;
        }
    }
    match (health, outcome) {
        (None, _) => Some((
            "process-ended",
            "the plugin does not run any more".to_owned(),
        )),
        (Some(Health::Unavailable), _) => Some((
            "process-ended",
            "the plugin cannot be reached any more".to_owned(),
        )),
        (Some(health), _) if health.to_string() != "SERVING" => {
            Some(("unhealthy", format!("health: {health}")))
        }
        (Some(_), Some(outcome)) => Some(("not-answering", outcome)),
        (Some(_), None) => None,
    }
}

async fn filter(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    let order = fresh(case, Word::Fail("the filter is clogged".to_owned()));
    let post = running.order::<MessageWillBePosted>(&order).await?;
    let rejection = match &post.outcome {
        Outcome::Answered(answer) => Some(answer.rejection_reason.clone()),
        _ => None,
    };
    judge_filter(
        case,
        "MessageWillBePosted",
        rejection,
        post.evidence.is_some(),
        post.outcome.to_string(),
    );
    // After a process that ended there is nobody to log in.
    if running.hooks().is_err() {
        return Ok(());
    }
    let order = fresh(case, Word::Fail("the filter is clogged".to_owned()));
    let login = running.order::<UserWillLogIn>(&order).await?;
    let rejection = match &login.outcome {
        Outcome::Answered(answer) => Some(answer.rejection_reason.clone()),
        _ => None,
    };
    judge_filter(
        case,
        "UserWillLogIn",
        rejection,
        login.evidence.is_some(),
        login.outcome.to_string(),
    );
    Ok(())
}

fn judge_filter(
    case: &Case,
    hook: &str,
    rejection: Option<String>,
    evidence: bool,
    outcome: String,
) {
    let reason = match &rejection {
        None => "call-failed",
        Some(_) => "let-pass",
    };
    let seen = match &rejection {
        Some(text) => format!("{hook} answered with the rejection {text:?}"),
        None => format!("{hook}: {outcome}"),
    };
    case.require("HK-062")
        .seen("evidence", evidence.then_some(hook))
        .holds(
            rejection.is_some_and(|text| !text.is_empty()),
            "status OK and a rejection",
            seen,
            reason,
        );
}

async fn notification(case: &mut Case, running: &Running) -> Result<(), Interruption> {
    if running.hooks().is_err() {
        return Ok(());
    }
    let order = fresh(case, Word::Fail("nobody is at home".to_owned()));
    let told = running.order::<MessageHasBeenPosted>(&order).await?;
    let seen = told.outcome.to_string();
    case.require("HK-063")
        .seen("evidence", told.evidence.map(|evidence| evidence.nonce))
        .holds(
            matches!(told.outcome, Outcome::Answered(_)),
            "an answer with the status OK",
            seen,
            "call-failed",
        );
    Ok(())
}

async fn quit(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let order = fresh(case, Word::Quit(3));
    let quitting = running.order::<MessageWillBePosted>(&order).await?;
    let trouble = trouble(case, &running).await;
    let (reason, seen) = trouble.clone().unwrap_or(("process-ended", String::new()));
    case.require("HK-065")
        .seen("evidence", quitting.evidence.map(|evidence| evidence.nonce))
        .holds(
            trouble.is_none(),
            "a process that goes on answering",
            seen,
            reason,
        );
    running.end().await;
    Ok(())
}
