//! What fails a start after the handshake, what does not, and how long it may take.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::Entry;
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Answer, Script, Serve};

use super::activation::hooks;
use super::refusal::{family, refused};
use super::stage::{Setting, Stage};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Order, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::DriverError;

scenarios! {
    Host, Lifecycle;
    /// An error from OnActivate.
    "host/activation/refused" => activate_refused: ["LC-004"];
    /// An OnActivate that never answers.
    "host/activation/hanging" => activate_hangs: ["LC-005"], waits();
    /// An address at which nothing answers.
    "host/activation/no-answer" => no_answer: ["LC-009"], waits();
    /// An error from Implemented.
    "host/activation/implemented-fails" => implemented_fails: ["LC-010"];
    /// An error from OnConfigurationChange.
    "host/activation/configuration-fails" => configuration_fails: ["LC-011"];
}

/// What a step may take beyond its bound on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

async fn activate_refused(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.place("plugin", &Preset::ActivateFails.script())?;
    let outcome = stage.activate(&folder).await?;
    let entries = folder.entries()?;
    judge_failed_start(
        &stage,
        "LC-004",
        "activate.refused",
        &outcome,
        &entries,
        "activation-not-failed",
    )
    .await;
    let message = outcome
        .as_ref()
        .err()
        .map(|refusal| refusal.message.clone())
        .unwrap_or_default();
    let witness = case
        .require("LC-004")
        .go_host("shows the id alone")
        .seen("OnActivate calls", calls(&entries, "OnActivate").len());
    witness.contains("the licence has expired", &message, "message-lost");
    let status = stage.status(&folder).await?;
    let witness = case.require("LC-004").seen("state", status.state.clone());
    witness.holds(
        status.state != "running",
        "not running",
        &status.state,
        "wrong-state",
    );
    stage.control("control").await?;
    stage.close().await
}

async fn activate_hangs(case: &mut Case) -> ScenarioResult {
    let hook = Duration::from_millis(500);
    let stage = Stage::open_with(case, Setting::new().bound("hook", hook)).await?;
    let folder = stage.place("plugin", &Preset::ActivateHangs.script())?;
    let began = Instant::now();
    let outcome = stage.activate(&folder).await?;
    let took = began.elapsed();
    let entries = folder.entries()?;
    judge_failed_start(
        &stage,
        "LC-005",
        "activate.deadline",
        &outcome,
        &entries,
        "activation-not-failed",
    )
    .await;
    let seen = || {
        case.require("LC-005")
            .seen("OnActivate calls", calls(&entries, "OnActivate").len())
    };
    seen().within(hook + case.scaled(SLACK), took, "activation-not-bounded");
    seen().holds(
        took >= hook,
        format!("not before {}", hook.words()),
        took.words(),
        "gave-up-early",
    );
    stage.close().await
}

/// The start failed with this word, and the plugin's processes are gone.
async fn judge_failed_start(
    stage: &Stage<'_>,
    id: &'static str,
    kind: &str,
    outcome: &Result<Activated, Refusal>,
    entries: &[Entry],
    started: &'static str,
) {
    let family = family(entries);
    let seen = || {
        stage
            .case()
            .require(id)
            .seen("hook calls", hooks(entries))
            .and("processes", family.clone())
    };
    let (said, reason) = match outcome {
        Ok(activated) => (activated.words(), started),
        Err(refusal) if refusal.kind == kind => (refusal.message.clone(), "kept"),
        Err(refusal) => (
            format!("{}: {}", refusal.kind, refusal.message),
            "wrong-refusal",
        ),
    };
    seen().holds(
        reason == "kept",
        format!("a start that fails with {kind}"),
        said,
        reason,
    );
    let gone = stage
        .until(Duration::from_secs(3), || {
            !family.iter().any(|pid| alive(*pid))
        })
        .await;
    seen().holds(gone, "no process left", "a process is left", "process-left");
}

