//! The child process: its handle, and how it is started.
//!
//! One task owns the process (`owner`), one reads each pipe (`pipes`); the handle only sends messages and watches.
//!
//! Invariant: the exit is published once, after the process has ended and before its descendants are swept away.
//! Invariant: nothing of a child outlives its last handle, its socket file included.

mod owner;

mod pipes;

mod socket;

mod spawn;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use tokio::sync::{mpsc, watch};

use super::stopping::{self, Asked, Limits, ProcessStop, StepReport, StopOutcome, StopStep};
use super::{Diagnosis, Exit};
use crate::event::{PluginEvents, What};
use crate::guard::GuardHandle;
use crate::handshake::escape::{escape, escape_shortened};
use crate::handshake::scan::FirstLine;
use crate::handshake::{Handshake, HandshakeError};
use crate::options::ReadHandshake;
use crate::policy::Policy;
use crate::timing::Timing;

use owner::Remains;
use pipes::Output;
use socket::SocketFile;

pub use spawn::SpawnError;

/// How much of the first line a diagnosis or an event shows.
const SHOWN_LINE: usize = 400;

/// What a child needs besides its command.
#[derive(Debug, Clone)]
pub struct ChildSetting {
    /// Limits of the stop.
    pub timing: Timing,
    /// Which faults of the reference to have.
    pub policy: Policy,
    /// Where to report.
    pub events: PluginEvents,
    /// Who kills the group if the host dies.
    pub guard: Option<GuardHandle>,
    /// The mark in the environment by which descendants are found.
    pub session_mark: String,
}

/// A child process; cheap to clone. When the last clone is dropped, the process and its descendants are killed.
#[derive(Debug, Clone)]
pub struct Child {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pid: u32,
    started: Instant,
    setting: ChildSetting,
    output: Arc<Output>,
    first_line: watch::Receiver<Option<FirstLine>>,
    exit: watch::Receiver<Option<Exit>>,
    remains: watch::Receiver<Option<Remains>>,
    started_at: SystemTime,
    socket: Arc<Mutex<Option<SocketFile>>>,
    /// The owner takes the end of this channel for the last handle's end.
    signals: mpsc::UnboundedSender<Signal>,
}

impl Child {
    /// The process id, also the id of its group.
    pub fn pid(&self) -> u32 {
        self.shared.pid
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.shared.exit.borrow()
    }

    /// The exit, published once.
    pub fn exit_watch(&self) -> watch::Receiver<Option<Exit>> {
        self.shared.exit.clone()
    }

    /// Waits until the process has ended. Any number of callers may wait.
    pub async fn wait_exit(&self) -> Exit {
        published(self.exit_watch()).await.unwrap_or(Exit::Unknown)
    }

    /// How many bytes it wrote to stdout so far.
    pub fn stdout_bytes(&self) -> u64 {
        self.shared.output.stdout_bytes()
    }

    /// The last lines it wrote to stderr.
    pub fn stderr_tail(&self) -> Vec<String> {
        self.shared.output.stderr_tail()
    }

    /// Waits for the first line of stdout and reads it; the budget counts from the start of the process.
    pub async fn handshake(
        &self,
        read: &ReadHandshake,
        budget: Duration,
    ) -> Result<Handshake, HandshakeError> {
        let deadline = tokio::time::Instant::from_std(self.shared.started + budget);
        let result = match tokio::time::timeout_at(deadline, self.first_line()).await {
            Ok(line) => {
                self.emit(What::StdoutFirstLine {
                    escaped: line
                        .bytes()
                        .map(|bytes| escape_shortened(bytes, SHOWN_LINE)),
                });
                line.line()
                    .and_then(|line| read(line))
                    .map_err(HandshakeError::from)
            }
            Err(_) => Err(HandshakeError::Timeout { budget }),
        };
        if let Ok(handshake) = &result {
            self.own_socket(handshake);
        }
        self.emit(match &result {
            Ok(handshake) => What::Handshake {
                network: handshake.address.network().to_owned(),
                address: handshake.address.to_string(),
                app_version: handshake.app_version,
                took: self.shared.started.elapsed(),
            },
            Err(error) => What::HandshakeRefused {
                kind: error.kind().to_owned(),
                message: error.to_string(),
            },
        });
        result
    }

    /// Sees to it that the plugin's socket file is removed at the end: by the owner, unless the end has come already.
    fn own_socket(&self, handshake: &Handshake) {
        let (pid, started) = (self.pid(), self.shared.started_at);
        let Some(socket) = SocketFile::of(&handshake.address, pid, started) else {
            return;
        };
        if let Some(guard) = &self.shared.setting.guard {
            guard.add_folder(socket.path());
        }
        let slot = &self.shared.socket;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
        if self.exit().is_some() {
            remove_socket(slot, &self.shared.setting);
        }
    }

