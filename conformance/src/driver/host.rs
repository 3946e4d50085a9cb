//! What our host does for each order, and the faults of doing and saying.
//!
//! Without a fault this only translates between the protocol and `plugin_host`; each fault is one named branch.

mod calls;
mod environment;
mod fanned;
mod front;
mod http;
mod manners;
mod told;
mod trouble;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use plugin_host::environment::Environment;
use plugin_host::front::Front;
use plugin_host::guard::GuardHandle;
use plugin_host::ids::{PluginId, RUN_MARK_VARIABLE, fresh_run_mark};
use plugin_host::memory::Memory;
use plugin_host::options::{GuardProgram, HostOptions};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::damage::Damages;
use super::fault::{Fault, late};
use super::protocol::{
    Activated, Configuration, Ended, Health, Message, Order, Refusal, Status, StopStep, Stopped,
};
use super::seams::api::FaultyBackend;
use super::seams::circle::InApi;
use super::seams::damaged::Damaged;
use super::seams::{self, Shared};
use told::Told;

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHost {
    /// What it was configured with cannot be.
    #[error("{}: {}", .0.kind, .0.message)]
    Configuration(Box<Refusal>),
    /// The machine does not let it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<Refusal> for NoHost {
    fn from(refusal: Refusal) -> NoHost {
        NoHost::Configuration(Box::new(refusal))
    }
}

/// What is answered to an order.
pub(super) type Answer = Result<Value, Refusal>;

/// The host that the driver drives.
pub(super) struct Host {
    fault: Option<Fault>,
    damages: Damages,
    options: HostOptions,
    memory: Memory,
    environment: Environment,
    guard: Option<GuardHandle>,
    shared: Shared,
    in_api: InApi,
    /// Environments beside the first one, of faults that start too much.
    others: Mutex<Vec<Environment>>,
    /// The HTTP front, while it is open.
    front: Mutex<Option<Front>>,
    /// The folders that were activated before.
    activated: Mutex<BTreeSet<PathBuf>>,
    /// Held by every call of a host that can do one at a time.
    turn: Mutex<()>,
    /// The answer to the hook before.
    mixed: Mutex<Option<Value>>,
    was_late: AtomicBool,
    /// The latest error text.
    kept: std::sync::Mutex<Option<String>>,
    trouble: trouble::Trouble,
}

impl Host {
    /// A host with this configuration, which tells its events to `out`.
    pub(super) async fn new(
        (fault, damages): (Option<Fault>, &Damages),
        configuration: &Configuration,
        out: mpsc::UnboundedSender<Message>,
    ) -> Result<Arc<Host>, NoHost> {
        let shared = Shared::default();
        let memory = Memory::default();
        let (sender, events) = mpsc::unbounded_channel();
        let mut options = seams::options(fault, configuration, &shared)?;
        options.run_mark = run_mark();
        options.events = Some(sender);
        let guard = match fault {
            Some(Fault::NoGuard) => None,
            _ => Some(GuardHandle::start(&guard_program()?, &options.run_mark)?),
        };
        options.shared_guard = guard.clone();
        let in_api = InApi::read(&configuration.hooks.in_api)?;
        let environment = match environment(&options, &memory, &in_api, (fault, damages)) {
            Ok(environment) => environment,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                if let Some(guard) = &guard {
                    guard.close(Duration::from_secs(3)).await;
                }
                return Err(refusal("configuration", &error.to_string()).into());
            }
            Err(error) => return Err(error.into()),
        };
        tokio::spawn(Told::new(fault, memory.clone(), environment.clone(), out).run(events));
        Ok(Arc::new(Host {
            fault,
            damages: damages.clone(),
            options,
            memory,
            environment,
            guard,
            shared,
            in_api,
            others: Mutex::default(),
            front: Mutex::default(),
            activated: Mutex::default(),
            turn: Mutex::default(),
            mixed: Mutex::default(),
            was_late: AtomicBool::new(false),
            kept: std::sync::Mutex::default(),
            trouble: trouble::Trouble::default(),
        }))
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Carries out an order.
    pub(super) async fn obey(&self, order: Order) -> Answer {
        let calls = matches!(
            order,
            Order::Hook { .. } | Order::Ask { .. } | Order::Health { .. }
        );
        let _turn = if calls && self.has(Fault::OneCallAtATime) {
            Some(self.turn.lock().await)
        } else {
            None
        };
        match order {
            Order::Configure(_) => Err(refusal(
                "order.late",
                "configure comes before all orders but hello",
            )),
            Order::Hello {} => Err(refusal("order.misplaced", "the loop makes the claims")),
            Order::Activate { dir } => self.activate(&dir).await,
            Order::Hook {
                plugin,
                hook,
                request,
            } => self.hook(&plugin, &hook, request).await,
            Order::Http(order) => self.http(order).await,
            Order::Front(order) => self.open_front(order).await,
            Order::CloseFront { within_ms } => {
                self.close_front(Duration::from_millis(within_ms)).await
            }
            Order::Health { plugin } => self.health(&plugin).await,
            Order::Status { plugin } => self.status(&plugin),
            Order::WaitExit { plugin, within_ms } => {
                self.wait_exit(&plugin, Duration::from_millis(within_ms))
                    .await
            }
            Order::Deactivate { plugin } => self.deactivate(&plugin).await,
            Order::Restart { plugin } => self.restart(&plugin).await,
            Order::Scan { dir } => self.scan(&dir).await,
            Order::ActivateId { plugin } => self.activate_id(&plugin).await,
            Order::Plugins {} => self.plugins(),
            Order::Remove { plugin, delete } => self.remove(&plugin, delete).await,
            Order::ConfigurationChanged {} => self.configuration_changed().await,
            Order::Supervise { on } => self.supervise(on).await,
            Order::Ask {
                plugin,
                hook,
                request,
            } => self.ask(&plugin, &hook, request).await,
            Order::FanOut { hook, request } => self.fan_out(&hook, request).await,
            Order::Cancel { .. } => Err(refusal("order.misplaced", "the loop cancels orders")),
            Order::Metrics {} => self.metrics(),
            Order::Shutdown {} => Ok(self.shut_down().await),
        }
    }

