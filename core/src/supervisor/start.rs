//! Starts a plugin, step by step.
//!
//! ```text
//! API server ─> command ─> spawn ─> handshake ─> connect ┬─> HTTP/2 answered ─┬─> OnConfigurationChange ─> OnActivate ─> health
//!                                                        ├─> StreamStdio      │    (its error: a log line)             (an event)
//!                                                        └─> Implemented ─────┘
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use plugin_proto::connect::{self, ConnectError, Preface};
use plugin_proto::dial::Target;
use plugin_proto::hook::{Implemented, OnActivate, OnConfigurationChange};
use plugin_proto::pb::{ImplementedRequest, OnActivateRequest, OnConfigurationChangeRequest};
use plugin_proto::{Rpc as _, call};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;

use crate::api::{ApiServer, Backend, Journal, panic_text};
use crate::event::{PluginEvents, What};
use crate::guard::GuardHandle;
use crate::handshake::Address;
use crate::hooks::outcome::{Failure, FailureKind};
use crate::hooks::{Announcement, Deadlines, Hooks, HooksSetting, Lifeline, Outcome};
use crate::manifest::Manifest;
use crate::options::HostOptions;
use crate::process::{Asked, Child, ChildSetting, Diagnosis, Launch, LaunchRequest};
use crate::supervisor::error::{StartCause, StartError, StartStep};
use crate::supervisor::session::{Session, Tasks, context};
use crate::supervisor::stop::{Recorder, StopReport, ask_shutdown};
use crate::{health, ids, stdio};

/// What is to be started, and with what.
#[derive(Clone)]
pub struct StartOrder {
    /// The plugin's folder.
    pub folder: PathBuf,
    /// What its manifest says.
    pub manifest: Manifest,
    /// The host's options.
    pub options: HostOptions,
    /// What the host process was started with.
    pub host_environment: Arc<BTreeMap<OsString, OsString>>,
    /// What the API methods do.
    pub backend: Arc<dyn Backend>,
    /// Where API calls are written down.
    pub journal: Journal,
    /// Where to report.
    pub events: PluginEvents,
    /// Who cleans up if the host dies.
    pub guard: Option<GuardHandle>,
    /// Becomes true when the start is called off.
    pub called_off: watch::Receiver<bool>,
}

impl std::fmt::Debug for StartOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartOrder")
            .field("folder", &self.folder)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

/// A step that failed, and why.
type Failed = (StartStep, StartCause);

/// Starts a plugin up to the answer of `OnActivate`.
///
/// # Errors
/// The step that failed and why. Nothing of the plugin is left then.
pub async fn start(order: StartOrder) -> Result<Session, StartError> {
    let began = Instant::now();
    let plugin = order.manifest.id.clone();
    // Backends and other code of the application run in here. What a panic tears down is killed by being dropped.
    match AssertUnwindSafe(take_steps(order, began))
        .catch_unwind()
        .await
    {
        Ok(started) => started,
        Err(panic) => Err(StartError {
            plugin,
            step: StartStep::Command,
            cause: StartCause::Panicked(panic_text(panic.as_ref())),
            diagnosis: None,
            stop: None,
            elapsed: began.elapsed(),
        }),
    }
}

async fn take_steps(order: StartOrder, began: Instant) -> Result<Session, StartError> {
    let api = ApiServer::start(
        order.backend.as_ref(),
        order.journal.clone(),
        order.events.clone(),
    );
    let api = match api.await {
        Ok(api) => api,
        Err(error) => {
            let failed = (StartStep::ApiServer, StartCause::ApiServer(error));
            return Err(order.error(failed, began.elapsed(), None));
        }
    };
    let child = match order.spawn(&api) {
        Ok(child) => child,
        Err(failed) => {
            let elapsed = began.elapsed();
            api.close(Duration::ZERO).await;
            return Err(order.error(failed, elapsed, None));
        }
    };
    let mut progress = Progress::default();
    let mut called_off = order.called_off.clone();
    let brought_up = tokio::select! {
        brought_up = order.bring_up(&child, &mut progress) => brought_up,
        _ = called_off.wait_for(|yes| *yes) => Err(StartCause::CalledOff),
    };
    match brought_up {
        Ok((channel, hooks)) => Ok(order.session(child, channel, hooks, api, progress.tasks)),
        Err(cause) => {
            let elapsed = began.elapsed();
            let step = progress.step;
            if cause.is_loss() {
                // A lost connection mostly means that the process is about to end, and how it ends says more.
                let limit = order.options.timing.exit_notice;
                drop(timeout(limit, child.wait_exit()).await);
            }
            let cleaned = order.clean_up(child, progress, api).await;
            Err(order.error((step, cause), elapsed, Some(cleaned)))
        }
    }
}

/// How far a start has come, so that its end knows what to clean.
struct Progress {
    step: StartStep,
    /// There once the plugin speaks, so that it can be asked to end.
    channel: Option<Channel>,
    tasks: Tasks,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            step: StartStep::Handshake,
            channel: None,
            tasks: Tasks::default(),
        }
    }
}

