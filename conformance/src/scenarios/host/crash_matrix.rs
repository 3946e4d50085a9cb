//! Each trouble in each phase of a plugin's life: one clear outcome that names it, how the process ended and its last words, nothing
//! left, and the next activation works.
//!
//! The table is whole: what is not in it cannot be, and `expected` says so. What goes wrong is the script's to do; while the plugin is
//! idle a signal from outside says when. Streams have a file of their own.

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, Grandchild, Health, Script, Serve, SignalName, Step};
use futures_util::StreamExt as _;
use futures_util::future::join;
use plugin_proto::goplugin::SHUTDOWN;
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;

use super::listing::{listed, once_over, signal};
use super::refusal::family;
use super::stage::{PATIENCE, Setting, Stage, good};
use super::stopping::{SLACK, short};
use super::traces::{alive, announced_port, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Called, Ended, Order, Refusal, Stopped};
use crate::plugin_run::listener::held_connections;
use crate::plugin_run::process::is_stopped;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Crash;
    /// Each trouble in each phase.
    "host/crash/matrix" => matrix: ["CR-014", "CR-015"], waits(), deadline(120);
}

/// Writes an enum, the list of all of it, and its words.
macro_rules! listed {
    ($(#[doc = $doc:literal])+ $name:ident, $all:ident: $($one:ident = $word:literal),+) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum $name { $($one),+ }

        use $name::{$($one),+};

        const $all: &[$name] = &[$($one),+];

        impl $name {
            fn word(self) -> &'static str {
                match self { $($one => $word),+ }
            }
        }
    };
}

listed! {
    /// Where in its life the plugin is.
    Phase, PHASES: BeforeHandshake = "before-handshake", AfterHandshake = "after-handshake", Implemented = "implemented",
        Activate = "activate", Idle = "idle", Hook = "hook", Deactivate = "deactivate", Shutdown = "shutdown"
}

listed! {
    /// What goes wrong.
    Trouble, TROUBLES: Exit = "exit", Kill = "kill", Abort = "abort", Segfault = "segfault", Hang = "hang", Sigstop = "sigstop",
        ClosedListener = "closed-listener", LostConnection = "lost-connection"
}

/// How many rows are played at the same time.
const AT_ONCE: usize = 8;
/// The code of a process that exits.
const CODE: i32 = 3;
/// What each first process writes to stderr.
const LAST_WORDS: &str = "fake: not my day";
/// What it writes when it has lost its listener or its connections.
const CUT_OFF: &str = "fake: cut off";
/// Says to an idle plugin that it is time.
const NOW: SignalName = SignalName::Usr1;

/// The words that the outcome may have, both where either side may win a race; none where the trouble cannot be.
fn expected(phase: Phase, trouble: Trouble) -> &'static [&'static str] {
    match (phase, trouble) {
        // There is nothing to lose yet.
        (BeforeHandshake, ClosedListener | LostConnection) => &[],
        (BeforeHandshake, Hang | Sigstop) => &["handshake.timeout"],
        (BeforeHandshake, _) => &["handshake.stdout_closed"],
        (AfterHandshake, Hang | Sigstop) => &["connect.mute"],
        (AfterHandshake, ClosedListener) => &["connect.refused"],
        (AfterHandshake, _) => &[
            "connect.closed",
            "connect.refused",
            "hook.implemented: unavailable",
        ],
        (Implemented, Hang | Sigstop) => &["hook.implemented: deadline"],
        // Here and below: what is connected stays connected.
        (Implemented | Activate, ClosedListener) => &["running"],
        (Implemented, _) => &["hook.implemented: unavailable", "connect.closed"],
        (Activate, Hang | Sigstop) => &["activate.deadline"],
        (Activate, _) => &["activate.unavailable"],
        // A call that finds no connection makes one.
        (Idle, ClosedListener | LostConnection) => &["answered"],
        (Idle, Exit | Kill | Abort | Segfault) => &["failed_to_stay_running"],
        (Hook | Deactivate | Shutdown, ClosedListener) => &["answered"],
        (Idle | Hook | Deactivate | Shutdown, Hang | Sigstop) => &["deadline"],
        (Hook | Deactivate, _) => &["unavailable"],
        (Shutdown, _) => &["connection_lost", "exited"],
    }
}

