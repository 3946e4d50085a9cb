//! The end of a session: `OnDeactivate`, `Shutdown`, the process, the API server. Every step is bounded and reported.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use plugin_proto::{call, goplugin};
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;

use crate::api::{ApiServer, panic_text};
use crate::event::{PluginEvents, What};
use crate::hooks::Lifeline;
use crate::hooks::outcome::{FailureKind, classify};
use crate::process::stopping::StepReport;
use crate::process::{Asked, Child, Exit, ProcessStop};
use crate::timing::Timing;

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Stable word for the step: `on_deactivate`, `shutdown`, the words of [`crate::process::StopStep`], `api_close`; `stop` for all
    /// of them where they panicked.
    pub name: &'static str,
    /// Stable word for its outcome.
    pub outcome: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// How a plugin was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopReport {
    /// The steps that were taken, in their order.
    pub steps: Vec<Step>,
    /// How the process ended; `None` if even SIGKILL did not end it within the limit.
    pub exit: Option<Exit>,
    /// Whether the process had ended before anything was asked of it.
    pub already_exited: bool,
    /// Whether it ended without SIGKILL.
    pub graceful: bool,
    /// The whole time.
    pub took: Duration,
}

impl StopReport {
    /// The report of a stop that never made one: it panicked, and the process was killed.
    pub(crate) fn panicked(exit: Option<Exit>, took: Duration) -> Self {
        let step = Step {
            name: "stop",
            outcome: "panicked",
            took,
        };
        Self {
            steps: vec![step],
            exit,
            already_exited: false,
            graceful: false,
            took,
        }
    }

    /// The step of that name, if it was taken.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit {
            Some(exit) => write!(f, "{exit}")?,
            None => write!(f, "not ended")?,
        }
        write!(f, " after {:.3?}", self.took)?;
        self.steps.iter().try_for_each(|step| {
            write!(f, "; {}: {} in {:.3?}", step.name, step.outcome, step.took)
        })
    }
}

/// The report of a stop; `None`, and a line in the log, if it panicked.
pub(crate) async fn reported(stop: impl Future<Output = StopReport>) -> Option<StopReport> {
    match AssertUnwindSafe(stop).catch_unwind().await {
        Ok(report) => Some(report),
        Err(panic) => {
            tracing::error!("stopping a plugin panicked: {}", panic_text(panic.as_ref()));
            None
        }
    }
}

/// Collects the steps of one stop and reports each as it ends.
pub(super) struct Recorder<'a> {
    events: &'a PluginEvents,
    began: Instant,
    already_exited: bool,
    steps: Vec<Step>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(events: &'a PluginEvents, already_exited: bool) -> Self {
        Self {
            events,
            began: Instant::now(),
            already_exited,
            steps: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, name: &'static str, outcome: &'static str, took: Duration) {
        self.events.emit(What::StopStep {
            step: name.to_owned(),
            outcome: outcome.to_owned(),
            took,
        });
        self.steps.push(Step {
            name,
            outcome,
            took,
        });
    }

    /// Takes over the steps of the process, which has reported them itself.
    pub(super) fn process(&mut self, stop: &ProcessStop) {
        self.steps.extend(stop.steps.iter().map(step_of_process));
    }

    /// Closes the API server, always the last step.
    pub(super) async fn close_api(&mut self, api: Option<ApiServer>, timing: &Timing) {
        if let Some(api) = api {
            let began = Instant::now();
            let drained = api.close(timing.api_close).await;
            let outcome = if drained { "drained" } else { "cut_off" };
            self.step("api_close", outcome, began.elapsed());
        }
    }

    pub(super) fn report(self, stop: &ProcessStop) -> StopReport {
        StopReport {
            steps: self.steps,
            exit: stop.exit,
            already_exited: self.already_exited,
            graceful: stop.is_graceful(),
            took: self.began.elapsed(),
        }
    }
}

fn step_of_process(report: &StepReport) -> Step {
    Step {
        name: report.step.word(),
        outcome: report.outcome.word(),
        took: report.took,
    }
}

/// Asks go-plugin's controller to shut down. A Go plugin stops its server inside the handler, so a lost connection is an
/// answer as good as any; so is the exit itself.
pub(super) async fn ask_shutdown(
    channel: &Channel,
    child: &Child,
    timing: &Timing,
    recorder: &mut Recorder<'_>,
) -> Asked {
    let began = Instant::now();
    let request = Request::new(goplugin::Empty {});
    let exchange = call::call_message::<_, goplugin::Empty>(channel, goplugin::SHUTDOWN, request);
    let lifeline = Lifeline::new(child.exit_watch());
    let answer = lifeline.hold(timeout(timing.shutdown_rpc, exchange)).await;
    let (asked, outcome) = match answer {
        Ok(Ok(Ok(_))) => (Asked::Answered, "answered"),
        Ok(Ok(Err(status))) => match classify(&status) {
            FailureKind::Unavailable => (Asked::ConnectionLost, "connection_lost"),
            FailureKind::Unimplemented => (Asked::Unimplemented, "unimplemented"),
            _ => (Asked::Failed, "failed"),
        },
        Ok(Err(_)) => (Asked::Failed, "deadline"),
        Err(_) => (Asked::ConnectionLost, "exited"),
    };
    recorder.step("shutdown", outcome, began.elapsed());
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_that_panics_ends_all_the_same() {
        let stopped = StopReport::panicked(None, Duration::ZERO);
        assert!(!stopped.graceful && stopped.step("stop").is_some());
        let expected = stopped.clone();
        assert_eq!(reported(async { stopped }).await, Some(expected));
        let panics = async { panic!("the application's own") };
        assert_eq!(reported(panics).await, None);
    }
}
