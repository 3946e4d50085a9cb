//! Plugins that fail while they are looked after: each is brought back, as often as its allowance permits.

use std::time::{Duration, Instant};

use fake_interpreters::journal::Entry;
use fake_interpreters::script::{Answer, Health, Script, Serve, SignalName, Step};
use futures_util::future::{join, join_all};
use rustix::process::Signal;
use serde_json::json;

use super::listing::{looked_after, once_listed, once_running, quick, signal, starts, unchecked};
use super::stage::{PATIENCE, Setting, Stage, good};
use super::stopping::{limit, short, stop};
use super::traces::{alive, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Called;
use crate::driver::protocol::environment::{Listed, Watch};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Crash;
    /// Processes that end by themselves.
    "host/recovery/ends" => ends: ["CR-005", "CR-009", "PE-008"];
    /// The pauses between restarts.
    "host/recovery/pause" => pause: ["CR-006"], waits();
    /// A restart that fails.
    "host/recovery/failed-restart" => failed_restart: ["CR-007"], waits();
    /// Restarts that always fail.
    "host/recovery/used-up" => used_up: ["CR-008"], waits();
    /// A process that is stopped, and looked after.
    "host/recovery/stopped" => stopped: ["CR-010"], waits();
    /// A process that is stopped, and to be stopped for good.
    "host/recovery/stop-stopped" => stop_stopped: ["CR-011"], waits();
    /// A process that lives on without connections.
    "host/recovery/lost" => lost: ["CR-012"], waits();
    /// Hooks that run meanwhile.
    "host/recovery/in-flight" => in_flight: ["CR-013"], waits();
}

const LAST_WORDS: &str = "fake: out of luck";

async fn ends(case: &mut Case) -> ScenarioResult {
    let stage = looked_after(case, Setting::new(), unchecked()).await?;
    let in_hook = |answer| {
        Script::serving(Serve::good().hook("MessageWillBePosted", answer))
            .write_stderr(LAST_WORDS)
            .write_stderr("\n")
    };
    let idle = good()
        .wait_for("answered:OnActivate")
        .sleep(50)
        .write_stderr(LAST_WORDS)
        .write_stderr("\n");
    let rows = [
        ("exits", idle.clone().exit(3), (Some(3), None)),
        ("aborts", idle.raise(SignalName::Abrt), (None, Some(6))),
        ("in-hook", in_hook(Answer::Exit(7)), (Some(7), None)),
        (
            "killed-in-hook",
            in_hook(Answer::Raise(SignalName::Kill)),
            (None, Some(9)),
        ),
    ];
    for (name, script, (code, by_signal)) in rows {
        let folder = stage.place(name, &script.next_start().then(&good()))?;
        stage.activate(&folder).await?.ok();
        if name.ends_with("in-hook") {
            stage
                .hook(&folder, "MessageWillBePosted", json!({}))
                .await?
                .ok();
        }
        let began = Instant::now();
        let bound = case.scaled(Duration::from_secs(5));
        let again = once_running(&stage, &folder, 2, bound).await?;
        let took = began.elapsed();
        let processes = pids(&folder.entries()?);
        let seen = |id| case.require(id).seen("processes", processes.clone());
        let kept = again.state == "running" && processes.len() == 2 && took <= bound;
        let said = format!("{} ms: {}", took.as_millis(), again.words());
        seen("CR-005").holds(
            kept,
            format!("{name}: a second process"),
            said,
            "not-at-once",
        );
        seen("PE-008").same(
            "restarts in the listing",
            1,
            again.restarts,
            "restarts-missing",
        );
        let event = stage
            .event(|event| event.event == "plugin_failed" && event.plugin == folder.id)
            .await;
        let Some(event) = event else {
            seen("CR-009").holds(false, "an event", "none", "not-reported");
            return Ok(());
        };
        let number = |field: &str| event.fields.get(field).and_then(serde_json::Value::as_i64);
        let how = (number("code"), number("signal"));
        seen("CR-009").same(
            "exit code and signal",
            (code, by_signal),
            how,
            "exit-status-missing",
        );
        let tail = event.fields.get("stderr_tail").map(ToString::to_string);
        seen("CR-009").contains(LAST_WORDS, &tail.unwrap_or_default(), "stderr-missing");
    }
    stage.close().await
}

