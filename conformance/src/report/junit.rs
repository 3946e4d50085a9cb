//! The report for CI systems: JUnit XML, a suite for each subject.
//!
//! Inconclusive is an error in JUnit's words. Not applicable is skipped, and so is what fails nothing but is told: a broken MAY, and what a
//! ledger excuses. A check
//! that passed at some times and failed at others has not passed; there are two ways to write that, and readers that know one of them.

use std::io;
use std::time::Duration;

use quick_junit::{
    FlakyOrRerun, NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

use super::board::{Board, Check, Play};
use super::failure;
use super::ledger;
use super::paint::Paint;
use crate::ledger::watch::LedgerSummary;
use crate::requirement::Level;
use crate::runner::event::CaseReport;
use crate::verdict::ruling::Ruling;
use crate::verdict::{Outcome, OutcomeKind};

/// How several plays of one check are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaky {
    /// As tests of one name, as GitLab and Gradle have it.
    Cases,
    /// As one test, with `flakyFailure` or `rerunFailure` in it, as Maven's surefire has it.
    Reruns,
}

/// The document.
pub fn document(board: &Board, flaky: Flaky) -> io::Result<String> {
    let mut suites: Vec<TestSuite> = board.subjects().into_iter().map(TestSuite::new).collect();
    for check in board.checks() {
        let suite = suites
            .iter_mut()
            .find(|suite| suite.name.as_str() == check.subject);
        let Some(suite) = suite else { continue };
        match flaky {
            Flaky::Cases => {
                let tests = check.plays.iter().map(|play| played(&check, play));
                suite.add_test_cases(tests);
            }
            Flaky::Reruns => {
                suite.add_test_case(checked(&check));
            }
        }
    }
    let summary = board.summary();
    suites.extend(summary.ledger.as_ref().map(entries));
    let mut report = Report::new("plugin-conformance");
    report.add_test_suites(suites);
    if board.is_whole() {
        report.set_time(Duration::from_millis(summary.duration_ms));
    }
    report.to_string().map_err(io::Error::other)
}

/// One play as a test.
fn played(check: &Check<'_>, play: &Play<'_>) -> TestCase {
    let mut test = test(check, status(check, play));
    test.set_time(time(play));
    test
}

/// All plays as one test.
fn checked(check: &Check<'_>) -> TestCase {
    let wrong = |play: &&Play<'_>| broken(check, play).is_some();
    let wrong: Vec<&Play<'_>> = check.plays.iter().filter(wrong).collect();
    let Some(first) = wrong.first() else {
        let said = check
            .plays
            .iter()
            .max_by_key(|play| play.judgement.outcome.kind());
        return whole(check, status(check, said.unwrap_or(&check.plays[0])));
    };
    let mut main = status(check, first);
    let inside: &[&Play<'_>] = match check.flaky() {
        Some(_) => {
            main.set_rerun_kind(FlakyOrRerun::Flaky);
            &wrong
        }
        None => &wrong[1..],
    };
    main.add_reruns(inside.iter().filter_map(|play| rerun(check, play)));
    let mut test = whole(check, main);
    if let Some(passed) = check.flaky() {
        let words = format!("passed {passed} of {} times", check.plays.len());
        test.add_property(Property::new("flaky", words));
    }
    test
}

fn whole(check: &Check<'_>, status: TestCaseStatus) -> TestCase {
    let mut test = test(check, status);
    test.set_time(check.plays.iter().map(time).sum());
    test
}

fn test(check: &Check<'_>, status: TestCaseStatus) -> TestCase {
    let mut test = TestCase::new(format!("{} {}", check.id, check.scenario), status);
    test.set_classname(format!("{}.{}", check.subject, check.level));
    test.add_property(Property::new("requirement", check.id));
    test.add_property(Property::new("level", check.level.as_str()));
    test
}

/// The time of a case belongs to all of its requirements; it is counted once.
fn time(play: &Play<'_>) -> Duration {
    let counted = if play.first {
        play.report.duration_ms
    } else {
        0
    };
    Duration::from_millis(counted)
}

/// Kind, type and message, if a play makes its test fail.
fn broken<'a>(
    check: &'a Check<'_>,
    play: &'a Play<'_>,
) -> Option<(NonSuccessKind, &'a str, &'a str)> {
    if play.judgement.is_excused() {
        return None;
    }
    match &play.judgement.outcome {
        Outcome::Failed(_) if check.level == Level::May => None,
        Outcome::Failed(failure) => Some((
            NonSuccessKind::Failure,
            failure.reason.as_str(),
            check.sentence,
        )),
        Outcome::Inconclusive { reason } => Some((NonSuccessKind::Error, "inconclusive", reason)),
        Outcome::Passed { .. } | Outcome::NotApplicable { .. } => None,
    }
}

fn status(check: &Check<'_>, play: &Play<'_>) -> TestCaseStatus {
    let outcome = &play.judgement.outcome;
    if let Some((kind, ty, message)) = broken(check, play) {
        let mut status = TestCaseStatus::non_success(kind);
        status
            .set_type(ty)
            .set_message(message)
            .set_description(text(play.report, play));
        return status;
    }
    let skipped = match outcome {
        _ if play.judgement.is_excused() => {
            let ruling = play.judgement.ruling.as_ref().map(Ruling::words);
            ruling.unwrap_or_default()
        }
        Outcome::NotApplicable { capability } => format!("not claimed: {capability}"),
        Outcome::Failed(failure) => format!("a MAY that is broken: {}", failure.reason),
        Outcome::Passed { .. } | Outcome::Inconclusive { .. } => return TestCaseStatus::success(),
    };
    let mut status = TestCaseStatus::skipped();
    status.set_message(skipped);
    if outcome.kind() != OutcomeKind::NotApplicable {
        status.set_description(text(play.report, play));
    }
    status
}

fn rerun(check: &Check<'_>, play: &Play<'_>) -> Option<TestRerun> {
    let (kind, ty, message) = broken(check, play)?;
    let mut rerun = TestRerun::new(kind);
    rerun
        .set_type(ty)
        .set_message(message)
        .set_time(Duration::from_millis(play.report.duration_ms))
        .set_description(text(play.report, play));
    Some(rerun)
}

fn text(report: &CaseReport, play: &Play<'_>) -> String {
    failure::text(report, play.judgement, Paint::Plain)
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
