//! The badge: what an endpoint badge of shields.io reads. Its number is that of the MUST requirements, over all subjects.

use std::io;

use serde_json::json;

use super::board::Board;
use crate::requirement::Level;
use crate::verdict::tally::{Counts, RunVerdict};

/// The document.
pub fn document(board: &Board) -> io::Result<String> {
    let summary = board.summary();
    let (mut passed, mut judged) = (0, 0);
    for counts in summary
        .subjects
        .iter()
        .filter_map(|subject| subject.levels.get(&Level::Must))
    {
        passed += counts.passed;
        judged += Counts::judged(counts);
    }
    let kept = format!("{passed} of {judged} MUST kept");
    let (message, color) = if board.is_whole() {
        match summary.verdict {
            RunVerdict::Passed => (kept, "brightgreen"),
            RunVerdict::Failed => (kept, "red"),
            RunVerdict::Inconclusive => (format!("inconclusive, {kept}"), "yellow"),
            RunVerdict::SuiteFailed => ("the suite failed".to_owned(), "lightgrey"),
        }
    } else {
        ("not finished".to_owned(), "lightgrey")
    };
    let badge = json!({
        "schemaVersion": 1,
        "label": "plugin conformance",
        "message": message,
        "color": color,
    });
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}
