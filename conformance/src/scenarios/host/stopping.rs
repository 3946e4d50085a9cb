//! How a plugin is stopped: asked first, then told, then killed; every step with a bound, and nothing left.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, Controller, Grandchild, Script, Serve};

use super::refusal::family;
use super::stage::{Setting, Stage, good};
use super::traces::{alive, called};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Order, Stopped};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::DriverError;

scenarios! {
    Host, Lifecycle;
    /// Asked: OnDeactivate, then Shutdown.
    "host/stop/asked" => asked: ["ST-001"];
    /// Told: SIGTERM, then SIGKILL for the whole group.
    "host/stop/told" => told: ["ST-002", "ST-008"], waits();
    /// A plugin that ends by itself gets no signal and is not waited for.
    "host/stop/by-itself" => by_itself: ["ST-003"], waits();
    /// A plugin that cannot be asked is told at once.
    "host/stop/no-controller" => no_controller: ["ST-009"];
    /// No step waits for ever, and each leads to the next.
    "host/stop/bounded" => bounded: ["ST-004"], waits();
}

/// What a stop may take beyond its bounds on a busy machine.
pub(super) const SLACK: Duration = Duration::from_secs(3);

/// Bounds that a test can wait for.
pub(super) fn short() -> Setting {
    Setting::new()
        .bound("hook", Duration::from_millis(500))
        .bound("shutdown_rpc", Duration::from_millis(500))
        .bound("exit_after_shutdown", Duration::from_millis(500))
        .bound("term_grace", GRACE)
        .bound("drain", Duration::from_millis(500))
        .bound("api_close", Duration::from_millis(500))
}

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// The sum of the bounds of [`short`].
pub(super) const LONGEST: Duration = Duration::from_millis(3000);

/// What a stop looked like.
pub(super) struct Stop {
    /// What the host reports; nothing if it did not answer.
    pub(super) report: Stopped,
    /// How long it took; longer than any bound if there was no answer.
    pub(super) took: Duration,
    /// What the fake wrote down.
    pub(super) entries: Vec<Entry>,
}

/// The most that a stop may take: the bounds of [`short`], or, where the host's own hold, what HOST.md gives it.
pub(super) fn limit(stage: &Stage<'_>) -> Duration {
    let bounds = match stage.sets("exit_after_shutdown") {
        true => LONGEST,
        false => UNSET,
    };
    bounds + stage.case().scaled(SLACK)
}

/// What a stop may take in a host whose bounds cannot be set.
const UNSET: Duration = Duration::from_secs(7);

/// Stops a plugin. A host that is silent for longer than a stop may take is not waited for.
pub(super) async fn stop(stage: &Stage<'_>, folder: &PluginFolder) -> Result<Stop, Interruption> {
    let order = Order::Deactivate {
        plugin: folder.id.clone(),
    };
    let patience = limit(stage) + Duration::from_millis(200);
    let began = Instant::now();
    let report = match stage.host().ask_for::<Stopped>(order, patience).await {
        Ok(Ok(report)) => report,
        Ok(Err(refusal)) => return Err(Interruption::broken_off(refusal.message)),
        Err(DriverError::Silent { .. }) => Stopped::default(),
        Err(error) => return Err(Interruption::of_driver(error)),
    };
    Ok(Stop {
        report,
        took: began.elapsed(),
        entries: folder.entries()?,
    })
}

fn signals(entries: &[Entry]) -> Vec<String> {
    let name = |entry: &Entry| match &entry.event {
        Seen::Signal { signal } => Some(signal.clone()),
        _ => None,
    };
    entries.iter().filter_map(name).collect()
}

/// The end of the journal in words: calls and signals in order.
fn ending(entries: &[Entry]) -> Vec<String> {
    let word = |entry: &Entry| match &entry.event {
        Seen::Rpc { .. } => entry
            .method()
            .map(str::to_owned)
            .filter(|name| matches!(name.as_str(), "OnDeactivate" | "Shutdown")),
        Seen::Signal { signal } => Some(format!("SIG{signal}")),
        _ => None,
    };
    entries.iter().filter_map(word).collect()
}

