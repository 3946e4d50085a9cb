//! The text of one check that did not pass: the requirement, what was expected and seen, the end of the timeline with the entry that
//! contradicts marked, what a Go host does, and the command that plays it again. Never more than 40 lines. Pure.

use std::fmt::Write;

use super::paint::Paint;
use crate::case::timeline::Entry;
use crate::runner::event::{CaseReport, Judgement};
use crate::runner::plan::quoted;
use crate::verdict::by_method::MethodOutcome;
use crate::verdict::{Failure, Outcome, OutcomeKind};

/// The most lines that a failure may have.
pub const MOST_LINES: usize = 40;

/// The width that sentences are folded at.
const WIDTH: usize = 100;

/// How many lines one text may have before it is cut.
const MOST_OF_ONE: usize = 6;

/// How many entries are shown after the one that contradicts.
const AFTER: usize = 3;

/// How many entries are shown from the beginning.
const FIRST: usize = 3;

/// How many lines the entry that contradicts may have.
const MOST_OF_MARKED: usize = 4;

/// The text for one judgement of a case.
pub fn text(report: &CaseReport, judgement: &Judgement, paint: Paint) -> String {
    let kind = judgement.outcome.kind();
    let head = format!(
        "{} {} {} - {} with {}",
        paint.outcome(kind, &kind.as_str().to_uppercase()),
        paint.strong(&judgement.id),
        judgement.level,
        report.name.scenario,
        report.name.subject
    );
    let mut lines = vec![head];
    field(&mut lines, "requirement", &judgement.sentence);
    match &judgement.outcome {
        Outcome::Failed(failure) => {
            field(&mut lines, "reason", failure.reason.as_str());
            field(&mut lines, "expected", &failure.expected);
            field(&mut lines, "seen", &failure.seen);
        }
        Outcome::Inconclusive { reason } => field(&mut lines, "reason", reason),
        Outcome::NotApplicable { capability } => field(&mut lines, "not claimed", capability),
        Outcome::Passed { seen } => field(&mut lines, "seen", &seen.join("; ")),
    }
    field(&mut lines, "methods", &methods(report, judgement));
    let mut tail = Vec::new();
    if let Outcome::Failed(Failure {
        go_host: Some(does),
        ..
    }) = &judgement.outcome
    {
        field(&mut tail, "a Go host", does);
    }
    let reproduce = reproduce(report, judgement);
    // A command is not folded: it is there to be copied.
    tail.push(format!("  {:<12} {reproduce}", "reproduce:"));
    let entry = match &judgement.outcome {
        Outcome::Failed(failure) => failure.entry,
        _ => None,
    };
    if kind != OutcomeKind::NotApplicable {
        let room = MOST_LINES.saturating_sub(lines.len() + tail.len());
        lines.extend(timeline(&report.timeline, entry, room));
    }
    lines.extend(tail);
    lines.join("\n") + "\n"
}

/// The command that shows it again.
pub(super) fn reproduce(report: &CaseReport, judgement: &Judgement) -> String {
    let replay = match &judgement.outcome {
        Outcome::Failed(failure) => failure.replay.as_deref(),
        _ => None,
    };
    match replay {
        Some(file) => format!("plugin-conformance replay {}", quoted(file)),
        None => report.reproduce.clone(),
    }
}

/// The methods of the API at which a requirement was broken that is judged for each; the first is the one that is shown.
pub(super) fn methods(report: &CaseReport, judgement: &Judgement) -> String {
    let broken = |row: &&MethodOutcome| row.id == judgement.id && row.kind == OutcomeKind::Failed;
    let names = report.methods.iter().filter(broken);
    let names: Vec<&str> = names.map(|row| row.method.as_str()).collect();
    match names.len() {
        0 | 1 => String::new(),
        many => format!("{many}: {}", names.join(" ")),
    }
}

/// One named text, folded, indented and cut.
fn field(lines: &mut Vec<String>, name: &str, text: &str) {
    let mut folded: Vec<String> = text.lines().flat_map(fold).collect();
    if folded.len() > MOST_OF_ONE {
        let more = folded.len() - (MOST_OF_ONE - 1);
        folded.truncate(MOST_OF_ONE - 1);
        folded.push(format!("… ({more} lines more in the report)"));
    }
    for (number, line) in folded.into_iter().enumerate() {
        let name = if number == 0 {
            format!("{name}:")
        } else {
            String::new()
        };
        lines.push(format!("  {name:<12} {line}").trim_end().to_owned());
    }
}

/// Folds at blanks; a word that is too long by itself is cut into pieces.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let last = |lines: &Vec<String>| lines.last().map_or(0, |line| line.chars().count());
        if last(&lines) > 0 && last(&lines) + 1 + word.len() > WIDTH {
            lines.push(String::new());
        }
        while word.len() > WIDTH {
            let rest = word.split_off(WIDTH);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        if let Some(line) = lines.last_mut() {
            let gap = if line.is_empty() { "" } else { " " };
            let _ = write!(line, "{gap}{}", word.into_iter().collect::<String>());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The beginning of the timeline, and the entries before and after the one that contradicts, as many as there is room for.
fn timeline(entries: &[Entry], marked: Option<usize>, room: usize) -> Vec<String> {
    // The title, and a line for each gap.
    let room = room.saturating_sub(3);
    if entries.is_empty() || room == 0 {
        return Vec::new();
    }
    let marked = marked.filter(|place| *place < entries.len());
    let shown = |place: usize| line(&entries[place], marked == Some(place));
    let mut lines = marked.map(shown).unwrap_or_default();
    lines.truncate(room);
    let (mut begin, mut end) = match marked {
        Some(place) => (place, place + 1),
        None => (entries.len(), entries.len()),
    };
    while end < entries.len() && end - begin <= AFTER && lines.len() < room {
        lines.extend(shown(end));
        end += 1;
    }
    let mut before = Vec::new();
    let first = FIRST.min(begin);
    while begin > first && lines.len() + before.len() + first < room {
        begin -= 1;
        before.push(shown(begin));
    }
    let first = first.min(room.saturating_sub(lines.len() + before.len()));
    let mut text = vec!["  timeline:".to_owned()];
    text.extend((0..first).flat_map(shown));
    if begin > first {
        text.push(format!("    … {} entries …", begin - first));
    }
    text.extend(before.into_iter().rev().flatten());
    text.extend(lines);
    if end < entries.len() {
        text.push(format!("    … {} later entries", entries.len() - end));
    }
    text
}

/// An entry; the one that contradicts is marked and has more room.
fn line(entry: &Entry, marked: bool) -> Vec<String> {
    let mark = if marked { '>' } else { ' ' };
    let head = format!("  {mark} {:>6} ms  {:<8} ", entry.at_ms, entry.source);
    if marked {
        let mut folded = fold(&entry.text);
        if folded.len() > MOST_OF_MARKED {
            folded.truncate(MOST_OF_MARKED);
            if let Some(last) = folded.last_mut() {
                last.push('…');
            }
        }
        let indent = " ".repeat(head.chars().count());
        let lines = folded.into_iter().enumerate();
        let lines = lines.map(|(number, text)| match number {
            0 => format!("{head}{text}"),
            _ => format!("{indent}{text}"),
        });
        let lines: Vec<String> = lines.collect();
        return if lines.is_empty() { vec![head] } else { lines };
    }
    let text: String = entry.text.chars().take(WIDTH).collect();
    let cut = if text.len() < entry.text.len() {
        "…"
    } else {
        ""
    };
    vec![format!("{head}{text}{cut}").trim_end().to_owned()]
}

#[cfg(test)]
mod tests;
