//! The report for CI systems: JUnit XML, a suite for each subject, a test for each requirement that a case judged.
//!
//! Inconclusive is an error in JUnit's words, not applicable is skipped.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::failure;
use super::file::Document;
use super::ledger;
use super::paint::Paint;
use crate::ledger::watch::LedgerSummary;
use crate::runner::event::{CaseReport, Event, Judgement};
use crate::verdict::Outcome;
use crate::verdict::ruling::Ruling;

/// A JUnit document.
#[derive(Debug, Default)]
pub struct Junit {
    suites: Vec<TestSuite>,
    duration: Option<Duration>,
}

impl Junit {
    fn add(&mut self, report: &CaseReport) {
        let name = report.name.subject.as_str();
        let place = self
            .suites
            .iter()
            .position(|suite| suite.name.as_str() == name);
        let place = place.unwrap_or_else(|| {
            self.suites.push(TestSuite::new(name));
            self.suites.len() - 1
        });
        let suite = &mut self.suites[place];
        for (number, judgement) in report.judgements.iter().enumerate() {
            let mut case = test_case(report, judgement);
            // The time of a case belongs to all of its requirements; it is counted once.
            case.set_time(Duration::from_millis(if number == 0 {
                report.duration_ms
            } else {
                0
            }));
            suite.add_test_case(case);
        }
    }
}

fn test_case(report: &CaseReport, judgement: &Judgement) -> TestCase {
    let text = || failure::text(report, judgement, Paint::Plain);
    let status = match &judgement.outcome {
        _ if judgement.is_excused() => {
            let ruling = judgement.ruling.as_ref().map(Ruling::words);
            let mut status = TestCaseStatus::skipped();
            status
                .set_message(ruling.unwrap_or_default())
                .set_description(text());
            status
        }
        Outcome::Passed { .. } => TestCaseStatus::success(),
        Outcome::Failed(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(failure.reason.as_str())
                .set_message(judgement.sentence.as_str())
                .set_description(text());
            status
        }
        Outcome::Inconclusive { reason } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status
                .set_type("inconclusive")
                .set_message(reason.as_str())
                .set_description(text());
            status
        }
        Outcome::NotApplicable { capability } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not claimed: {capability}"));
            status
        }
    };
    let mut case = TestCase::new(format!("{} {}", judgement.id, report.name.scenario), status);
    case.set_classname(format!("{}.{}", report.name.subject, judgement.level));
    case
}

/// A test for each entry of a ledger: what it describes no longer is a failure of its own.
fn entries(summary: &LedgerSummary) -> TestSuite {
    let mut suite = TestSuite::new(format!("ledger {}", summary.file));
    for row in &summary.entries {
        let mut status = TestCaseStatus::success();
        if row.standing.is_red() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type("stale-entry")
                .set_message(ledger::told(row));
        }
        let name = format!("{} {}", row.entry.check, row.entry.reason);
        let mut case = TestCase::new(name, status);
        case.set_classname(format!("ledger.{}", row.entry.kind.as_str()));
        suite.add_test_case(case);
    }
    suite
}

impl Document for Junit {
    fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted(_) | Event::CaseStarted(_) => {}
            Event::CaseEnded(report) => self.add(report),
            Event::RunEnded(summary) => {
                self.duration = Some(Duration::from_millis(summary.duration_ms));
                self.suites.extend(summary.ledger.as_ref().map(entries));
            }
        }
    }

    fn render(&self) -> io::Result<String> {
        let mut report = Report::new("plugin-conformance");
        report.add_test_suites(self.suites.iter().cloned());
        if let Some(duration) = self.duration {
            report.set_time(duration);
        }
        report.to_string().map_err(io::Error::other)
    }
}
