//! Starts a plugin, step by step.
//!
//! ```text
//! API server ─> command ─> spawn ─> handshake ─> connect ┬─> HTTP/2 answered ─┬─> OnConfigurationChange ─> OnActivate ─> health
//!                                                        ├─> StreamStdio      │    (its error: a log line)             (an event)
//!                                                        └─> Implemented ─────┘
//! ```

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::api::{ApiServer, ApiSetting, ApiToken, panic_text};
use crate::hooks::Hooks;
use crate::process::{Asked, Child, ChildSetting, Diagnosis, Launch, LaunchRequest};
use crate::supervisor::error::{StartCause, StartError, StartStep};
use crate::supervisor::order::{Progress, StartOrder};
use crate::supervisor::session::{Session, Tasks, hurry};
use crate::supervisor::stop::{Recorder, StopReport, ask_shutdown};
use crate::tls::Identity;
use crate::{health, ids};

/// How long a process that still seems to live is given to show that it is ending.
const LOSS_NOTICE: Duration = Duration::from_millis(100);

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
    let token = ApiToken::fresh();
    let setting = ApiSetting {
        options: order.options.api,
        token: Some(token.clone()),
        journal: order.journal.clone(),
        metrics: order.options.metrics.of(&order.manifest.id),
        events: order.events.clone(),
        guard: order.guard.clone(),
    };
    let api = match ApiServer::start(order.backend.as_ref(), setting).await {
        Ok(api) => api,
        Err(error) => {
            let failed = (StartStep::ApiServer, StartCause::ApiServer(error));
            return Err(order.error(failed, began.elapsed(), None));
        }
    };
    let (child, identity) = match order.spawn(&api, &token) {
        Ok(spawned) => spawned,
        Err(failed) => {
            let elapsed = began.elapsed();
            api.close(Duration::ZERO).await;
            return Err(order.error(failed, elapsed, None));
        }
    };
    let mut progress = Progress::default();
    let mut called_off = order.called_off.clone();
    let brought_up = tokio::select! {
        brought_up = order.bring_up(&child, identity.as_ref(), &mut progress) => brought_up,
        _ = called_off.wait_for(|yes| *yes) => Err(StartCause::CalledOff),
    };
    match brought_up {
        Ok((channel, hooks)) => Ok(order.session(child, channel, hooks, api, progress.tasks)),
        Err(cause) => {
            let elapsed = began.elapsed();
            let step = progress.step;
            if cause.is_loss() {
                // A lost connection mostly means that the process is about to end, and how it ends says more. Its stdout
                // ends first; once that is noticed, the facts wait longer.
                let limit = order.options.timing.exit_notice.min(LOSS_NOTICE);
                drop(timeout(limit, child.wait_exit()).await);
            }
            let cleaned = order.clean_up(child, progress, api).await;
            Err(order.error((step, cause), elapsed, Some(cleaned)))
        }
    }
}

impl StartOrder {
    fn spawn(
        &self,
        api: &ApiServer,
        token: &ApiToken,
    ) -> Result<(Child, Option<Identity>), Failed> {
        let identity = match &self.options.auto_mtls {
            Some(_) => Some(
                Identity::fresh()
                    .map_err(|error| (StartStep::Command, StartCause::TlsSetup(error)))?,
            ),
            None => None,
        };
        let client_certificate = identity.as_ref().map(Identity::pem);
        let session_mark = ids::fresh_session_mark(&self.options.run_mark);
        let launch = Launch::build(&LaunchRequest {
            manifest: &self.manifest,
            folder: &self.folder,
            options: &self.options,
            host_environment: &self.host_environment,
            api_target: Some(api.address()),
            api_token: Some(token.secret()),
            client_certificate: client_certificate.as_deref(),
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
        let child =
            Child::spawn(&launch, setting).map_err(|error| (StartStep::Spawn, error.into()))?;
        Ok((child, identity))
    }

    /// Ends what a failed start has begun: kindly if the plugin speaks and there is time, else at once.
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
        let mut no_time = self.hurry.clone();
        let asked = match &progress.channel {
            Some(_) if child.exit().is_some() => Asked::NotAsked,
            Some(channel) => tokio::select! {
                asked = ask_shutdown(channel, &child, timing, &mut recorder) => asked,
                () = hurry(&mut no_time) => Asked::Abandoned,
            },
            None => Asked::Abandoned,
        };
        let stop = tokio::select! {
            stop = child.stop(asked) => stop,
            () = hurry(&mut no_time) => child.stop(Asked::Abandoned).await,
        };
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
