//! The plugins of one host: scan, activate, deactivate, restart, remove, and what there is to see of them.
//!
//! All changes go through one task (`registry`); what a command or a failure leads to is said by a pure machine (`life`, by the
//! rules of [`state`] and of [`crate::health::budget`]); what can be seen is a snapshot that is read without waiting.
//!
//! Plugins are looked after if [`Recovery`](crate::timing::Recovery) says so or [`Environment::look_after`] does: one that ends
//! by itself, is unhealthy, or does not come back is started again, until it has failed too often.
//!
//! Invariant: two activations of one id at the same time start one process.
//! Invariant: a plugin is running only after it answered `OnActivate`, and only as long as its process lives.

pub mod state;

mod status;

mod activate;

mod remove;

mod home;

mod scan;

mod life;

mod failure;

mod watcher;

mod entry;

mod registry;

mod fanout;

mod configuration;

mod installs;

mod reach;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plugin_proto::find_hook;
use tokio::sync::{mpsc, oneshot, watch};

pub use activate::{ActivateError, Activation, NotRunning};
pub use fanout::FanOutError;
pub use installs::{InstallError, Installation};
pub use remove::{Folder, Removal, RemoveError};
pub use scan::{Broken, Found, Scan, ScanError};
pub use state::State;
pub use status::{LastExit, PluginStatus};

use crate::api::{Backend, Journal};
use crate::guard::GuardHandle;
use crate::health::Health;
use crate::hooks::{HookSet, Hooks, check_settings};
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::metrics::Metrics;
use crate::options::HostOptions;
use crate::process::Exit;
use crate::supervisor::{Session, StartOrder, StopReport};
use entry::Pending;
use home::Home;
use installs::Installs;
use reach::Reach;
use registry::{MakeOrder, Message, Registry};
use scan::Folders;
use status::{View, Views};

/// The plugins of one host; cheap to clone. When the last clone is dropped, all plugins are killed.
#[derive(Debug, Clone)]
pub struct Environment {
    registry: mpsc::UnboundedSender<Message>,
    views: watch::Receiver<Views>,
    journal: Journal,
    /// The latest scan.
    scanned: Arc<Mutex<Folders>>,
    metrics: Metrics,
    /// The hooks of which an administrator says that nothing passes when they fail.
    closed: HookSet,
    /// Where plugins are installed.
    installs: Arc<Installs>,
    /// The guard that was started for this environment alone, and how long its end may take.
    guard: Option<(GuardHandle, Duration)>,
}

impl Environment {
    /// An environment without plugins, and the guard that outlives it, if the options name one. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the guard cannot be started, or the options name a hook that there is not.
    pub fn new(options: HostOptions, backend: Arc<dyn Backend>) -> io::Result<Self> {
        check_settings(&options.timing, &options.hooks)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let metrics = options.metrics.clone();
        let closed = options
            .hooks
            .closed()
            .filter(|_| !options.policy.always_fail_open);
        let closed = closed
            .filter_map(find_hook)
            .fold(HookSet::EMPTY, HookSet::with);
        let own_guard = match (&options.shared_guard, &options.guard) {
            (None, Some(program)) => Some(GuardHandle::start(program, &options.run_mark)?),
            _ => None,
        };
        let guard_limit = options.timing.kill + options.timing.drain;
        let guard = options.shared_guard.clone().or_else(|| own_guard.clone());
        let installs = Installs::new(options.plugins_folder.clone(), guard.clone());
        let journal = Journal::new();
        let (registry, messages) = mpsc::unbounded_channel();
        let (sender, views) = watch::channel(Views::new());
        let make_order = orders(options.clone(), backend.clone(), journal.clone(), guard);
        let task = Registry::new(make_order, options, registry.downgrade(), sender);
        tokio::spawn(task.run(messages));
        let environment = Self {
            registry,
            views,
            journal,
            scanned: Arc::default(),
            metrics,
            closed,
            installs: Arc::new(installs),
            guard: own_guard.map(|guard| (guard, guard_limit)),
        };
        backend.attach(Arc::new(Reach::of(&environment)));
        Ok(environment)
    }

