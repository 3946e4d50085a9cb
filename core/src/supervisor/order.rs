//! What a start is given, and how far it has come.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tonic::transport::Channel;

use crate::api::{Backend, Journal};
use crate::event::PluginEvents;
use crate::guard::GuardHandle;
use crate::manifest::Manifest;
use crate::options::HostOptions;
use crate::supervisor::error::StartStep;
use crate::supervisor::session::Tasks;

/// What is to be started, and with what.
#[derive(Clone)]
pub struct StartOrder {
    /// The plugin's folder.
    pub folder: PathBuf,
    /// What its manifest says.
    pub manifest: Manifest,
    /// The host's options.
    pub options: HostOptions,
    /// What the host process was started with.
    pub host_environment: Arc<BTreeMap<OsString, OsString>>,
    /// What the API methods do.
    pub backend: Arc<dyn Backend>,
    /// Where API calls are written down.
    pub journal: Journal,
    /// Where to report.
    pub events: PluginEvents,
    /// Who cleans up if the host dies.
    pub guard: Option<GuardHandle>,
    /// Becomes true when the start is called off.
    pub called_off: watch::Receiver<bool>,
    /// Becomes true when there is no time left: what a failed start has begun is killed then.
    pub hurry: watch::Receiver<bool>,
}

impl std::fmt::Debug for StartOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartOrder")
            .field("folder", &self.folder)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

/// How far a start has come, so that its end knows what to clean.
pub(super) struct Progress {
    pub(super) step: StartStep,
    /// There once the plugin speaks, so that it can be asked to end.
    pub(super) channel: Option<Channel>,
    pub(super) tasks: Tasks,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            step: StartStep::Handshake,
            channel: None,
            tasks: Tasks::default(),
        }
    }
}
