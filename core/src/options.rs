//! What an application can set about its host, and nothing that a single plugin decides.

mod api;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::event::{EventSink, HostEvent};
use crate::guard::GuardHandle;
pub use crate::guard::GuardProgram;
use crate::handshake::{Handshake, LineError, line};
use crate::ids;
use crate::launch::Launch;
use crate::metrics::Metrics;
use crate::policy::{HookPolicy, Policy};
use crate::timing::{Recovery, Timing};
use crate::tls::AutoMtls;
pub use api::{ApiErrors, ApiOptions, ApiTransport, UnknownWord};

/// Lets an application adjust the built command before it is started: a wrapper, a sandbox.
pub type PrepareLaunch = Arc<dyn Fn(&mut Launch) + Send + Sync>;

/// Turns the first line of stdout into a handshake.
pub type ReadHandshake = Arc<dyn Fn(&[u8]) -> Result<Handshake, LineError> + Send + Sync>;

/// Everything an application can set about its host.
#[derive(Clone)]
pub struct HostOptions {
    /// Deadlines and grace periods.
    pub timing: Timing,
    /// How plugins are looked after, and brought back.
    pub recovery: Recovery,
    /// Where to behave as badly as the reference.
    pub policy: Policy,
    /// What an administrator decides about hooks.
    pub hooks: HookPolicy,
    /// The API that plugins call.
    pub api: ApiOptions,
    /// Where calls are counted; hosts may share it.
    pub metrics: Metrics,
    /// Names of host variables that plugins may see besides the allowlist; a trailing `*` matches any rest.
    pub pass_environment: Vec<String>,
    /// Variables that every plugin gets; the host's own variables win over them.
    pub extra_environment: Vec<(String, String)>,
    /// `MATTERMOST_PLUGIN_LOG_LEVEL`.
    pub log_level: String,
    /// Where plugins are installed that other plugins bring, and the only place where the files of a removed one are deleted. Without
    /// it this is a temporary folder that is gone with the environment.
    pub plugins_folder: Option<PathBuf>,
    /// Adjusts each command before it is started.
    pub prepare: Option<PrepareLaunch>,
    /// Reads the handshake, in place of [`line::parse`] and, with AutoMTLS, [`line::parse_secured`].
    pub read_handshake: Option<ReadHandshake>,
    /// Asks plugins to encrypt their connections, and starts none that does not; off as in Mattermost, because its SDKs cannot.
    pub auto_mtls: Option<AutoMtls>,
    /// Started once per host; without it, plugins outlive a host that is killed.
    pub guard: Option<GuardProgram>,
    /// A guard that runs already, for hosts that share one run mark; `guard` is then not started.
    pub shared_guard: Option<GuardHandle>,
    /// Value of `PLUGIN_HOST_RUN` in every child. Everything that carries it dies with the guard's pipe, so two hosts
    /// may share it only if they share the guard, too.
    pub run_mark: String,
    /// Where events go.
    pub events: Option<mpsc::UnboundedSender<HostEvent>>,
}

impl HostOptions {
    /// The sink for this host's events; its clock starts now.
    pub fn event_sink(&self) -> EventSink {
        EventSink::new(self.events.clone())
    }

    /// What reads the handshake.
    pub fn handshake_reader(&self) -> ReadHandshake {
        match (&self.read_handshake, &self.auto_mtls) {
            (Some(read), _) => Arc::clone(read),
            (None, None) => Arc::new(line::parse),
            (None, Some(_)) => Arc::new(line::parse_secured),
        }
    }
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            recovery: Recovery::default(),
            policy: Policy::default(),
            hooks: HookPolicy::default(),
            api: ApiOptions::default(),
            metrics: Metrics::default(),
            pass_environment: Vec::new(),
            extra_environment: Vec::new(),
            log_level: "INFO".to_owned(),
            plugins_folder: None,
            prepare: None,
            read_handshake: None,
            auto_mtls: None,
            guard: None,
            shared_guard: None,
            run_mark: ids::fresh_run_mark(),
            events: None,
        }
    }
}

impl fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostOptions")
            .field("timing", &self.timing)
            .field("recovery", &self.recovery)
            .field("policy", &self.policy)
            .field("hooks", &self.hooks)
            .field("api", &self.api)
            .field("pass_environment", &self.pass_environment)
            .field("log_level", &self.log_level)
            .field("plugins_folder", &self.plugins_folder)
            .field("prepare", &self.prepare.is_some())
            .field("auto_mtls", &self.auto_mtls)
            .field("guard", &self.guard)
            .field("run_mark", &self.run_mark)
            .finish_non_exhaustive()
    }
}
