//! The child process and the one task that owns it.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::stopping::{Asked, ProcessStop};
use super::{Diagnosis, Exit, Launch};
use crate::event::PluginEvents;
use crate::guard::GuardHandle;
use crate::handshake::{Handshake, HandshakeError};
use crate::options::ReadHandshake;
use crate::policy::Policy;
use crate::timing::Timing;

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

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
#[error("starting {program}: {source}")]
pub struct SpawnError {
    /// The program.
    pub program: String,
    /// The system's reason.
    pub source: std::io::Error,
}

/// A child process; cheap to clone. When the last clone is dropped, the process and its descendants are killed.
#[derive(Debug, Clone)]
pub struct Child {}

impl Child {
    /// Starts the process and the task that owns it. Needs a tokio runtime.
    pub fn spawn(launch: &Launch, setting: ChildSetting) -> Result<Self, SpawnError> {
        let _ = (launch, setting);
        unimplemented!()
    }

    /// The process id, also the id of its group.
    pub fn pid(&self) -> u32 {
        unimplemented!()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        unimplemented!()
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        unimplemented!()
    }

    /// The exit, published once.
    pub fn exit_watch(&self) -> watch::Receiver<Option<Exit>> {
        unimplemented!()
    }

    /// Waits until the process has ended. Any number of callers may wait.
    pub async fn wait_exit(&self) -> Exit {
        unimplemented!()
    }

    /// Waits for the first line of stdout and reads it; the budget counts from the start of the process.
    pub async fn handshake(&self, read: &ReadHandshake, budget: Duration) -> Result<Handshake, HandshakeError> {
        let _ = (read, budget);
        unimplemented!()
    }

    /// How many bytes it wrote to stdout so far.
    pub fn stdout_bytes(&self) -> u64 {
        unimplemented!()
    }

    /// The last lines it wrote to stderr.
    pub fn stderr_tail(&self) -> Vec<String> {
        unimplemented!()
    }

    /// Stops the process, after `Shutdown` was asked or could not be asked, and waits until nothing of it is left. Bounded.
    pub async fn stop(&self, asked: Asked) -> ProcessStop {
        let _ = asked;
        unimplemented!()
    }

    /// Gives a failed start up: gathers the facts, kills the process and waits until nothing of it is left. Bounded.
    pub async fn abandon(&self, budget: Duration) -> (Diagnosis, ProcessStop) {
        let _ = budget;
        unimplemented!()
    }
}
