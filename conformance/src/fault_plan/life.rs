//! How the steps of a plan fall into the lives of processes, and what a host has to make of each step. Pure.
//!
//! A life takes steps as long as they can still happen in it; the first that cannot begins the next one. So every list of steps can be played,
//! and so can every part of it: that is what lets a plan shrink. The last life is always one without steps: a plugin that was hurt is started
//! once more, and has to be a plugin like any other.

use super::place::{Phase, Place};
use super::{Action, FaultPlan, Step};
use fake_interpreters::script::SignalName;

/// What happens to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life<'a> {
    /// How it is begun.
    pub begin: Begin,
    /// What happens until it is active.
    pub starting: Vec<&'a Step>,
    /// What happens while it is active.
    pub active: Vec<&'a Step>,
    /// What happens when it is told to end.
    pub stopping: Vec<&'a Step>,
    /// Whether its last step left it in no state to go on.
    pub over: bool,
}

/// How a life is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// By the order to activate: the life before was stopped on demand, or there was none.
    Activate,
    /// By the order to restart: the life before ended by itself, or went wrong.
    Restart,
    /// By the last step of the life before.
    ByStep,
}

/// What a host has to say of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The plugin runs.
    Runs,
    /// It does not.
    Refused,
    /// The contract leaves it open.
    Either,
}

/// The exit code and the signal of a process that ended.
pub type Status = (Option<i32>, Option<i32>);

/// The lives of a plan; there is at least one.
pub fn lives(plan: &FaultPlan) -> Vec<Life<'_>> {
    let mut lives = vec![Life::new(Begin::Activate)];
    for step in &plan.steps {
        if !lives.last().is_some_and(|life| life.takes(step)) {
            let begin = lives.last().map_or(Begin::Activate, Life::next);
            let life = Life::new(begin);
            if !life.takes(step) {
                // What was begun by a step has to be a good start before there can be another.
                lives.push(life);
                lives.push(Life::new(Begin::Activate));
            } else {
                lives.push(life);
            }
        }
        if let Some(life) = lives.last_mut() {
            life.add(step);
        }
    }
    let begin = lives.last().map_or(Begin::Activate, Life::next);
    lives.push(Life::new(begin));
    lives
}

impl<'a> Life<'a> {
    fn new(begin: Begin) -> Life<'a> {
        Life {
            begin,
            starting: Vec::new(),
            active: Vec::new(),
            stopping: Vec::new(),
            over: false,
        }
    }

    fn takes(&self, step: &Step) -> bool {
        let place = step.at.place();
        // A call has one answer, so each point of it is passed once.
        let later = |steps: &[&Step]| {
            steps.last().is_none_or(|last| {
                last.at.place() < place
                    || (last.at.place() == place && place == Place::BeforeHandshake)
            })
        };
        let here = match place.phase() {
            Phase::Starting => {
                self.begin != Begin::ByStep
                    && self.active.is_empty()
                    && self.stopping.is_empty()
                    && later(&self.starting)
            }
            Phase::Active => self.stopping.is_empty() && !self.uses(step.at.hook()),
            Phase::Stopping => later(&self.stopping),
        };
        here && !self.over
    }

    fn uses(&self, hook: Option<&str>) -> bool {
        hook.is_some() && self.active.iter().any(|step| step.at.hook() == hook)
    }

    fn add(&mut self, step: &'a Step) {
        match step.at.place().phase() {
            Phase::Starting => {
                self.over = told(step) != Told::Runs;
                self.starting.push(step);
            }
            Phase::Active => {
                self.over = ends_activity(step);
                self.active.push(step);
            }
            Phase::Stopping => {
                self.over = ends_stop(&step.action);
                self.stopping.push(step);
            }
        }
    }

    /// How the life after this one is begun.
    pub fn next(&self) -> Begin {
        let last = self.active.last().filter(|_| self.stopping.is_empty());
        match last.map(|step| &step.action) {
            Some(Action::Restart {}) => Begin::ByStep,
            _ if self.is_stopped_on_demand() => Begin::Activate,
            _ => Begin::Restart,
        }
    }

    /// Whether it is told to end after its last step, or was by its last step.
    pub fn is_stopped_on_demand(&self) -> bool {
        let last = self.active.last().or(self.starting.last());
        !self.over
            || !self.stopping.is_empty()
            || last.is_some_and(|step| step.action == Action::Deactivate {})
    }

    /// What the host has to say of its start.
    pub fn told(&self) -> Told {
        let mut told = self.starting.iter().map(|step| told(step));
        told.find(|told| *told != Told::Runs).unwrap_or(Told::Runs)
    }
}

