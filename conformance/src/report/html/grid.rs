//! The matrix: a row for each requirement, a column for each subject.

use std::collections::BTreeSet;

use super::markup::{Element, el};
use super::{area, badge, class, failures, scrolled, titled};
use crate::report::board::Board;
use crate::requirement::Level;
use crate::verdict::OutcomeKind;

/// The section, and the areas that its requirements are in.
pub(super) struct Grid {
    pub(super) section: Element,
    pub(super) areas: Vec<String>,
}

/// The matrix of a run.
pub(super) fn grid(board: &Board) -> Grid {
    let subjects = board.subjects();
    let tallies = board.tallies();
    let outcomes: Vec<std::collections::BTreeMap<&str, OutcomeKind>> = subjects
        .iter()
        .map(|subject| {
            let tally = tallies
                .get(subject)
                .into_iter()
                .flat_map(|tally| tally.iter());
            tally.map(|(id, _, outcome)| (id, outcome.kind())).collect()
        })
        .collect();
    let told = failures::told(board);
    let summary = board.summary();
    let excused: BTreeSet<(&str, &str)> = summary
        .subjects
        .iter()
        .flat_map(|subject| {
            let excused = subject.not_passed.iter().filter(|entry| entry.excused);
            excused.map(|entry| (subject.subject.name.as_str(), entry.id.as_str()))
        })
        .collect();
    let mut rows = Vec::new();
    let mut areas = BTreeSet::new();
    for (id, (level, sentence)) in board.requirements() {
        areas.insert(area(id).to_owned());
        let kinds: Vec<Option<OutcomeKind>> = outcomes
            .iter()
            .map(|outcomes| outcomes.get(id).copied())
            .collect();
        let cells = subjects.iter().zip(&kinds).map(|(subject, kind)| {
            let target = told.get(&(*subject, id)).map(String::as_str);
            cell(subject, *kind, target, excused.contains(&(*subject, id)))
        });
        rows.push(row(id, level, sentence, &subjects, &kinds).children(cells));
    }
    let count = rows.len();
    let heads =
        ["requirement", "level", "sentence"].map(|head| el("th").attr("scope", "col").text(head));
    let columns = subjects.iter().map(|subject| {
        el("th")
            .attr("scope", "col")
            .class("subject")
            .text(*subject)
    });
    let table = el("table")
        .class("grid")
        .child(el("thead").child(el("tr").children(heads).children(columns)))
        .child(el("tbody").children(rows));
    let section = titled("matrix", "Requirements")
        .child(
            el("p")
                .class("note")
                .text(format!("{count} requirements were judged.")),
        )
        .child(scrolled("Requirements by subject", table));
    Grid {
        section,
        areas: areas.into_iter().collect(),
    }
}

fn row(
    id: &str,
    level: Level,
    sentence: &str,
    subjects: &[&str],
    kinds: &[Option<OutcomeKind>],
) -> Element {
    let verdicts: BTreeSet<&str> = kinds.iter().flatten().map(|kind| class(*kind)).collect();
    let verdicts: Vec<&str> = verdicts.into_iter().collect();
    let here = subjects
        .iter()
        .zip(kinds)
        .filter(|(_, kind)| kind.is_some());
    // A verdict is that of a subject, where one is chosen.
    let pairs: Vec<String> = here
        .filter_map(|(subject, kind)| Some(format!("{}={subject}", class((*kind)?))))
        .collect();
    el("tr")
        .attr("data-row", "requirement")
        .attr("data-level", level.as_str())
        .attr("data-area", area(id))
        .attr("data-verdict", verdicts.join(" "))
        .attr("data-subject", pairs.join("\n"))
        .child(el("th").attr("scope", "row").class("id").text(id))
        .child(el("td").class("level").text(level.as_str()))
        .child(el("td").class("sentence").text(sentence))
}

fn cell(subject: &str, kind: Option<OutcomeKind>, target: Option<&str>, excused: bool) -> Element {
    let cell = el("td").class("outcome").attr("data-label", subject);
    let Some(kind) = kind else {
        return cell.class("absent").text("not asked");
    };
    let shown = match excused {
        true => badge(kind, &format!("{kind}, excused")).class("excused"),
        false => badge(kind, kind.as_str()),
    };
    match target {
        Some(target) => cell.child(el("a").attr("href", format!("#{target}")).child(shown)),
        None => cell.child(shown),
    }
}
