//! Each trouble in each phase of a plugin's life: one clear outcome that names it, nothing left, and the next activation works.
//!
//! A row is data: what the first process does, and which words the outcome may have. What goes wrong on the side of the plugin is
//! its script's, SIGSTOP comes from outside.

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Answer, Controller, Grandchild, Script, Serve, SignalName, Step};
use futures_util::StreamExt as _;
use futures_util::future::join;
use rustix::process::Signal;
use serde_json::json;

use super::listing::signal;
use super::refusal::family;
use super::stage::{Setting, Stage, good};
use super::stopping::{SLACK, short};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::driver::protocol::{Activated, Called, Order, Stopped};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Crash;
    /// Each trouble in each phase.
    "host/crash/matrix" => matrix: ["CR-014", "CR-015"], waits(), deadline(90);
}

/// Where in its life the plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    BeforeHandshake,
    AfterHandshake,
    Implemented,
    Activate,
    Idle,
    Hook,
    Deactivate,
    Shutdown,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Exit,
    Killed,
    Hang,
    Sigstop,
    ClosedListener,
    LostConnection,
}

use Phase::{
    Activate, AfterHandshake, BeforeHandshake, Deactivate, Hook, Idle, Implemented, Shutdown,
};
use Trouble::{ClosedListener, Exit, Hang, Killed, LostConnection, Sigstop};

/// A phase, a trouble, and the words that its outcome may have: where two races are won by either, both.
type Row = (Phase, Trouble, &'static [&'static str]);

const CONNECTION: &[&str] = &["connect.closed", "connect.refused", "hook.implemented"];
const ASKED: &[&str] = &["hook.implemented", "connect.closed"];

const ROWS: &[Row] = &[
    (BeforeHandshake, Exit, &["handshake.stdout_closed"]),
    (BeforeHandshake, Killed, &["handshake.stdout_closed"]),
    (BeforeHandshake, Hang, &["handshake.timeout"]),
    (BeforeHandshake, Sigstop, &["handshake.timeout"]),
    (AfterHandshake, Exit, CONNECTION),
    (AfterHandshake, Killed, CONNECTION),
    (AfterHandshake, Hang, &["connect.mute"]),
    (AfterHandshake, Sigstop, &["connect.mute"]),
    (AfterHandshake, ClosedListener, &["connect.refused"]),
    (AfterHandshake, LostConnection, CONNECTION),
    (Implemented, Exit, ASKED),
    (Implemented, Killed, ASKED),
    (Implemented, Hang, ASKED),
    (Implemented, Sigstop, ASKED),
    (Implemented, LostConnection, ASKED),
    (Activate, Exit, &["activate.unavailable"]),
    (Activate, Killed, &["activate.unavailable"]),
    (Activate, Hang, &["activate.deadline"]),
    (Activate, Sigstop, &["activate.deadline"]),
    (Activate, LostConnection, &["activate.unavailable"]),
    (Idle, Exit, &["failed_to_stay_running"]),
    (Idle, Killed, &["failed_to_stay_running"]),
    (Idle, Sigstop, &["deadline"]),
    // What is connected stays connected.
    (Idle, ClosedListener, &["answered"]),
    (Hook, Exit, &["unavailable"]),
    (Hook, Killed, &["unavailable"]),
    (Hook, Hang, &["deadline"]),
    (Hook, Sigstop, &["deadline"]),
    (Hook, LostConnection, &["unavailable"]),
    (Deactivate, Exit, &["unavailable"]),
    (Deactivate, Killed, &["unavailable"]),
    (Deactivate, Hang, &["deadline"]),
    (Deactivate, Sigstop, &["deadline"]),
    (Deactivate, LostConnection, &["unavailable"]),
    (Shutdown, Exit, &["answered", "connection_lost", "exited"]),
    (Shutdown, Killed, &["answered", "connection_lost", "exited"]),
    (Shutdown, Hang, &["deadline"]),
    (Shutdown, Sigstop, &["deadline"]),
];

/// How many rows are played at the same time.
const AT_ONCE: usize = 5;

/// What the plugin does when the call arrives in which it goes wrong.
fn in_call(trouble: Trouble) -> Answer {
    match trouble {
        Exit => Answer::Exit(3),
        Killed => Answer::Raise(SignalName::Kill),
        Hang | Sigstop | ClosedListener => Answer::Hang,
        LostConnection => Answer::Close,
    }
}

/// What the first process does. It has a child of its own, which is to go with it.
fn first(phase: Phase, trouble: Trouble) -> Script {
    let end = |script: Script| match trouble {
        Exit => script.exit(3),
        Killed => script.raise(SignalName::Kill),
        _ => script.hang(),
    };
    let serving = |serve: Serve| Script::serving(serve);
    let script = match (phase, trouble) {
        (BeforeHandshake, _) => end(Script::new()),
        (AfterHandshake, ClosedListener) => Preset::ListenerGone.script(),
        (AfterHandshake, Hang) => Preset::HandshakeThenNothing.script(),
        (AfterHandshake, LostConnection) => serving(Serve {
            every_call: Some(Answer::Close),
            ..Serve::good()
        }),
        (AfterHandshake, _) => end(Script::new().listen().handshake()),
        (Implemented, _) => serving(Serve::good().implemented_answer(in_call(trouble))),
        (Activate, _) => serving(Serve::good().hook("OnActivate", in_call(trouble))),
        (Idle, Exit) => end(good().wait_for("answered:OnActivate").sleep(50)),
        (Idle, ClosedListener) => good()
            .wait_for("answered:OnActivate")
            .step(Step::CloseListener {}),
        (Idle, _) => good(),
        (Hook, _) => serving(Serve::good().hook("MessageWillBePosted", in_call(trouble))),
        (Deactivate, _) => serving(Serve::good().hook("OnDeactivate", in_call(trouble))),
        (Shutdown, _) => serving(Serve {
            controller: match trouble {
                Exit => Controller::ExitCode(3),
                Killed => Controller::Raise(SignalName::Kill),
                _ => Controller::Hang,
            },
            ..Serve::good()
        }),
    };
    Script::new()
        .grandchild(Grandchild::default())
        .then(&script)
}