/// What the host has to say of a start in which this happens.
pub fn told(step: &Step) -> Told {
    use Action as A;
    let place = step.at.place();
    match (&step.action, place) {
        (_, Place::AfterHandshake) => Told::Refused,
        (
            A::Late { .. }
            | A::Flood { .. }
            | A::Noise { .. }
            | A::Grandchild {}
            | A::IgnoreTerm {}
            | A::Activate {}
            | A::Stop { resume: true },
            _,
        ) => Told::Runs,
        // An error of OnConfigurationChange is only logged.
        (A::Garbage { .. } | A::Status { .. } | A::Error { .. }, Place::InConfiguration) => {
            Told::Runs
        }
        (A::Hang {} | A::CloseConnections {}, Place::InConfiguration) => Told::Either,
        _ => Told::Refused,
    }
}

/// Whether a plugin that this happens to while it is active is in no state to go on.
fn ends_activity(step: &Step) -> bool {
    use Action as A;
    match step.action {
        A::Exit { .. }
        | A::Raise { .. }
        | A::Kill {}
        | A::Deactivate {}
        | A::Restart {}
        | A::CloseConnections {}
        | A::Stop { resume: false } => true,
        // The call that was held meanwhile is open still.
        A::Activate {} | A::Health {} | A::Hooks { .. } => step.at.place() == Place::InHook,
        _ => false,
    }
}

fn ends_stop(action: &Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Exit { .. }
            | A::Raise { .. }
            | A::Kill {}
            | A::Hang {}
            | A::CloseConnections {}
            | A::Stop { .. }
    )
}

/// Whether somebody else than the plugin does it, once its point was seen.
pub fn is_from_outside(action: &Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Kill {}
            | A::Stop { .. }
            | A::Activate {}
            | A::Deactivate {}
            | A::Restart {}
            | A::Health {}
            | A::Hooks { .. }
    )
}

/// The ways in which a call can end in which this happens, in the words of the driver protocol, if a call may take so many milliseconds.
pub fn ends_of_call(action: &Action, bound_ms: u64) -> &'static [&'static str] {
    use Action as A;
    match action {
        A::Exit { .. } | A::Raise { .. } | A::Kill {} => &["unavailable"],
        A::CloseConnections {} => &["unavailable", "status"],
        A::Hang {} => &["deadline"],
        A::Late { ms } if *ms <= bound_ms / 2 => &["answered"],
        A::Late { ms } if *ms >= bound_ms => &["deadline"],
        A::Garbage { .. } => &["violation"],
        A::Status { .. } => &["status"],
        A::Error { .. } => &["refused"],
        A::Stop { resume: false } => &["deadline"],
        // What is stopped for a while, or ended while it hangs, is at the mercy of the clock.
        A::Late { .. } | A::Stop { resume: true } => &["answered", "deadline"],
        _ => &["unavailable", "deadline"],
    }
}

/// How a process ends to which this happens, if it dies of it.
pub fn dies(action: &Action) -> Option<Status> {
    match action {
        Action::Exit { code } => Some((Some(i32::from(*code)), None)),
        Action::Raise { signal } => Some((None, Some(number(*signal)))),
        Action::Kill {} => Some((None, Some(9))),
        _ => None,
    }
}

/// The numbers of the signals that plans have.
fn number(signal: SignalName) -> i32 {
    match signal {
        SignalName::Abrt => 6,
        _ => 9,
    }
}
