//! What a run made of a ledger, in words. Pure.

use super::paint::Paint;
use crate::ledger::standing::Standing;
use crate::ledger::watch::{EntryStanding, LedgerSummary};
use crate::ledger::{Kind, Ledger};
use crate::verdict::OutcomeKind;

/// What a run begins with: which file, how many entries, and when the next of them expires.
pub fn head(ledger: &Ledger) -> String {
    let count = |kind| {
        let same = |entry: &&crate::ledger::Entry| entry.kind == kind;
        ledger.entries.iter().filter(same).count()
    };
    let live = ledger.entries.iter().filter(|entry| !entry.expired);
    let next = match live.map(|entry| entry.expires).min() {
        Some(day) => format!(", the next expires on {day}"),
        None => String::new(),
    };
    format!(
        "ledger {}: {} expected, {} flaky{next}",
        ledger.file,
        count(Kind::Expected),
        count(Kind::Flaky)
    )
}

/// What a run ends with: how many entries came to what, and each that fails the run.
pub fn lines(summary: &LedgerSummary, paint: Paint) -> Vec<String> {
    let counted = [
        Standing::Confirmed,
        Standing::Borne,
        Standing::NotJudged,
        Standing::NotAsked,
    ]
    .into_iter()
    .filter(|standing| summary.count(*standing) > 0)
    .map(|standing| format!("{} {}", summary.count(standing), many(standing)));
    let red = summary.red().count();
    let red = (red > 0).then(|| format!("{red} to be mended"));
    let parts: Vec<String> = counted.chain(red).collect();
    let parts = if parts.is_empty() {
        "no entries".to_owned()
    } else {
        parts.join(", ")
    };
    let mut lines = vec![format!("ledger {}: {parts}", summary.file)];
    let word = paint.outcome(OutcomeKind::Failed, "stale");
    lines.extend(summary.red().map(|row| format!("  {word} {}", told(row))));
    lines
}

fn many(standing: Standing) -> &'static str {
    match standing {
        Standing::Confirmed => "fail as listed",
        other => other.words(),
    }
}

/// One entry that fails the run, and what to do about it.
pub fn told(row: &EntryStanding) -> String {
    let entry = &row.entry;
    let subject = match &entry.subject {
        Some(subject) => format!(" with {subject}"),
        None => String::new(),
    };
    let seen = match row.standing {
        Standing::OtherReason => {
            let names: Vec<&str> = row.instead.iter().map(|reason| reason.as_str()).collect();
            format!(": {}", names.join(", "))
        }
        Standing::Expired => format!(" on {}", entry.expires),
        _ => String::new(),
    };
    format!(
        "{}{subject}, {}: {}{seen} ({}, listed with suite {})",
        entry.check,
        entry.reason,
        row.standing.words(),
        entry.tracker,
        entry.suite
    )
}
