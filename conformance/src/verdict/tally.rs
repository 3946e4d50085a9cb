//! Adds up: outcomes to one word per requirement, words to scores by level, scores to an exit code.
//!
//! Pure; reporters and `exit` only read it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::readiness::{Readiness, under};
use super::{Outcome, OutcomeKind};
use crate::requirement::Level;

/// How many requirements ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Kept.
    pub passed: usize,
    /// Broken.
    pub failed: usize,
    /// Not judged.
    pub inconclusive: usize,
    /// Not claimed.
    pub not_applicable: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, kind: OutcomeKind) {
        match kind {
            OutcomeKind::Passed => self.passed += 1,
            OutcomeKind::Failed => self.failed += 1,
            OutcomeKind::Inconclusive => self.inconclusive += 1,
            OutcomeKind::NotApplicable => self.not_applicable += 1,
        }
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.judged() + self.not_applicable
    }

    /// All that were decided one way or the other.
    pub fn checked(&self) -> usize {
        self.passed + self.failed
    }

    /// All that were applicable.
    pub fn judged(&self) -> usize {
        self.passed + self.failed + self.inconclusive
    }

    /// Passes in per mille of the denominator, 0 if that is 0: not applicable counts in it for a plugin that was never ready.
    pub fn passed_per_mille(&self, readiness: Readiness) -> usize {
        let denominator = if readiness == Readiness::NeverReady {
            self.total()
        } else {
            self.judged()
        };
        (self.passed * 1000).checked_div(denominator).unwrap_or(0)
    }
}

/// One subject's outcomes, one per requirement.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    outcomes: BTreeMap<String, (Level, Outcome)>,
}

impl Tally {
    /// Takes the statement of one case about one requirement; several statements become one by [`Outcome::and`], and of several that are as
    /// bad the first by its words stays, so that it does not matter which case was over first.
    pub fn add(&mut self, id: &str, level: Level, outcome: Outcome) {
        let joined = match self.outcomes.remove(id) {
            Some((_, earlier)) => match (said(&earlier), said(&outcome)) {
                (Some(first), Some(second)) if second < first => outcome.and(earlier),
                _ => earlier.and(outcome),
            },
            None => outcome,
        };
        self.outcomes.insert(id.to_owned(), (level, joined));
    }

    /// The tally under the rule of readiness.
    #[must_use]
    pub fn under(self, readiness: Readiness) -> Tally {
        let judge = |(id, (level, outcome))| (id, (level, under(readiness, outcome)));
        Tally {
            outcomes: self.outcomes.into_iter().map(judge).collect(),
        }
    }

    /// The outcome of each requirement, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level, &Outcome)> {
        self.outcomes
            .iter()
            .map(|(id, (level, outcome))| (id.as_str(), *level, outcome))
    }

    /// What one requirement came to; `None` if nothing was said about it.
    pub fn kind(&self, id: &str) -> Option<OutcomeKind> {
        self.outcomes.get(id).map(|(_, outcome)| outcome.kind())
    }

    /// The counts of one level.
    pub fn counts(&self, level: Level) -> Counts {
        self.count(|candidate| candidate == level)
    }

    /// The counts of all levels together.
    pub fn total(&self) -> Counts {
        self.count(|_| true)
    }

    fn count(&self, wanted: impl Fn(Level) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (level, outcome) in self.outcomes.values() {
            if wanted(*level) {
                counts.add(outcome.kind());
            }
        }
        counts
    }
}

/// The words of an outcome that is no pass.
fn said(outcome: &Outcome) -> Option<(&str, &str)> {
    match outcome {
        Outcome::Failed(failure) => Some((failure.reason.as_str(), &failure.seen)),
        Outcome::Inconclusive { reason } => Some((reason, "")),
        Outcome::NotApplicable { capability } => Some((capability, "")),
        Outcome::Passed { .. } => None,
    }
}

/// What a whole run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunVerdict {
    /// Everything that was judged passed, and something was.
    Passed,
    /// A MUST or a SHOULD was broken.
    Failed,
    /// Something could not be judged, or nothing was.
    Inconclusive,
    /// The suite itself failed, so its report is not to be trusted.
    SuiteFailed,
}

/// The verdict over all subjects. A fault of the suite counts first, then failures, then what could not be judged; a broken MAY is only
/// reported. No check at all is inconclusive, never passed.
pub fn run_verdict<'a>(
    tallies: impl IntoIterator<Item = &'a Tally>,
    suite_faults: usize,
) -> RunVerdict {
    let (mut failed, mut inconclusive, mut judged) = (false, false, false);
    for (_, level, outcome) in tallies.into_iter().flat_map(Tally::iter) {
        match outcome.kind() {
            OutcomeKind::Failed if level == Level::May => judged = true,
            OutcomeKind::Failed => failed = true,
            OutcomeKind::Inconclusive => inconclusive = true,
            OutcomeKind::Passed => judged = true,
            OutcomeKind::NotApplicable => {}
        }
    }
    match () {
        () if suite_faults > 0 => RunVerdict::SuiteFailed,
        () if failed => RunVerdict::Failed,
        () if inconclusive || !judged => RunVerdict::Inconclusive,
        () => RunVerdict::Passed,
    }
}

#[cfg(test)]
mod tests;