    /// Activates the plugin in a folder, and waits until it answered `OnActivate`. On a running plugin it does nothing.
    /// Who activates a plugin that is just being activated gets the same outcome. It counts once the manifest is read: if the first
    /// start fails before that, another one begins.
    ///
    /// # Errors
    /// When the plugin does not run afterwards. Nothing of it is left then.
    pub async fn activate(&self, folder: impl AsRef<Path>) -> Result<Activation, ActivateError> {
        self.ask_to_run(folder.as_ref().to_owned(), None, false)
            .await
    }

    /// Looks into a folder of plugins, so that those in it can be activated by id. What an earlier scan found is forgotten, and
    /// nothing that runs is touched.
    ///
    /// # Errors
    /// When the folder cannot be read. A plugin that cannot be used is no error, but part of the answer.
    pub async fn scan(&self, folder: impl AsRef<Path>) -> Result<Scan, ScanError> {
        let folder = folder.as_ref().to_owned();
        let scan = blocking(move || Scan::of(&folder)).await?;
        *self.scanned() = Folders::of(&scan);
        Ok(scan)
    }

    /// Activates a plugin that the latest scan found.
    ///
    /// # Errors
    /// When it was not found, or in several folders, or does not run afterwards.
    pub async fn activate_by_id(&self, id: &PluginId) -> Result<Activation, ActivateError> {
        let home = self.scanned().home(id)?;
        self.ask_to_run(home.named(), Some(id), false).await
    }

    /// Stops a plugin, if it runs, and activates it anew from its folder; for one that never ran, that is where the latest scan
    /// found it.
    ///
    /// # Errors
    /// When the plugin does not run afterwards, or is not known.
    pub async fn restart(&self, id: &PluginId) -> Result<Activation, ActivateError> {
        let folder = match self.view(id) {
            Some(view) => view.status.folder,
            None => self.scanned().home(id)?.named(),
        };
        self.ask_to_run(folder, Some(id), true).await
    }

    /// Reads the manifest in a folder, which has to be that of `id` if there is one, and asks for a start.
    async fn ask_to_run(
        &self,
        folder: PathBuf,
        id: Option<&PluginId>,
        anew: bool,
    ) -> Result<Activation, ActivateError> {
        let (home, manifest) = blocking(move || {
            let home = Home::of(&folder);
            let manifest = Manifest::find(&home.folder);
            (home, manifest)
        })
        .await;
        let manifest = Box::new(manifest?);
        if let Some(id) = id.filter(|id| **id != manifest.id) {
            return Err(ActivateError::NotFound { id: id.clone() });
        }
        let id = manifest.id.clone();
        let asked = home.clone();
        self.command(id, Some(asked), |reply| Pending::Activate {
            home,
            manifest,
            anew,
            reply,
        })
        .await
        .unwrap_or(Err(ActivateError::ShutDown))
    }

    /// Stops a plugin and waits until nothing of it is left. A start that is under way is called off, and a plugin that was about
    /// to be brought back is not. `None` if it was not running.
    pub async fn deactivate(&self, id: &PluginId) -> Option<StopReport> {
        self.command(id.clone(), None, |reply| Pending::Deactivate { reply })
            .await?
    }

    /// Stops a plugin and forgets it: it has no status any more and is not found by its id before the next scan. Of a plugin that
    /// was found by a link, only the link is ever deleted.
    ///
    /// # Errors
    /// When it is not known, or its folder cannot be deleted.
    pub async fn remove(&self, id: &PluginId, folder: Folder) -> Result<Removal, RemoveError> {
        let home = self.scanned().home(id).ok();
        self.remove_from(id, folder, home).await
    }

    async fn remove_from(
        &self,
        id: &PluginId,
        folder: Folder,
        home: Option<Home>,
    ) -> Result<Removal, RemoveError> {
        let removed = self.command(id.clone(), home, |reply| Pending::Remove {
            folder,
            reply,
            outcome: None,
        });
        let not_found = || RemoveError::NotFound { id: id.clone() };
        let removal = removed.await.ok_or_else(not_found)??;
        self.scanned().forget(id);
        if let Some(hidden) = removal.deleted.clone() {
            let content = hidden.clone();
            let deleted = blocking(move || std::fs::remove_dir_all(content)).await;
            deleted.map_err(|source| RemoveError::Content {
                id: id.clone(),
                folder: hidden,
                source: Arc::new(source),
            })?;
        }
        Ok(removal)
    }

    /// From now on plugins are looked after, or no more; either may be asked for again. A plugin that waits for its restart when
    /// this is switched off has failed to stay running.
    pub async fn look_after(&self, yes: bool) {
        self.ask(|reply| Message::LookAfter { yes, reply }).await;
    }