impl Trouble {
    /// How the process ends by it, if it does.
    fn end(self) -> Option<Ended> {
        let (exit_code, signal) = match self {
            Exit => (Some(CODE), None),
            Kill => (None, Some(Signal::KILL.as_raw())),
            Abort => (None, Some(Signal::ABORT.as_raw())),
            Segfault => (None, Some(Signal::SEGV.as_raw())),
            Hang | Sigstop | ClosedListener | LostConnection => return None,
        };
        Some(Ended {
            exited: true,
            exit_code,
            signal,
        })
    }

    /// What the plugin does when the call arrives in which it goes wrong.
    fn in_call(self, phase: Phase) -> Answer {
        match self {
            Exit => Answer::Exit(CODE),
            Kill => Answer::Raise(SignalName::Kill),
            Abort => Answer::Raise(SignalName::Abrt),
            Segfault => Answer::Raise(SignalName::Segv),
            Hang => Answer::Hang,
            // Continued, it would answer.
            Sigstop => Answer::Raise(SignalName::Stop),
            ClosedListener if phase == Implemented => {
                Answer::Value(json!({ "hooks": Serve::GOOD })).after(200)
            }
            ClosedListener => Answer::empty().after(200),
            LostConnection => Answer::Close,
        }
    }

    /// The same as steps. One that is only stopped goes on with what follows.
    fn steps(self) -> Script {
        let script = Script::new();
        match self {
            Exit => script.exit(CODE),
            Kill => script.raise(SignalName::Kill),
            Abort => script.raise(SignalName::Abrt),
            Segfault => script.raise(SignalName::Segv),
            Hang => script.hang(),
            Sigstop => script.raise(SignalName::Stop),
            ClosedListener => cut_off(script.step(Step::CloseListener {})),
            LostConnection => cut_off(script.step(Step::CutConnections {})),
        }
    }
}

fn cut_off(script: Script) -> Script {
    script.write_stderr(CUT_OFF).write_stderr("\n")
}

impl Phase {
    /// The method of the call in which it goes wrong.
    fn call(self) -> Option<&'static str> {
        match self {
            Implemented => Some("Implemented"),
            Activate => Some("OnActivate"),
            Hook => Some("MessageWillBePosted"),
            Deactivate => Some("OnDeactivate"),
            Shutdown => Some(SHUTDOWN),
            BeforeHandshake | AfterHandshake | Idle => None,
        }
    }

    /// Whether the plugin has not become active yet.
    fn is_of_start(self) -> bool {
        matches!(
            self,
            BeforeHandshake | AfterHandshake | Implemented | Activate
        )
    }
}

/// What the first process does. It has a child of its own, which is to go with it.
fn first(phase: Phase, trouble: Trouble) -> Script {
    let begin = Script::new()
        .write_stderr(LAST_WORDS)
        .write_stderr("\n")
        .grandchild(Grandchild::default());
    let rest = match phase.call() {
        Some(method) => in_call(method, phase, trouble),
        None => between_calls(phase, trouble),
    };
    begin.then(&rest)
}

/// It goes wrong while nothing is being called.
fn between_calls(phase: Phase, trouble: Trouble) -> Script {
    match (phase, trouble) {
        (BeforeHandshake, _) => trouble.steps().then(&good()),
        (AfterHandshake, LostConnection) => Script::serving(Serve {
            every_call: Some(Answer::Close),
            ..Serve::good()
        }),
        (AfterHandshake, ClosedListener) => Script::new()
            .listen()
            .step(Step::CloseListener {})
            .handshake()
            .hang(),
        (AfterHandshake, _) => Script::new()
            .listen()
            .handshake()
            .then(&trouble.steps())
            .serve(Serve::good()),
        (Idle, Hang) => Script::serving(Serve {
            health: Health::Hang,
            ..Serve::good()
        }),
        _ => Script::new()
            .step(Step::Ignore { signals: vec![NOW] })
            .then(&good())
            .wait_for("signal:USR1")
            .then(&trouble.steps()),
    }
}

