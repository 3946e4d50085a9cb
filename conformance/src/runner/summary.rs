//! Adds the reports of cases up to a summary. Pure but for the clock of the run's duration.

use std::collections::BTreeMap;
use std::time::Instant;

use super::event::{CaseReport, NotPassed, RunSummary, SubjectLine, SubjectSummary};
use crate::requirement::{Level, Side};
use crate::subject::Skipped;
use crate::verdict::OutcomeKind;
use crate::verdict::by_method::{ByMethod, MethodCounts};
use crate::verdict::readiness::Readiness;
use crate::verdict::settle::End;
use crate::verdict::tally::{RunVerdict, Tally, run_verdict};

/// A summary in the making.
#[derive(Debug)]
pub struct Summing {
    begun: Instant,
    subjects: Vec<Sums>,
    skipped: Vec<Skipped>,
    suite_faults: usize,
    never_ready: Vec<String>,
}

/// What was said of one subject.
#[derive(Debug)]
struct Sums {
    line: SubjectLine,
    tally: Tally,
    methods: ByMethod,
}

impl Summing {
    /// A summary of nothing yet.
    pub fn new(subjects: impl Iterator<Item = SubjectLine>, skipped: Vec<Skipped>) -> Summing {
        Summing {
            begun: Instant::now(),
            subjects: subjects
                .map(|line| Sums {
                    line,
                    tally: Tally::default(),
                    methods: ByMethod::default(),
                })
                .collect(),
            skipped,
            suite_faults: 0,
            never_ready: Vec::new(),
        }
    }

    /// Takes the report of a case.
    pub fn add(&mut self, report: &CaseReport) {
        self.suite_faults += usize::from(report.end.is_suite_fault());
        if report.ready == Some(false) {
            self.never_ready.push(report.name.subject.clone());
        }
        let subject = self
            .subjects
            .iter_mut()
            .find(|sums| sums.line.name == report.name.subject);
        let Some(sums) = subject else { return };
        for judgement in &report.judgements {
            sums.tally
                .add(&judgement.id, judgement.level, judgement.outcome.clone());
        }
        for said in &report.methods {
            sums.methods.adopt(said);
        }
    }

    /// The summary.
    pub fn end(self, interrupted: bool) -> RunSummary {
        let judged = run_verdict(
            self.subjects.iter().map(|sums| &sums.tally),
            self.suite_faults,
        );
        let verdict = if interrupted && judged == RunVerdict::Passed {
            RunVerdict::Inconclusive
        } else {
            judged
        };
        let never_ready = self.never_ready;
        let summarize = |sums: Sums| {
            let never = never_ready.contains(&sums.line.name);
            summarize(sums, never)
        };
        RunSummary {
            verdict,
            interrupted,
            duration_ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            suite_faults: self.suite_faults,
            subjects: self.subjects.into_iter().map(summarize).collect(),
            skipped: self.skipped,
        }
    }
}

fn summarize(sums: Sums, never_ready: bool) -> SubjectSummary {
    let Sums {
        line: subject,
        tally,
        methods,
    } = sums;
    let readiness = match subject.side {
        Side::Host => Readiness::NotAsked,
        Side::Plugin if never_ready => Readiness::NeverReady,
        Side::Plugin => Readiness::Ready,
    };
    let levels: BTreeMap<_, _> = Level::ALL
        .into_iter()
        .map(|level| (level, tally.counts(level)))
        .collect();
    let mut not_passed: Vec<NotPassed> = tally
        .iter()
        .filter(|(_, _, outcome)| outcome.kind() != OutcomeKind::Passed)
        .map(|(id, level, outcome)| NotPassed {
            id: id.to_owned(),
            level,
            outcome: outcome.clone(),
        })
        .collect();
    not_passed.sort_by_key(|entry| (std::cmp::Reverse(entry.outcome.kind()), entry.level));
    SubjectSummary {
        ready: (subject.side == Side::Plugin).then_some(!never_ready),
        must_passed_per_mille: tally.counts(Level::Must).passed_per_mille(readiness),
        subject,
        levels,
        // Cases have settled what they said.
        methods: MethodCounts::of(&methods.settle(&End::Completed)),
        not_passed,
    }
}
