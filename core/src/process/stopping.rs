//! How a process is stopped: ask, wait, SIGTERM, grace, SIGKILL, sweep, drain. Pure; [`super::child`] obeys it.
//!
//! ```text
//!  asked and answered ──> AwaitExit ──exit──────────────────────┐
//!        not answered ──────┐   │ time                           │
//!                           v   v                                v
//!                         Terminate ──exit──────────────────> Sweep ──> Drain ──> done
//!                               │ time                           ^
//!                               v                                │
//!                             Kill ──exit or time────────────────┘
//! ```
//!
//! Invariant: every step has a limit, so the whole has one.
//! Invariant: a process that has ended is sent no signal.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Exit;
use crate::policy::Policy;
use crate::timing::Timing;

/// What became of the request to shut down, before the process itself is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The controller's `Shutdown` was answered.
    Answered,
    /// The connection broke during the call; a Go plugin stops its server inside the handler, so this is an answer, too.
    ConnectionLost,
    /// The plugin does not serve the controller.
    Unimplemented,
    /// It answered with another error, or not in time.
    Failed,
    /// It was not asked, because there is no connection.
    NotAsked,
    /// It must go at once: a failed start, a dropped handle.
    Abandoned,
}

/// One step of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopStep {
    /// Wait for the exit that was promised.
    AwaitExit,
    /// SIGTERM to the group, then wait.
    Terminate,
    /// SIGKILL to the group, then wait.
    Kill,
    /// Kill what is left of the group and every descendant outside it.
    Sweep,
    /// Read what is left in the pipes.
    Drain,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// The process ended.
    Exited,
    /// The limit passed first.
    TimedOut,
    /// Sweep: nothing was left.
    Clean,
    /// Sweep: processes were left, and are gone now.
    KilledSurvivors,
    /// Sweep: processes are left that cannot be killed.
    SurvivorsRemain,
    /// Drain: both pipes are at their end.
    Drained,
    /// Drain: somebody still holds a pipe; it was closed on our side.
    CutOff,
}

/// What became of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepReport {
    /// The step.
    pub step: StopStep,
    /// How it ended.
    pub outcome: StopOutcome,
    /// How long it took.
    pub took: Duration,
}

/// What became of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessStop {
    /// How it ended; `None` if even SIGKILL did not end it within the limit.
    pub exit: Option<Exit>,
    /// The steps that were taken, in order. Empty waits are left out: a process that was gone has only Sweep and Drain.
    pub steps: Vec<StepReport>,
}

impl ProcessStop {
    /// Whether the process ended without SIGKILL.
    pub fn is_graceful(&self) -> bool {
        self.exit.is_some()
            && !self
                .steps
                .iter()
                .any(|report| report.step == StopStep::Kill)
    }

    /// Whether a step was taken.
    pub fn took_step(&self, step: StopStep) -> bool {
        self.steps.iter().any(|report| report.step == step)
    }
}

/// The limits of one stop, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    exit_after_shutdown: Duration,
    term_grace: Duration,
    kill: Duration,
    terminate: bool,
}

impl Limits {
    /// The limits that the options imply.
    pub fn new(timing: &Timing, policy: &Policy) -> Self {
        Self {
            exit_after_shutdown: timing.exit_after_shutdown,
            term_grace: timing.term_grace,
            kill: timing.kill,
            terminate: !policy.never_terminate,
        }
    }
}

/// What to do next about a process that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The step to take.
    pub step: StopStep,
    /// How long to wait for the exit.
    pub limit: Duration,
}

/// The first move against a living process.
pub fn first_move(asked: Asked, limits: &Limits) -> Move {
    match asked {
        Asked::Abandoned => kill(limits),
        Asked::Answered | Asked::ConnectionLost => await_exit(limits),
        // Without SIGTERM there is nothing else that could make it end by itself.
        _ if !limits.terminate => await_exit(limits),
        Asked::Unimplemented | Asked::Failed | Asked::NotAsked => terminate(limits),
    }
}

/// The move after a step whose limit passed; `None` when nothing is left to try.
pub fn next_move(timed_out: StopStep, limits: &Limits) -> Option<Move> {
    match timed_out {
        StopStep::AwaitExit if limits.terminate => Some(terminate(limits)),
        StopStep::AwaitExit | StopStep::Terminate => Some(kill(limits)),
        StopStep::Kill | StopStep::Sweep | StopStep::Drain => None,
    }
}

fn await_exit(limits: &Limits) -> Move {
    Move {
        step: StopStep::AwaitExit,
        limit: limits.exit_after_shutdown,
    }
}

fn terminate(limits: &Limits) -> Move {
    Move {
        step: StopStep::Terminate,
        limit: limits.term_grace,
    }
}

fn kill(limits: &Limits) -> Move {
    Move {
        step: StopStep::Kill,
        limit: limits.kill,
    }
}

impl StopStep {
    /// Stable word for the step.
    pub fn word(self) -> &'static str {
        match self {
            Self::AwaitExit => "await_exit",
            Self::Terminate => "terminate",
            Self::Kill => "kill",
            Self::Sweep => "sweep",
            Self::Drain => "drain",
        }
    }
}

