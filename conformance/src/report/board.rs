//! All that the events said so far, in an order that does not depend on which case ended first. Documents are pure functions of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::requirement::Level;
use crate::runner::event::{CaseReport, Event, Judgement, RunStarted, RunSummary};
use crate::runner::summary::Summing;
use crate::verdict::ruling::Ruling;
use crate::verdict::tally::Tally;
use crate::verdict::{Outcome, OutcomeKind};

/// What a document is made of.
#[derive(Clone, Debug, Default)]
pub struct Board {
    events: Vec<Event>,
}

/// One check: a requirement, judged by a scenario, with a subject; played once or several times.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The scenario.
    pub scenario: &'a str,
    /// The requirement.
    pub id: &'a str,
    /// Its level.
    pub level: Level,
    /// Its sentence.
    pub sentence: &'a str,
    /// What was said, in the order of the repetitions.
    pub plays: Vec<Play<'a>>,
}

/// One time that a check was played.
#[derive(Clone, Copy, Debug)]
pub struct Play<'a> {
    /// The case.
    pub report: &'a CaseReport,
    /// What it says of the requirement.
    pub judgement: &'a Judgement,
    /// Whether it is the first judgement of its case, at which the time of the case is counted.
    pub first: bool,
}

impl Check<'_> {
    /// The worst that was said.
    pub fn worst(&self) -> &Outcome {
        let worst = self.plays.iter().max_by_key(|play| {
            // Of several of the worst the first counts.
            (
                play.judgement.outcome.kind(),
                std::cmp::Reverse(play.report.name.repeat),
            )
        });
        let play = worst.expect("a check is made of its first play");
        &play.judgement.outcome
    }

    /// The worst that was said, as it counts.
    pub fn counted(&self) -> OutcomeKind {
        let kinds = self.plays.iter().map(|play| play.judgement.counted());
        kinds.max().expect("a check is made of its first play")
    }

    /// Why what was said does not count, if that is why it does not.
    pub fn ruling(&self) -> Option<&Ruling> {
        let excused = self.plays.iter().find(|play| play.judgement.is_excused());
        let open = self.counted() >= OutcomeKind::Inconclusive;
        excused.filter(|_| !open)?.judgement.ruling.as_ref()
    }

    /// How often it passed, if it did so at some times and not at others.
    pub fn flaky(&self) -> Option<usize> {
        let passed = |play: &&Play<'_>| play.judgement.outcome.kind() == OutcomeKind::Passed;
        let passed = self.plays.iter().filter(passed).count();
        (passed > 0 && passed < self.plays.len()).then_some(passed)
    }
}

impl Board {
    /// What these events say.
    pub fn of(events: &[Event]) -> Board {
        Board {
            events: events.to_vec(),
        }
    }

    /// Takes one event.
    pub fn take(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    /// All events, in their own order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How the run began.
    pub fn started(&self) -> Option<&RunStarted> {
        self.events.iter().find_map(|event| match event {
            Event::RunStarted(run) => Some(run),
            _ => None,
        })
    }

    /// Whether the run came to its end.
    pub fn is_whole(&self) -> bool {
        matches!(self.events.last(), Some(Event::RunEnded(_)))
    }

    /// What the run came to, or would have come to if it had been ended here.
    pub fn summary(&self) -> Cow<'_, RunSummary> {
        if let Some(Event::RunEnded(summary)) = self.events.last() {
            return Cow::Borrowed(summary);
        }
        let (subjects, skipped) = match self.started() {
            Some(run) => (run.subjects.clone(), run.skipped.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let mut summing = Summing::new(subjects.into_iter(), skipped);
        for report in self.ended() {
            summing.add(report);
        }
        Cow::Owned(RunSummary {
            // Nobody knows when a run ended that was killed.
            duration_ms: 0,
            ..summing.end(true)
        })
    }

    /// The names of the subjects, in the order of the run.
    pub fn subjects(&self) -> Vec<&str> {
        let subjects = self.started().map_or(&[][..], |run| &run.subjects);
        subjects
            .iter()
            .map(|subject| subject.name.as_str())
            .collect()
    }

    /// The cases that are over, by subject, scenario and repetition.
    pub fn cases(&self) -> Vec<&CaseReport> {
        let subjects = self.subjects();
        let place = |name: &str| subjects.iter().position(|subject| *subject == name);
        let mut cases: Vec<&CaseReport> = self.ended().collect();
        cases.sort_by_key(|report| {
            let name = &report.name;
            (place(&name.subject), name.scenario.as_str(), name.repeat)
        });
        cases
    }

    /// The checks, in the order of their cases.
    pub fn checks(&self) -> Vec<Check<'_>> {
        let mut checks: Vec<Check<'_>> = Vec::new();
        let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for report in self.cases() {
            let (subject, scenario) = (report.name.subject.as_str(), report.name.scenario.as_str());
            for (number, judgement) in report.judgements.iter().enumerate() {
                let play = Play {
                    report,
                    judgement,
                    first: number == 0,
                };
                let key = (subject, scenario, judgement.id.as_str());
                if let Some(place) = places.get(&key) {
                    checks[*place].plays.push(play);
                    continue;
                }
                places.insert(key, checks.len());
                checks.push(Check {
                    subject,
                    scenario,
                    id: &judgement.id,
                    level: judgement.level,
                    sentence: &judgement.sentence,
                    plays: vec![play],
                });
            }
        }
        checks
    }

    /// What all cases together say of each requirement, by subject.
    pub fn tallies(&self) -> BTreeMap<&str, Tally> {
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for report in self.cases() {
            let tally = tallies.entry(&report.name.subject).or_default();
            for judgement in &report.judgements {
                tally.add(&judgement.id, judgement.level, judgement.outcome.clone());
            }
        }
        tallies
    }

    /// The sentence and the level of each requirement that was judged.
    pub fn requirements(&self) -> BTreeMap<&str, (Level, &str)> {
        let judgements = self.ended().flat_map(|report| &report.judgements);
        judgements
            .map(|judgement| {
                let Judgement {
                    id,
                    level,
                    sentence,
                    ..
                } = judgement;
                (id.as_str(), (*level, sentence.as_str()))
            })
            .collect()
    }

    fn ended(&self) -> impl Iterator<Item = &CaseReport> {
        self.events.iter().filter_map(|event| match event {
            Event::CaseEnded(report) => Some(report),
            _ => None,
        })
    }
}
