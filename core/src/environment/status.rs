//! What there is to see of a plugin without waiting.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::environment::state::State;
use crate::hooks::HookSet;
use crate::ids::PluginId;
use crate::process::Exit;
use crate::supervisor::Session;

/// The status of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginStatus {
    /// Which plugin.
    pub id: PluginId,
    /// Its state.
    pub state: State,
    /// Why it does not run, if that is a failure.
    pub error: Option<String>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its process id, while it runs.
    pub pid: Option<u32>,
    /// Since when it runs, while it runs.
    pub running_since: Option<Instant>,
    /// How many starts were begun so far.
    pub starts: u64,
    /// How many of them nobody asked for: the host brought the plugin back.
    pub restarts: u64,
    /// How the process of the last start ended, once it has.
    pub exit: Option<Exit>,
    /// The last end of any of its processes.
    pub last_exit: Option<LastExit>,
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastExit {
    /// How it ended; `None` if even SIGKILL did not end it in time.
    pub exit: Option<Exit>,
    /// The last lines that it wrote to stderr.
    pub stderr_tail: Arc<[String]>,
}

impl PluginStatus {
    pub(super) fn new(id: PluginId, folder: PathBuf) -> Self {
        Self {
            id,
            state: State::default(),
            error: None,
            folder,
            pid: None,
            running_since: None,
            starts: 0,
            restarts: 0,
            exit: None,
            last_exit: None,
        }
    }

    /// How long it has been running.
    pub fn uptime(&self) -> Option<Duration> {
        self.running_since.map(|since| since.elapsed())
    }
}

/// A plugin as the environment's handles see it.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) status: PluginStatus,
    /// There while it runs.
    pub(super) session: Option<Arc<Session>>,
    /// The hooks that it had when it ran last, if it is down and should not be.
    pub(super) missed: HookSet,
}

/// All plugins that were ever activated, and not removed since.
pub(super) type Views = BTreeMap<PluginId, View>;