impl StartOrder {
    fn spawn(&self, api: &ApiServer) -> Result<Child, Failed> {
        let session_mark = ids::fresh_session_mark(&self.options.run_mark);
        let launch = Launch::build(&LaunchRequest {
            manifest: &self.manifest,
            folder: &self.folder,
            options: &self.options,
            host_environment: &self.host_environment,
            api_target: Some(api.address()),
            session_mark: &session_mark,
        })
        .map_err(|error| (StartStep::Command, error.into()))?;
        let setting = ChildSetting {
            timing: self.options.timing.clone(),
            policy: self.options.policy.clone(),
            events: self.events.clone(),
            guard: self.guard.clone(),
            session_mark,
        };
        Child::spawn(&launch, setting).map_err(|error| (StartStep::Spawn, error.into()))
    }

    /// Everything from the handshake to the answer of `OnActivate`.
    async fn bring_up(
        &self,
        child: &Child,
        progress: &mut Progress,
    ) -> Result<(Channel, Arc<Hooks>), StartCause> {
        let timing = &self.options.timing;
        let handshake = child
            .handshake(&self.options.read_handshake, timing.start)
            .await?;
        progress.step = StartStep::Connect;
        let (channel, preface) = connect_to(&handshake.address, timing.connect).await?;
        let sees_tracebacks = !self.options.policy.ignore_tracebacks;
        let stdio = stdio::open(&channel, sees_tracebacks, &self.events).await;
        progress.tasks.0.push(stdio);
        let announcement = self
            .announcement(child, &channel, preface, &mut progress.step)
            .await?;
        progress.channel = Some(channel.clone());
        let hooks = Arc::new(Hooks::new(HooksSetting {
            channel: channel.clone(),
            implemented: announcement.hooks,
            deadlines: Deadlines {
                every: timing.hook,
                single: timing.hooks.clone(),
            },
            lifeline: Lifeline::new(child.exit_watch()),
            events: self.events.clone(),
        }));
        self.report(announcement);
        if !self.options.policy.start_without_configuration {
            progress.step = StartStep::Configuration;
            self.configure(&hooks).await;
        }
        progress.step = StartStep::Activate;
        self.activate(child, &hooks).await?;
        Ok((channel, hooks))
    }

    /// Asks for the hooks while the first answer of the connection is still on its way.
    async fn announcement(
        &self,
        child: &Child,
        channel: &Channel,
        preface: Preface,
        step: &mut StartStep,
    ) -> Result<Announcement, StartCause> {
        let asked = self.ask_implemented(child, channel);
        tokio::pin!(asked);
        let answered = preface.answered();
        tokio::pin!(answered);
        tokio::select! {
            // What is wrong with the connection explains a failed call, and not the other way round.
            biased;
            answered = &mut answered => {
                answered?;
                self.events.emit(What::Connected);
                *step = StartStep::Implemented;
                asked.await
            }
            announcement = &mut asked => {
                if announcement.is_ok() {
                    self.events.emit(What::Connected);
                } else {
                    answered.await?;
                }
                *step = StartStep::Implemented;
                announcement
            }
        }
    }

    async fn ask_implemented(
        &self,
        child: &Child,
        channel: &Channel,
    ) -> Result<Announcement, StartCause> {
        const NAME: &str = Implemented::METHOD.name;
        let within = self.options.timing.implemented;
        let request = Request::new(ImplementedRequest {
            context: Some(context(&self.manifest)),
        });
        let exchange = timeout(within, call::call::<Implemented>(channel, request));
        let lifeline = Lifeline::new(child.exit_watch());
        match lifeline.hold(exchange).await {
            Err(exit) => Err(StartCause::Implemented(Failure::gone(NAME, exit))),
            Ok(Err(_)) => Err(StartCause::Implemented(Failure::deadline(NAME, within))),
            Ok(Ok(Ok(answer))) => match answer.error {
                Some(error) => Err(StartCause::ImplementedRefused(Box::new(error))),
                None => Ok(Announcement::read(&answer.hooks)),
            },
            Ok(Ok(Err(status))) => {
                let failure = Failure::from_status(NAME, &status);
                let tolerated = !self.options.policy.require_implemented;
                if failure.kind == FailureKind::Unimplemented && tolerated {
                    Ok(Announcement::of_everything())
                } else {
                    Err(StartCause::Implemented(failure))
                }
            }
        }
    }

    fn report(&self, announcement: Announcement) {
        let plugin = &self.manifest.id;
        if !announcement.unknown.is_empty() {
            tracing::warn!(%plugin, names = ?announcement.unknown, "the plugin announces hooks that do not exist");
        }
        if !announcement.repeated.is_empty() {
            tracing::warn!(%plugin, names = ?announcement.repeated, "the plugin announces hooks more than once");
        }
        self.events.emit(What::Implemented {
            names: announcement.hooks.names().map(str::to_owned).collect(),
            unknown: announcement.unknown,
            repeated: announcement.repeated,
            unimplemented: announcement.unimplemented,
        });
    }

