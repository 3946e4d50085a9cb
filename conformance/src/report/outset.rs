//! What a run was asked for, how slow the machine is, and what the run cost, in words. Pure.

use super::{failure, ledger};
use crate::runner::effort::Effort;
use crate::runner::event::{NotScored, RunStarted};
use crate::runner::tier::Tier;
use crate::verdict::Outcome;

/// The lines after the first one of a run: only what is not as usual, and the calibration.
pub fn lines(run: &RunStarted) -> Vec<String> {
    let mut lines = Vec::new();
    let selection = &run.selection;
    let profile =
        (selection.profile != Tier::Full).then(|| format!("profile {}", selection.profile));
    let shard = selection.shard.map(|shard| format!("shard {shard}"));
    let set = selection
        .set
        .as_ref()
        .map(|set| format!("judged by set {set}"));
    let asked: Vec<String> = [profile, shard, set].into_iter().flatten().collect();
    if !asked.is_empty() {
        lines.push(asked.join(", "));
    }
    if let Some(calibration) = &run.calibration {
        let suggested = calibration.suggests();
        let hint = if suggested > run.timeout_scale {
            format!("; --timeout-scale {suggested} would suit this machine, or auto")
        } else {
            String::new()
        };
        lines.push(format!(
            "this machine: {} to start a process, {} to exchange a line{hint}",
            milliseconds(calibration.start_us),
            milliseconds(calibration.exchange_us)
        ));
    }
    lines.extend(run.ledger.as_ref().map(ledger::head));
    lines
}

/// The slowest cases and what was left of the processors.
pub fn effort(effort: &Effort) -> Vec<String> {
    let slow = effort.slowest.iter().map(|slow| {
        let name = &slow.name;
        let ms = slow.duration_ms;
        format!(
            "{} {} {}.{} s",
            name.subject,
            name.scenario,
            ms / 1000,
            ms % 1000 / 100
        )
    });
    let mut lines = Vec::new();
    let slow: Vec<String> = slow.collect();
    if !slow.is_empty() {
        lines.extend(failure::fold(&format!("slowest: {}", slow.join(", "))));
    }
    lines.extend(idle(effort).map(|idle| format!("idle: {idle}")));
    lines
}

/// What was left of the processors, where that is known.
pub fn idle(effort: &Effort) -> Option<String> {
    let idle = effort.idle_per_mille?;
    Some(format!(
        "{}.{} % of {} processors",
        idle / 10,
        idle % 10,
        effort.processors
    ))
}

/// What is newer than the set that the project is judged by.
pub fn not_scored(newer: &NotScored) -> String {
    let failed: Vec<String> = newer
        .not_passed
        .iter()
        .filter_map(|row| match &row.outcome {
            Outcome::Failed(failure) => Some(format!("{} {}", row.id, failure.reason)),
            _ => None,
        })
        .collect();
    let failed = match failed.len() {
        0 => String::new(),
        _ => format!(": {}", failed.join(", ")),
    };
    let counts = &newer.counts;
    format!(
        "newer than the set, not scored: {} passed, {} failed, {} inconclusive{failed}",
        counts.passed, counts.failed, counts.inconclusive
    )
}

fn milliseconds(us: u64) -> String {
    format!("{}.{:02} ms", us / 1000, us % 1000 / 10)
}