/// The time for a connection, where a scenario waits for its end.
const CONNECT: Duration = Duration::from_millis(700);

/// The setting for plugins with which no connection comes about.
pub(super) fn connects_soon(setting: Setting) -> Setting {
    setting
        .bound("connect", CONNECT)
        .bound("implemented", CONNECT)
}

async fn no_answer(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, connects_soon(Setting::new())).await?;
    let rows = [
        ("mute", Preset::MuteListener),
        ("gone", Preset::ListenerGone),
    ];
    for (name, preset) in rows {
        let folder = stage.place(name, &preset.script())?;
        if !judge_no_connection(&stage, "LC-009", name, &folder, &["connect."]).await? {
            return stage.close().await;
        }
    }
    stage.control("control").await?;
    stage.close().await
}

/// The start fails since no connection comes about, by a refusal that begins with one of these words, and does so in time. Says whether the
/// driver still answers.
pub(super) async fn judge_no_connection(
    stage: &Stage<'_>,
    id: &'static str,
    name: &str,
    folder: &PluginFolder,
    words: &[&str],
) -> Result<bool, Interruption> {
    let case = stage.case();
    let began = Instant::now();
    let order = Order::Activate {
        dir: folder.directory.clone(),
    };
    let outcome = match stage.try_ask::<Activated>(order).await {
        Err(DriverError::Silent { within, .. }) => {
            let expected = format!("{name}: an end of the start");
            let seen = format!("no answer within {}", within.words());
            case.require(id)
                .go_host("waits for 20 seconds where a listener is mute")
                .fails("start-not-bounded", expected, seen);
            return Ok(false);
        }
        answer => answer.map_err(Interruption::of_driver)?,
    };
    let refusal = refused(outcome)?;
    let took = began.elapsed();
    let entries = folder.entries()?;
    let seen = || {
        case.require(id)
            .seen("processes", pids(&entries))
            .and(name, refusal.message.clone())
    };
    seen().within(CONNECT * 2 + case.scaled(SLACK), took, "start-not-bounded");
    let kept = words.iter().any(|word| refusal.kind.starts_with(word));
    seen().holds(
        kept,
        "a connection that fails",
        format!("{}: {}", refusal.kind, refusal.message),
        "wrong-refusal",
    );
    Ok(true)
}

async fn implemented_fails(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let in_band = Answer::error("plugin.implemented.error", "the registry is broken");
    let rows = [
        (
            "status",
            Serve::good().implemented_answer(Answer::status("INTERNAL", "the registry is broken")),
        ),
        (
            "not-found",
            Serve::good().implemented_answer(Answer::status("NOT_FOUND", "the registry is broken")),
        ),
        ("in-band", Serve::good().implemented_answer(in_band)),
    ];
    for (name, serve) in rows {
        let folder = stage.place(name, &Script::serving(serve))?;
        let outcome = stage.activate(&folder).await?;
        let entries = folder.entries()?;
        judge_failed_start(
            &stage,
            "LC-010",
            "hook.implemented",
            &outcome,
            &entries,
            "start-not-failed",
        )
        .await;
    }
    stage.control("control").await?;
    stage.close().await
}

async fn configuration_fails(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let rows = [
        (
            "in-band",
            Answer::error("plugin.configuration.error", "no such setting"),
        ),
        ("status", Answer::status("INTERNAL", "no such setting")),
    ];
    for (name, answer) in rows {
        let serve = Serve::good().hook("OnConfigurationChange", answer);
        let folder = stage.place(name, &Script::serving(serve))?;
        let outcome = stage.activate(&folder).await?;
        let entries = folder.entries()?;
        let said = outcome.words();
        let asked = calls(&entries, "OnConfigurationChange").len();
        let witness = case.require("LC-011").seen("hook calls", hooks(&entries));
        witness.holds(
            outcome.is_ok() && asked == 1,
            "a plugin that runs",
            said,
            "activation-refused",
        );
    }
    stage.close().await
}