async fn asked(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let silent = Serve::good().implemented(["OnActivate"]);
    let rows = [
        ("both", good(), vec!["OnDeactivate", "Shutdown"]),
        ("only-shutdown", Script::serving(silent), vec!["Shutdown"]),
    ];
    for (name, script, expected) in rows {
        let folder = stage.started(name, &script).await?;
        let entries = stop(&stage, &folder).await?.entries;
        let ending: Vec<String> = ending(&entries)
            .into_iter()
            .filter(|word| !word.starts_with("SIG"))
            .collect();
        let reason = match expected
            .iter()
            .find(|word| !ending.iter().any(|got| got == *word))
        {
            Some(&"OnDeactivate") => "no-on-deactivate",
            Some(_) => "no-shutdown",
            None => "wrong-order",
        };
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        case.require("ST-001").seen(name, called(&entries)).same(
            "what came at the end",
            expected,
            ending,
            reason,
        );
    }
    stage.close().await
}

async fn told(case: &mut Case) -> ScenarioResult {
    // Nearly all of the time that a stop takes here is the grace.
    let setting = short().bound("exit_after_shutdown", Duration::from_millis(50));
    let stage = Stage::open_with(case, setting).await?;
    let serve = |controller| Serve {
        controller,
        ..Serve::good()
    };
    let deaf = || Grandchild {
        ignore_term: true,
        ..Grandchild::default()
    };
    let rows = [
        (
            "stays-after-shutdown",
            Script::serving(serve(Controller::Ignore)),
            false,
        ),
        (
            "no-controller",
            Script::serving(serve(Controller::Unimplemented)),
            false,
        ),
        (
            "ignores-term",
            Script::new()
                .ignore_term()
                .grandchild(deaf())
                .then(&Script::serving(serve(Controller::Ignore))),
            true,
        ),
    ];
    for (name, script, kill) in rows {
        let folder = stage.started(name, &script).await?;
        let Stop {
            report,
            took,
            entries,
        } = stop(&stage, &folder).await?;
        let family = family(&entries);
        let ending = ending(&entries);
        let seen = || {
            let judge = case.require("ST-002").go_host("sends no SIGTERM");
            judge
                .seen(name, ending.clone())
                .and("processes", family.clone())
        };
        let term = position(&ending, "SIGTERM");
        let kept = matches!((position(&ending, "Shutdown"), term), (Some(asked), Some(told)) if asked < told);
        let reason = if term.is_none() {
            "no-sigterm"
        } else {
            "wrong-order"
        };
        seen().holds(kept, "SIGTERM after Shutdown", ending.words(), reason);
        let gone = stage
            .until(SLACK, || !family.iter().any(|pid| alive(*pid)))
            .await;
        let left: Vec<u32> = family.iter().copied().filter(|pid| alive(*pid)).collect();
        seen().holds(
            gone,
            "no process left",
            format!("left: {}", left.words()),
            "process-left",
        );
        if kill {
            let expected = format!("a grace of {} before SIGKILL", GRACE.words());
            seen().holds(
                took >= GRACE,
                expected,
                format!("over in {}", took.words()),
                "no-grace",
            );
        }
        judge_report(case, name, &report, kill);
    }
    stage.close().await
}

fn position(ending: &[String], word: &str) -> Option<usize> {
    ending.iter().position(|got| got == word)
}

/// The report names the steps that the fake saw, in their order.
fn judge_report(case: &Case, name: &str, stopped: &Stopped, kill: bool) {
    let steps: Vec<String> = stopped
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.step, step.outcome))
        .collect();
    let mut expected = vec!["on_deactivate", "shutdown", "terminate"];
    if kill {
        expected.push("kill");
    }
    let names = stopped.steps.iter().map(|step| step.step.as_str());
    let named: Vec<&str> = names.filter(|step| expected.contains(step)).collect();
    let seen = || {
        case.require("ST-008")
            .seen(name, format!("stopped: {}", stopped.stopped))
            .and("report", steps.words())
    };
    seen().same("steps of the stop", expected, named, "steps-missing");
    let outcome = |word: &str| {
        stopped
            .steps
            .iter()
            .find(|step| step.step == word)
            .map(|step| step.outcome.as_str())
    };
    let terminate = if kill { "timed_out" } else { "exited" };
    seen().same(
        "the outcome of SIGTERM",
        Some(terminate),
        outcome("terminate"),
        "wrong-outcome",
    );
    if kill {
        seen().same(
            "the outcome of SIGKILL",
            Some("exited"),
            outcome("kill"),
            "wrong-outcome",
        );
    }
}