/// Whether the plugin has come to where it goes wrong.
fn is_there(phase: Phase, entries: &[Entry]) -> bool {
    let called = |name: &str| !calls(entries, name).is_empty();
    match phase {
        BeforeHandshake => !pids(entries).is_empty(),
        AfterHandshake => entries
            .iter()
            .any(|entry| matches!(&entry.event, Seen::Wrote { to, .. } if to == "stdout")),
        Implemented => called("Implemented"),
        Activate => called("OnActivate"),
        Idle => true,
        Hook => called("MessageWillBePosted"),
        Deactivate => called("OnDeactivate"),
        Shutdown => called("Shutdown"),
    }
}

/// Bounds that are felt in the rows that hang, and by nobody else.
fn bounds() -> Setting {
    let seconds = Duration::from_secs;
    short()
        .bound("start", seconds(3))
        .bound("connect", seconds(2))
        .bound("implemented", seconds(2))
        .bound("hook", seconds(2))
        .bound("shutdown_rpc", seconds(1))
}

async fn matrix(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, bounds()).await?;
    let rows: Vec<_> = ROWS.iter().map(|row| play(&stage, *row)).collect();
    let rows = futures_util::stream::iter(rows).buffer_unordered(AT_ONCE);
    let played: Vec<ScenarioResult> = rows.collect().await;
    played.into_iter().collect::<ScenarioResult>()?;
    stage.close().await
}

async fn play(stage: &Stage<'_>, (phase, trouble, expected): Row) -> ScenarioResult {
    let name = format!("{phase:?}-{trouble:?}").to_lowercase();
    let script = first(phase, trouble).next_start().then(&good());
    let folder = stage.place(&name, &script)?;
    let stopped = async {
        if trouble == Sigstop && phase != Idle {
            let entries = stage
                .journal(&folder, |entries| is_there(phase, entries))
                .await?;
            stop_first(stage, &entries)?;
        }
        Ok::<(), Interruption>(())
    };
    let (outcome, stopped) = join(outcome(stage, &folder, phase, trouble), stopped).await;
    stopped?;
    let outcome = outcome?;
    // Some of them run on; all are to be gone.
    stage.deactivate(&folder).await?;
    let before = family(&folder.entries()?);
    stage
        .until(SLACK, || !before.iter().any(|pid| alive(*pid)))
        .await;
    let left: Vec<u32> = before.iter().copied().filter(|pid| alive(*pid)).collect();
    let again = stage.activate(&folder).await?;
    let hook = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let processes = pids(&folder.entries()?);

    let seen = |id| stage.case().require(id).seen(&name, processes.clone());
    let kept = expected.contains(&outcome.as_str());
    seen("CR-015").holds(
        kept,
        format!("{name}: {}", expected.join(" or ")),
        &outcome,
        "error-not-named",
    );
    seen("CR-014").absent(&format!("process left by {name}"), &left, "process-left");
    let kept = again.is_ok() && matches!(hook, Ok(Called::Answered { .. })) && processes.len() == 2;
    let said = format!("{again:?}, {hook:?}, {processes:?}");
    seen("CR-014").holds(
        kept,
        format!("{name}: a second process that answers"),
        said,
        "next-start-failed",
    );
    stage.deactivate(&folder).await?;
    Ok(())
}

fn stop_first(stage: &Stage<'_>, entries: &[Entry]) -> ScenarioResult {
    let first = pids(entries).first().copied();
    let first = first.ok_or_else(|| Interruption::broken_off("the fake was not started"))?;
    signal(stage, first, Signal::STOP)
}

/// Brings the plugin to where it goes wrong; the word for what came of it.
async fn outcome(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    phase: Phase,
    trouble: Trouble,
) -> Result<String, Interruption> {
    let started = stage.activate(folder).await?;
    if !matches!(phase, Idle | Hook | Deactivate | Shutdown) {
        return Ok(match started {
            Ok(Activated { .. }) => "running".to_owned(),
            Err(refusal) => refusal.kind,
        });
    }
    if let Err(refusal) = started {
        return Ok(refusal.kind);
    }
    let called = async |hook: &str| -> Result<String, Interruption> {
        Ok(match stage.hook(folder, hook, json!({})).await? {
            Ok(Called::Failed { kind, .. }) => kind,
            Ok(Called::Answered { .. }) => "answered".to_owned(),
            other => format!("{other:?}"),
        })
    };
    match (phase, trouble) {
        (Idle, Exit | Killed) => {
            if trouble == Killed {
                super::crash::kill(stage, &folder.entries()?)?;
            }
            stage.wait_exit(folder).await?;
            Ok(stage.status(folder).await?.state)
        }
        (Idle, _) => {
            if trouble == Sigstop {
                stop_first(stage, &folder.entries()?)?;
            }
            called("MessageHasBeenPosted").await
        }
        (Hook, _) => called("MessageWillBePosted").await,
        _ => {
            let step = if phase == Deactivate {
                "on_deactivate"
            } else {
                "shutdown"
            };
            let plugin = folder.id.clone();
            let stopped: Stopped = stage.done(Order::Deactivate { plugin }).await?;
            let found = stopped.steps.into_iter().find(|found| found.step == step);
            Ok(found.map(|step| step.outcome).unwrap_or_default())
        }
    }
}
