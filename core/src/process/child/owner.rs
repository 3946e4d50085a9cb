//! The task that owns the process: the only one that signals and reaps it.
//!
//! No signal is ever sent to a number that may be another process's. While the process has not been reaped its number
//! and its group's are its own, and afterwards nothing is sent to either.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child as Process;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::socket::SocketFile;
use super::{ChildSetting, remove_socket};
use crate::event::What;
use crate::guard::census::{self, Among, Mark, kill_carriers};
use crate::ids::SESSION_MARK_VARIABLE;
use crate::process::Exit;
use crate::process::group::Target;
use crate::process::stopping::StopOutcome;

/// How much later than its limit a sweep may answer: it stops at the limit by itself, unless the kernel makes it wait.
const LATE_ANSWER: Duration = Duration::from_millis(100);

/// What was left of a child after its exit, and is not any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remains {
    pub(super) sweep: StopOutcome,
    pub(super) sweep_took: Duration,
    pub(super) drain: StopOutcome,
    pub(super) drain_took: Duration,
}

#[derive(Debug)]
pub(super) struct Owner {
    pub(super) process: Process,
    pub(super) pid: u32,
    pub(super) target: Target,
    pub(super) started: Instant,
    pub(super) setting: ChildSetting,
    pub(super) orders: mpsc::UnboundedReceiver<Signal>,
    pub(super) exit: watch::Sender<Option<Exit>>,
    pub(super) remains: watch::Sender<Option<Remains>>,
    pub(super) socket: Arc<Mutex<Option<SocketFile>>>,
    pub(super) pumps: [JoinHandle<()>; 2],
}

impl Owner {
    pub(super) async fn run(mut self) {
        self.obey_until_it_ends().await;
        self.kill_the_rest_of_the_group();
        let exit = match self.process.wait().await {
            Ok(status) => Exit::from(status),
            Err(error) => {
                tracing::warn!(pid = self.pid, %error, "the exit status is lost");
                Exit::Unknown
            }
        };
        self.setting.events.emit(What::Exited {
            exit: exit.to_string(),
            code: exit.code(),
            signal: exit.signal(),
        });
        self.exit.send_replace(Some(exit));

        let began = Instant::now();
        let sweep = self.sweep().await;
        remove_socket(&self.socket, &self.setting);
        let swept = Instant::now();
        let drain = self.drain().await;
        self.remains.send_replace(Some(Remains {
            sweep,
            sweep_took: swept - began,
            drain,
            drain_took: swept.elapsed(),
        }));
    }

    /// Sends the signals that are asked for until the process has ended; it is not reaped yet where the system allows that.
    /// When nobody can ask any more, it is killed.
    async fn obey_until_it_ends(&mut self) {
        let mut is_held = true;
        let mut ended = std::pin::pin!(ended(&mut self.process));
        loop {
            let signal = tokio::select! {
                () = &mut ended => return,
                signal = self.orders.recv(), if is_held => signal.unwrap_or_else(|| {
                    is_held = false;
                    Signal::KILL
                }),
            };
            if let Err(error) = self.target.signal(signal) {
                tracing::warn!(pid = self.pid, ?signal, %error, "a signal could not be sent");
            }
        }
    }

    fn kill_the_rest_of_the_group(&self) {
        let Target::Group(leader) = self.target else {
            return;
        };
        if let Err(error) = self.target.signal(Signal::KILL) {
            tracing::warn!(leader, %error, "the rest of the group could not be killed");
        }
        if let Some(guard) = &self.setting.guard {
            guard.remove_group(leader);
        }
    }

    /// Kills descendants that left the group.
    async fn sweep(&self) -> StopOutcome {
        if self.setting.policy.kill_only_child {
            return StopOutcome::Clean;
        }
        let mark = Mark::new(SESSION_MARK_VARIABLE, &self.setting.session_mark);
        let among = Among::StartedAfter {
            pid: self.pid,
            age: self.started.elapsed(),
        };
        let limit = self.setting.timing.drain;
        let sweep = move || kill_carriers(&mark, among, limit);
        let Some(killed) = census::in_time(limit + LATE_ANSWER, sweep).await else {
            tracing::warn!(
                pid = self.pid,
                ?limit,
                "the sweep came to no answer in time"
            );
            return StopOutcome::TimedOut;
        };
        if !killed.gone.is_empty() {
            self.setting.events.emit(What::SurvivorsKilled {
                pids: killed.gone.iter().copied().collect(),
            });
        }
        if !killed.remaining.is_empty() {
            return StopOutcome::SurvivorsRemain;
        }
        if let Some(unclear) = killed.unsettled {
            tracing::warn!(
                pid = self.pid,
                ?unclear,
                ?limit,
                "not everybody showed in time whose process it is"
            );
            return StopOutcome::TimedOut;
        }
        if killed.gone.is_empty() {
            StopOutcome::Clean
        } else {
            StopOutcome::KilledSurvivors
        }
    }

    /// Lets the pipes' readers come to their ends. Whoever still holds a pipe then is cut off.
    async fn drain(&mut self) -> StopOutcome {
        let [stdout, stderr] = &mut self.pumps;
        let both = async {
            drop(stdout.await);
            drop(stderr.await);
        };
        if tokio::time::timeout(self.setting.timing.drain, both)
            .await
            .is_ok()
        {
            return StopOutcome::Drained;
        }
        for pump in &self.pumps {
            pump.abort();
        }
        StopOutcome::CutOff
    }
}

/// Waits until the process has ended, without reaping it.
#[cfg(target_os = "linux")]
async fn ended(process: &mut Process) {
    if let Some(pidfd) = pidfd(process)
        && pidfd.readable().await.is_ok()
    {
        return;
    }
    reaped(process).await;
}

#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "what is unsound are foreign types without I/O safety; an OwnedFd has it"
)]
fn pidfd(process: &Process) -> Option<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = Pid::from_raw(i32::try_from(process.id()?).ok()?)?;
    let fd = pidfd_open(pid, PidfdFlags::NONBLOCK).ok()?;
    tokio::io::unix::AsyncFd::with_interest(fd, tokio::io::Interest::READABLE).ok()
}

/// Waits until the process has ended. It is reaped by that, so that its group is killed an instant after its number may
/// have been given to another; a number is not given again that soon.
#[cfg(not(target_os = "linux"))]
async fn ended(process: &mut Process) {
    reaped(process).await;
}

async fn reaped(process: &mut Process) {
    if let Err(error) = process.wait().await {
        tracing::warn!(%error, "waiting for a process");
    }
}