/// It goes wrong while this method is being called.
fn in_call(method: &str, phase: Phase, trouble: Trouble) -> Script {
    let script = Script::serving(Serve::good().hook(method, trouble.in_call(phase)));
    if trouble != ClosedListener {
        return script;
    }
    let name = method.rsplit_once('/').map_or(method, |(_, name)| name);
    script
        .wait_for(&format!("hook:{name}"))
        .then(&trouble.steps())
}

/// Bounds that are felt in the rows that hang, and by nobody else.
fn bounds() -> Setting {
    let seconds = Duration::from_secs;
    short()
        .bound("start", seconds(5))
        .bound("connect", seconds(2))
        .bound("implemented", seconds(2))
        .bound("hook", seconds(2))
        .bound("health", seconds(2))
        .bound("shutdown_rpc", seconds(1))
}

async fn matrix(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, bounds()).await?;
    // How a process has ended stands in the listing.
    stage.needs_order("plugins")?;
    let all = PHASES
        .iter()
        .flat_map(|phase| TROUBLES.iter().map(|trouble| (*phase, *trouble)));
    let rows: Vec<_> = all
        .filter(|(phase, trouble)| !expected(*phase, *trouble).is_empty())
        .map(|(phase, trouble)| play(&stage, phase, trouble))
        .collect();
    let rows = futures_util::stream::iter(rows).buffer_unordered(AT_ONCE);
    let played: Vec<ScenarioResult> = rows.collect().await;
    played.into_iter().collect::<ScenarioResult>()?;
    stage.close().await
}

/// What came of a row.
struct Outcome {
    word: String,
    /// Why there is no plugin, if it did not start.
    refusal: Option<Refusal>,
}

async fn play(stage: &Stage<'_>, phase: Phase, trouble: Trouble) -> ScenarioResult {
    let name = format!("{}-{}", phase.word(), trouble.word());
    let script = first(phase, trouble).next_start().then(&good());
    let folder = stage.place(&name, &script)?;
    let (outcome, there) = join(
        outcome(stage, &folder, phase, trouble),
        evidence(stage, &folder, phase, trouble),
    )
    .await;
    let (outcome, there) = (outcome?, there?);
    // Some of them run on; all are to be gone.
    stage.deactivate(&folder).await?;
    let before = family(&folder.entries()?);
    stage
        .until(SLACK, || !before.iter().any(|pid| alive(*pid)))
        .await;
    let left: Vec<u32> = before.iter().copied().filter(|pid| alive(*pid)).collect();
    let (end, tail) = match outcome.refusal {
        Some(refusal) => {
            let end = Ended {
                exited: refusal.detail.exit_code.is_some() || refusal.detail.signal.is_some(),
                exit_code: refusal.detail.exit_code,
                signal: refusal.detail.signal,
            };
            (Some(end), refusal.detail.stderr_tail)
        }
        None => {
            let listed = listed(stage, &folder.id).await?;
            (listed.last_exit, listed.stderr_tail)
        }
    };
    let again = stage.activate(&folder).await?;
    let hook = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let processes = pids(&folder.entries()?);

    let seen = |id| {
        let judge = stage.case().require(id).seen(&name, processes.clone());
        judge.and("evidence", there.clone())
    };
    let expected = expected(phase, trouble);
    seen("CR-015").holds(
        expected.contains(&outcome.word.as_str()),
        format!("{name}: {}", expected.join(" or ")),
        &outcome.word,
        "error-not-named",
    );
    if let Some(wanted) = trouble.end() {
        seen("CR-015").same(
            "the end of the process",
            Some(wanted),
            end,
            "exit-status-missing",
        );
    }
    seen("CR-015").contains(LAST_WORDS, &tail.join("\n"), "stderr-missing");
    seen("CR-014").absent(&format!("process left by {name}"), &left, "process-left");
    let kept = again.is_ok() && matches!(hook, Ok(Called::Answered { .. })) && processes.len() == 2;
    let said = format!("{}, {}, {}", again.words(), hook.words(), processes.words());
    seen("CR-014").holds(
        kept,
        format!("{name}: a second process that answers"),
        said,
        "next-start-failed",
    );
    stage.deactivate(&folder).await?;
    Ok(())
}

