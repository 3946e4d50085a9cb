//! The summary for the page of a CI job, in the Markdown of GitHub: the verdict, a row for each subject, and what did not pass.
//!
//! Such pages take a mebibyte, so the text of only so many failures is in it; the other reports have all.

use std::fmt::Write;

use super::board::{Board, Check};
use super::failure;
use super::human::{percent, seconds};
use super::ledger;
use super::paint::Paint;
use crate::requirement::Level;
use crate::runner::event::SubjectSummary;
use crate::verdict::tally::{Counts, RunVerdict};
use crate::verdict::{Outcome, OutcomeKind};

/// How many checks that did not pass have a row.
const MOST_ROWS: usize = 200;

/// How many failures are told in full.
const MOST_TOLD: usize = 20;

/// The document.
pub fn document(board: &Board) -> String {
    let mut lines = vec![heading(board), String::new()];
    lines.extend(about(board));
    let summary = board.summary();
    lines.extend(subjects(&summary.subjects));
    for skipped in &summary.skipped {
        lines.push(format!(
            "- not tested: {} ({}; try {})",
            plain(&skipped.subject),
            plain(&skipped.reason),
            plain(&skipped.enable)
        ));
    }
    if !summary.skipped.is_empty() {
        lines.push(String::new());
    }
    let all = board.checks();
    let excused = all.iter().filter(|check| check.ruling().is_some()).count();
    if excused > 0 {
        lines.push(format!(
            "{excused} checks are excused and count as passed.\n"
        ));
    }
    if let Some(ledger) = &summary.ledger {
        let told = ledger::lines(ledger, Paint::Plain);
        lines.extend(told.iter().map(|line| format!("- {}", plain(line.trim()))));
        lines.push(String::new());
    }
    let wrong = |check: &Check<'_>| check.counted() >= OutcomeKind::Inconclusive;
    let mut checks: Vec<Check<'_>> = all.into_iter().filter(wrong).collect();
    checks.sort_by_key(|check| (std::cmp::Reverse(check.worst().kind()), check.level));
    lines.extend(rows(&checks));
    lines.extend(told(&checks));
    lines.join("\n") + "\n"
}

fn heading(board: &Board) -> String {
    let words = if board.is_whole() {
        match board.summary().verdict {
            RunVerdict::Passed => "✅ passed",
            RunVerdict::Failed => "❌ failed",
            RunVerdict::Inconclusive => "⚠️ inconclusive",
            RunVerdict::SuiteFailed => "💥 the suite itself failed",
        }
    } else {
        "⏳ the run did not come to its end"
    };
    format!("## Plugin conformance: {words}")
}

fn about(board: &Board) -> Vec<String> {
    let Some(run) = board.started() else {
        return Vec::new();
    };
    let ended = board.cases().len();
    let time = match board.is_whole() {
        true => format!(" in {}", seconds(board.summary().duration_ms)),
        false => String::new(),
    };
    vec![
        format!(
            "{ended} of {} cases{time}; suite {}, seed {}, timeout scale {}",
            run.cases,
            plain(&run.suite_version),
            run.seed,
            run.timeout_scale
        ),
        String::new(),
    ]
}

fn subjects(subjects: &[SubjectSummary]) -> Vec<String> {
    let mut lines = vec![
        "| subject | level | passed | failed | inconclusive | not applicable | score |".to_owned(),
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |".to_owned(),
    ];
    for subject in subjects {
        for (level, counts) in &subject.levels {
            if counts.total() == 0 {
                continue;
            }
            let Counts {
                passed,
                failed,
                inconclusive,
                not_applicable,
            } = counts;
            let score = match level {
                Level::Must => percent(subject.must_passed_per_mille),
                Level::Should | Level::May => String::new(),
            };
            lines.push(format!(
                "| {} | {level} | {passed} | {failed} | {inconclusive} | {not_applicable} | {score} |",
                plain(&subject.subject.name)
            ));
        }
    }
    lines.push(String::new());
    lines
}

fn rows(checks: &[Check<'_>]) -> Vec<String> {
    if checks.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        "| | requirement | level | subject | reason | sentence |".to_owned(),
        "| --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for check in checks.iter().take(MOST_ROWS) {
        let reason = match check.worst() {
            Outcome::Failed(failure) => failure.reason.as_str(),
            Outcome::Inconclusive { reason } => reason,
            Outcome::Passed { .. } | Outcome::NotApplicable { .. } => "",
        };
        let mark = match check.worst().kind() {
            OutcomeKind::Failed => "❌",
            _ => "⚠️",
        };
        let flaky = match check.flaky() {
            Some(passed) => format!(", flaky: passed {passed} of {} times", check.plays.len()),
            None => String::new(),
        };
        lines.push(format!(
            "| {mark} | {} | {} | {} | {}{flaky} | {} |",
            plain(check.id),
            check.level,
            plain(check.subject),
            plain(reason),
            plain(check.sentence)
        ));
    }
    lines.push(String::new());
    if checks.len() > MOST_ROWS {
        lines.push(format!("… and {} more.", checks.len() - MOST_ROWS));
        lines.push(String::new());
    }
    lines
}

fn told(checks: &[Check<'_>]) -> Vec<String> {
    let failed = |check: &&Check<'_>| check.worst().kind() == OutcomeKind::Failed;
    let mut lines = Vec::new();
    for check in checks.iter().filter(failed).take(MOST_TOLD) {
        let play = check
            .plays
            .iter()
            .find(|play| play.judgement.outcome == *check.worst());
        let Some(play) = play else { continue };
        let text = failure::text(play.report, play.judgement, Paint::Plain);
        let fence = fence(&text);
        lines.push(format!(
            "<details><summary>{} by {}</summary>\n\n{fence}text\n{text}{fence}\n\n</details>\n",
            plain(check.id),
            plain(check.subject)
        ));
    }
    lines
}

/// A fence that is longer than any run of backticks in the text.
fn fence(text: &str) -> String {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest.max(2) + 1)
}

/// Text in which nothing is Markdown or markup, on one line.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '@' | '!'
            | '$' => {
                // A reference is no markup, whatever stands around it.
                let _ = write!(plain, "&#{};", u32::from(character));
            }
            control if control.is_control() => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_is_inside() {
        assert_eq!(fence("a"), "```");
        assert_eq!(fence("a ```` b ``"), "`````");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_cell(text in any::<String>()) {
            let cell = plain(&text);
            let references: String = cell.split("&#").skip(1).map(|rest| rest.split_once(';').map_or("", |(_, rest)| rest)).collect();
            prop_assert!(!cell.contains(['|', '\n', '\r', '<', '>', '`', '[', '\\']), "{cell}");
            prop_assert!(!references.contains('&'), "{cell}");
        }
    }
}
