//! A running plugin.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plugin_proto::Rpc as _;
use plugin_proto::hook::OnDeactivate;
use plugin_proto::pb::{OnDeactivateRequest, RequestContext};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::api::ApiServer;
use crate::event::PluginEvents;
use crate::health::{self, Health};
use crate::hooks::outcome::Failure;
use crate::hooks::{Hooks, Outcome};
use crate::manifest::Manifest;
use crate::options::HostOptions;
use crate::process::{Asked, Child, Exit};
use crate::supervisor::stop::{Recorder, StopReport, ask_shutdown};

/// A plugin that was activated. Dropped without a stop, its process is killed and its API server closed.
#[derive(Debug)]
pub struct Session {
    pub(super) manifest: Manifest,
    pub(super) options: HostOptions,
    pub(super) events: PluginEvents,
    pub(super) child: Child,
    pub(super) channel: Channel,
    pub(super) hooks: Arc<Hooks>,
    pub(super) api: Mutex<Option<ApiServer>>,
    pub(super) tasks: Tasks,
}

/// How a plugin is stopped.
#[derive(Debug, Clone)]
pub struct StopManner {
    /// How long `OnDeactivate` may take, where that is less than its own limit.
    pub patience: Option<Duration>,
    /// Becomes true when there is no time left: the process is killed then.
    pub hurry: watch::Receiver<bool>,
}

/// Comes when there is no time left; where nobody can say so any more, never.
pub(super) async fn hurry(hurry: &mut watch::Receiver<bool>) {
    if hurry.wait_for(|yes| *yes).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Tasks that end with the session at the latest.
#[derive(Debug, Default)]
pub(super) struct Tasks(pub(super) Vec<JoinHandle<()>>);

impl Tasks {
    fn end(&self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.end();
    }
}

impl Session {
    /// The plugin's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The plugin's process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The plugin's hooks.
    pub fn hooks(&self) -> &Arc<Hooks> {
        &self.hooks
    }

    /// Waits until the process has ended.
    pub async fn wait_exit(&self) -> Exit {
        self.child.wait_exit().await
    }

    /// The exit of the process, published once.
    pub fn exit_watch(&self) -> watch::Receiver<Option<Exit>> {
        self.child.exit_watch()
    }

    /// Asks for the plugin's health, once.
    pub async fn check_health(&self) -> Health {
        let within = self.options.timing.health;
        health::probe(&self.channel, within, &self.options.policy, &self.events).await
    }

    /// The last lines that the process wrote to stderr.
    pub fn stderr_tail(&self) -> Vec<String> {
        self.child.stderr_tail()
    }

    /// Stops the plugin and waits until nothing of it is left. Bounded. A process that has ended is asked nothing, and in a hurry
    /// none is.
    pub async fn stop(&self, mut manner: StopManner) -> StopReport {
        let timing = &self.options.timing;
        self.hooks.set_active(false);
        let exited = self.child.exit().is_some();
        let mut recorder = Recorder::new(&self.events, exited);
        let asked = if exited {
            Asked::NotAsked
        } else {
            let ask = async {
                self.deactivate(manner.patience, &mut recorder).await;
                ask_shutdown(&self.channel, &self.child, timing, &mut recorder).await
            };
            tokio::select! {
                asked = ask => asked,
                () = hurry(&mut manner.hurry) => Asked::Abandoned,
            }
        };
        let stop = tokio::select! {
            stop = self.child.stop(asked) => stop,
            () = hurry(&mut manner.hurry) => self.child.stop(Asked::Abandoned).await,
        };
        recorder.process(&stop);
        self.tasks.end();
        let api = self
            .api
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        recorder.close_api(api, timing).await;
        recorder.report(&stop)
    }

    async fn deactivate(&self, patience: Option<Duration>, recorder: &mut Recorder<'_>) {
        let began = Instant::now();
        let request = OnDeactivateRequest {
            context: Some(context(&self.manifest)),
        };
        let call = self.hooks.call_own::<OnDeactivate>(request);
        let outcome = match patience {
            None => call.await,
            Some(patience) => match timeout(patience, call).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let name = OnDeactivate::METHOD.name;
                    Outcome::Failed(Failure::deadline(name, patience))
                }
            },
        };
        if let Outcome::Refused(_) = &outcome {
            tracing::error!(plugin = %self.manifest.id, "OnDeactivate: {outcome}");
        }
        recorder.step("on_deactivate", outcome.word(), began.elapsed());
    }
}

/// The context of the calls that the host itself makes.
pub(super) fn context(manifest: &Manifest) -> RequestContext {
    RequestContext {
        plugin_id: manifest.id.to_string(),
        ..RequestContext::default()
    }
}