    async fn activate(&self, dir: &Path) -> Answer {
        if let Some(refusal) = self.manner_before(dir) {
            return Err(refusal);
        }
        let _turn = self.trouble_before_start().await;
        if self.refuses_given_up(dir) {
            return Err(refusal("start.refused", "it failed too often"));
        }
        let again = !self.activated.lock().await.insert(dir.to_owned());
        if again && self.has(Fault::StartsOnce) {
            return Err(refusal("start.refused", "it was started before"));
        }
        let environment = match again {
            true => self.environment_for(Fault::StartsTwice).await?,
            false => self.environment.clone(),
        };
        if self.has(Fault::SucceedsEarly) {
            let dir = dir.to_owned();
            tokio::spawn(async move { environment.activate(dir).await });
            return told(&Activated {
                started: true,
                ..Activated::default()
            });
        }
        let mut started = environment.activate(dir).await;
        if self.put_fixed_interpreter(dir, &started) {
            started = environment.activate(dir).await;
        }
        self.activated(&environment, started).await
    }

    async fn restart(&self, plugin: &str) -> Answer {
        if self.has(Fault::NeverRestarts) {
            return Err(refusal(
                "restart.refused",
                "this host does not restart plugins",
            ));
        }
        let id = plugin_id(plugin)?;
        let environment = self.environment_for(Fault::RestartKeepsOld).await?;
        let folder = self.environment.status(&id).map(|status| status.folder);
        let started = match folder {
            Some(folder) if self.has(Fault::RestartKeepsOld) => environment.activate(folder).await,
            _ => {
                self.trouble_in_restart(true);
                let started = environment.restart(&id).await;
                self.trouble_in_restart(false);
                started
            }
        };
        self.activated(&environment, started).await
    }

    async fn health(&self, plugin: &str) -> Answer {
        let id = plugin_id(plugin)?;
        let health = self
            .environment
            .check_health(&id)
            .await
            .map_err(|error| refusal(NOT_RUNNING, &error.to_string()))?;
        told(&Health {
            healthy: !self.has(Fault::NeverHealthy)
                && (health.is_healthy(&self.options.policy) || self.trouble_in_health(health)),
            status: match self.has(Fault::TellsTwoHealths) {
                true if health.is_healthy(&self.options.policy) => "SERVING".to_owned(),
                true => "NOT_SERVING".to_owned(),
                false => health.word().to_owned(),
            },
        })
    }

    fn status(&self, plugin: &str) -> Answer {
        let id = plugin_id(plugin)?;
        let status = self.environment.status(&id);
        let state = status
            .as_ref()
            .map_or("not_running", |status| status.state.word());
        let state = match (self.fault, state) {
            (Some(Fault::ReportsNoEnd), _) | (Some(Fault::SaysRunningEarly), "starting") => {
                "running"
            }
            (Some(Fault::SaysRunningForEver), "failed_to_start" | "failed_to_stay_running") => {
                "running"
            }
            (_, state) => state,
        };
        let mut error = status.and_then(|status| status.error);
        if self.has(Fault::HidesErrorTexts) {
            error = None;
        }
        if self.has(Fault::KeepsErrorText) {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            error = error.or_else(|| kept.clone());
            kept.clone_from(&error);
        }
        told(&Status {
            state: state.to_owned(),
            error,
        })
    }

