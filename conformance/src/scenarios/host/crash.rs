//! Plugins that die: the host learns of it at once, says how, and starts them again when asked to.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::Entry;
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Answer, Script, Serve, SignalName};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::listing::once_over;
use super::stage::{Setting, Stage, good};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words;
use crate::driver::protocol::{Called, Health, Order};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Crash;
    /// The end is noticed, and its way reported.
    "host/crash/noticed" => noticed: ["CR-001"];
    /// A hook that is running when the plugin dies.
    "host/crash/in-hook" => in_hook: ["CR-002"];
    /// A restart after a kill in each phase.
    "host/crash/restart" => restart: ["CR-003"];
    /// Other plugins go on.
    "host/crash/others" => others: ["CR-004"];
}

/// Kills the plugin's latest process from outside.
pub(super) fn kill(stage: &Stage<'_>, entries: &[Entry]) -> Result<u32, Interruption> {
    let pid = pids(entries)
        .last()
        .copied()
        .ok_or_else(|| Interruption::broken_off("the fake was not started"))?;
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let raw = raw.ok_or_else(|| Interruption::broken_off(format!("{pid} is no process")))?;
    stage
        .case()
        .note(Source::Fault, format!("SIGKILL to {pid}"));
    kill_process(raw, Signal::KILL)?;
    Ok(pid)
}

async fn noticed(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let ends = |answer: Answer| {
        Script::serving(
            Serve::good()
                .hook("UserHasBeenCreated", answer)
                .implemented(["OnActivate", "UserHasBeenCreated"]),
        )
    };
    let rows = [
        ("killed", good(), None, (None, Some(9))),
        (
            "exits-3",
            Preset::CrashBetweenHooks.script(),
            None,
            (Some(3), None),
        ),
        (
            "exits-0",
            good().wait_for("answered:OnActivate").exit(0),
            None,
            (Some(0), None),
        ),
        (
            "aborts-in-hook",
            ends(Answer::Raise(SignalName::Abrt)),
            Some("UserHasBeenCreated"),
            (None, Some(6)),
        ),
        (
            "exits-in-hook",
            ends(Answer::Exit(7)),
            Some("UserHasBeenCreated"),
            (Some(7), None),
        ),
    ];
    for (name, script, hook, (code, signal)) in rows {
        let folder = stage.started(name, &script).await?;
        if name == "killed" {
            kill(&stage, &folder.entries()?)?;
        }
        if let Some(hook) = hook {
            stage.hook(&folder, hook, json!({})).await?.ok();
        }
        let began = Instant::now();
        let ended = stage.wait_exit(&folder).await?;
        let took = began.elapsed();
        let entries = folder.entries()?;
        let seen = || {
            case.require("CR-001")
                .seen("processes", pids(&entries))
                .and(name, ended.words())
        };
        seen().holds(
            ended.exited,
            format!("{name}: an end that is noticed"),
            ended.words(),
            "end-not-noticed",
        );
        seen().within(case.scaled(Duration::from_secs(4)), took, "end-not-noticed");
        seen().same(
            "exit code and signal",
            (code, signal),
            (ended.exit_code, ended.signal),
            "wrong-exit-status",
        );
        let status = once_over(&stage, &folder).await?;
        seen().holds(
            status.state != "running",
            format!("{name}: not running"),
            &status.state,
            "still-running",
        );
        let before = calls(&entries, "MessageHasBeenPosted").len();
        let refused = stage
            .hook(&folder, "MessageHasBeenPosted", json!({}))
            .await?;
        let after = calls(&folder.entries()?, "MessageHasBeenPosted").len();
        let kept = refused
            .as_ref()
            .is_err_and(|refusal| refusal.kind == "plugin.not_running")
            && before == after;
        seen().holds(
            kept,
            format!("{name}: refused with plugin.not_running"),
            refused.words(),
            "hook-not-refused",
        );
    }
    stage.close().await
}

async fn in_hook(case: &mut Case) -> ScenarioResult {
    let stage =
        Stage::open_with(case, Setting::new().bound("hook", Duration::from_secs(60))).await?;
    let rows = [
        ("exits", Answer::Exit(3)),
        ("killed", Answer::Raise(SignalName::Kill)),
        ("killed-late", Answer::Raise(SignalName::Kill).after(200)),
    ];
    for (name, answer) in rows {
        let folder = stage
            .started(
                name,
                &Script::serving(Serve::good().hook("MessageWillBePosted", answer)),
            )
            .await?;
        let began = Instant::now();
        let outcome = stage
            .hook(&folder, "MessageWillBePosted", json!({}))
            .await?;
        let took = began.elapsed();
        let asked = calls(&folder.entries()?, "MessageWillBePosted").len();
        let seen = || {
            case.require("CR-002")
                .seen("calls of the hook", asked)
                .and(name, outcome.words())
        };
        if !seen().within(case.scaled(Duration::from_secs(5)), took, "not-at-once") {
            return Ok(());
        }
        let kept = matches!(&outcome, Ok(Called::Failed { kind, .. }) if kind == "unavailable");
        seen().holds(
            kept,
            "a failed call: unavailable",
            outcome.words(),
            "wrong-outcome",
        );
    }
    stage.close().await
}

