//! Plays a plan: one loop that starts cases while there are jobs free, collects them, and tells the sink.
//!
//! The cases of a plugin wait for the plugin's readiness. A plugin that was never ready is faced only with the scenarios that do not need
//! it ready; the rest is inconclusive without waiting for a dead process again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinSet};

use super::event::{CaseReport, Event};
use super::execute::{Finished, Ground, execute};
use super::leftovers;
use super::plan::{Plan, PlannedCase};
use crate::verdict::readiness::{NEVER_READY, Readiness, readiness_of, under};
use crate::verdict::settle::End;
use crate::verdict::{Outcome, OutcomeKind};

/// Where events go.
pub type Sink<'a> = dyn FnMut(&Event) + 'a;

/// How a plan is played.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many cases at a time; cases that mostly wait count a quarter.
    pub jobs: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether plugins have to be ready before they are judged. Mutants are not held to it: they must fail by name.
    pub gate: bool,
}

/// What a job costs, in quarters: a case that mostly waits leaves room for three more.
const FULL: usize = 4;
const WAITING: usize = 1;

/// A plugin and the repetition it is ready in.
type Key = (String, usize);

/// Plays the plan; says whether a signal ended it early.
pub async fn dispatch(
    plan: Plan,
    ground: &Arc<Ground>,
    pace: Pace,
    sink: &mut Sink<'_>,
) -> std::io::Result<bool> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut dispatcher = Dispatcher::new(plan, ground, pace);
    loop {
        dispatcher.start_what_can_start(sink);
        if dispatcher.running.is_empty() {
            break;
        }
        tokio::select! {
            Some(joined) = dispatcher.running.join_next() => dispatcher.collect(joined, sink),
            _ = interrupt.recv() => dispatcher.interrupt().await,
            _ = terminate.recv() => dispatcher.interrupt().await,
        }
    }
    dispatcher.give_up_the_rest(sink);
    Ok(dispatcher.stopped == Some(Stop::Interrupted))
}

/// Why no further case is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Interrupted,
    FailedFast,
}

impl Stop {
    fn reason(self) -> &'static str {
        match self {
            Stop::Interrupted => "the run was interrupted",
            Stop::FailedFast => "the run ended at the first failure",
        }
    }
}

struct Dispatcher {
    queue: VecDeque<PlannedCase>,
    /// The readiness of each plugin that has a readiness scenario in the plan; `None` until that is over.
    ready: HashMap<Key, Option<Readiness>>,
    running: JoinSet<Finished>,
    /// The cases that are being played, by the task that plays them.
    played: HashMap<tokio::task::Id, PlannedCase>,
    busy: usize,
    pace: Pace,
    ground: Arc<Ground>,
    stopped: Option<Stop>,
}

impl Dispatcher {
    fn new(plan: Plan, ground: &Arc<Ground>, pace: Pace) -> Dispatcher {
        let gates = plan
            .cases
            .iter()
            .filter(|case| case.scenario().readiness && pace.gate);
        Dispatcher {
            ready: gates.map(|case| (key(case), None)).collect(),
            queue: plan.cases.into(),
            running: JoinSet::new(),
            played: HashMap::new(),
            busy: 0,
            pace,
            ground: Arc::clone(ground),
            stopped: None,
        }
    }

    fn start_what_can_start(&mut self, sink: &mut Sink<'_>) {
        while self.stopped.is_none() {
            let Some(next) = self.queue.iter().position(|case| self.may_start(case)) else {
                return;
            };
            let Some(case) = self.queue.remove(next) else {
                return;
            };
            match self.why_not_play(&case) {
                Some(outcome) => self.tell(not_played(&case, &outcome), sink),
                None => self.start(case, sink),
            }
        }
    }

    fn may_start(&self, case: &PlannedCase) -> bool {
        let room = self.busy + cost(case) <= self.pace.jobs * FULL;
        room && self.readiness(case).is_some()
    }

    /// The readiness that the case is judged under; `None` while that is being found out.
    fn readiness(&self, case: &PlannedCase) -> Option<Readiness> {
        if case.scenario().readiness {
            return Some(Readiness::NotAsked);
        }
        self.ready
            .get(&key(case))
            .copied()
            .unwrap_or(Some(Readiness::NotAsked))
    }

    fn why_not_play(&self, case: &PlannedCase) -> Option<Outcome> {
        let scenario = case.scenario();
        if !scenario.readiness && !case.subject.capabilities.claims(scenario.profile) {
            return Some(Outcome::NotApplicable {
                capability: scenario.profile.to_string(),
            });
        }
        let never = self.readiness(case) == Some(Readiness::NeverReady);
        (never && scenario.needs_ready).then(|| Outcome::inconclusive(NEVER_READY))
    }

