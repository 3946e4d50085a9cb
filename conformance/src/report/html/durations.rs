//! Where the time went: the slowest cases.

use super::markup::{Element, el};
use super::{duration, scrolled, titled};
use crate::report::board::Board;
use crate::runner::event::CaseReport;

/// How many are shown.
const MOST: usize = 10;

/// The section.
pub(super) fn section(board: &Board) -> Element {
    let mut cases: Vec<&CaseReport> = board.cases();
    // The order among equals is that of the board.
    cases.sort_by_key(|report| std::cmp::Reverse(report.duration_ms));
    let all: u64 = cases.iter().map(|report| report.duration_ms).sum();
    let longest = cases.first().map_or(0, |report| report.duration_ms).max(1);
    let rows = cases.iter().take(MOST).map(|report| {
        let ms = report.duration_ms;
        let bar = el("progress")
            .attr("max", longest.to_string())
            .attr("value", ms.to_string())
            .attr("aria-hidden", "true");
        let name = match report.name.repeat {
            0 => report.name.scenario.clone(),
            again => format!("{} (repeat {again})", report.name.scenario),
        };
        el("tr")
            .child(el("th").attr("scope", "row").text(name))
            .child(el("td").text(&report.name.subject))
            .child(el("td").class("number").text(duration(ms)))
            .child(el("td").class("bar").child(bar))
    });
    let heads = ["scenario", "subject", "time", ""];
    let heads = heads.map(|head| el("th").attr("scope", "col").text(head));
    let table = el("table")
        .class("durations")
        .child(el("thead").child(el("tr").children(heads)))
        .child(el("tbody").children(rows));
    titled("durations", "Slowest cases")
        .child(el("p").class("note").text(format!(
            "{} cases took {} one after the other.",
            cases.len(),
            duration(all)
        )))
        .child(scrolled("Slowest cases", table))
}