/// When the plugin is killed: what its first process does, and what the host is asked meanwhile.
const PHASES: [&str; 5] = [
    "before-handshake",
    "during-activation",
    "idle",
    "during-hook",
    "during-stop",
];

/// A plugin whose first process stands still in one phase, and whose second one is good.
fn standing_still(phase: &str) -> Script {
    let first = match phase {
        "before-handshake" => Script::new().hang(),
        "during-activation" => Preset::ActivateHangs.script(),
        "during-hook" => Script::serving(Serve::good().hook("MessageWillBePosted", Answer::Hang)),
        "during-stop" => Script::serving(Serve::good().hook("OnDeactivate", Answer::Hang)),
        _ => good(),
    };
    first.next_start().then(&good())
}

async fn restart(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    for phase in PHASES {
        let folder = stage.place(phase, &standing_still(phase))?;
        let plugin = folder.id.clone();
        let activate = Order::Activate {
            dir: folder.directory.clone(),
        };
        match phase {
            "before-handshake" => {
                kill_during(&stage, &folder, activate, |entries| {
                    !pids(entries).is_empty()
                })
                .await?
            }
            "during-activation" => {
                kill_during(&stage, &folder, activate, |entries| {
                    !calls(entries, "OnActivate").is_empty()
                })
                .await?
            }
            _ => {
                stage.running(&folder).await?;
                match phase {
                    "during-hook" => {
                        let order = Order::Hook {
                            plugin,
                            hook: "MessageWillBePosted".to_owned(),
                            request: json!({}),
                        };
                        kill_during(&stage, &folder, order, |entries| {
                            !calls(entries, "MessageWillBePosted").is_empty()
                        })
                        .await?;
                    }
                    "during-stop" => {
                        let order = Order::Deactivate { plugin };
                        kill_during(&stage, &folder, order, |entries| {
                            !calls(entries, "OnDeactivate").is_empty()
                        })
                        .await?;
                    }
                    _ => {
                        kill(&stage, &folder.entries()?)?;
                        stage.wait_exit(&folder).await?;
                    }
                }
            }
        }
        judge_restart(&stage, &folder, phase).await?;
    }
    stage.close().await
}

/// Gives an order, waits until the plugin stands still in it, kills the plugin and takes the answer.
async fn kill_during(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    order: Order,
    still: impl Fn(&[Entry]) -> bool,
) -> ScenarioResult {
    let kill_it = async {
        let entries = stage.journal(folder, &still).await?;
        kill(stage, &entries)
    };
    let (answer, killed) =
        futures_util::future::join(stage.ask::<serde_json::Value>(order), kill_it).await;
    killed?;
    answer?.ok();
    Ok(())
}

async fn judge_restart(stage: &Stage<'_>, folder: &PluginFolder, phase: &str) -> ScenarioResult {
    let restarted = stage.restart(folder).await?;
    let entries = folder.entries()?;
    let processes = pids(&entries);
    let next = stage
        .hook(folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let seen = || {
        stage
            .case()
            .require("CR-003")
            .seen("processes", processes.clone())
            .and("killed", phase)
    };
    let said = format!("{phase}: {}", restarted.words());
    seen().holds(
        restarted.is_ok() && processes.len() == 2,
        format!("{phase}: started again"),
        said,
        "not-restarted",
    );
    let kept = matches!(next, Ok(Called::Answered { .. }));
    seen().holds(
        kept,
        format!("{phase}: an answered hook"),
        next.words(),
        "not-running-after-restart",
    );
    Ok(())
}

async fn others(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let victim = stage.started("victim", &good()).await?;
    let other = stage.started("other", &good()).await?;
    let pid = pids(&other.entries()?).first().copied().unwrap_or_default();
    kill(&stage, &victim.entries()?)?;
    let ended = stage.wait_exit(&victim).await?;
    let next = stage
        .hook(&other, "MessageHasBeenPosted", json!({}))
        .await?;
    let health = stage
        .ask::<Health>(Order::Health {
            plugin: other.id.clone(),
        })
        .await?;
    let entries = other.entries()?;
    let seen = || {
        case.require("CR-004")
            .seen(
                "control: the end of the other",
                ended.exited.then_some("ended"),
            )
            .and("the other's process", pid)
    };
    let kept = matches!(next, Ok(Called::Answered { .. }))
        && health.as_ref().is_ok_and(|health| health.healthy);
    seen().holds(
        kept,
        "an answered hook and a healthy plugin",
        format!("{}, {}", next.words(), health.words()),
        "other-plugin-touched",
    );
    seen().holds(
        alive(pid) && pids(&entries).len() == 1,
        "the same process",
        pids(&entries).words(),
        "other-plugin-touched",
    );
    stage.close().await
}
