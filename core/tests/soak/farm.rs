//! Many plugins, or one that crashes many times, and what the host holds meanwhile. Shared by the test and the bench.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_interpreters::script::{Answer, Serve};
use fake_interpreters::{PluginFolder, Script, place};
use futures_util::future::try_join_all;
use plugin_host::environment::Environment;
use plugin_host::event::{HostEvent, What};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_host::timing::{Backoff, Recovery};
use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::ExecuteCommandRequest;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Nothing takes this long unless it hangs.
const LONG: Duration = Duration::from_secs(60);

/// How many plugins are started at a time.
const AT_ONCE: usize = 4;

/// What the process of the host holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) tasks: usize,
}

impl Usage {
    pub(crate) fn now() -> Result<Self> {
        Ok(Self {
            descriptors: Path::new("/proc/self/fd").read_dir()?.count(),
            threads: Path::new("/proc/self/task").read_dir()?.count(),
            tasks: tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks(),
        })
    }

    /// What there is once it is no more than this, at the latest after a while.
    pub(crate) async fn settled(self) -> Result<Self> {
        let until = Instant::now() + LONG;
        loop {
            let now = Self::now()?;
            let is_within = now.descriptors <= self.descriptors
                && now.threads <= self.threads
                && now.tasks <= self.tasks;
            if is_within || Instant::now() >= until {
                return Ok(now);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Resident memory of the host's process in KiB.
pub(crate) fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse()?)
}

/// A runtime whose idle threads end soon, so that threads can be counted.
pub(crate) fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_all();
    Ok(builder
        .thread_keep_alive(Duration::from_millis(50))
        .build()?)
}

/// A host with plugin folders.
pub(crate) struct Farm {
    pub(crate) environment: Environment,
    plugins: Vec<PluginFolder>,
    events: mpsc::UnboundedReceiver<HostEvent>,
    _folder: TempDir,
}

/// A plugin that has called the API when it announces itself, and keeps the connection; it ends when it is told a command.
fn script() -> Script {
    let serve = Serve::good().hook("ExecuteCommand", Answer::Exit(9));
    let start = Script::new().check_cookie().listen().serve(serve);
    start.api("GetServerVersion", json!({})).handshake()
}

impl Farm {
    /// So many plugins, none of which runs.
    pub(crate) fn new(fake: &Path, count: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let script = script();
        let plugins = (0..count).map(|number| {
            let id = format!("com.example.soak{number}");
            place(&folder.path().join(&id), fake, &id, &script)
        });
        let plugins = plugins.collect::<std::io::Result<Vec<_>>>()?;
        let (sender, events) = mpsc::unbounded_channel();
        let options = HostOptions {
            recovery: Recovery {
                enabled: true,
                failures: usize::MAX,
                backoff: Backoff {
                    base: Duration::ZERO,
                    cap: Duration::ZERO,
                },
                ..Recovery::default()
            },
            events: Some(sender),
            ..HostOptions::default()
        };
        Ok(Self {
            environment: Environment::new(options, Arc::new(Memory::default()))?,
            plugins,
            events,
            _folder: folder,
        })
    }

    /// Activates all plugins, a few at a time.
    pub(crate) async fn activate(&mut self) -> Result<()> {
        for some in self.plugins.chunks(AT_ONCE) {
            let activations = some
                .iter()
                .map(|plugin| self.environment.activate(&plugin.directory));
            try_join_all(activations).await?;
            while self.events.try_recv().is_ok() {}
        }
        Ok(())
    }

    /// Deactivates all plugins; how many of them did not end by themselves.
    pub(crate) async fn deactivate(&mut self) -> Result<usize> {
        let mut killed = 0;
        for status in self.environment.statuses() {
            let report = self.environment.deactivate(&status.id).await;
            killed += usize::from(report.is_none_or(|report| !report.graceful));
            while self.events.try_recv().is_ok() {}
        }
        Ok(killed)
    }

    /// Lets the first plugin crash so many times, and waits each time until it is brought back.
    pub(crate) async fn crash(&mut self, times: usize) -> Result<()> {
        let id = PluginId::parse(&self.plugins[0].id)?;
        for _ in 0..times {
            let hooks = self.environment.hooks(&id)?;
            let outcome = hooks
                .call::<ExecuteCommand>(ExecuteCommandRequest::default())
                .await;
            if outcome.word() != "unavailable" {
                return Err(format!("a crash looks like {outcome}").into());
            }
            drop(hooks);
            tokio::time::timeout(LONG, self.running_again())
                .await
                .map_err(|_| "it is not brought back")?;
        }
        Ok(())
    }

    async fn running_again(&mut self) {
        let is_running =
            |what: &What| matches!(what, What::StateChanged { state } if state == "running");
        while let Some(event) = self.events.recv().await {
            if is_running(&event.what) {
                return;
            }
        }
    }

    /// How many plugins are in which state.
    pub(crate) fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for status in self.environment.statuses() {
            *states.entry(status.state.word()).or_default() += 1;
        }
        states
    }
}
