//! The kill matrix: what became of each mutant, and how independent the checks are.

use super::markup::{Element, el};
use super::{area, badge, class, scrolled, timeline, titled};
use crate::report::matrix::{fate, independence, seen, share};
use crate::report::{failure, paint::Paint};
use crate::runner::kill_matrix::MutantReport;
use crate::runner::kill_matrix::figures::KillMatrix;
use crate::verdict::{Outcome, OutcomeKind};

/// The section; on a page of its own all of it is open.
pub(super) fn section(matrix: &KillMatrix, alone: bool) -> Element {
    let (caught, all) = (matrix.caught(), matrix.rows.len());
    let kind = match (caught == all, matrix.open) {
        (false, _) => OutcomeKind::Failed,
        (true, 0) => OutcomeKind::Passed,
        (true, _) => OutcomeKind::Inconclusive,
    };
    let cut = (matrix.open > 0).then(|| {
        let words = format!(
            "The run did not come to its end: {} mutants are still to be played.",
            matrix.open
        );
        el("p").class("never").text(words)
    });
    let mut section = titled("kills", "Kill matrix")
        .children(cut)
        .child(
            el("p")
                .child(badge(kind, &format!("{caught} of {all}")))
                .text(" mutants are caught by their named check for their named reason."),
        )
        .child(el("p").class("note").text(format!(
            "{}. Suite {}, seed {}.",
            independence(matrix),
            matrix.suite_version,
            matrix.seed
        )));
    let heavy = matrix.heavy();
    if !heavy.is_empty() {
        let items = heavy.iter().map(|row| {
            let ids: Vec<&str> = row.beside.broken.keys().map(String::as_str).collect();
            el("li").child(el("code").text(&row.name)).text(format!(
                " breaks {} of the others: {}",
                share(matrix, row),
                ids.join(" ")
            ))
        });
        section = section.child(el("ul").class("heavy").children(items));
    }
    section = section.children(matrix.not_caught().into_iter().map(lost));
    let mut rows: Vec<&MutantReport> = matrix.rows.iter().collect();
    rows.sort_by_key(|row| (row.side, &row.breaks, &row.name));
    let rows = rows.into_iter().map(|row| line(matrix, row));
    let heads = [
        "breaks",
        "mutant",
        "has to be caught by",
        "fate",
        "by",
        "breaks beside",
    ];
    let heads = heads.map(|head| el("th").attr("scope", "col").text(head));
    let table = el("table")
        .class("kills")
        .child(el("thead").child(el("tr").children(heads)))
        .child(el("tbody").children(rows));
    let details = el("details")
        .class("all")
        .child(el("summary").text(format!("All {all} mutants")))
        .child(scrolled("Mutants", table));
    section.child(if alone { details.flag("open") } else { details })
}

fn line(matrix: &KillMatrix, row: &MutantReport) -> Element {
    let (kind, word) = fate(row);
    let beside = match row.beside.broken.len() {
        0 => "none".to_owned(),
        some => format!("{some} ({})", share(matrix, row)),
    };
    let cell = |name: &'static str| el("td").attr("data-label", name);
    el("tr")
        .attr("data-row", "mutant")
        .attr("data-area", area(&row.breaks))
        .attr("data-verdict", class(kind))
        .child(el("th").attr("scope", "row").class("id").text(&row.breaks))
        .child(cell("mutant").child(el("code").text(&row.name)))
        .child(cell("reason").child(el("code").text(&row.reason)))
        .child(cell("fate").child(badge(kind, word)))
        .child(cell("by").text(seen(row).join(", ")))
        .child(cell("breaks beside").text(beside))
}

/// A mutant that was not caught, with what was seen.
fn lost(row: &MutantReport) -> Element {
    let (kind, word) = fate(row);
    let mut details = el("details")
        .class("failure")
        .flag("open")
        .child(
            el("summary")
                .child(badge(kind, word))
                .text(" ")
                .child(el("code").text(&row.name))
                .text(format!(" breaks {} by {}", row.breaks, row.reason)),
        )
        .child(el("ul").children(seen(row).iter().map(|line| el("li").text(line))));
    for case in &row.cases {
        for judgement in &case.judgements {
            let entry = match &judgement.outcome {
                Outcome::Failed(failure) => failure.entry,
                _ => None,
            };
            details = details
                .child(el("pre").text(failure::text(case, judgement, Paint::Plain)))
                .children(timeline::table(&case.timeline, entry));
        }
    }
    details
}
