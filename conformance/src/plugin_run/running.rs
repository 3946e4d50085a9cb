//! A whole host with the plugin under test in it: activation, hooks by orders, health, stop.
//!
//! The host lives in this process and dies with the value; what a scenario leaves running is killed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plugin_host::environment::{ActivateError, Activation, Environment};
use plugin_host::health::Health;
use plugin_host::hooks::{Hooks, Outcome};
use plugin_host::ids::PluginId;
use plugin_host::manifest::Manifest;
use plugin_host::options::HostOptions;
use plugin_host::process::{Exit, Launch};
use plugin_host::supervisor::StopReport;
use plugin_host::timing::Timing;
use plugin_proto::Rpc;
use rustix::process::Signal;

use super::backend::Recorder;
use super::evidence::Evidence;
use super::launch;
use super::message::Orderable;
use super::order::{self, Order, Word};
use super::process;
use super::seen::{EVIDENCE, Seen, pid_of};
use crate::case::Case;
use crate::case::timeline::{Source, Timeline};
use crate::scenario::Interruption;

/// How long a hook may take; shorter than the reference's 30 s, so that a plugin that hangs is found out within a case.
pub const HOOK: Duration = Duration::from_secs(8);

/// What is special about a run.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The API behind the plugin.
    pub api: Recorder,
    /// Variables of the command that are set, or taken away where there is no value.
    pub variables: Vec<(String, Option<String>)>,
}

