//! What there is to know of plugins, and what is told to all of them: states, errors, configuration changes, the shutdown.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, InBand, Script, Serve};
use serde_json::{Value, json};

use super::listing::{listed, once_listed};
use super::stage::{PATIENCE, Setting, Stage, good};
use super::stopping::{SLACK, short};
use super::traces::{calls, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::environment::Configured;
use crate::driver::protocol::{Activated, Called, Order};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// What the listing says of a plugin that runs and of one that has ended.
    "host/plugins/listing" => listing: ["PE-006", "PE-007"];
    /// Activations and deactivations that change nothing.
    "host/plugins/repeated" => repeated: ["PE-009", "PE-010"];
    /// A plugin that is still starting.
    "host/plugins/starting" => starting: ["PE-011"];
    /// The text of an error.
    "host/plugins/error-text" => error_text: ["PE-012"];
    /// A changed configuration.
    "host/plugins/configuration" => configuration: ["PE-016", "PE-017"], waits();
    /// Plugins that take their time to stop.
    "host/plugins/slow-shutdown" => slow_shutdown: ["PE-018"], waits();
    /// A plugin that hangs while all are stopped.
    "host/plugins/hung-shutdown" => hung_shutdown: ["PE-019"], waits();
}

async fn listing(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let began = Instant::now();
    let folder = stage.started("runs", &good()).await?;
    let processes = pids(&folder.entries()?);
    let first = listed(&stage, &folder.id).await?;
    let later = once_listed(&stage, &folder, PATIENCE, |later| {
        later.uptime_ms > first.uptime_ms
    })
    .await?;
    let since = began.elapsed().as_secs_f64() * 1000.0;
    let seen = || case.require("PE-006").seen("processes", processes.clone());
    seen().same(
        "the pid in the listing",
        processes.last().copied(),
        later.pid,
        "wrong-pid",
    );
    let (before, after) = (first.uptime_ms, later.uptime_ms);
    let kept =
        matches!((before, after), (Some(before), Some(after)) if before < after && after <= since);
    seen().holds(
        kept,
        format!("an uptime that grows, below {since:.0} ms"),
        format!("{}, then {}", before.words(), after.words()),
        "uptime-missing",
    );

    let ends = Script::serving(Serve::good())
        .wait_for("answered:OnActivate")
        .sleep(50)
        .write_stderr("fake: out of luck\n")
        .exit(3);
    let folder = stage.started("ends", &ends).await?;
    stage.wait_exit(&folder).await?;
    let is_told =
        |listed: &crate::driver::protocol::environment::Listed| listed.last_exit.is_some();
    let last = once_listed(&stage, &folder, SLACK, is_told).await?;
    let seen = || {
        case.require("PE-007")
            .seen("processes", pids(&folder.entries().unwrap_or_default()))
    };
    let code = last.last_exit.as_ref().and_then(|ended| ended.exit_code);
    seen().same(
        "the exit code in the listing",
        Some(3),
        code,
        "last-exit-missing",
    );
    seen().contains(
        "fake: out of luck",
        &last.stderr_tail.join("\n"),
        "stderr-missing",
    );
    seen().same(
        "the pid of a plugin whose process has ended",
        None,
        last.pid,
        "pid-of-the-dead",
    );
    stage.close().await
}

async fn repeated(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.place("plugin", &good())?;
    let first: Activated = stage.running(&folder).await?;
    let second = stage.activate(&folder).await?;
    let processes = pids(&folder.entries()?);
    let seen = || case.require("PE-009").seen("processes", processes.clone());
    let said = second.words();
    let again = second.unwrap_or_default();
    seen().holds(
        first.started && !again.started,
        "started, then not started",
        said,
        "says-started",
    );
    let started = processes.len();
    seen().same("processes of the plugin", 1, started, "another-process");
    seen().same(
        "the pid in the answer",
        first.pid,
        again.pid,
        "another-process",
    );

    let stopped = stage.deactivate(&folder).await?;
    let again = stage.deactivate(&folder).await?;
    let unknown = stage.place("never", &good())?;
    let never = stage.deactivate(&unknown).await?;
    let seen = case
        .require("PE-010")
        .seen("control: the first stop", stopped.steps.len());
    let said = format!("{}, {}", again.words(), never.words());
    let kept = stopped.stopped && !again.stopped && !never.stopped;
    seen.holds(kept, "stopped once", said, "says-stopped");
    stage.close().await
}

