//! The report for CI systems: JUnit XML, a suite for each subject, a test for each requirement that a case judged.
//!
//! The file is written anew after each case and put in place by a rename, so it is whole however the run ends. Inconclusive is an error
//! in JUnit's words, not applicable is skipped.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Reporter;
use super::failure;
use super::paint::Paint;
use crate::runner::event::{CaseReport, Event, Judgement};
use crate::verdict::Outcome;

/// Writes a JUnit file.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    suites: Vec<TestSuite>,
    duration: Option<Duration>,
}

impl Junit {
    /// A report to this file.
    pub fn new(path: &Path) -> Junit {
        Junit {
            path: path.to_owned(),
            suites: Vec::new(),
            duration: None,
        }
    }

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

    fn write(&self) -> io::Result<()> {
        let mut report = Report::new("plugin-conformance");
        report.add_test_suites(self.suites.iter().cloned());
        if let Some(duration) = self.duration {
            report.set_time(duration);
        }
        let text = report.to_string().map_err(io::Error::other)?;
        let beside = self.path.with_extension("tmp");
        std::fs::write(&beside, text)?;
        std::fs::rename(&beside, &self.path)
    }
}

fn test_case(report: &CaseReport, judgement: &Judgement) -> TestCase {
    let text = || failure::text(report, judgement, Paint::Plain);
    let status = match &judgement.outcome {
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

impl Reporter for Junit {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::CaseStarted(_) => return Ok(()),
            Event::RunStarted(_) => {}
            Event::CaseEnded(report) => self.add(report),
            Event::RunEnded(summary) => {
                self.duration = Some(Duration::from_millis(summary.duration_ms));
            }
        }
        self.write()
    }
}
