//! What everybody may see of a plugin, as a snapshot.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::environment::state::State;
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
    /// How many starts were begun so far.
    pub starts: u64,
    /// How the process of the last start ended, once it has.
    pub exit: Option<Exit>,
}

impl PluginStatus {
    pub(super) fn new(id: PluginId, folder: PathBuf) -> Self {
        Self {
            id,
            state: State::default(),
            error: None,
            folder,
            pid: None,
            starts: 0,
            exit: None,
        }
    }
}

/// A plugin as the environment's handles see it.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) status: PluginStatus,
    /// There while it runs.
    pub(super) session: Option<Arc<Session>>,
}

/// All plugins that were ever activated.
pub(super) type Views = BTreeMap<PluginId, View>;
