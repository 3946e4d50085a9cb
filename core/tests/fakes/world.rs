//! A host with one fake plugin in a folder that goes away with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::{PluginFolder, Preset, Script, place};
use plugin_host::api::Backend;
use plugin_host::environment::{ActivateError, Activation, Environment};
use plugin_host::event::{HostEvent, What};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::{ApiOptions, HostOptions};
use plugin_host::policy::{HookPolicy, Policy};
use plugin_host::timing::{Recovery, Timing};
use plugin_host::tls::AutoMtls;
use plugin_proto::api::GetPluginID;
use plugin_proto::call;
use plugin_proto::dial::{Target, dial};
use plugin_proto::pb::GetPluginIdRequest;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A host and a plugin folder.
pub(crate) struct World {
    pub(crate) environment: Environment,
    pub(crate) plugin: PluginFolder,
    pub(crate) id: PluginId,
    events: mpsc::UnboundedReceiver<HostEvent>,
    seen: Vec<What>,
    folder: TempDir,
}

/// What a world can differ in.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) timing: Option<Timing>,
    pub(crate) policy: Policy,
    pub(crate) recovery: Recovery,
    pub(crate) hooks: HookPolicy,
    pub(crate) backend: Option<Arc<dyn Backend>>,
    pub(crate) api: ApiOptions,
    pub(crate) auto_mtls: Option<AutoMtls>,
}

impl World {
    pub(crate) fn preset(preset: Preset) -> Self {
        Self::new(&preset.script(), Setting::default())
    }

    pub(crate) fn script(script: &Script) -> Self {
        Self::new(script, Setting::default())
    }

    pub(crate) fn timed(script: &Script, adjust: impl FnOnce(&mut Timing)) -> Self {
        let mut timing = patient();
        adjust(&mut timing);
        let setting = Setting {
            timing: Some(timing),
            ..Setting::default()
        };
        Self::new(script, setting)
    }

    pub(crate) fn new(script: &Script, setting: Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = format!("com.example.fake{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let plugin = place(&folder.path().join("plugin"), fake(), &id, script).unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        let options = HostOptions {
            timing: setting.timing.unwrap_or_else(patient),
            policy: setting.policy,
            recovery: setting.recovery,
            hooks: setting.hooks,
            api: setting.api,
            auto_mtls: setting.auto_mtls,
            events: Some(sender),
            ..HostOptions::default()
        };
        let backend = setting
            .backend
            .unwrap_or_else(|| Arc::new(Memory::default()));
        Self {
            environment: Environment::new(options, backend).unwrap(),
            plugin,
            id: PluginId::parse(&id).unwrap(),
            events,
            seen: Vec::new(),
            folder,
        }
    }

    /// One more plugin, which the host does not know yet.
    pub(crate) fn beside(&self, id: &str, script: &Script) -> PluginFolder {
        place(&self.folder.path().join(id), fake(), id, script).unwrap()
    }

    pub(crate) async fn activate(&self) -> Result<Activation, ActivateError> {
        self.environment.activate(&self.plugin.directory).await
    }

    pub(crate) fn state(&self) -> &'static str {
        let status = self.environment.status(&self.id);
        status.map_or("unknown", |status| status.state.word())
    }

    /// The fake's journal; a failing test shows it.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.plugin.entries().unwrap()
    }

    /// The RPCs that the fake saw, by their last name.
    pub(crate) fn rpcs(&self) -> Vec<String> {
        let entries = self.journal().into_iter();
        let rpcs = entries.filter_map(|entry| match entry.event {
            Event::Rpc { path, .. } => Some(path.rsplit('/').next().unwrap().to_owned()),
            _ => None,
        });
        rpcs.collect()
    }

    /// How many processes the fake was.
    pub(crate) fn starts(&self) -> usize {
        let started = |entry: &Entry| matches!(entry.event, Event::Started { .. });
        self.journal().iter().filter(|entry| started(entry)).count()
    }

    /// Waits for an event, past or future.
    pub(crate) async fn event(&mut self, wanted: impl Fn(&What) -> bool) -> What {
        if let Some(found) = self.seen.iter().find(|what| wanted(what)) {
            return found.clone();
        }
        let search = async {
            loop {
                let what = self.events.recv().await.expect("the host lives").what;
                self.seen.push(what.clone());
                if wanted(&what) {
                    return what;
                }
            }
        };
        match tokio::time::timeout(LONG, search).await {
            Ok(found) => found,
            Err(_) => panic!("no such event in {:#?}", self.seen),
        }
    }

    /// Waits until the events so far are as wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&[What]) -> bool) {
        while !wanted(self.events()) {
            match tokio::time::timeout(LONG, self.events.recv()).await {
                Ok(event) => self.seen.push(event.expect("the host lives").what),
                Err(_) => panic!("not as wanted: {:#?}", self.seen),
            }
        }
    }

    /// Looks for anything that is left of the plugins so far: processes, API servers.
    pub(crate) async fn expect_nothing_left(&mut self) {
        let id = self.id.clone();
        for what in self.events().to_vec() {
            match what {
                What::ApiListening { address } => {
                    assert!(!serves(&address, &id).await, "{address}")
                }
                What::Spawned { pid, .. } => assert!(!is_alive(pid), "{pid}"),
                _ => {}
            }
        }
    }

    /// All events up to now.
    pub(crate) fn events(&mut self) -> &[What] {
        while let Ok(event) = self.events.try_recv() {
            self.seen.push(event.what);
        }
        &self.seen
    }
}

/// Limits that no healthy machine reaches, so that only the one under test is ever felt.
pub(crate) fn patient() -> Timing {
    Timing {
        start: LONG,
        connect: LONG,
        implemented: LONG,
        hook: LONG,
        health: LONG,
        shutdown_rpc: LONG,
        exit_after_shutdown: LONG,
        term_grace: LONG,
        ..Timing::default()
    }
}

/// A short limit, for the one under test.
pub(crate) const SHORT: Duration = Duration::from_millis(60);

/// The fake, built once.
pub(crate) fn fake() -> &'static Path {
    static FAKE: OnceLock<PathBuf> = OnceLock::new();
    FAKE.get_or_init(|| {
        escargot::CargoBuild::new()
            .args([
                "--package=plugin-conformance",
                "--package=fake-interpreters",
            ])
            .bin("fake-interpreter")
            .run()
            .unwrap()
            .path()
            .to_owned()
    })
}

/// Whether a process exists and is no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .unwrap_or("")
            .starts_with(['Z', 'X'])
    })
}

/// Whether the API server of a plugin listens there. Only that one counts: a port that was freed may soon be another's.
pub(crate) async fn serves(address: &str, id: &PluginId) -> bool {
    let asked = async {
        let channel = dial(&Target::Tcp(address.to_owned()), LONG).await.ok()?;
        let request = tonic::Request::new(GetPluginIdRequest {});
        let answer = call::call::<GetPluginID>(&channel, request).await.ok()?;
        Some(answer.plugin_id == id.as_str())
    };
    // A stranger may let us wait.
    let answer = tokio::time::timeout(Duration::from_secs(1), asked).await;
    matches!(answer, Ok(Some(true)))
}