impl StopOutcome {
    /// Stable word for the outcome.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::TimedOut => "timed_out",
            Self::Clean => "clean",
            Self::KilledSurvivors => "killed_survivors",
            Self::SurvivorsRemain => "survivors_remain",
            Self::Drained => "drained",
            Self::CutOff => "cut_off",
        }
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} after {:.3?}",
            self.step.word(),
            self.outcome.word(),
            self.took
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn limits(terminate: bool) -> Limits {
        Limits::new(
            &Timing::default(),
            &Policy {
                never_terminate: !terminate,
                ..Policy::default()
            },
        )
    }

    /// The steps taken against a process that never ends.
    fn all_steps(asked: Asked, limits: &Limits) -> Vec<StopStep> {
        let mut moves = vec![first_move(asked, limits)];
        while let Some(next) = next_move(moves[moves.len() - 1].step, limits) {
            moves.push(next);
        }
        moves.into_iter().map(|m| m.step).collect()
    }

    #[rstest]
    #[case(Asked::Answered, true, &[StopStep::AwaitExit, StopStep::Terminate, StopStep::Kill])]
    #[case(Asked::ConnectionLost, true, &[StopStep::AwaitExit, StopStep::Terminate, StopStep::Kill])]
    #[case(Asked::Unimplemented, true, &[StopStep::Terminate, StopStep::Kill])]
    #[case(Asked::Failed, true, &[StopStep::Terminate, StopStep::Kill])]
    #[case(Asked::NotAsked, true, &[StopStep::Terminate, StopStep::Kill])]
    #[case(Asked::Abandoned, true, &[StopStep::Kill])]
    #[case(Asked::Answered, false, &[StopStep::AwaitExit, StopStep::Kill])]
    #[case(Asked::Unimplemented, false, &[StopStep::AwaitExit, StopStep::Kill])]
    #[case(Asked::NotAsked, false, &[StopStep::AwaitExit, StopStep::Kill])]
    #[case(Asked::Abandoned, false, &[StopStep::Kill])]
    fn steps_against_a_process_that_never_ends(
        #[case] asked: Asked,
        #[case] terminate: bool,
        #[case] steps: &[StopStep],
    ) {
        assert_eq!(all_steps(asked, &limits(terminate)), steps);
    }

    #[test]
    fn each_step_has_its_own_limit() {
        let timing = Timing {
            exit_after_shutdown: Duration::from_secs(1),
            term_grace: Duration::from_secs(2),
            kill: Duration::from_secs(3),
            ..Timing::default()
        };
        let limits = Limits::new(&timing, &Policy::default());
        let limit = |step: Option<Move>| step.map(|step| step.limit.as_secs());
        assert_eq!(limit(Some(first_move(Asked::Answered, &limits))), Some(1));
        assert_eq!(limit(next_move(StopStep::AwaitExit, &limits)), Some(2));
        assert_eq!(limit(next_move(StopStep::Terminate, &limits)), Some(3));
        assert_eq!(limit(next_move(StopStep::Kill, &limits)), None);
    }

    fn stopped(exit: Option<Exit>, steps: &[StopStep]) -> ProcessStop {
        let report = |step: &StopStep| StepReport {
            step: *step,
            outcome: StopOutcome::Exited,
            took: Duration::ZERO,
        };
        ProcessStop {
            exit,
            steps: steps.iter().map(report).collect(),
        }
    }

    #[rstest]
    #[case::by_itself(Some(Exit::Code(0)), &[StopStep::Sweep], true)]
    #[case::asked(Some(Exit::Code(1)), &[StopStep::Terminate, StopStep::Sweep], true)]
    #[case::killed(Some(Exit::Signal(9)), &[StopStep::Terminate, StopStep::Kill], false)]
    #[case::never(None, &[StopStep::Terminate], false)]
    fn graceful_is_what_ended_without_sigkill(
        #[case] exit: Option<Exit>,
        #[case] steps: &[StopStep],
        #[case] expect: bool,
    ) {
        let stop = stopped(exit, steps);
        assert_eq!(stop.is_graceful(), expect);
        for step in [StopStep::Terminate, StopStep::Kill, StopStep::Drain] {
            assert_eq!(stop.took_step(step), steps.contains(&step), "{step:?}");
        }
    }

    #[track_caller]
    fn is_logged_as(value: impl Serialize, word: &str) {
        assert_eq!(serde_json::to_value(value).unwrap(), word);
    }

    #[test]
    fn steps_and_outcomes_have_the_words_of_the_logs() {
        use StopOutcome::{
            Clean, CutOff, Drained, Exited, KilledSurvivors, SurvivorsRemain, TimedOut,
        };
        use StopStep::{AwaitExit, Drain, Kill, Sweep, Terminate};
        for step in [AwaitExit, Terminate, Kill, Sweep, Drain] {
            is_logged_as(step, step.word());
        }
        for outcome in [
            Exited,
            TimedOut,
            Clean,
            KilledSurvivors,
            SurvivorsRemain,
            Drained,
            CutOff,
        ] {
            is_logged_as(outcome, outcome.word());
        }
        let report = StepReport {
            step: Kill,
            outcome: TimedOut,
            took: Duration::from_millis(1_500),
        };
        assert_eq!(report.to_string(), "kill: timed_out after 1.500s");
    }

    proptest! {
        #[test]
        fn every_step_has_a_limit_so_the_whole_has_one(asked in prop_oneof![Just(Asked::Answered), Just(Asked::Failed), Just(Asked::NotAsked)], terminate: bool) {
            let limits = limits(terminate);
            let mut total = Duration::ZERO;
            let mut next = Some(first_move(asked, &limits));
            let mut steps = 0;
            while let Some(step) = next {
                total += step.limit;
                steps += 1;
                prop_assert!(steps <= 3);
                next = next_move(step.step, &limits);
            }
            prop_assert!(total <= Timing::default().longest_process_stop());
        }
    }
}