    /// Tells the plugin its configuration before it is activated, as `plugin/hooks.go` promises. Its error is only logged.
    async fn configure(&self, hooks: &Hooks) {
        let request = OnConfigurationChangeRequest {
            context: Some(context(&self.manifest)),
        };
        let outcome = hooks.call_own::<OnConfigurationChange>(request).await;
        if let Outcome::Refused(_) = &outcome {
            tracing::error!(plugin = %self.manifest.id, "OnConfigurationChange before activation: {outcome}");
        }
    }

    async fn activate(&self, child: &Child, hooks: &Hooks) -> Result<(), StartCause> {
        let request = OnActivateRequest {
            context: Some(context(&self.manifest)),
        };
        let outcome = hooks.call_own::<OnActivate>(request).await;
        match outcome {
            Outcome::Answered(_) => Ok(()),
            Outcome::NotImplemented => match child.exit() {
                None => Ok(()),
                Some(exit) => Err(StartCause::Activate(Failure::gone(
                    OnActivate::METHOD.name,
                    exit,
                ))),
            },
            Outcome::Refused(_) if self.options.policy.swallow_activation_error_text => {
                Err(StartCause::ActivateRefusedSilently)
            }
            Outcome::Refused(error) => Err(StartCause::ActivateRefused(error)),
            Outcome::Failed(failure) => Err(StartCause::Activate(failure)),
        }
    }

    /// Ends what a failed start has begun: kindly if the plugin speaks, else at once.
    async fn clean_up(
        &self,
        child: Child,
        progress: Progress,
        api: ApiServer,
    ) -> (Diagnosis, StopReport) {
        let timing = &self.options.timing;
        let budget = budget(progress.step, timing);
        let mut diagnosis = child.facts(budget).await;
        let mut recorder = Recorder::new(&self.events, child.exit().is_some());
        let asked = match &progress.channel {
            Some(_) if child.exit().is_some() => Asked::NotAsked,
            Some(channel) => ask_shutdown(channel, &child, timing, &mut recorder).await,
            None => Asked::Abandoned,
        };
        let stop = child.stop(asked).await;
        diagnosis.stderr_tail = child.stderr_tail();
        recorder.process(&stop);
        drop(progress);
        recorder.close_api(Some(api), timing).await;
        (diagnosis, recorder.report(&stop))
    }

    fn error(
        &self,
        (step, cause): Failed,
        elapsed: Duration,
        cleaned: Option<(Diagnosis, StopReport)>,
    ) -> StartError {
        let (diagnosis, stop) = match cleaned {
            Some((diagnosis, stop)) => (Some(Box::new(diagnosis)), Some(Box::new(stop))),
            None => (None, None),
        };
        StartError {
            plugin: self.manifest.id.clone(),
            step,
            cause,
            diagnosis,
            stop,
            elapsed,
        }
    }

    fn session(
        self,
        child: Child,
        channel: Channel,
        hooks: Arc<Hooks>,
        api: ApiServer,
        mut tasks: Tasks,
    ) -> Session {
        hooks.set_active(true);
        let (first, events) = (channel.clone(), self.events.clone());
        let (within, policy) = (self.options.timing.health, self.options.policy.clone());
        tasks.0.push(tokio::spawn(async move {
            health::probe(&first, within, &policy, &events).await;
        }));
        Session {
            manifest: self.manifest,
            options: self.options,
            events: self.events,
            child,
            channel,
            hooks,
            api: Mutex::new(Some(api)),
            tasks,
        }
    }
}

/// The time that a step had.
fn budget(step: StartStep, timing: &crate::timing::Timing) -> Duration {
    match step {
        StartStep::ApiServer | StartStep::Command | StartStep::Spawn | StartStep::Handshake => {
            timing.start
        }
        StartStep::Connect => timing.connect,
        StartStep::Implemented => timing.implemented,
        StartStep::Configuration | StartStep::Activate => timing.hook,
    }
}

/// Connects to the announced address: to the first of its addresses that takes the connection.
async fn connect_to(address: &Address, within: Duration) -> Result<(Channel, Preface), StartCause> {
    if let Some(path) = address.socket_path() {
        return Ok(connect::connect(&Target::Unix(path), within).await?);
    }
    let until = Instant::now() + within;
    let mut refused = None;
    for socket in address.resolve().await.map_err(StartCause::Resolve)? {
        let left = until.saturating_duration_since(Instant::now());
        match connect::connect(&Target::Tcp(socket.to_string()), left).await {
            Err(error @ ConnectError::Refused { .. }) => refused = Some(error),
            connected => return Ok(connected?),
        }
    }
    Err(match refused {
        Some(error) => error.into(),
        None => StartCause::Connect(ConnectError::Refused {
            target: Target::Tcp(format!("{address:?}")),
            source: std::io::ErrorKind::AddrNotAvailable.into(),
        }),
    })
}