async fn by_itself(case: &mut Case) -> ScenarioResult {
    // Only a host that waits for nothing, or for a fixed time, is anywhere near this bound.
    let stage = Stage::open_with(
        case,
        Setting::new().bound("exit_after_shutdown", Duration::from_secs(30)),
    )
    .await?;
    let serve = |controller| Serve {
        controller,
        ..Serve::good()
    };
    let folder = stage
        .started(
            "lingers",
            &Script::serving(serve(Controller::ExitAfterMs(400))),
        )
        .await?;
    let Stop { took, entries, .. } = stop(&stage, &folder).await?;
    let exits: Vec<String> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Seen::Exiting { code, why } => Some(format!("exit {code} because of {why}")),
            _ => None,
        })
        .collect();
    let seen = || {
        case.require("ST-003")
            .seen("calls", called(&entries))
            .and("end", exits.clone())
    };
    seen().absent("signal", &signals(&entries), "signal-sent");
    seen().within(
        Duration::from_millis(400) + case.scaled(SLACK),
        took,
        "stop-not-over",
    );
    let folder = stage.started("at-once", &good()).await?;
    let Stop { took, entries, .. } = stop(&stage, &folder).await?;
    let seen = || case.require("ST-003").seen("calls", called(&entries));
    seen().absent("signal", &signals(&entries), "signal-sent");
    // The reference waits two seconds for a plugin that is gone.
    seen().within(
        case.scaled(Duration::from_millis(1500)),
        took,
        "stop-not-over",
    );
    stage.close().await
}

async fn no_controller(case: &mut Case) -> ScenarioResult {
    // A host that waits for what was never promised waits for this long: more than it may, less than is waited for it.
    let wait = case.scaled(SLACK) + Duration::from_secs(2);
    let setting = Setting::new().bound("exit_after_shutdown", wait);
    let stage = Stage::open_with(case, setting).await?;
    let serve = Serve {
        controller: Controller::Unimplemented,
        ..Serve::good()
    };
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let Stop { took, entries, .. } = stop(&stage, &folder).await?;
    let ending = ending(&entries);
    let seen = || {
        let judge = case
            .require("ST-009")
            .go_host("waits for two seconds and sends SIGKILL");
        judge.seen("end", ending.clone())
    };
    let told = position(&ending, "SIGTERM").is_some();
    seen().holds(told, "SIGTERM", ending.words(), "no-sigterm");
    seen().within(case.scaled(SLACK), took, "waited-without-controller");
    stage.close().await
}

async fn bounded(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, short()).await?;
    let error = Answer::error("plugin.on_deactivate.error", "cannot stop");
    let rows = [
        (
            "deactivate-hangs",
            Serve::good().hook("OnDeactivate", Answer::Hang),
        ),
        (
            "deactivate-error",
            Serve::good().hook("OnDeactivate", error),
        ),
        (
            "deactivate-status",
            Serve::good().hook("OnDeactivate", Answer::status("INTERNAL", "broken")),
        ),
        (
            "shutdown-hangs",
            Serve {
                controller: Controller::Hang,
                ..Serve::good()
            },
        ),
        (
            "shutdown-unimplemented",
            Serve {
                controller: Controller::Unimplemented,
                ..Serve::good()
            },
        ),
        (
            "shutdown-ignored",
            Serve {
                controller: Controller::Ignore,
                ..Serve::good()
            },
        ),
    ];
    for (name, serve) in rows {
        let folder = stage.started(name, &Script::serving(serve)).await?;
        let Stop { took, entries, .. } = stop(&stage, &folder).await?;
        let ending = ending(&entries);
        let seen = || {
            case.require("ST-004")
                .go_host("may hang for ever")
                .seen(name, ending.clone())
        };
        if !seen().within(limit(&stage), took, "stop-not-bounded") {
            return stage.close().await;
        }
        let steps = ["OnDeactivate", "Shutdown"].map(|word| position(&ending, word));
        let kept = matches!(steps, [Some(deactivate), Some(shutdown)] if deactivate < shutdown);
        seen().holds(
            kept,
            format!("{name}: OnDeactivate, then Shutdown"),
            ending.words(),
            "step-left-out",
        );
        let family = family(&entries);
        let gone = stage
            .until(SLACK, || !family.iter().any(|pid| alive(*pid)))
            .await;
        seen().holds(
            gone,
            format!("{name}: no process left"),
            family.words(),
            "process-left",
        );
    }
    stage.close().await
}