/// The last that each process wrote down, in the order of the processes.
fn ends_of(entries: &[Entry]) -> Vec<f64> {
    let last = |pid: &u32| {
        entries
            .iter()
            .rev()
            .find(|entry| entry.pid == *pid)
            .map(|entry| entry.t_ms)
    };
    pids(entries).iter().filter_map(last).collect()
}

async fn pause(case: &mut Case) -> ScenarioResult {
    let base = 300.0;
    let watch = Watch {
        failures: Some(4),
        backoff_ms: Some(300),
        backoff_cap_ms: Some(60_000),
        ..unchecked()
    };
    let stage = looked_after(case, Setting::new(), watch).await?;
    let folder = stage
        .started(
            "plugin",
            &good().wait_for("answered:OnActivate").sleep(50).exit(3),
        )
        .await?;
    let entries = stage
        .journal(&folder, |entries| pids(entries).len() == 4)
        .await?;
    let (began, ended) = (starts(&entries), ends_of(&entries));
    let pauses: Vec<f64> = began
        .iter()
        .skip(1)
        .zip(&ended)
        .map(|(began, ended)| began - ended)
        .collect();
    let seen = || {
        case.require("CR-006")
            .go_host("pauses for no time")
            .seen("processes", began.len())
    };
    seen().same("pauses between processes", 3, pauses.len(), "not-restarted");
    // A clock that counts whole milliseconds may be one of them off.
    let kept = pauses
        .iter()
        .zip([base, base * 2.0, base * 4.0])
        .all(|(pause, least)| *pause >= least - 2.0);
    seen().holds(
        kept,
        "at least 300, 600 and 1200 ms",
        pauses.words(),
        "no-pause",
    );
    stage.close().await
}

async fn failed_restart(case: &mut Case) -> ScenarioResult {
    let watch = Watch {
        backoff_ms: Some(250),
        ..unchecked()
    };
    let stage = looked_after(case, Setting::new(), watch).await?;
    let script = good()
        .wait_for("answered:OnActivate")
        .sleep(50)
        .exit(3)
        .next_start()
        .exit(4)
        .next_start()
        .then(&good());
    let folder = stage.started("plugin", &script).await?;
    let again = once_running(&stage, &folder, 3, PATIENCE).await?;
    let processes = pids(&folder.entries()?);
    let seen = case
        .require("CR-007")
        .go_host("never looks again")
        .seen("processes", processes.clone());
    let kept = again.state == "running" && processes.len() == 3;
    seen.holds(
        kept,
        "a third process that runs",
        format!("{}, {}", again.words(), processes.words()),
        "not-tried-again",
    );
    stage.close().await
}

async fn used_up(case: &mut Case) -> ScenarioResult {
    let stage = looked_after(case, Setting::new(), unchecked()).await?;
    let script = good()
        .wait_for("answered:OnActivate")
        .sleep(50)
        .exit(3)
        .next_start()
        .write_stderr("fake: gone\n")
        .exit(4);
    let folder = stage.started("plugin", &script).await?;
    let many = |listed: &Listed| listed.state == "failed_to_stay_running" || listed.restarts > 3;
    let over = once_listed(&stage, &folder, PATIENCE, many).await?;
    let control = stage.control("control").await?;
    let processes = pids(&folder.entries()?);
    let seen = || {
        case.require("CR-008")
            .seen("processes", processes.clone())
            .and("control", control.clone())
    };
    let kept = over.state == "failed_to_stay_running" && processes.len() == 3;
    seen().holds(
        kept,
        "three processes, then failed_to_stay_running",
        format!("{}, {}", over.words(), processes.words()),
        "not-given-up",
    );
    seen().contains(
        "restart failed",
        over.error.as_deref().unwrap_or_default(),
        "error-missing",
    );
    stage.close().await
}

/// Checks that notice a plugin without an answer soon.
fn sharp() -> Setting {
    short()
        .bound("hook", Duration::from_secs(3))
        .bound("health", Duration::from_millis(600))
}

