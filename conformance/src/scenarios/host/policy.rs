//! What an administrator decides about hooks: what failures mean, how long is too long, how many calls at a time; and callers
//! that go away.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::Event as Seen;
use fake_interpreters::script::{Answer, Implemented, Script, Serve};
use futures_util::future::{Either, join_all, select};
use serde_json::{Value, json};

use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::hooks::Cancelled;
use crate::driver::protocol::{Called, Order, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::{DriverError, Sent};

scenarios! {
    Host, Hooks;
    /// What failures mean when nobody decided.
    "host/policy/failure-by-default" => by_default: ["PO-001"];
    /// A hook that fails closed.
    "host/policy/fail-closed" => fail_closed: ["PO-002"];
    /// A hook that fails open.
    "host/policy/fail-open" => fail_open: ["PO-003"];
    /// The deadline of one hook.
    "host/policy/single-deadline" => single_deadline: ["PO-005"], waits();
    /// No more calls at a time than a plugin may get.
    "host/policy/limit" => limit: ["PO-006"];
    /// The queue of calls: its end, and that it moves.
    "host/policy/queue" => queue: ["PO-007", "PO-008"];
    /// Waiting for a turn counts against the deadline.
    "host/policy/queue-deadline" => queue_deadline: ["PO-009"], waits();
    /// A caller that goes away.
    "host/policy/cancellation" => cancellation: ["PO-010"];
    /// A decision about a hook that there is not.
    "host/policy/unknown-hook" => unknown_hook: ["PO-011"];
}

const FILTER: &str = "MessageWillBePosted";
const OTHER: &str = "MessageHasBeenPosted";

/// Filters, which let pass what they could not be asked about.
const OPEN: [&str; 7] = [
    "MessageWillBePosted",
    "MessageWillBeUpdated",
    "MessagesWillBeConsumed",
    "FileWillBeUploaded",
    "NotificationWillBePushed",
    "EmailNotificationWillBeSent",
    "UserWillLogIn",
];

/// Hooks with an error of their own, whose failure is one.
const CLOSED: [&str; 2] = ["ConfigurationWillBeSaved", "OnSAMLLogin"];

fn order(folder: &PluginFolder, hook: &str) -> Order {
    Order::Hook {
        plugin: folder.id.clone(),
        hook: hook.to_owned(),
        request: json!({}),
    }
}

async fn send(stage: &Stage<'_>, folder: &PluginFolder, hook: &str) -> Sent {
    stage.host().send(order(folder, hook)).await
}

/// Calls of a hook that the fake saw, waited for until there are so many.
async fn seen_calls(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    hook: &str,
    wanted: usize,
) -> Result<usize, Interruption> {
    let entries = stage
        .journal(folder, |entries| calls(entries, hook).len() >= wanted)
        .await?;
    Ok(calls(&entries, hook).len())
}

/// How a call ended, in one word; `None` if it did not within the time.
fn word(answer: Result<Result<Value, Refusal>, DriverError>) -> Option<String> {
    match answer {
        Ok(Ok(value)) => match serde_json::from_value(value).ok()? {
            Called::Failed { kind, .. } => Some(kind),
            Called::Answered { .. } => Some("answered".to_owned()),
            other => Some(other.words()),
        },
        Ok(Err(refusal)) => Some(refusal.kind),
        Err(_) => None,
    }
}

fn stopped_by(what: &str) -> String {
    format!("what was asked about is stopped by a failed call: {what}")
}

async fn by_default(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let broken = || Answer::status("INTERNAL", "broken");
    let all = || OPEN.into_iter().chain(CLOSED);
    let serve = Serve {
        implemented: Some(Implemented::Names(all().map(str::to_owned).collect())),
        ..Serve::good()
    };
    let serve = all().fold(serve, |serve, hook| serve.hook(hook, broken()));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in all() {
        let fanned = stage.ask_hook(&folder, hook, json!({})).await?;
        let calls = calls(&folder.entries()?, hook).len();
        let stops = CLOSED.contains(&hook);
        let reason = if stops {
            "open-by-default"
        } else {
            "closed-by-default"
        };
        case.require("PO-001")
            .seen(&format!("failed calls of {hook}"), some(calls))
            .same(&stopped_by(hook), stops, fanned.stopped, reason);
    }
    stage.close().await
}

async fn fail_closed(case: &mut Case) -> ScenarioResult {
    let hook = "UserWillLogIn";
    let bound = Duration::from_millis(500);
    let setting = Setting::new().failure(hook, "closed").bound("hook", bound);
    let stage = Stage::open_with(case, setting).await?;
    let rows = [
        ("status", Answer::status("INTERNAL", "broken")),
        ("garbage", Answer::Raw(vec![0x0a, 0xff])),
        ("crash", Answer::Exit(3)),
        ("hang", Answer::Hang),
    ];
    for (name, answer) in rows {
        let serve = Serve::good()
            .implemented(["OnActivate", hook])
            .hook(hook, answer);
        let folder = stage.started(name, &Script::serving(serve)).await?;
        let fanned = stage
            .ask_hook(&folder, hook, json!({"user": {"id": "u"}}))
            .await?;
        let outcome = fanned.plugins.first().map(|part| part.outcome.clone());
        case.require("PO-002")
            .go_host("lets in")
            .seen(&format!("outcome of a {name}"), outcome)
            .same(
                &stopped_by(&format!("a {name}")),
                true,
                fanned.stopped,
                "passed-though-closed",
            );
    }
    let serve = Serve::good().implemented(["OnActivate", "OnInstall"]);
    let without = stage.started("without", &Script::serving(serve)).await?;
    let fanned = stage.ask_hook(&without, hook, json!({})).await?;
    let outcome = fanned.plugins.first().map(|part| part.outcome.clone());
    case.require("PO-002")
        .seen("outcome of a plugin without the hook", outcome)
        .same(
            "the action is stopped",
            false,
            fanned.stopped,
            "stopped-without-a-failure",
        );
    stage.close().await
}

async fn fail_open(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(
        case,
        CLOSED.into_iter().fold(Setting::new(), |setting, hook| {
            setting.failure(hook, "open")
        }),
    )
    .await?;
    let serve = CLOSED
        .into_iter()
        .fold(Serve::good().implemented(CLOSED), |serve, hook| {
            serve.hook(hook, Answer::status("INTERNAL", "broken"))
        });
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in CLOSED {
        let fanned = stage.ask_hook(&folder, hook, json!({})).await?;
        let outcome = fanned.plugins.first().map(|part| part.outcome.clone());
        case.require("PO-003")
            .seen(&format!("outcome of {hook}"), outcome)
            .same(
                &stopped_by(hook),
                false,
                fanned.stopped,
                "stopped-though-open",
            );
    }
    stage.close().await
}

async fn single_deadline(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(400);
    let setting = Setting::new().bound(&format!("hook.{FILTER}"), bound);
    let stage = Stage::open_with(case, setting).await?;
    let serve = Serve::good().hook(FILTER, Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let began = Instant::now();
    let sent = send(&stage, &folder, FILTER).await;
    let allowed = bound + case.scaled(Duration::from_secs(3));
    let outcome = word(stage.host().answer(sent, allowed).await);
    let took = began.elapsed();
    let asked = seen_calls(&stage, &folder, FILTER, 1).await?;
    let seen = || {
        case.require("PO-005")
            .seen("calls of the hook", some(asked))
    };
    seen().same(
        "the kind of the failure",
        Some("deadline"),
        outcome.as_deref(),
        "single-deadline-ignored",
    );
    let early = format!("not before {}", bound.words());
    seen().holds(took >= bound, early, took.words(), "gave-up-early");
    stage.close().await
}

async fn limit(case: &mut Case) -> ScenarioResult {
    const CALLS: usize = 6;
    let stage = Stage::open_with(case, Setting::new().calls(2, CALLS)).await?;
    let serve = Serve::good().hook(FILTER, Answer::empty().after(150));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let answers = join_all((0..CALLS).map(|_| stage.hook(&folder, FILTER, json!({})))).await;
    let answered = answers
        .into_iter()
        .filter(|answer| matches!(answer, Ok(Ok(Called::Answered { .. }))))
        .count();
    let (mut running, mut most, mut asked) = (0_usize, 0, 0_usize);
    for entry in folder
        .entries()?
        .iter()
        .filter(|entry| entry.method() == Some(FILTER))
    {
        match entry.event {
            Seen::Rpc { .. } => (running, asked) = (running + 1, asked + 1),
            _ => running = running.saturating_sub(1),
        }
        most = most.max(running);
    }
    let seen = || {
        case.require("PO-006")
            .seen("calls", some(asked))
            .and("at a time", most)
    };
    seen().holds(
        most <= 2,
        "two calls at a time",
        most.to_string(),
        "limit-exceeded",
    );
    seen().same("answered calls", CALLS, answered, "call-lost");
    stage.close().await
}

async fn cancel(stage: &Stage<'_>, order: u64) -> Result<bool, Interruption> {
    let answer: Cancelled = stage.done(Order::Cancel { order }).await?;
    Ok(answer.cancelled)
}

async fn queue(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, Setting::new().calls(1, 1)).await?;
    let serve = Serve::good().hook(FILTER, Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let first = send(&stage, &folder, FILTER).await;
    seen_calls(&stage, &folder, FILTER, 1).await?;
    // One of these waits, and the other finds no room; which one is the host's to say.
    let (second, third) = (
        send(&stage, &folder, FILTER).await,
        send(&stage, &folder, FILTER).await,
    );
    let patience = case.scaled(Duration::from_secs(4));
    let second = Box::pin(stage.host().answer(second, patience));
    let third = Box::pin(stage.host().answer(third, patience));
    let (outcome, waiting) = match select(second, third).await {
        Either::Left((outcome, waiting)) | Either::Right((outcome, waiting)) => {
            (word(outcome), waiting)
        }
    };
    let asked = calls(&folder.entries()?, FILTER).len();
    let seen = || case.require("PO-007").seen("calls under way", some(asked));
    seen().same(
        "the kind of the failure",
        Some("overloaded"),
        outcome.as_deref(),
        "queue-without-end",
    );
    seen().same("calls that the plugin saw", 1, asked, "limit-exceeded");
    let cancelled = cancel(&stage, first.id).await?;
    let entries = match select(waiting, Box::pin(seen_calls(&stage, &folder, FILTER, 2))).await {
        Either::Left((_, calls)) => calls.await?,
        Either::Right((calls, _)) => calls?,
    };
    case.require("PO-008")
        .seen("the call under way went away", cancelled.to_string())
        .and("calls", some(entries))
        .same("calls that the plugin saw", 2, entries, "queued-call-lost");
    stage.close().await
}

async fn queue_deadline(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(400);
    let setting = Setting::new()
        .calls(1, 4)
        .bound(&format!("hook.{FILTER}"), bound);
    let stage = Stage::open_with(case, setting).await?;
    let serve = Serve::good().hook(OTHER, Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let _under_way = send(&stage, &folder, OTHER).await;
    let under_way = seen_calls(&stage, &folder, OTHER, 1).await?;
    let sent = send(&stage, &folder, FILTER).await;
    let allowed = bound + case.scaled(Duration::from_secs(3));
    let outcome = word(stage.host().answer(sent, allowed).await);
    let seen = || {
        case.require("PO-009")
            .seen("calls under way", some(under_way))
    };
    seen().same(
        "the kind of the failure",
        Some("deadline"),
        outcome.as_deref(),
        "queue-not-bounded",
    );
    let sent = calls(&folder.entries()?, FILTER).len();
    seen().same("calls that the plugin saw", 0, sent, "limit-exceeded");
    stage.close().await
}

async fn cancellation(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().hook(FILTER, Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let sent = send(&stage, &folder, FILTER).await;
    let asked = seen_calls(&stage, &folder, FILTER, 1).await?;
    let cancelled = cancel(&stage, sent.id).await?;
    let ended = word(stage.host().answer(sent, stage.patience()).await);
    let gave_up = |seen: &Seen| matches!(seen, Seen::Abandoned { path } if path.ends_with(FILTER));
    let entries = stage
        .journal(&folder, |entries| {
            entries.iter().any(|entry| gave_up(&entry.event))
        })
        .await?;
    let abandoned = entries.iter().filter(|entry| gave_up(&entry.event)).count();
    let next = stage.hook(&folder, OTHER, json!({})).await?;
    let seen = || {
        case.require("PO-010")
            .go_host("lets the hook go on")
            .seen("calls of the hook", some(asked))
            .and("its end for the caller", ended.clone())
    };
    seen().same("the order was cancelled", true, cancelled, "not-cancelled");
    seen().same(
        "calls that ended early for the plugin",
        1,
        abandoned,
        "not-cancelled",
    );
    seen().holds(
        matches!(next, Ok(Called::Answered { .. })),
        "the next hook is answered",
        next.words(),
        "connection-lost",
    );
    stage.close().await
}

async fn unknown_hook(case: &mut Case) -> ScenarioResult {
    for (hook, known) in [
        ("UserWillLogIn", true),
        ("UserWillLogin", false),
        ("UserHasLoggedIn", false),
    ] {
        let (stage, configured) =
            Stage::configured(case, Setting::new().failure(hook, "closed")).await?;
        let said = match &configured {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => format!("{}: {}", refusal.kind, refusal.message),
        };
        let witness = case
            .require("PO-011")
            .seen(&format!("settings of {hook}"), said.clone());
        if known {
            witness.same(
                "what is said",
                "accepted",
                said.as_str(),
                "known-hook-refused",
            );
        } else {
            witness.contains(hook, &said, "unknown-hook-accepted");
        }
        stage.close().await?;
    }
    Ok(())
}
