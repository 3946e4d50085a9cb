//! Adds the reports of cases up to a summary. Pure but for the clock of the run's duration.

use std::collections::BTreeMap;
use std::time::Instant;

use super::event::{
    CaseReport, Judgement, NotPassed, NotScored, RunSummary, SubjectLine, SubjectSummary,
};
use crate::ledger::Ledger;
use crate::ledger::watch::{Scope, Sight, Watch};
use crate::requirement::{Level, Side};
use crate::subject::Skipped;
use crate::verdict::by_method::{ByMethod, MethodCounts};
use crate::verdict::readiness::Readiness;
use crate::verdict::ruling::Ruling;
use crate::verdict::settle::End;
use crate::verdict::tally::{RunVerdict, Tally, run_verdict};
use crate::verdict::{Outcome, OutcomeKind};

/// A summary in the making.
#[derive(Debug)]
pub struct Summing {
    begun: Instant,
    subjects: Vec<Sums>,
    skipped: Vec<Skipped>,
    suite_faults: usize,
    never_ready: Vec<String>,
    watch: Option<Watch>,
    scope: Scope,
}

/// What was said of one subject.
#[derive(Debug)]
struct Sums {
    line: SubjectLine,
    /// What was said.
    tally: Tally,
    /// The same as it counts: what is excused is in it as a pass.
    counting: Tally,
    /// What was said of requirements that are not scored.
    not_scored: Tally,
    methods: ByMethod,
}

impl Sums {
    fn add(&mut self, judgement: &Judgement) {
        let Judgement {
            id,
            level,
            outcome,
            ruling,
            ..
        } = judgement;
        let counted = match ruling {
            Some(Ruling::NotScored { .. }) => {
                self.not_scored.add(id, *level, outcome.clone());
                return;
            }
            Some(ruling) if judgement.is_excused() => Outcome::Passed {
                seen: vec![ruling.words()],
            },
            _ => outcome.clone(),
        };
        self.counting.add(id, *level, counted);
        self.tally.add(id, *level, outcome.clone());
    }
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
                    counting: Tally::default(),
                    not_scored: Tally::default(),
                    methods: ByMethod::default(),
                })
                .collect(),
            skipped,
            suite_faults: 0,
            never_ready: Vec::new(),
            watch: None,
            scope: Scope::default(),
        }
    }

    /// The same with an eye on the entries of a ledger.
    #[must_use]
    pub fn with_ledger(self, ledger: Option<Ledger>, scope: Scope) -> Summing {
        Summing {
            watch: ledger.map(Watch::new),
            scope,
            ..self
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
            sums.add(judgement);
            if let Some(watch) = &mut self.watch {
                watch.see(Sight {
                    subject: &report.name.subject,
                    scenario: &report.name.scenario,
                    id: &judgement.id,
                    sentence: &judgement.sentence,
                    outcome: &judgement.outcome,
                    scored: !matches!(judgement.ruling, Some(Ruling::NotScored { .. })),
                });
            }
        }
        for said in &report.methods {
            sums.methods.adopt(said);
        }
    }

    /// The summary.
    pub fn end(self, interrupted: bool) -> RunSummary {
        let judged = run_verdict(
            self.subjects.iter().map(|sums| &sums.counting),
            self.suite_faults,
        );
        let scope = self.scope;
        let ledger = self.watch.map(|watch| watch.end(&scope));
        let (ledger, unlisted) = ledger.map_or((None, Vec::new()), |(ledger, unlisted)| {
            (Some(ledger), unlisted)
        });
        let red = ledger
            .as_ref()
            .is_some_and(|ledger| ledger.red().next().is_some());
        let verdict = match judged {
            RunVerdict::Passed | RunVerdict::Inconclusive if red => RunVerdict::Failed,
            RunVerdict::Passed if interrupted => RunVerdict::Inconclusive,
            judged => judged,
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
            effort: None,
            ledger,
            unlisted,
        }
    }
}

fn summarize(sums: Sums, never_ready: bool) -> SubjectSummary {
    let Sums {
        line: subject,
        tally,
        counting,
        not_scored,
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
    let excused = |id: &str| counting.kind(id) == Some(OutcomeKind::Passed);
    let not_passed = not_passed(&tally, &excused);
    let newer = not_scored.total();
    let not_scored = (newer.total() > 0).then(|| NotScored {
        counts: newer,
        not_passed: self::not_passed(&not_scored, &|_| true),
    });
    SubjectSummary {
        ready: (subject.side == Side::Plugin).then_some(!never_ready),
        must_passed_per_mille: tally.counts(Level::Must).passed_per_mille(readiness),
        subject,
        levels,
        // Cases have settled what they said.
        methods: MethodCounts::of(&methods.settle(&End::Completed)),
        not_passed,
        not_scored,
    }
}

/// What did not pass, the worst first.
fn not_passed(tally: &Tally, excused: &dyn Fn(&str) -> bool) -> Vec<NotPassed> {
    let mut rows: Vec<NotPassed> = tally
        .iter()
        .filter(|(_, _, outcome)| outcome.kind() != OutcomeKind::Passed)
        .map(|(id, level, outcome)| NotPassed {
            id: id.to_owned(),
            level,
            outcome: outcome.clone(),
            excused: excused(id),
        })
        .collect();
    rows.sort_by_key(|entry| (std::cmp::Reverse(entry.outcome.kind()), entry.level));
    rows
}