async fn stopped(case: &mut Case) -> ScenarioResult {
    let stage = looked_after(case, sharp(), quick()).await?;
    let folder = stage.started("plugin", &good()).await?;
    let first = pids(&folder.entries()?)
        .first()
        .copied()
        .unwrap_or_default();
    signal(&stage, first, Signal::STOP)?;
    let again = once_running(&stage, &folder, 2, PATIENCE).await?;
    let processes = pids(&folder.entries()?);
    let left = alive(first);
    if left {
        signal(&stage, first, Signal::KILL)?;
    }
    let seen = case
        .require("CR-010")
        .go_host("waits for ever")
        .seen("processes", processes.clone());
    let kept = again.state == "running" && processes.len() == 2 && !left;
    seen.holds(
        kept,
        "the first process is gone, a second one runs",
        format!("{}, {}", again.words(), processes.words()),
        "not-recovered",
    );
    stage.close().await
}

async fn stop_stopped(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, short()).await?;
    let folder = stage.started("plugin", &good()).await?;
    let pid = pids(&folder.entries()?).first().copied();
    signal(&stage, pid.unwrap_or_default(), Signal::STOP)?;
    let took = stop(&stage, &folder).await?.took;
    let left = pid.filter(|pid| alive(*pid));
    if let Some(left) = left {
        signal(&stage, left, Signal::KILL)?;
    }
    let seen = || case.require("CR-011").seen("process", pid);
    if seen().within(limit(&stage), took, "stop-not-bounded") {
        seen().same("the process that is left", None, left, "process-left");
    }
    stage.close().await
}

async fn lost(case: &mut Case) -> ScenarioResult {
    let stage = looked_after(case, sharp(), quick()).await?;
    let serve = Serve::good().hook("MessageWillBePosted", Answer::Close.after(300));
    let first = Script::serving(serve)
        .wait_for("hook:MessageWillBePosted")
        .step(Step::CloseListener {});
    let folder = stage
        .started("plugin", &first.next_start().then(&good()))
        .await?;
    let cut = stage
        .hook(&folder, "MessageWillBePosted", json!({}))
        .await?;
    let again = once_running(&stage, &folder, 2, PATIENCE).await?;
    let processes = pids(&folder.entries()?);
    let first = processes.first().copied().unwrap_or_default();
    let seen = || {
        case.require("CR-012")
            .seen("processes", processes.clone())
            .and("the call that was cut", cut.words())
    };
    let kept = matches!(&cut, Ok(Called::Failed { kind, .. }) if kind == "unavailable");
    seen().holds(
        kept,
        "a failed call: unavailable",
        cut.words(),
        "wrong-outcome",
    );
    let kept = again.state == "running" && processes.len() == 2 && !alive(first);
    seen().holds(
        kept,
        "the first process is gone, a second one runs",
        format!("{}, {}", again.words(), processes.words()),
        "not-recovered",
    );
    stage.close().await
}

async fn in_flight(case: &mut Case) -> ScenarioResult {
    let setting = sharp()
        .bound("hook", Duration::from_secs(60))
        .bound("deactivate", Duration::from_millis(300));
    let stage = looked_after(case, setting, quick()).await?;
    let serve = Serve {
        health: Health::Hang,
        ..Serve::good()
    }
    .hook("MessageWillBePosted", Answer::Hang)
    .hook("OnDeactivate", Answer::Hang);
    let folder = stage
        .started("plugin", &Script::serving(serve).next_start().then(&good()))
        .await?;
    let calls = join_all((0..3).map(|_| async {
        let answer = stage.hook(&folder, "MessageWillBePosted", json!({})).await;
        (answer, Instant::now())
    }));
    let recovered = async {
        let again = once_running(&stage, &folder, 2, PATIENCE).await;
        (again, Instant::now())
    };
    let (calls, (again, at)) = join(calls, recovered).await;
    let again = again?;
    let processes = pids(&folder.entries()?);
    for (answer, ended) in calls {
        let answer = answer?;
        let seen = || {
            case.require("CR-013")
                .seen("processes", processes.clone())
                .and("replaced", again.state.clone())
        };
        let late = ended.saturating_duration_since(at);
        seen().within(case.scaled(Duration::from_secs(3)), late, "not-at-once");
        let kept = matches!(&answer, Ok(Called::Failed { kind, .. }) if kind == "unavailable");
        seen().holds(
            kept,
            "a failed call: unavailable",
            answer.words(),
            "wrong-outcome",
        );
    }
    stage.close().await
}