    async fn wait_exit(&self, plugin: &str, within: Duration) -> Answer {
        let id = plugin_id(plugin)?;
        if self.has(Fault::ReportsNoEnd) {
            return told(&Ended::default());
        }
        let ended = match timeout(within, self.environment.wait_exit(&id)).await {
            Ok(Some(_)) if self.has(Fault::TellsExitZero) => Ended {
                exited: true,
                exit_code: Some(0),
                signal: None,
            },
            Ok(Some(exit)) => Ended {
                exited: true,
                exit_code: exit.code(),
                signal: exit.signal(),
            },
            Ok(None) | Err(_) => Ended::default(),
        };
        told(&ended)
    }

    async fn deactivate(&self, plugin: &str) -> Answer {
        let id = plugin_id(plugin)?;
        if self.has(Fault::ApiGoneEarly) {
            self.shared.forwarders.end();
        }
        let report = self.environment.deactivate(&id).await;
        if self.has(Fault::WaitsFixedTime) {
            tokio::time::sleep(late(Duration::from_secs(2))).await;
        }
        self.manner_after_stop(&id);
        let stopped = report.is_some() || self.has(Fault::SaysStopped);
        let steps = report.map(|report| report.steps).unwrap_or_default();
        let steps = steps
            .iter()
            .filter(|_| !self.has(Fault::HidesStopSteps))
            .map(|step| StopStep {
                step: step.name.to_owned(),
                outcome: match self.has(Fault::TellsStepsWell) {
                    true => "exited".to_owned(),
                    false => step.outcome.to_owned(),
                },
                took_ms: step.took.as_secs_f64() * 1000.0,
            });
        told(&Stopped {
            stopped,
            steps: steps.collect(),
        })
    }

    /// Stops everything, the guard last. Answers how many plugins ran.
    pub(super) async fn shut_down(&self) -> Value {
        // Whoever still waits for a plugin is answered by its end.
        self.front.lock().await.take();
        if self.has(Fault::StopsOneByOne) {
            for status in self.environment.statuses() {
                self.environment.deactivate(&status.id).await;
            }
        }
        let reports = self.environment.shutdown().await;
        for other in self.others.lock().await.drain(..) {
            other.shutdown().await;
        }
        if let Some(guard) = &self.guard {
            guard.close(Duration::from_secs(3)).await;
        }
        json!({ "stopped": reports.len() })
    }

    /// The environment for a start: the only one, or one more if the fault is that there are more.
    async fn environment_for(&self, fault: Fault) -> Result<Environment, Refusal> {
        if !self.has(fault) {
            return Ok(self.environment.clone());
        }
        let mut others = self.others.lock().await;
        let other = environment(
            &self.options,
            &self.memory,
            &self.in_api,
            (self.fault, &self.damages),
        )
        .map_err(|error| refusal("host", &error.to_string()))?;
        others.push(other.clone());
        Ok(other)
    }

    fn first_time_late(&self) -> bool {
        self.has(Fault::LateRefusals) && !self.was_late.swap(true, Ordering::Relaxed)
    }
}

/// The word for a plugin that does not run.
const NOT_RUNNING: &str = "plugin.not_running";

fn environment(
    options: &HostOptions,
    memory: &Memory,
    in_api: &InApi,
    (fault, damages): (Option<Fault>, &Damages),
) -> std::io::Result<Environment> {
    let backend = FaultyBackend {
        memory: memory.clone(),
        damaged: Damaged::new(damages.clone()),
        fault,
        in_api: in_api.elsewhere(),
    };
    Environment::new(options.clone(), Arc::new(backend))
}

/// The mark of this driver's plugins: its own, below the one that it was started with, because the guard ends all that carry it.
fn run_mark() -> String {
    match std::env::var(RUN_MARK_VARIABLE) {
        Ok(mark) => format!("{mark}.{}", std::process::id()),
        Err(_) => fresh_run_mark(),
    }
}

/// This very program as the guard.
fn guard_program() -> std::io::Result<GuardProgram> {
    Ok(GuardProgram {
        program: std::env::current_exe()?,
        args: vec!["guard".into()],
    })
}

fn plugin_id(text: &str) -> Result<PluginId, Refusal> {
    PluginId::parse(text).map_err(|error| refusal("plugin.id", &error.to_string()))
}

fn refusal(kind: &str, message: &str) -> Refusal {
    Refusal {
        kind: kind.to_owned(),
        message: message.to_owned(),
        ..Refusal::default()
    }
}

fn told<A: Serialize>(answer: &A) -> Answer {
    serde_json::to_value(answer).map_err(|error| refusal("driver", &error.to_string()))
}

fn activated(
    environment: &Environment,
    activation: &plugin_host::environment::Activation,
) -> Activated {
    let hooks = environment
        .hooks(&activation.id)
        .map(|hooks| hooks.implemented().names().map(str::to_owned).collect());
    Activated {
        plugin: activation.id.to_string(),
        started: activation.activated,
        pid: Some(activation.pid),
        hooks: hooks.unwrap_or_default(),
    }
}