impl Setup {
    /// Sets a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Setup {
        self.variables
            .push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Orders for hooks whose input has no text.
    #[must_use]
    pub fn ordering(self, orders: &[(&'static str, Order)]) -> Setup {
        self.with(order::VARIABLE, &order::variable(orders))
    }
}

/// A host that knows one plugin.
#[derive(Debug)]
pub struct Running {
    /// What the host saw of it.
    pub seen: Seen,
    /// The API behind it.
    pub api: Recorder,
    /// Its id.
    pub plugin: PluginId,
    environment: Environment,
    variables: Variables,
    folder: PathBuf,
    timeline: Timeline,
    scale: f64,
}

/// Variables that are set, or taken away where there is no value.
type Variables = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// What came of an order.
#[derive(Debug)]
pub struct Obeyed<T> {
    /// The answer.
    pub outcome: Outcome<T>,
    /// The evidence, if it came.
    pub evidence: Option<Evidence>,
    /// How long the answer took.
    pub took: Duration,
}

impl Running {
    /// A host that has not yet started the plugin in this folder.
    pub fn host(case: &Case, folder: &Path, setup: Setup) -> Result<Running, Interruption> {
        let manifest = Manifest::find(folder).map_err(|error| {
            Interruption::broken_off(format!("the plugin cannot be started: {error}"))
        })?;
        let timeline = case.timeline();
        let (seen, sender) = Seen::start(timeline.clone());
        let variables: Variables = Arc::new(Mutex::new(setup.variables));
        let changes = Arc::clone(&variables);
        let options = HostOptions {
            timing: timing(case),
            prepare: Some(Arc::new(move |command| change(command, &changes))),
            run_mark: case.mark().to_owned(),
            events: Some(sender),
            ..HostOptions::default()
        };
        let environment = Environment::new(options, Arc::new(setup.api.clone()))?;
        let scale = case.scaled(Duration::from_secs(1)).as_secs_f64();
        let (plugin, folder) = (manifest.id, folder.to_owned());
        Ok(Running {
            seen,
            api: setup.api,
            plugin,
            environment,
            variables,
            folder,
            timeline,
            scale,
        })
    }

    /// A host with the plugin activated in it.
    pub async fn start(case: &Case, folder: &Path, setup: Setup) -> Result<Running, Interruption> {
        let running = Running::host(case, folder, setup)?;
        match running.activate(case).await {
            Ok(_) => Ok(running),
            Err(error) => Err(Interruption::broken_off(format!(
                "the plugin does not start: {error}"
            ))),
        }
    }

    /// Activates the plugin.
    pub async fn activate(&self, case: &Case) -> Result<Activation, ActivateError> {
        let activated = self.environment.activate(&self.folder).await;
        if let Ok(activation) = &activated {
            case.spawned(activation.pid);
        }
        activated
    }

    /// The plugin's hooks.
    pub fn hooks(&self) -> Result<Arc<Hooks>, Interruption> {
        let hooks = self.environment.hooks(&self.plugin);
        hooks.map_err(|error| Interruption::broken_off(format!("the plugin does not run: {error}")))
    }

    /// The process id of the latest start.
    pub fn pid(&self) -> Result<u32, Interruption> {
        self.seen
            .all(pid_of)
            .pop()
            .ok_or_else(|| Interruption::broken_off("the plugin was never started"))
    }

    /// Calls a hook with an order in it, and waits for the evidence.
    pub async fn order<R: Orderable>(
        &self,
        order: &Order,
    ) -> Result<Obeyed<R::Response>, Interruption> {
        self.send::<R>(order, R::ordering(order.to_string())).await
    }

    /// The same with a request of the scenario's own.
    pub async fn send<R: Rpc>(
        &self,
        order: &Order,
        request: R::Request,
    ) -> Result<Obeyed<R::Response>, Interruption> {
        let hooks = self.hooks()?;
        self.timeline
            .note(Source::Suite, format!("{}: {order}", R::METHOD.name));
        let begun = Instant::now();
        let outcome = hooks.call::<R>(request).await;
        let took = begun.elapsed();
        // A hook that was never called leaves none to wait for.
        let within = if matches!(outcome, Outcome::NotImplemented) {
            Duration::ZERO
        } else {
            self.scaled(EVIDENCE)
        };
        let evidence = self.seen.evidence_for(&order.nonce, within).await;
        Ok(Obeyed {
            outcome,
            evidence,
            took,
        })
    }

    /// The plugin's health.
    pub async fn health(&self) -> Result<Health, Interruption> {
        let health = self.environment.check_health(&self.plugin).await;
        health
            .map_err(|error| Interruption::broken_off(format!("the plugin does not run: {error}")))
    }

    /// Stops the plugin.
    pub async fn deactivate(&self) -> Option<StopReport> {
        self.environment.deactivate(&self.plugin).await
    }

    /// Stops the plugin and starts it again.
    pub async fn restart(&self, case: &Case) -> Result<Activation, ActivateError> {
        let activated = self.environment.restart(&self.plugin).await;
        if let Ok(activation) = &activated {
            case.spawned(activation.pid);
        }
        activated
    }

    /// From the next start on the plugin has no orders in its environment.
    pub fn without_orders(&self) {
        let mut variables = self
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        variables.retain(|(name, _)| name != order::VARIABLE);
    }

    /// Kills the plugin from outside, as a crash would.
    pub fn kill(&self) -> Result<u32, Interruption> {
        let pid = self.pid()?;
        self.timeline
            .note(Source::Fault, format!("SIGKILL to {pid}"));
        process::signal(pid, Signal::KILL)?;
        Ok(pid)
    }

    /// How the process ended, if it does so within the time.
    pub async fn exit_within(&self, within: Duration) -> Option<Exit> {
        tokio::time::timeout(
            self.scaled(within),
            self.environment.wait_exit(&self.plugin),
        )
        .await
        .ok()
        .flatten()
    }

    /// Ends the host, and the plugin without ceremony: how it stops is for other scenarios to see.
    pub async fn end(&self) {
        if self.environment.hooks(&self.plugin).is_ok()
            && let Ok(pid) = self.pid()
        {
            // It may have ended by itself in this moment; then there is nobody to tell.
            let _ = process::signal(pid, Signal::KILL);
        }
        self.environment.shutdown().await;
    }

    /// A time that the plugin is allowed.
    pub fn scaled(&self, allowed: Duration) -> Duration {
        allowed.mul_f64(self.scale)
    }
}

/// A word with a fresh nonce.
pub fn fresh(case: &mut Case, word: Word) -> Order {
    Order {
        nonce: case.nonce(),
        word,
    }
}

fn timing(case: &Case) -> Timing {
    let timing = Timing::default();
    Timing {
        start: case.scaled(timing.start),
        connect: case.scaled(timing.connect),
        implemented: case.scaled(HOOK),
        hook: case.scaled(HOOK),
        health: case.scaled(timing.health),
        ..timing
    }
}

fn change(command: &mut Launch, variables: &Variables) {
    for (name, value) in variables
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
    {
        match value {
            Some(value) => launch::set(command, name, value),
            None => launch::remove(command, name),
        }
    }
}
