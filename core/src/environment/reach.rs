//! The plugins as a backend sees them: what API calls lead to is asked here.
//!
//! It does not keep the environment alive: the environment's plugins hold the backend, and the backend holds this. When the
//! environment is gone there are no plugins.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use plugin_proto::{Method, Service};
use tokio::sync::{mpsc, watch};

use crate::api::Journal;
use crate::api::chain::Link;
use crate::api::plugins::{Asking, Plugins, Reply, Stop, Stopped, Verdict};
use crate::environment::Environment;
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
            guard: None,
        })
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
