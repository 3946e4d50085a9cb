//! What did not pass: each failure with what was expected and seen, its timeline and its command; what could not be judged by its cause.

use std::collections::BTreeMap;

use super::markup::{Element, el};
use super::{area, badge, class, timeline, titled};
use crate::report::board::{Board, Check, Play};
use crate::report::failure::{methods, reproduce};
use crate::verdict::{Failure, Outcome, OutcomeKind};

/// Where the failure of a requirement by a subject is told.
pub(super) fn told(board: &Board) -> BTreeMap<(&str, &str), String> {
    let mut told = BTreeMap::new();
    for (number, (check, _, _)) in failed(&board.checks()).into_iter().enumerate() {
        told.entry((check.subject, check.id))
            .or_insert_with(|| anchor(number));
    }
    told
}

fn anchor(number: usize) -> String {
    format!("failure-{}", number + 1)
}

/// Each check that failed, with the first play that did.
fn failed<'c, 'a>(checks: &'c [Check<'a>]) -> Vec<(&'c Check<'a>, &'c Play<'a>, &'a Failure)> {
    let mut failed: Vec<_> = checks
        .iter()
        .filter_map(|check| {
            check
                .plays
                .iter()
                .find_map(|play| match &play.judgement.outcome {
                    Outcome::Failed(failure) => Some((check, play, failure)),
                    _ => None,
                })
        })
        .collect();
    failed.sort_by_key(|(check, _, _)| (check.level, check.id));
    failed
}

/// The section.
pub(super) fn section(board: &Board) -> Element {
    let checks = board.checks();
    let failed = failed(&checks);
    let mut section = titled("failures", "What did not pass");
    let open = failed.len() == 1;
    let count = failed.len();
    for (number, (check, play, failure)) in failed.into_iter().enumerate() {
        section = section.child(one(&anchor(number), open, check, play, failure));
    }
    let unjudged = unjudged(&checks);
    if count == 0 && unjudged.is_empty() {
        return section.child(el("p").text("Everything that was judged passed."));
    }
    section.children(unjudged)
}

fn one(anchor: &str, open: bool, check: &Check<'_>, play: &Play<'_>, failure: &Failure) -> Element {
    let mut summary = el("summary")
        .child(badge(OutcomeKind::Failed, "failed"))
        .text(" ")
        .child(el("strong").class("id").text(check.id))
        .text(" ")
        .child(el("span").class("level").text(check.level.as_str()))
        .text(" ")
        .child(el("code").text(failure.reason.as_str()))
        .text(" ")
        .child(el("span").class("by").text(format!("by {}", check.subject)));
    if let Some(passed) = check.flaky() {
        let words = format!("flaky: passed {passed} of {} times", check.plays.len());
        summary = summary
            .text(" ")
            .child(el("span").class("flaky").text(words));
    }
    if let Some(ruling) = check.ruling() {
        let words = format!("excused: {}", ruling.words());
        summary = summary
            .text(" ")
            .child(el("span").class("flaky").text(words));
    }
    let mut fields = vec![
        ("requirement", el("dd").text(check.sentence)),
        (
            "expected",
            el("dd").child(el("pre").text(&failure.expected)),
        ),
        ("seen", el("dd").child(el("pre").text(&failure.seen))),
    ];
    let methods = methods(play.report, play.judgement);
    if !methods.is_empty() {
        fields.push(("methods", el("dd").text(methods)));
    }
    if let Some(does) = &failure.go_host {
        fields.push(("a Go host", el("dd").text(does)));
    }
    fields.push(("scenario", el("dd").child(el("code").text(check.scenario))));
    let command = reproduce(play.report, play.judgement);
    let command = el("dd").class("command").child(el("code").text(command));
    fields.push(("reproduce", command));
    let fields = fields
        .into_iter()
        .map(|(name, value)| el("div").child(el("dt").text(name)).child(value));
    let details = el("details")
        .class("failure")
        .attr("id", anchor)
        .attr("data-row", "failure")
        .attr("data-level", check.level.as_str())
        .attr("data-area", area(check.id))
        .attr("data-verdict", class(OutcomeKind::Failed))
        .attr(
            "data-subject",
            format!("{}={}", class(OutcomeKind::Failed), check.subject),
        );
    let details = if open { details.flag("open") } else { details };
    details
        .child(summary)
        .child(el("dl").class("fields").children(fields))
        .children(timeline::table(&play.report.timeline, failure.entry))
}

/// What could not be judged, by subject and cause.
fn unjudged(checks: &[Check<'_>]) -> Vec<Element> {
    let mut causes: BTreeMap<(&str, &str), Vec<&Check<'_>>> = BTreeMap::new();
    for check in checks {
        if let Outcome::Inconclusive { reason } = check.worst() {
            let cause = causes.entry((check.subject, reason)).or_default();
            // Several scenarios may judge one requirement.
            if !cause.iter().any(|other| other.id == check.id) {
                cause.push(check);
            }
        }
    }
    let cause = |((subject, reason), checks): ((&str, &str), Vec<&Check<'_>>)| {
        let items = checks.iter().map(|check| {
            el("li")
                .child(el("strong").class("id").text(check.id))
                .text(" ")
                .child(el("span").class("level").text(check.level.as_str()))
                .text(" ")
                .text(check.sentence)
        });
        let levels: std::collections::BTreeSet<&str> =
            checks.iter().map(|check| check.level.as_str()).collect();
        let levels: Vec<&str> = levels.into_iter().collect();
        let areas: std::collections::BTreeSet<&str> =
            checks.iter().map(|check| area(check.id)).collect();
        let areas: Vec<&str> = areas.into_iter().collect();
        el("details")
            .class("unjudged")
            .attr("data-row", "cause")
            .attr("data-level", levels.join(" "))
            .attr("data-area", areas.join(" "))
            .attr("data-verdict", class(OutcomeKind::Inconclusive))
            .attr(
                "data-subject",
                format!("{}={subject}", class(OutcomeKind::Inconclusive)),
            )
            .child(
                el("summary")
                    .child(badge(OutcomeKind::Inconclusive, "inconclusive"))
                    .text(format!(" {} of {subject}: ", checks.len()))
                    .text(reason),
            )
            .child(el("ul").children(items))
    };
    causes.into_iter().map(cause).collect()
}