async fn starting(case: &mut Case) -> ScenarioResult {
    let stage =
        Stage::open_with(case, Setting::new().bound("hook", Duration::from_secs(60))).await?;
    let serve = Serve::good().hook("OnActivate", Answer::Hang);
    let folder = stage.place("plugin", &Script::serving(serve))?;
    let looked = async {
        let entries = stage
            .journal(&folder, |entries| !calls(entries, "OnActivate").is_empty())
            .await?;
        let status = stage.status(&folder).await?;
        let hook = stage
            .hook(&folder, "MessageHasBeenPosted", json!({}))
            .await?;
        // Calls the start off, which nobody would wait for.
        stage.deactivate(&folder).await?;
        Ok::<_, crate::scenario::Interruption>((calls(&entries, "OnActivate").len(), status, hook))
    };
    let (_, looked) = futures_util::future::join(stage.activate(&folder), looked).await;
    let (open, status, hook) = looked?;
    let seen = || {
        case.require("PE-011")
            .seen("open calls of OnActivate", open)
    };
    seen().same(
        "the state",
        "starting",
        status.state.as_str(),
        "running-early",
    );
    let kept = hook
        .as_ref()
        .is_err_and(|refusal| refusal.kind == "plugin.not_running");
    seen().holds(
        kept,
        "refused with plugin.not_running",
        hook.words(),
        "hook-not-refused",
    );
    stage.close().await
}

async fn error_text(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let error = InBand {
        message: "no licence today".to_owned(),
        ..InBand::default()
    };
    let refuses = Script::serving(Serve::good().hook("OnActivate", Answer::Error(error)));
    let folder = stage.place("plugin", &refuses.next_start().then(&good()))?;
    let first = stage.activate(&folder).await?;
    let failed = stage.status(&folder).await?;
    let second = stage.activate(&folder).await?;
    let running = stage.status(&folder).await?;
    let processes = pids(&folder.entries()?);
    let seen = || {
        case.require("PE-012")
            .seen("processes", processes.clone())
            .and("first start", first.words())
    };
    seen().same(
        "the state",
        "failed_to_start",
        failed.state.as_str(),
        "wrong-state",
    );
    seen().contains(
        "no licence today",
        failed.error.as_deref().unwrap_or_default(),
        "error-missing",
    );
    seen().holds(
        second.is_ok() && running.state == "running",
        "running",
        running.words(),
        "not-running",
    );
    seen().same(
        "the error of a plugin that runs",
        None,
        running.error,
        "error-kept",
    );
    stage.close().await
}

