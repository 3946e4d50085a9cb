//! The plugins of one host: activate, deactivate, restart, and what there is to see of them.
//!
//! All changes go through one task (`registry`); what a command means in which state is a pure rule ([`state`]); what
//! can be seen is a snapshot that is read without waiting.
//!
//! Invariant: two activations of one id at the same time start one process.
//! Invariant: a plugin is running only after it answered `OnActivate`, and only as long as its process lives.

pub mod state;

mod status;

mod activate;

mod entry;

mod registry;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use activate::{ActivateError, Activation, NotRunning};
pub use state::State;
pub use status::PluginStatus;

use crate::api::{Backend, Journal};
use crate::guard::GuardHandle;
use crate::health::Health;
use crate::hooks::Hooks;
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::options::HostOptions;
use crate::process::Exit;
use crate::supervisor::{Session, StartOrder, StopReport};
use entry::Activate;
use registry::{MakeOrder, Message, Registry};
use status::{View, Views};

/// The plugins of one host; cheap to clone. When the last clone is dropped, all plugins are killed.
#[derive(Debug, Clone)]
pub struct Environment {
    registry: mpsc::UnboundedSender<Message>,
    views: watch::Receiver<Views>,
    journal: Journal,
    /// The guard that was started for this environment alone, and how long its end may take.
    guard: Option<(GuardHandle, Duration)>,
}

impl Environment {
    /// An environment without plugins, and the guard that outlives it, if the options name one. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the guard cannot be started.
    pub fn new(options: HostOptions, backend: Arc<dyn Backend>) -> io::Result<Self> {
        let own_guard = match (&options.shared_guard, &options.guard) {
            (None, Some(program)) => Some(GuardHandle::start(program, &options.run_mark)?),
            _ => None,
        };
        let guard_limit = options.timing.kill + options.timing.drain;
        let guard = options.shared_guard.clone().or_else(|| own_guard.clone());
        let journal = Journal::new();
        let (registry, messages) = mpsc::unbounded_channel();
        let (sender, views) = watch::channel(Views::new());
        let make_order = orders(options, backend, journal.clone(), guard);
        let task = Registry::new(make_order, registry.downgrade(), sender);
        tokio::spawn(task.run(messages));
        Ok(Self {
            registry,
            views,
            journal,
            guard: own_guard.map(|guard| (guard, guard_limit)),
        })
    }

    /// Activates the plugin in a folder, and waits until it answered `OnActivate`. On a running plugin it does nothing.
    /// Who activates a plugin that is just being activated gets the same outcome.
    ///
    /// # Errors
    /// When the plugin does not run afterwards. Nothing of it is left then.
    pub async fn activate(&self, folder: impl AsRef<Path>) -> Result<Activation, ActivateError> {
        self.ask_to_run(folder.as_ref(), None).await
    }

    /// Stops a plugin, if it runs, and activates it anew from its folder.
    ///
    /// # Errors
    /// When the plugin does not run afterwards, or was never activated.
    pub async fn restart(&self, id: &PluginId) -> Result<Activation, ActivateError> {
        let folder = self.status(id).map(|status| status.folder);
        let folder = folder.ok_or_else(|| ActivateError::NotFound { id: id.clone() })?;
        self.ask_to_run(&folder, Some(id)).await
    }

    async fn ask_to_run(
        &self,
        folder: &Path,
        anew: Option<&PluginId>,
    ) -> Result<Activation, ActivateError> {
        // A folder that cannot be resolved has no manifest either, which is the better error.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let manifest = Box::new(Manifest::find(&folder)?);
        if let Some(id) = anew.filter(|id| **id != manifest.id) {
            return Err(ActivateError::NotFound { id: id.clone() });
        }
        let anew = anew.is_some();
        self.ask(|reply| {
            Message::Activate(Activate {
                folder,
                manifest,
                anew,
                reply,
            })
        })
        .await
        .unwrap_or(Err(ActivateError::ShutDown))
    }

    /// Stops a plugin and waits until nothing of it is left. A start that is under way is called off.
    /// `None` if it was not running.
    pub async fn deactivate(&self, id: &PluginId) -> Option<StopReport> {
        let id = id.clone();
        self.ask(|reply| Message::Deactivate { id, reply }).await?
    }

    /// Stops all plugins, all at once, and activates none any more; the guard, if it was started for this environment, ends
    /// last. Answers how each of those that ran was stopped.
    pub async fn shutdown(&self) -> BTreeMap<PluginId, StopReport> {
        let reports = self.ask(|reply| Message::Shutdown { reply }).await;
        if let Some((guard, limit)) = &self.guard
            && !guard.close(*limit).await
        {
            tracing::warn!("the guard did not end within {limit:?}");
        }
        reports.unwrap_or_default()
    }

    /// The status of a plugin; `None` if it was never activated, which the server shows as not running.
    pub fn status(&self, id: &PluginId) -> Option<PluginStatus> {
        self.views.borrow().get(id).map(|view| view.status.clone())
    }

    /// The status of all plugins that were ever activated, in the order of their ids.
    pub fn statuses(&self) -> Vec<PluginStatus> {
        let views = self.views.borrow();
        views.values().map(|view| view.status.clone()).collect()
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
        let View { status, session } = self.views.borrow().get(id)?.clone();
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

    fn session(&self, id: &PluginId) -> Result<Arc<Session>, NotRunning> {
        let views = self.views.borrow();
        let session = views.get(id).and_then(|view| view.session.clone());
        session.ok_or_else(|| NotRunning { id: id.clone() })
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        // The task lives as long as this handle; only a runtime that ends takes it away, and then there is no answer.
        let _ = self.registry.send(message(reply));
        answer.await.ok()
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
    Box::new(move |folder, manifest, called_off| StartOrder {
        events: events.of(&manifest.id),
        folder,
        manifest,
        options: options.clone(),
        host_environment: Arc::clone(&host_environment),
        backend: backend.clone(),
        journal: journal.clone(),
        guard: guard.clone(),
        called_off,
    })
}
