//! The report as one page: the matrix of requirements by subject, what did not pass with its timeline, durations, and the kill matrix.
//!
//! The page needs nothing from elsewhere, and its policy forbids it to ask; without JavaScript it is read whole, with it it is filtered.
//! `markup` is the only place where text becomes markup.

pub mod markup;

mod durations;
mod failures;
mod grid;
mod kills;
mod overview;
mod timeline;

use super::board::Board;
use crate::runner::kill_matrix::figures::KillMatrix;
use crate::verdict::OutcomeKind;
use markup::{Element, el};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What a page may load: nothing, but for its own style and script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// An icon that no server has to be asked for.
const ICON: &str = "data:,";

/// The page of a run, of a kill matrix, or of both.
pub fn document(board: Option<&Board>, matrix: Option<&KillMatrix>) -> String {
    let mut sections = Vec::new();
    let mut controls = None;
    if let Some(board) = board {
        let grid = grid::grid(board);
        controls = Some(filters(board, &grid.areas));
        sections.push(("subjects", "Subjects", overview::subjects(board)));
        sections.push(("failures", "What did not pass", failures::section(board)));
        sections.push(("matrix", "Requirements", grid.section));
        sections.push(("durations", "Slowest cases", durations::section(board)));
    }
    if let Some(matrix) = matrix {
        let section = kills::section(matrix, board.is_none());
        sections.push(("kills", "Kill matrix", section));
    }
    let title = match board {
        Some(_) => "Plugin conformance",
        None => "Kill matrix of plugin conformance",
    };
    let links = sections
        .iter()
        .map(|(id, name, _)| el("li").child(el("a").attr("href", format!("#{id}")).text(*name)));
    let nav = el("nav")
        .attr("aria-label", "Sections")
        .child(el("ul").children(links));
    let several = sections.len() > 1;
    let header = overview::header(title, board).children(several.then_some(nav));
    // The controls stand before what they filter.
    let mut sections = sections.into_iter().map(|(_, _, section)| section);
    let first = board.and_then(|_| sections.next());
    let main = el("main")
        .children(first)
        .children(controls)
        .children(sections);
    let head = el("head")
        .child(el("meta").attr("charset", "utf-8"))
        .child(
            el("meta")
                .attr("http-equiv", "Content-Security-Policy")
                .attr("content", POLICY),
        )
        .child(
            el("meta")
                .attr("name", "viewport")
                .attr("content", "width=device-width, initial-scale=1"),
        )
        .child(
            el("meta")
                .attr("name", "color-scheme")
                .attr("content", "light dark"),
        )
        .child(el("link").attr("rel", "icon").attr("href", ICON))
        .child(el("title").text(title))
        .child(el("style").raw(STYLE));
    let body = el("body")
        .child(header)
        .child(main)
        .child(el("script").raw(SCRIPT));
    let page = el("html").attr("lang", "en").child(head).child(body);
    format!("<!DOCTYPE html>\n{}\n", page.render())
}

/// The controls, which only a script shows.
fn filters(board: &Board, areas: &[String]) -> Element {
    let select = |name: &'static str, label: &str, all: &str, options: Vec<(String, String)>| {
        let options = options
            .into_iter()
            .map(|(value, words)| el("option").attr("value", value).text(words));
        el("label").text(label).child(
            el("select")
                .attr("name", name)
                .child(el("option").attr("value", "").text(all))
                .children(options),
        )
    };
    let same = |word: &str| (word.to_owned(), word.to_owned());
    let kinds = [
        OutcomeKind::Failed,
        OutcomeKind::Inconclusive,
        OutcomeKind::Passed,
        OutcomeKind::NotApplicable,
    ];
    let kinds = kinds.map(|kind| (class(kind).to_owned(), kind.to_string()));
    let levels = ["MUST", "SHOULD", "MAY"].map(same);
    let subjects = board.subjects().into_iter().map(same).collect();
    el("form")
        .class("filters")
        .attr("id", "filters")
        .attr("role", "search")
        .attr("aria-label", "Filter")
        .flag("hidden")
        .child(
            el("label").class("wide").text("Text").child(
                el("input")
                    .attr("type", "search")
                    .attr("name", "text")
                    .attr("placeholder", "id, words, reason …"),
            ),
        )
        .child(select("level", "Level", "all levels", levels.to_vec()))
        .child(select("verdict", "Verdict", "all verdicts", kinds.to_vec()))
        .child(select(
            "area",
            "Area",
            "all areas",
            areas.iter().map(|area| same(area)).collect(),
        ))
        .child(select("subject", "Subject", "all subjects", subjects))
        .child(el("button").attr("type", "reset").text("Show all"))
        .child(el("output").attr("id", "shown").attr("aria-live", "polite"))
}

/// The class of an outcome.
fn class(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Passed => "passed",
        OutcomeKind::Failed => "failed",
        OutcomeKind::Inconclusive => "inconclusive",
        OutcomeKind::NotApplicable => "not-applicable",
    }
}

/// The sign of an outcome, for those who do not see colours.
fn sign(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Passed => "✓",
        OutcomeKind::Failed => "✗",
        OutcomeKind::Inconclusive => "?",
        OutcomeKind::NotApplicable => "–",
    }
}

/// The word of an outcome with its sign and colour.
fn badge(kind: OutcomeKind, word: &str) -> Element {
    el("span")
        .class("badge")
        .class(class(kind))
        .child(el("span").attr("aria-hidden", "true").text(sign(kind)))
        .text(" ")
        .text(word)
}

/// The two letters of a requirement's id.
fn area(id: &str) -> &str {
    id.split_once('-').map_or(id, |(area, _)| area)
}

/// A number that is no longer than a word: `1.234 s`, `12 ms`.
fn duration(ms: u64) -> String {
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        super::human::seconds(ms)
    }
}

/// A section with a heading that can be linked to.
fn titled(id: &'static str, title: &str) -> Element {
    el("section")
        .attr("id", id)
        .attr("aria-labelledby", format!("{id}-title"))
        .child(el("h2").attr("id", format!("{id}-title")).text(title))
}

/// A table that scrolls by itself where it is too wide, also by the keyboard.
fn scrolled(label: &str, table: Element) -> Element {
    el("div")
        .class("scrolled")
        .attr("role", "region")
        .attr("aria-label", label)
        .attr("tabindex", "0")
        .child(table)
}

#[cfg(test)]
mod tests;
