//! Joins the logs of the shards of one run to the log that the run would have written in one piece. Pure.
//!
//! What all shards were told has to be the same, every shard has to be there once, and each has to have come to its end: a verdict from a
//! part of the truth is worse than none. What each case says is taken as it is, and added up anew.

use std::collections::BTreeMap;

use super::record::Record;
use crate::runner::event::{CaseName, CaseReport, Event, RunStarted, RunSummary};
use crate::runner::shard::Shard;
use crate::runner::summary::Summing;
use crate::verdict::OutcomeKind;

/// Why logs are not those of one run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is no log.
    #[error("there is nothing to join")]
    Nothing,
    /// A log is not that of a shard.
    #[error("log {0} is that of a whole run: only the logs of --shard can be joined")]
    NotAShard(usize),
    /// Shards are missing, or there twice.
    #[error("the shards are {found}, and should be 1 to {of} of {of}, each once")]
    Shards {
        /// Those that are there.
        found: String,
        /// How many there should be.
        of: usize,
    },
    /// A shard did not come to its end.
    #[error("shard {0} did not come to its end")]
    Cut(Shard),
    /// A shard was told something else than the first one.
    #[error("shard {shard} is of another run: its {what} differs from that of shard {first}")]
    Other {
        /// The shard.
        shard: Shard,
        /// The first one.
        first: Shard,
        /// What differs.
        what: &'static str,
    },
}

/// A run that was joined.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Its log.
    pub events: Vec<Event>,
    /// What it came to.
    pub summary: RunSummary,
}

/// Joins them, in any order.
///
/// # Errors
/// When they are not the whole of one run.
pub fn merge(records: &[Record]) -> Result<Merged, MergeError> {
    let shards = in_order(records)?;
    let Some((first, head)) = shards
        .first()
        .map(|(shard, record)| (*shard, record.started()))
    else {
        return Err(MergeError::Nothing);
    };
    let mut cases: BTreeMap<CaseName, CaseReport> = BTreeMap::new();
    let mut order: Vec<CaseName> = Vec::new();
    let (mut duration_ms, mut interrupted) = (0, false);
    for (shard, record) in &shards {
        let ended = record.ended().ok_or(MergeError::Cut(*shard))?;
        if let Some(what) = differs(head, record.started()) {
            return Err(MergeError::Other {
                shard: *shard,
                first,
                what,
            });
        }
        duration_ms = duration_ms.max(ended.duration_ms);
        interrupted |= ended.interrupted;
        for report in record.cases() {
            let earlier = cases.remove(&report.name);
            if earlier.is_none() {
                order.push(report.name.clone());
            }
            cases.insert(report.name.clone(), worse(earlier, report));
        }
    }
    let mut started = head.clone();
    started.selection.shard = None;
    started.calibration = None;
    started.cases = order.len();
    let mut summing = Summing::new(started.subjects.iter().cloned(), started.skipped.clone())
        .with_ledger(started.ledger.clone(), started.scope());
    let mut events = vec![Event::RunStarted(started)];
    for report in order.iter().filter_map(|name| cases.remove(name)) {
        summing.add(&report);
        events.push(Event::CaseStarted(report.name.clone()));
        events.push(Event::CaseEnded(report));
    }
    let mut summary = summing.end(interrupted);
    summary.duration_ms = duration_ms;
    events.push(Event::RunEnded(summary.clone()));
    Ok(Merged { events, summary })
}

/// The logs with their shards, the first one first.
fn in_order(records: &[Record]) -> Result<Vec<(Shard, &Record)>, MergeError> {
    let mut shards = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let shard = record.started().selection.shard;
        shards.push((shard.ok_or(MergeError::NotAShard(place + 1))?, record));
    }
    shards.sort_by_key(|(shard, _)| (shard.of, shard.number));
    let of = shards.last().map_or(0, |(shard, _)| shard.of);
    let found: Vec<Shard> = shards.iter().map(|(shard, _)| *shard).collect();
    if found
        == (1..=of)
            .map(|number| Shard { number, of })
            .collect::<Vec<_>>()
    {
        return Ok(shards);
    }
    let found: Vec<String> = found.iter().map(Shard::to_string).collect();
    Err(MergeError::Shards {
        found: found.join(", "),
        of,
    })
}

/// What two shards were told differently; how fast they were is their own affair.
fn differs(first: &RunStarted, other: &RunStarted) -> Option<&'static str> {
    let selection = |run: &RunStarted| {
        let mut selection = run.selection.clone();
        selection.shard = None;
        selection
    };
    let told = [
        ("suite", first.suite_version == other.suite_version),
        ("seed", first.seed == other.seed),
        ("number of repetitions", first.repeat == other.repeat),
        ("list of subjects", first.subjects == other.subjects),
        ("list of skipped subjects", first.skipped == other.skipped),
        ("selection", selection(first) == selection(other)),
        ("ledger", first.ledger == other.ledger),
    ];
    told.into_iter()
        .find(|(_, same)| !same)
        .map(|(what, _)| what)
}

/// A plugin's readiness is shown in every shard; what went wrong in one of them counts.
fn worse(earlier: Option<CaseReport>, report: &CaseReport) -> CaseReport {
    let badness = |report: &CaseReport| -> (bool, bool, OutcomeKind) {
        let kinds = report.judgements.iter().map(|said| said.outcome.kind());
        (
            report.end.is_suite_fault(),
            report.ready == Some(false),
            kinds.max().unwrap_or(OutcomeKind::NotApplicable),
        )
    };
    match earlier {
        Some(earlier) if badness(&earlier) >= badness(report) => earlier,
        _ => report.clone(),
    }
}