    /// The first line; if its reader was cut off before it was complete, what there is of it.
    async fn first_line(&self) -> FirstLine {
        match published(self.shared.first_line.clone()).await {
            Some(line) => line,
            None => match self.shared.output.head() {
                head if head.is_empty() => FirstLine::Closed,
                head => FirstLine::Line(head),
            },
        }
    }

    /// Stops the process, after `Shutdown` was asked or could not be asked, and waits until nothing of it is left. Bounded.
    pub async fn stop(&self, asked: Asked) -> ProcessStop {
        let limits = Limits::new(&self.shared.setting.timing, &self.shared.setting.policy);
        let mut steps = Vec::new();
        let mut next = Some(stopping::first_move(asked, &limits));
        while let Some(step) = next.take_if(|_| self.exit().is_none()) {
            let began = Instant::now();
            self.send(step.step);
            let outcome = match tokio::time::timeout(step.limit, self.wait_exit()).await {
                Ok(_) => StopOutcome::Exited,
                Err(_) => {
                    next = stopping::next_move(step.step, &limits);
                    StopOutcome::TimedOut
                }
            };
            self.report(&mut steps, step.step, outcome, began.elapsed());
        }
        if let Some(exit) = self.exit() {
            if let Some(remains) = published(self.shared.remains.clone()).await {
                self.report(
                    &mut steps,
                    StopStep::Sweep,
                    remains.sweep,
                    remains.sweep_took,
                );
                self.report(
                    &mut steps,
                    StopStep::Drain,
                    remains.drain,
                    remains.drain_took,
                );
            }
            return ProcessStop {
                exit: Some(exit),
                steps,
            };
        }
        ProcessStop { exit: None, steps }
    }

    /// Gives a failed start up: gathers the facts, kills the process and waits until nothing of it is left. Bounded.
    pub async fn abandon(&self, budget: Duration) -> (Diagnosis, ProcessStop) {
        let mut facts = self.facts(budget).await;
        let stop = self.stop(Asked::Abandoned).await;
        facts.stderr_tail = self.stderr_tail();
        (facts, stop)
    }

    /// What there is to say about a start that failed just now. The end of stderr may be read only after the process ended.
    pub async fn facts(&self, budget: Duration) -> Diagnosis {
        let elapsed = self.shared.started.elapsed();
        if self.shared.output.is_stdout_closed() {
            // A process that closed its stdout mostly is about to end, and how it ends is the best there is to know.
            let limit = self.shared.setting.timing.exit_notice;
            drop(tokio::time::timeout(limit, self.wait_exit()).await);
        }
        let complete = self.shared.first_line.borrow().clone();
        let first_line = match &complete {
            Some(line) => line
                .bytes()
                .map(|bytes| escape_shortened(bytes, SHOWN_LINE)),
            None => Some(self.shared.output.head())
                .filter(|head| !head.is_empty())
                .map(|head| escape(&head)),
        };
        Diagnosis {
            exit: self.exit(),
            stderr_tail: self.stderr_tail(),
            stdout_bytes: self.stdout_bytes(),
            first_line,
            first_line_complete: complete.is_some(),
            elapsed,
            budget,
        }
    }

    fn send(&self, step: StopStep) {
        let signal = match step {
            StopStep::Terminate => Signal::TERM,
            StopStep::Kill => Signal::KILL,
            StopStep::AwaitExit | StopStep::Sweep | StopStep::Drain => return,
        };
        if self.shared.signals.send(signal).is_err() {
            tracing::debug!(
                pid = self.shared.pid,
                "the process ended before it was signalled"
            );
        }
    }

    fn report(
        &self,
        steps: &mut Vec<StepReport>,
        step: StopStep,
        outcome: StopOutcome,
        took: Duration,
    ) {
        self.emit(What::StopStep {
            step: step.word().to_owned(),
            outcome: outcome.word().to_owned(),
            took,
        });
        steps.push(StepReport {
            step,
            outcome,
            took,
        });
    }

    fn emit(&self, what: What) {
        self.shared.setting.events.emit(what);
    }
}

fn remove_socket(slot: &Mutex<Option<SocketFile>>, setting: &ChildSetting) {
    let socket = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(socket) = socket {
        socket.remove();
        if let Some(guard) = &setting.guard {
            guard.remove_folder(socket.path());
        }
    }
}

/// Waits for a value that is published once; `None` if its publisher ended without it.
async fn published<T: Clone>(mut watch: watch::Receiver<Option<T>>) -> Option<T> {
    match watch.wait_for(Option::is_some).await {
        Ok(value) => value.clone(),
        Err(_) => None,
    }
}