    /// Stops all plugins, all at once, and activates none any more; the guard, if it was started for this environment, ends
    /// last. Answers how each of those that ran was stopped.
    pub async fn shutdown(&self) -> BTreeMap<PluginId, StopReport> {
        let reports = self.ask(|reply| Message::Shutdown { reply }).await;
        let installs = Arc::clone(&self.installs);
        blocking(move || installs.close()).await;
        if let Some((guard, limit)) = &self.guard
            && !guard.close(*limit).await
        {
            tracing::warn!("the guard did not end within {limit:?}");
        }
        reports.unwrap_or_default()
    }

    /// The status of a plugin; `None` if it was never activated, which the server shows as not running.
    pub fn status(&self, id: &PluginId) -> Option<PluginStatus> {
        Some(self.view(id)?.status)
    }

    /// The status of all plugins that were ever activated or that the latest scan found, in the order of their ids.
    pub fn statuses(&self) -> Vec<PluginStatus> {
        let found = self.scanned().found();
        let status = |(id, folder): (PluginId, _)| (id.clone(), PluginStatus::new(id, folder));
        let mut statuses: BTreeMap<_, _> = found.into_iter().map(status).collect();
        for (id, view) in self.views.borrow().iter() {
            statuses.insert(id.clone(), view.status.clone());
        }
        statuses.into_values().collect()
    }

    /// The hooks of a running plugin.
    ///
    /// # Errors
    /// When it does not run.
    pub fn hooks(&self, id: &PluginId) -> Result<Arc<Hooks>, NotRunning> {
        self.session(id).map(|session| session.hooks().clone())
    }

    /// Asks a running plugin for its health, once.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn check_health(&self, id: &PluginId) -> Result<Health, NotRunning> {
        Ok(self.session(id)?.check_health().await)
    }

    /// Waits until the process of a running plugin has ended and the plugin's state says so. For a plugin that does not
    /// run, this is how its last process ended, or `None`.
    pub async fn wait_exit(&self, id: &PluginId) -> Option<Exit> {
        let View {
            status, session, ..
        } = self.view(id)?;
        let Some(session) = session else {
            return status.exit;
        };
        let mut exit = session.exit_watch();
        drop(session);
        let exit = *exit.wait_for(Option::is_some).await.ok()?;
        let is_over = |views: &Views| {
            views.get(id).is_none_or(|view| {
                view.status.starts != status.starts || view.status.exit.is_some()
            })
        };
        // An error means that the environment is gone, and the state with it.
        let _ = self.views.clone().wait_for(is_over).await;
        exit
    }

    /// What plugins asked of the API.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What hooks, API methods and fan-outs were counted as.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn session(&self, id: &PluginId) -> Result<Arc<Session>, NotRunning> {
        let views = self.views.borrow();
        let session = views.get(id).and_then(|view| view.session.clone());
        session.ok_or_else(|| NotRunning { id: id.clone() })
    }

    fn view(&self, id: &PluginId) -> Option<View> {
        self.views.borrow().get(id).cloned()
    }

    fn scanned(&self) -> MutexGuard<'_, Folders> {
        // Nothing panics while it holds this lock.
        self.scanned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn command<T>(
        &self,
        id: PluginId,
        home: Option<Home>,
        pending: impl FnOnce(oneshot::Sender<T>) -> Pending,
    ) -> Option<T> {
        self.ask(|reply| Message::Command {
            id,
            home,
            pending: pending(reply),
        })
        .await
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        // The task lives as long as this handle; only a runtime that ends takes it away, and then there is no answer.
        let _ = self.registry.send(message(reply));
        answer.await.ok()
    }
}

/// Work on files, away from the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn orders(
    options: HostOptions,
    backend: Arc<dyn Backend>,
    journal: Journal,
    guard: Option<GuardHandle>,
) -> MakeOrder {
    let events = options.event_sink();
    let host_environment = Arc::new(std::env::vars_os().collect());
    Box::new(move |folder, manifest, called_off, hurry| StartOrder {
        events: events.of(&manifest.id),
        folder,
        manifest,
        options: options.clone(),
        host_environment: Arc::clone(&host_environment),
        backend: backend.clone(),
        journal: journal.clone(),
        guard: guard.clone(),
        called_off,
        hurry,
    })
}