/// That the trouble did come, where the end of the process does not show it.
async fn evidence(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    phase: Phase,
    trouble: Trouble,
) -> Result<String, Interruption> {
    match trouble {
        Sigstop => stopped(stage, folder).await,
        ClosedListener | LostConnection if phase == Idle || trouble == ClosedListener => {
            if phase == AfterHandshake {
                return Ok("no listener from the handshake on".to_owned());
            }
            let entries = stage.journal(folder, is_cut_off).await?;
            if !is_cut_off(&entries) {
                return Err(Interruption::broken_off("the fake was not cut off"));
            }
            if (phase, trouble) == (Idle, LostConnection) {
                let_go(stage, &entries).await;
            }
            Ok(CUT_OFF.to_owned())
        }
        _ => Ok("the end or the silence of the plugin".to_owned()),
    }
}

fn is_cut_off(entries: &[Entry]) -> bool {
    entries.iter().any(
        |entry| matches!(&entry.event, Seen::Wrote { text: Some(text), .. } if text == CUT_OFF),
    )
}

/// Waits until the host has let go of the connections that were cut: a call that is sent on one before that is lost with it. A host that
/// keeps them is judged by what becomes of its call.
async fn let_go(stage: &Stage<'_>, entries: &[Entry]) {
    if let Some(port) = announced_port(entries) {
        stage.until(PATIENCE, || held_connections(port) == 0).await;
    }
}

/// Waits until the first process is stopped, as the system shows it.
async fn stopped(stage: &Stage<'_>, folder: &PluginFolder) -> Result<String, Interruption> {
    let first = || pids(&folder.entries().unwrap_or_default()).first().copied();
    let is_there = stage
        .until(PATIENCE, || first().is_some_and(is_stopped))
        .await;
    match first() {
        Some(pid) if is_there => Ok(format!("{pid} in state T")),
        _ => Err(Interruption::broken_off("the fake did not stop")),
    }
}

/// Brings the plugin to where it goes wrong; the word for what came of it.
async fn outcome(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    phase: Phase,
    trouble: Trouble,
) -> Result<Outcome, Interruption> {
    let started = stage.activate(folder).await?;
    let word = match started {
        Err(refusal) => {
            return Ok(Outcome {
                word: named(&refusal),
                refusal: Some(refusal),
            });
        }
        Ok(Activated { .. }) if phase.is_of_start() => "running".to_owned(),
        Ok(Activated { .. }) => later(stage, folder, phase, trouble).await?,
    };
    let refusal = None;
    Ok(Outcome { word, refusal })
}

/// The kind of a refusal; where it is the same for a plugin that ended and for one that hangs, with what is said about that.
fn named(refusal: &Refusal) -> String {
    let kind = &refusal.kind;
    let words = ["deadline", "unavailable"];
    let mut said = words
        .iter()
        .filter(|word| kind == "hook.implemented" && refusal.message.contains(**word));
    said.next()
        .map_or_else(|| kind.clone(), |word| format!("{kind}: {word}"))
}

async fn later(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    phase: Phase,
    trouble: Trouble,
) -> Result<String, Interruption> {
    let called = async |hook: &str| -> Result<String, Interruption> {
        Ok(match stage.hook(folder, hook, json!({})).await? {
            Ok(Called::Failed { kind, .. }) => kind,
            Ok(Called::Answered { .. }) => "answered".to_owned(),
            other => other.words(),
        })
    };
    if phase == Idle && trouble != Hang {
        let first = pids(&folder.entries()?).first().copied();
        let first = first.ok_or_else(|| Interruption::broken_off("the fake was not started"))?;
        signal(stage, first, Signal::USR1)?;
        evidence(stage, folder, phase, trouble).await?;
    }
    match (phase, trouble) {
        (Idle, Exit | Kill | Abort | Segfault) => {
            stage.wait_exit(folder).await?;
            Ok(once_over(stage, folder).await?.state)
        }
        (Idle, Hang) => Ok(stage.health(folder).await?.status),
        (Idle, _) => called("MessageHasBeenPosted").await,
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
            Ok(found.map_or_else(
                || format!("no step {step} in the report"),
                |found| found.outcome,
            ))
        }
    }
}
