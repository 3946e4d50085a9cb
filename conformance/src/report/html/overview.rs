//! The head of the page: the verdict, how the run was made, and the score of each subject.

use super::markup::{Element, el};
use super::{class, duration, titled};
use crate::report::board::Board;
use crate::report::human::percent;
use crate::report::ledger::lines;
use crate::report::outset;
use crate::report::paint::Paint;
use crate::requirement::Level;
use crate::runner::event::{RunStarted, SubjectSummary};
use crate::verdict::OutcomeKind;
use crate::verdict::tally::{Counts, RunVerdict};

/// What the page is and what the run came to.
pub(super) fn header(title: &str, board: Option<&Board>) -> Element {
    let header = el("header").child(el("h1").text(title));
    let Some(board) = board else {
        return header;
    };
    let summary = board.summary();
    let (words, kind) = match (board.is_whole(), summary.verdict) {
        (false, _) => ("the run did not come to its end", OutcomeKind::Inconclusive),
        (true, RunVerdict::Passed) => ("passed", OutcomeKind::Passed),
        (true, RunVerdict::Failed) => ("failed", OutcomeKind::Failed),
        (true, RunVerdict::Inconclusive) => ("inconclusive", OutcomeKind::Inconclusive),
        (true, RunVerdict::SuiteFailed) => ("the suite itself failed", OutcomeKind::Failed),
    };
    let header = header.child(el("p").class("verdict").class(class(kind)).text(words));
    let Some(run) = board.started() else {
        return header;
    };
    let facts = facts(board, run);
    let fact = |(name, value): (&str, String)| {
        el("div")
            .child(el("dt").text(name))
            .child(el("dd").text(value))
    };
    header.child(
        el("dl")
            .class("facts")
            .children(facts.into_iter().map(fact)),
    )
}

/// What was asked for and what it cost: the profile and the set are always there, since without them a score says nothing.
fn facts(board: &Board, run: &RunStarted) -> Vec<(&'static str, String)> {
    let summary = board.summary();
    let selection = &run.selection;
    let cases = match board.cases().len() {
        ended if ended == run.cases => ended.to_string(),
        ended => format!("{ended} of {}", run.cases),
    };
    let set = match &selection.set {
        Some(set) => set.clone(),
        None => "all requirements".to_owned(),
    };
    let patterns = selection.patterns.join(" ");
    let idle = summary.effort.as_ref().and_then(outset::idle);
    let facts = [
        ("cases", Some(cases)),
        (
            "time",
            board.is_whole().then(|| duration(summary.duration_ms)),
        ),
        ("profile", Some(selection.profile.to_string())),
        ("set", Some(set)),
        ("only", (!patterns.is_empty()).then_some(patterns)),
        ("shard", selection.shard.map(|shard| shard.to_string())),
        ("suite", Some(run.suite_version.clone())),
        ("seed", Some(run.seed.to_string())),
        ("jobs", Some(run.jobs.to_string())),
        ("timeout scale", Some(run.timeout_scale.to_string())),
        ("repeat", (run.repeat > 1).then(|| run.repeat.to_string())),
        ("idle", idle),
    ];
    let known = |(name, value): (&'static str, Option<String>)| Some((name, value?));
    facts.into_iter().filter_map(known).collect()
}

/// A card for each subject.
pub(super) fn subjects(board: &Board) -> Element {
    let summary = board.summary();
    let cards = summary.subjects.iter().map(card);
    let mut section =
        titled("subjects", "Subjects").child(el("div").class("cards").children(cards));
    if !summary.skipped.is_empty() {
        let skipped = summary.skipped.iter().map(|skipped| {
            el("li")
                .child(el("strong").text(&skipped.subject))
                .text(format!(" was not tested: {}; try ", skipped.reason))
                .child(el("code").text(&skipped.enable))
        });
        section = section.child(el("ul").class("skipped").children(skipped));
    }
    if let Some(ledger) = &summary.ledger {
        let lines = lines(ledger, Paint::Plain);
        let lines = lines.into_iter().map(|line| el("li").text(line.trim()));
        section = section.child(el("ul").class("ledger").children(lines));
    }
    section
}

fn card(subject: &SubjectSummary) -> Element {
    let mut card = el("article")
        .class("card")
        .child(
            el("h3")
                .text(&subject.subject.name)
                .text(" ")
                .child(el("small").text(subject.subject.side.as_str())),
        )
        .child(
            el("p")
                .class("score")
                .child(el("strong").text(percent(subject.must_passed_per_mille)))
                .text(" of MUST kept"),
        );
    let rows = subject
        .levels
        .iter()
        .filter(|(_, counts)| counts.total() > 0)
        .map(|(level, counts)| row(*level, *counts));
    let heads = ["", "passed", "failed", "inconclusive", "not applicable"];
    let heads = heads.map(|head| el("th").attr("scope", "col").text(head));
    card = card.child(
        el("table")
            .class("counts")
            .child(el("thead").child(el("tr").children(heads)))
            .child(el("tbody").children(rows)),
    );
    if let Some(methods) = &subject.methods {
        card = card.child(el("p").text(format!(
            "{} methods of the API checked, {} passed all that was asked of them, {} failed",
            methods.checked,
            methods.passed,
            methods.failed.len()
        )));
    }
    if subject.ready == Some(false) {
        let words = "It never became ready, so it has passed nothing.";
        card = card.child(el("p").class("never").text(words));
    }
    card
}

fn row(level: Level, counts: Counts) -> Element {
    let Counts {
        passed,
        failed,
        inconclusive,
        not_applicable,
    } = counts;
    let cells = [
        (OutcomeKind::Passed, passed),
        (OutcomeKind::Failed, failed),
        (OutcomeKind::Inconclusive, inconclusive),
        (OutcomeKind::NotApplicable, not_applicable),
    ];
    let cells = cells.map(|(kind, count)| {
        let cell = el("td").text(count.to_string());
        if count > 0 {
            cell.class(class(kind))
        } else {
            cell.class("none")
        }
    });
    el("tr")
        .child(el("th").attr("scope", "row").text(level.as_str()))
        .children(cells)
}
