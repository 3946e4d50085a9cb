//! The plugins as a backend sees them: what API calls lead to is asked here.
//!
//! It does not keep the environment alive: the environment's plugins hold the backend, and the backend holds this. When the
//! environment is gone there are no plugins.

mod http;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use plugin_proto::pb::ServeHttpRequestInit;
use plugin_proto::{Method, Service};
use tokio::sync::{mpsc, watch};

use crate::api::Journal;
use crate::api::chain::Link;
use crate::api::plugins::{
    Asking, HttpReply, Installed, Plugins, Reply, Stop, Stopped, Undone, Verdict,
};
use crate::bundle::{Bundle, BundleError};
use crate::environment::Environment;
use crate::environment::installs::Installs;
use crate::environment::registry::Message;
use crate::environment::scan::Folders;
use crate::environment::status::Views;
use crate::hooks::{FannedOut, HookSet, Outcome, Ruling};
use crate::ids::PluginId;
use crate::metrics::Metrics;

#[derive(Debug)]
pub(super) struct Reach {
    registry: mpsc::WeakUnboundedSender<Message>,
    views: watch::Receiver<Views>,
    journal: Journal,
    scanned: Arc<Mutex<Folders>>,
    metrics: Metrics,
    closed: HookSet,
    installs: Weak<Installs>,
}

impl Reach {
    pub(super) fn of(environment: &Environment) -> Self {
        Self {
            registry: environment.registry.downgrade(),
            views: environment.views.clone(),
            journal: environment.journal.clone(),
            scanned: environment.scanned.clone(),
            metrics: environment.metrics.clone(),
            closed: environment.closed,
            installs: Arc::downgrade(&environment.installs),
        }
    }

    /// The environment, for as long as a call takes.
    fn environment(&self) -> Option<Environment> {
        Some(Environment {
            registry: self.registry.upgrade()?,
            views: self.views.clone(),
            journal: self.journal.clone(),
            scanned: self.scanned.clone(),
            metrics: self.metrics.clone(),
            closed: self.closed,
            installs: self.installs.upgrade()?,
            guard: None,
        })
    }

    /// Does something to a plugin; without an environment nothing is done.
    fn act<T, E, A>(
        &self,
        action: &'static str,
        plugin: &PluginId,
        act: impl FnOnce(Environment, PluginId) -> A,
    ) -> Asking<Result<T, Undone>>
    where
        T: Send + 'static,
        E: std::fmt::Display,
        A: Future<Output = Result<T, E>> + Send + 'static,
    {
        let undone = {
            let plugin = plugin.clone();
            move |reason: String| Undone {
                action,
                plugin,
                reason,
            }
        };
        match self.environment() {
            Some(environment) => {
                let acting = act(environment, plugin.clone());
                Box::pin(async move { acting.await.map_err(|error| undone(error.to_string())) })
            }
            None => Box::pin(async move { Err(undone("the host ends".to_owned())) }),
        }
    }
}

impl Plugins for Reach {
    fn fan_out(&self, hook: &'static Method, request: Bytes, link: Link) -> Asking<Verdict> {
        let environment = self.environment();
        Box::pin(async move {
            let unchanged = Verdict {
                request: request.clone(),
                stopped: None,
            };
            let Some(environment) = environment else {
                return unchanged;
            };
            match environment.fan_out_in(hook, request, Some(&link)).await {
                Ok(fanned) => verdict(hook, fanned),
                Err(error) => {
                    tracing::error!("a backend's hook was not fanned out: {error}");
                    unchanged
                }
            }
        })
    }

    fn ask(
        &self,
        plugin: &PluginId,
        hook: &'static Method,
        request: Bytes,
        link: Link,
    ) -> Asking<Reply> {
        debug_assert_eq!(hook.service, Service::Hooks);
        let hooks = self
            .environment()
            .and_then(|environment| environment.hooks(plugin).ok());
        let plugin = plugin.clone();
        Box::pin(async move {
            let Some(hooks) = hooks else {
                return Reply::NotRunning;
            };
            let turn = link.turn(&plugin);
            let outcome = hooks
                .call_in(hook, request, link.is_waited_for_by(&plugin))
                .await;
            drop(turn);
            match outcome {
                Outcome::Answered(answer) => Reply::Answered(answer),
                Outcome::NotImplemented => Reply::NotImplemented,
                Outcome::Refused(error) => Reply::Refused(error),
                Outcome::Failed(failure) => Reply::Failed(failure.to_string()),
            }
        })
    }

    fn serve_http(
        &self,
        plugin: &PluginId,
        head: ServeHttpRequestInit,
        body: Bytes,
        link: Link,
    ) -> Asking<HttpReply> {
        let hooks = self
            .environment()
            .and_then(|environment| environment.hooks(plugin).ok());
        let plugin = plugin.clone();
        Box::pin(async move {
            let Some(hooks) = hooks else {
                return HttpReply::NotRunning;
            };
            let _turn = link.turn(&plugin);
            http::exchange(&hooks, head, body, link.is_waited_for_by(&plugin)).await
        })
    }

    fn installed(&self) -> Asking<Vec<Installed>> {
        let environment = self.environment();
        Box::pin(async move {
            match environment {
                Some(environment) => environment.installed().await,
                None => Vec::new(),
            }
        })
    }

    fn folder(&self, plugin: &PluginId) -> Asking<Result<PathBuf, Undone>> {
        self.act(
            "finding the folder of",
            plugin,
            |environment, id| async move { environment.folder_of(&id).await },
        )
    }

    fn enable(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        self.act("starting", plugin, |environment, id| async move {
            environment.start(&id).await.map(drop)
        })
    }

    fn disable(&self, plugin: &PluginId) -> Asking<()> {
        let (environment, plugin) = (self.environment(), plugin.clone());
        Box::pin(async move {
            if let Some(environment) = environment {
                environment.deactivate(&plugin).await;
            }
        })
    }

    fn remove(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        self.act("removing", plugin, |environment, id| async move {
            environment.uninstall(&id).await.map(drop)
        })
    }

    fn unpack(&self, bundle: Bytes) -> Asking<Result<Bundle, BundleError>> {
        let environment = self.environment();
        Box::pin(async move {
            match environment {
                Some(environment) => environment.unpack(bundle).await,
                None => Err(BundleError::Write {
                    path: PathBuf::new(),
                    source: std::io::Error::other("the host ends"),
                }),
            }
        })
    }

    fn install(&self, bundle: Bundle) -> Asking<Result<bool, Undone>> {
        let id = bundle.manifest().id.clone();
        self.act("installing", &id, |environment, _| async move {
            let installed = environment.install(bundle).await;
            installed.map(|installation| installation.was_wanted)
        })
    }
}

fn verdict(hook: &'static Method, fanned: FannedOut) -> Verdict {
    let stopped = fanned.stopped_by().map(|part| Stopped {
        plugin: part.plugin.clone(),
        how: match &part.ruling {
            Ruling::Rejected(reason) => Stop::Rejected(reason.clone()),
            ruling => Stop::Refused(Box::new(ruling.error(hook).unwrap_or_default())),
        },
    });
    Verdict {
        request: fanned.request,
        stopped,
    }
}
