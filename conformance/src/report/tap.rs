//! TAP 14: a test point for each check. What is not applicable is skipped, a broken MAY and what a
//! ledger excuses are TODO, and a run without its end bails out.

use std::fmt::Write;
use std::io;

use serde_json::json;

use super::board::{Board, Check};
use super::ledger;
use crate::requirement::Level;
use crate::verdict::ruling::Ruling;
use crate::verdict::{Outcome, OutcomeKind};

/// The document.
pub fn document(board: &Board) -> io::Result<String> {
    let checks = board.checks();
    let summary = board.summary();
    let entries = summary
        .ledger
        .as_ref()
        .map_or(&[][..], |ledger| &ledger.entries);
    let count = checks.len() + entries.len();
    let mut text = format!("TAP version 14\n1..{count}\n");
    for (place, check) in checks.iter().enumerate() {
        point(&mut text, place + 1, check)?;
    }
    for (place, row) in entries.iter().enumerate() {
        let word = if row.standing.is_red() {
            "not ok"
        } else {
            "ok"
        };
        let number = checks.len() + place + 1;
        let name = described(&ledger::told(row));
        writeln!(text, "{word} {number} - ledger: {name}").map_err(io::Error::other)?;
    }
    if !board.is_whole() {
        text.push_str("Bail out! The run did not come to its end.\n");
    }
    Ok(text)
}

fn point(text: &mut String, number: usize, check: &Check<'_>) -> io::Result<()> {
    let worst = check.worst();
    let word = match worst.kind() {
        OutcomeKind::Passed | OutcomeKind::NotApplicable => "ok",
        OutcomeKind::Inconclusive | OutcomeKind::Failed => "not ok",
    };
    let name = format!("{} {} {}", check.subject, check.id, check.scenario);
    let directive = match worst {
        _ if check.ruling().is_some() => {
            let words = check.ruling().map(Ruling::words);
            format!(" # TODO {}", described(&words.unwrap_or_default()))
        }
        Outcome::NotApplicable { capability } => {
            format!(
                " # SKIP {}",
                described(&format!("not claimed: {capability}"))
            )
        }
        Outcome::Failed(_) if check.level == Level::May => {
            " # TODO a MAY, which fails nothing".to_owned()
        }
        _ => String::new(),
    };
    let line = format!("{word} {number} - {}{directive}", described(&name));
    text.push_str(&line);
    text.push('\n');
    let more = match worst {
        Outcome::Failed(failure) => vec![
            ("reason", json!(failure.reason)),
            ("expected", json!(failure.expected)),
            ("seen", json!(failure.seen)),
        ],
        Outcome::Inconclusive { reason } => vec![("reason", json!(reason))],
        Outcome::Passed { .. } | Outcome::NotApplicable { .. } => return Ok(()),
    };
    let first = [
        ("requirement", json!(check.sentence)),
        ("level", json!(check.level.as_str())),
        ("outcome", json!(worst.kind())),
    ];
    let flaky = check.flaky().map(|passed| {
        let words = format!("passed {passed} of {} times", check.plays.len());
        ("flaky", json!(words))
    });
    let last = [("reproduce", json!(check.plays[0].report.reproduce))];
    text.push_str("  ---\n");
    for (key, value) in first.into_iter().chain(more).chain(flaky).chain(last) {
        // What JSON writes on one line is YAML, too.
        let line = format!("  {key}: {}\n", serde_json::to_string(&value)?);
        text.write_str(&line).map_err(io::Error::other)?;
    }
    text.push_str("  ...\n");
    Ok(())
}

/// A description on one line, in which nothing begins a directive.
fn described(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        match character {
            '\\' | '#' => text.extend(['\\', character]),
            control if control.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_begins_a_directive_or_another_line() {
        assert_eq!(described("a # SKIP\nok 2 \\"), "a \\# SKIP ok 2 \\\\");
    }
}