async fn configuration(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(
        case,
        Setting::new().bound("hook", Duration::from_millis(2500)),
    )
    .await?;
    let error = InBand {
        message: "no such channel".to_owned(),
        ..InBand::default()
    };
    let with = |answer| Script::serving(Serve::good().hook("OnConfigurationChange", answer));
    let rows = [
        ("a-good", good()),
        ("b-hangs", with(Answer::Hang)),
        ("c-refuses", with(Answer::Error(error))),
        (
            "d-unlisted",
            Script::serving(Serve::good().implemented(["OnActivate"])),
        ),
        ("z-good", good()),
    ];
    let mut folders = Vec::new();
    for (name, script) in &rows {
        folders.push(stage.started(name, script).await?);
    }
    let told: Configured = stage.done(Order::ConfigurationChanged {}).await?;
    let mut asked = Vec::new();
    for folder in &folders {
        asked.push(calls(&folder.entries()?, "OnConfigurationChange").len());
    }
    // Each that has the hook was called before its activation, too.
    let seen = || {
        case.require("PE-016")
            .seen("calls at the start", asked.first().copied())
    };
    seen().same(
        "calls of OnConfigurationChange of each plugin",
        vec![2, 2, 2, 0, 2],
        asked.clone(),
        "not-told",
    );
    let answer = |name: &str| told.answers.get(&format!("conf.{name}"));
    seen().holds(
        answer("d-unlisted").is_none(),
        "no answer of d-unlisted",
        told.words(),
        "unlisted-answer",
    );
    let seen = || case.require("PE-017").seen("answers", told.answers.len());
    let refused = match answer("c-refuses") {
        Some(Called::Refused { error }) => error["message"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    seen().same(
        "the error that is told",
        "no such channel",
        refused.as_str(),
        "error-hidden",
    );
    let kept = matches!(answer("b-hangs"), Some(Called::Failed { kind, .. }) if kind == "deadline");
    seen().holds(
        kept,
        "b-hangs: deadline",
        answer("b-hangs").words(),
        "hang-hidden",
    );
    let kept = ["a-good", "z-good"]
        .iter()
        .all(|name| matches!(answer(name), Some(Called::Answered { .. })));
    seen().holds(kept, "the others answer", told.words(), "others-not-told");
    stage.close().await
}

/// When a call of `OnDeactivate` came, and when it was answered.
fn deactivation(entries: &[Entry]) -> Option<(f64, f64)> {
    let came = calls(entries, "OnDeactivate").first()?.t_ms;
    let answered = entries.iter().find(|entry| {
        matches!(&entry.event, Seen::Answered { path, .. } if path.ends_with("/OnDeactivate"))
    });
    Some((came, answered?.t_ms))
}

async fn slow_shutdown(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let slow = Script::serving(Serve::good().hook("OnDeactivate", Answer::empty().after(1500)));
    let mut folders = Vec::new();
    for number in 0..4 {
        folders.push(stage.started(&format!("slow{number}"), &slow).await?);
    }
    let stopped: Value = stage.done(Order::Shutdown {}).await?;
    let mut times = Vec::new();
    for folder in &folders {
        times.extend(deactivation(&folder.entries()?));
    }
    let seen = || {
        case.require("PE-018")
            .seen("answered OnDeactivate", times.len())
            .and("answer", stopped.clone())
    };
    let last_call = times.iter().map(|(came, _)| *came).fold(0.0, f64::max);
    let first_answer = times
        .iter()
        .map(|(_, answered)| *answered)
        .fold(f64::INFINITY, f64::min);
    seen().same(
        "calls of OnDeactivate",
        folders.len(),
        times.len(),
        "on-deactivate-missing",
    );
    seen().holds(
        last_call < first_answer,
        "all are asked before the first one answers",
        times.words(),
        "one-by-one",
    );
    stage.close().await
}

async fn hung_shutdown(case: &mut Case) -> ScenarioResult {
    let patience = Duration::from_secs(1);
    let setting = short()
        .bound("hook", Duration::from_secs(60))
        .bound("deactivate", patience);
    let stage = Stage::open_with(case, setting).await?;
    let hangs = Script::serving(Serve::good().hook("OnDeactivate", Answer::Hang));
    let folder = stage.started("hangs", &hangs).await?;
    let limit = patience + super::stopping::LONGEST + case.scaled(SLACK);
    let (began, asked_at) = (Instant::now(), SystemTime::now());
    let answer = stage
        .host()
        .ask_for::<Value>(Order::Shutdown {}, limit)
        .await;
    let took = began.elapsed();
    let entries = folder.entries()?;
    let asked = calls(&entries, "OnDeactivate").len();
    let seen = || case.require("PE-019").seen("calls of OnDeactivate", asked);
    let kept = matches!(answer, Ok(Ok(_)));
    let said = format!("{} after {} ms", answer.words(), took.as_millis());
    if !seen().holds(
        kept,
        format!("an answer within {} ms", limit.as_millis()),
        said,
        "shutdown-not-bounded",
    ) {
        return Ok(());
    }
    // Measured from the order, since the host's patience cannot begin before it.
    let asked_at = asked_at.duration_since(UNIX_EPOCH).expect(
        "no machine's clock stands before 1970, and entries of the journal count from there",
    );
    let sign = given_up(&entries).map(|at| at - asked_at.as_secs_f64() * 1000.0);
    // A plugin that is killed at once writes nothing any more.
    let killed = (asked > 0).then_some(took.as_secs_f64() * 1000.0);
    let waited = sign.or(killed);
    let patience = patience.as_secs_f64() * 1000.0;
    seen().holds(
        waited.is_some_and(|waited| waited >= patience),
        format!("the next sign of the end not before {patience:.0} ms after the order"),
        waited.map_or_else(
            || "no call of OnDeactivate".to_owned(),
            |waited| format!("it came {waited:.0} ms after the order"),
        ),
        "no-patience",
    );
    stage.close().await
}

/// When the first thing happened after `OnDeactivate` was called, which it does not answer: the host had lost its patience.
fn given_up(entries: &[Entry]) -> Option<f64> {
    let is_call = |entry: &Entry| {
        matches!(entry.event, Seen::Rpc { .. }) && entry.method() == Some("OnDeactivate")
    };
    let call = entries.iter().position(is_call)?;
    let mut later = entries[call + 1..].iter();
    later
        .find(|entry| match &entry.event {
            Seen::Rpc { path, .. } => path.ends_with("/Shutdown"),
            Seen::Abandoned { .. } | Seen::Signal { .. } => true,
            _ => false,
        })
        .map(|entry| entry.t_ms)
}
