//! Every deadline and grace period of the host, in one value that can be injected. Pure.
//!
//! The default holds the values of the reference (go-plugin `client.go`, Mattermost `plugin/python_supervisor.go`,
//! `plugin/hooks_grpc_client.go`) where it has one, and a bound of our own where it waits for ever.

mod http;
mod recovery;

use std::collections::BTreeMap;
use std::time::Duration;

pub use http::HttpTiming;
pub use recovery::{Backoff, Recovery};

/// How long the host waits for each thing it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Spawn to first line on stdout. Reference: 10 s for Python plugins.
    pub start: Duration,
    /// From the handshake to an open HTTP/2 connection. Reference: up to 20 s with a mute listener.
    pub connect: Duration,
    /// The `Implemented` call. Reference: 30 s.
    pub implemented: Duration,
    /// Any other hook. Reference: 30 s.
    pub hook: Duration,
    /// Classes of hooks that differ from `hook`.
    pub hook_classes: BTreeMap<HookClass, Duration>,
    /// Single hooks that differ from their class, by name.
    pub hooks: BTreeMap<String, Duration>,
    /// One health check. Reference: no limit.
    pub health: Duration,
    /// `OnDeactivate` where nobody asked for this stop alone: in the shutdown of all plugins, and before a restart of one that is
    /// unhealthy. The hook's own limit holds, too. Reference: 10 s.
    pub deactivate: Duration,
    /// The shutdown of all plugins; what is not gone by then is killed. Reference: no limit.
    pub shutdown: Duration,
    /// The controller's `Shutdown` call. Reference: no limit.
    pub shutdown_rpc: Duration,
    /// From an answered `Shutdown` to the exit. Reference: 2 s.
    pub exit_after_shutdown: Duration,
    /// From SIGTERM to the exit. Reference: documents 5 s, but sends no SIGTERM.
    pub term_grace: Duration,
    /// From SIGKILL to the exit. Only a process stuck in the kernel takes longer than an instant.
    pub kill: Duration,
    /// From the exit to the end of both pipes, and for the search for descendants. Reference: no limit.
    pub drain: Duration,
    /// How long a failed start waits for the exit of a plugin whose stdout is closed, so that the diagnosis can name it.
    pub exit_notice: Duration,
    /// From the end of the plugin to the end of its API server, whatever its handlers do. Reference: no limit.
    pub api_close: Duration,
    /// HTTP requests to plugins.
    pub http: HttpTiming,
}

/// Why somebody waits for a hook, and so how long is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookClass {
    /// A start, a stop, an installation, a changed configuration.
    Lifecycle,
    /// A user or another server waits for the answer.
    Waiting,
    /// Nobody waits: the plugin is told, or a job asks.
    Background,
}

impl HookClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lifecycle, Self::Waiting, Self::Background];

    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Waiting => "waiting",
            Self::Background => "background",
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            implemented: Duration::from_secs(30),
            hook: Duration::from_secs(30),
            hook_classes: BTreeMap::new(),
            hooks: BTreeMap::new(),
            health: Duration::from_secs(5),
            deactivate: Duration::from_secs(10),
            shutdown: Duration::from_secs(30),
            shutdown_rpc: Duration::from_secs(2),
            exit_after_shutdown: Duration::from_secs(2),
            term_grace: Duration::from_secs(5),
            kill: Duration::from_secs(2),
            drain: Duration::from_secs(1),
            exit_notice: Duration::from_millis(500),
            api_close: Duration::from_secs(2),
            http: HttpTiming::default(),
        }
    }
}

impl Timing {
    /// How long a hook may take.
    pub fn of_hook(&self, name: &str, class: HookClass) -> Duration {
        let single = self
            .hooks
            .get(name)
            .or_else(|| self.hook_classes.get(&class));
        single.copied().unwrap_or(self.hook)
    }

    /// The longest that any hook may take.
    pub fn longest_hook(&self) -> Duration {
        let classes = HookClass::ALL.map(|class| {
            let of_class = self.hook_classes.get(&class);
            of_class.copied().unwrap_or(self.hook)
        });
        let all = classes.into_iter().chain(self.hooks.values().copied());
        all.max().unwrap_or(self.hook)
    }

    /// The most that stopping the process can take after `Shutdown` was asked: the sum of its bounded steps.
    pub fn longest_process_stop(&self) -> Duration {
        self.exit_after_shutdown + self.term_grace + self.kill + self.drain
    }
}
