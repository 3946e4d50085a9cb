//! What scenarios about all plugins share: listings that are waited for, plugins that are looked after, a signal from outside.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::stage::{Setting, Stage};
use super::traces::{calls, pids};
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::driver::protocol::environment::{Listed, Plugins, Watch};
use crate::driver::protocol::{Order, Status};
use crate::scenario::{Interruption, ScenarioResult};

/// How often a listing is asked for while waiting.
const LOOK: Duration = Duration::from_millis(40);

/// Settings under which failures are noticed and mended as soon as a test can wait for.
pub(super) fn quick() -> Watch {
    Watch {
        interval_ms: Some(200),
        backoff_ms: Some(50),
        backoff_cap_ms: Some(1000),
        ..Watch::default()
    }
}

/// Settings under which checks notice nothing in the time of a test.
pub(super) fn unchecked() -> Watch {
    Watch {
        interval_ms: Some(600_000),
        ..quick()
    }
}

/// A driver that looks after its plugins.
pub(super) async fn looked_after(
    case: &Case,
    setting: Setting,
    watch: Watch,
) -> Result<Stage<'_>, Interruption> {
    let stage = Stage::open_with(case, setting.watch(watch)).await?;
    supervise(&stage, true).await?;
    Ok(stage)
}

/// Looks after plugins from now on, or no more.
pub(super) async fn supervise(stage: &Stage<'_>, on: bool) -> ScenarioResult {
    stage.done::<Value>(Order::Supervise { on }).await?;
    Ok(())
}

/// All plugins.
pub(super) async fn list(stage: &Stage<'_>) -> Result<Vec<Listed>, Interruption> {
    Ok(stage.done::<Plugins>(Order::Plugins {}).await?.plugins)
}

/// One plugin of the listing; one that is not listed has no id there.
pub(super) async fn listed(stage: &Stage<'_>, id: &str) -> Result<Listed, Interruption> {
    let plugins = list(stage).await?;
    let found = plugins.into_iter().find(|listed| listed.plugin == id);
    Ok(found.unwrap_or_default())
}

/// One plugin of the listing as soon as the function is content with it, at the latest after this time.
pub(super) async fn once_listed(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    within: Duration,
    content: impl Fn(&Listed) -> bool,
) -> Result<Listed, Interruption> {
    let until = Instant::now() + within.min(stage.patience());
    loop {
        let listed = listed(stage, &folder.id).await?;
        if content(&listed) || Instant::now() >= until {
            return Ok(listed);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The state of a plugin whose process has ended and that nobody looks after, as soon as the host has drawn its conclusion: that comes a
/// moment after the end is known, when what the process left has been cleaned up.
pub(super) async fn once_over(
    stage: &Stage<'_>,
    folder: &PluginFolder,
) -> Result<Status, Interruption> {
    let until = Instant::now() + stage.patience();
    loop {
        let status = stage.status(folder).await?;
        let is_open = matches!(&*status.state, "running" | "recovering");
        if !is_open || Instant::now() >= until {
            return Ok(status);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The plugin as it is listed once it runs in its `start`-th process.
pub(super) async fn once_running(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    start: usize,
    within: Duration,
) -> Result<Listed, Interruption> {
    once_listed(stage, folder, within, |listed| {
        let processes = folder
            .entries()
            .map(|entries| pids(&entries))
            .unwrap_or_default();
        listed.state == "running"
            && processes.len() >= start
            && listed.pid == processes.last().copied()
    })
    .await
}

/// Waits until a healthy plugin was checked so many times more: the control of a negative check.
pub(super) async fn checked_again(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    times: usize,
) -> Result<usize, Interruption> {
    let before = calls(&folder.entries()?, "Check").len();
    let entries = stage
        .journal(folder, |entries| {
            calls(entries, "Check").len() >= before + times
        })
        .await?;
    let checks = calls(&entries, "Check").len() - before;
    if checks < times {
        return Err(Interruption::broken_off(format!(
            "the control plugin {} was checked {checks} times",
            folder.id
        )));
    }
    Ok(checks)
}

/// When the processes of a folder began, in milliseconds.
pub(super) fn starts(entries: &[Entry]) -> Vec<f64> {
    let began = entries
        .iter()
        .filter(|entry| matches!(entry.event, Seen::Started { .. }));
    began.map(|entry| entry.t_ms).collect()
}

/// Sends a signal from outside to a process of the case.
pub(super) fn signal(stage: &Stage<'_>, pid: u32, signal: Signal) -> ScenarioResult {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let raw = raw.ok_or_else(|| Interruption::broken_off(format!("{pid} is no process")))?;
    stage
        .case()
        .note(Source::Fault, format!("{} to {pid}", signal.words()));
    kill_process(raw, signal)?;
    Ok(())
}