    fn start(&mut self, case: PlannedCase, sink: &mut Sink<'_>) {
        sink(&Event::CaseStarted(case.name()));
        self.busy += cost(&case);
        let (ground, playing) = (Arc::clone(&self.ground), case.clone());
        let task = self
            .running
            .spawn(async move { execute(&playing, &ground).await });
        self.played.insert(task.id(), case);
    }

    fn collect(&mut self, joined: Result<Finished, JoinError>, sink: &mut Sink<'_>) {
        let (id, finished) = match joined {
            Ok(finished) => (finished.task, finished),
            Err(error) => (error.id(), Finished::of_broken_executor(&error)),
        };
        let Some(case) = self.played.remove(&id) else {
            return;
        };
        self.busy -= cost(&case);
        let report = self.report(&case, finished);
        self.tell(report, sink);
    }

    /// What counts is ruled on before anybody hears of it.
    fn tell(&mut self, mut report: CaseReport, sink: &mut Sink<'_>) {
        self.ground.rules.rule(&mut report);
        if self.pace.fail_fast && report.worst() == OutcomeKind::Failed {
            self.stopped.get_or_insert(Stop::FailedFast);
        }
        sink(&Event::CaseEnded(report));
    }

    fn report(&mut self, case: &PlannedCase, finished: Finished) -> CaseReport {
        let mut judgements = case.judgements(finished.outcomes);
        let mut ready = None;
        if case.scenario().readiness {
            let census = case
                .census
                .as_ref()
                .map(|requirement| requirement.id.as_str());
            let own = judgements
                .iter()
                .filter(|judgement| Some(judgement.id.as_str()) != census);
            let readiness = readiness_of(own.map(|judgement| &judgement.outcome));
            ready = Some(readiness == Readiness::Ready);
            if let Some(slot) = self.ready.get_mut(&key(case)) {
                *slot = Some(readiness);
            }
        }
        let known = self
            .ready
            .get(&key(case))
            .copied()
            .flatten()
            .unwrap_or(Readiness::NotAsked);
        for judgement in &mut judgements {
            judgement.outcome = under(known, judgement.outcome.clone());
        }
        CaseReport {
            ready,
            judgements,
            methods: case.methods(finished.methods),
            duration_ms: finished.duration_ms,
            end: finished.end,
            timeline: finished.timeline,
            ..unplayed(case)
        }
    }

    /// Ends every case that is being played, and whatever it has started.
    async fn interrupt(&mut self) {
        self.stopped = Some(Stop::Interrupted);
        self.running.shutdown().await;
        self.queue.extend(self.played.drain().map(|(_, case)| case));
        self.busy = 0;
        leftovers::sweep(&self.ground.mark);
    }

    /// Reports what was never played, so that nothing is silently missing.
    fn give_up_the_rest(&mut self, sink: &mut Sink<'_>) {
        let Some(stop) = self.stopped else { return };
        for case in std::mem::take(&mut self.queue) {
            let outcome = Outcome::inconclusive(stop.reason());
            self.tell(not_played(&case, &outcome), sink);
        }
    }
}

/// The report of a case that was not played: one outcome for all of its requirements.
fn not_played(case: &PlannedCase, outcome: &Outcome) -> CaseReport {
    let reason = match outcome {
        Outcome::Inconclusive { reason } => reason.clone(),
        _ => "not claimed".to_owned(),
    };
    let ids = case
        .requirements
        .iter()
        .map(|requirement| requirement.id.to_string());
    let outcomes = ids.map(|id| (id, outcome.clone())).collect();
    CaseReport {
        judgements: case.judgements(outcomes),
        end: End::NotRun { reason },
        ..unplayed(case)
    }
}

fn unplayed(case: &PlannedCase) -> CaseReport {
    CaseReport {
        name: case.name(),
        side: case.scenario().side,
        profile: case.scenario().profile,
        seed: case.seed,
        duration_ms: 0,
        end: End::Completed,
        ready: None,
        judgements: Vec::new(),
        methods: Vec::new(),
        timeline: Vec::new(),
        reproduce: case.reproduce(),
    }
}

fn key(case: &PlannedCase) -> Key {
    (case.subject.name.clone(), case.repeat)
}

fn cost(case: &PlannedCase) -> usize {
    if case.scenario().waits { WAITING } else { FULL }
}
