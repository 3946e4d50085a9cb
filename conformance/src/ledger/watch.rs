//! Watches a run with a ledger at hand: what was seen of each entry, and which failures no entry describes. Pure.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::fingerprint::Fingerprint;
use super::standing::{Observed, Standing, standing};
use super::{Entry, Ledger};
use crate::verdict::{Outcome, OutcomeKind};

/// How much a run was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Whether only some of the checks were chosen.
    pub some_checks: bool,
    /// Whether only some of the subjects were chosen by name.
    pub some_subjects: bool,
    /// The subjects of the run.
    pub subjects: Vec<String>,
    /// The subjects that this machine cannot run.
    pub skipped: Vec<String>,
}

/// One judgement as a watcher sees it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The scenario.
    pub scenario: &'a str,
    /// The requirement.
    pub id: &'a str,
    /// Its sentence.
    pub sentence: &'a str,
    /// What was said about it.
    pub outcome: &'a Outcome,
    /// Whether it is scored at all; a failure that is not has no need of an entry.
    pub scored: bool,
}

/// A failure that no entry describes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// The requirement.
    pub id: String,
    /// The subject.
    pub subject: String,
    /// The way in which it failed.
    pub reason: Fingerprint,
    /// The requirement's sentence.
    pub sentence: String,
    /// The scenarios that showed it.
    pub scenarios: BTreeSet<String>,
}

/// What a run made of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryStanding {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// What became of it.
    pub standing: Standing,
    /// The reasons that were seen in place of the listed one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<Fingerprint>,
}

/// What a run made of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerSummary {
    /// The file.
    pub file: String,
    /// Its entries, in its order.
    pub entries: Vec<EntryStanding>,
}

impl LedgerSummary {
    /// The entries that fail the run.
    pub fn red(&self) -> impl Iterator<Item = &EntryStanding> {
        self.entries.iter().filter(|entry| entry.standing.is_red())
    }

    /// How many entries came to this.
    pub fn count(&self, standing: Standing) -> usize {
        let same = |entry: &&EntryStanding| entry.standing == standing;
        self.entries.iter().filter(same).count()
    }

    /// The day on which the next entry expires that has not yet.
    pub fn next_expiry(&self) -> Option<Day> {
        let entries = self.entries.iter().map(|row| &row.entry);
        let live = entries.filter(|entry| !entry.expired);
        live.map(|entry| entry.expires).min()
    }
}

/// A ledger and what was seen so far.
#[derive(Clone, Debug)]
pub struct Watch {
    ledger: Ledger,
    seen: Vec<Seen>,
    unlisted: BTreeMap<(String, String, Fingerprint), Unlisted>,
}

#[derive(Clone, Debug)]
struct Seen {
    observed: Observed,
    instead: BTreeSet<Fingerprint>,
}

impl Watch {
    /// A watch that has seen nothing.
    pub fn new(ledger: Ledger) -> Watch {
        let nothing = Seen {
            observed: Observed::Nothing,
            instead: BTreeSet::new(),
        };
        Watch {
            seen: vec![nothing; ledger.entries.len()],
            ledger,
            unlisted: BTreeMap::new(),
        }
    }

    /// Takes a judgement.
    pub fn see(&mut self, sight: Sight<'_>) {
        let fingerprint = Fingerprint::of(sight.outcome);
        let mut described = false;
        for (entry, seen) in self.ledger.entries.iter().zip(&mut self.seen) {
            if !entry.is_about(sight.subject, sight.scenario, sight.id) {
                continue;
            }
            let observed = observe(entry, fingerprint.as_ref(), sight.outcome);
            seen.observed = seen.observed.max(observed);
            match fingerprint.clone() {
                Some(_) if observed == Observed::SameReason => described = true,
                Some(other) if observed == Observed::OtherReason => {
                    seen.instead.insert(other);
                }
                _ => {}
            }
        }
        match fingerprint {
            Some(reason)
                if !described && sight.scored && sight.outcome.kind() == OutcomeKind::Failed =>
            {
                self.not_described(sight, reason);
            }
            _ => {}
        }
    }

    fn not_described(&mut self, sight: Sight<'_>, reason: Fingerprint) {
        let (id, subject) = (sight.id.to_owned(), sight.subject.to_owned());
        let key = (id.clone(), subject.clone(), reason.clone());
        let unlisted = self.unlisted.entry(key).or_insert_with(|| Unlisted {
            id,
            subject,
            reason,
            sentence: sight.sentence.to_owned(),
            scenarios: BTreeSet::new(),
        });
        unlisted.scenarios.insert(sight.scenario.to_owned());
    }

    /// What became of each entry, and the failures that none describes.
    pub fn end(self, scope: &Scope) -> (LedgerSummary, Vec<Unlisted>) {
        let rows = self.ledger.entries.into_iter().zip(self.seen);
        let rows = rows.map(|(entry, seen)| {
            let observed = scope.narrow(&entry, seen.observed);
            let instead = match observed {
                Observed::OtherReason => seen.instead.into_iter().collect(),
                _ => Vec::new(),
            };
            EntryStanding {
                standing: standing(observed, entry.kind, entry.expired),
                entry,
                instead,
            }
        });
        let summary = LedgerSummary {
            entries: rows.collect(),
            file: self.ledger.file,
        };
        (summary, self.unlisted.into_values().collect())
    }
}

/// What one outcome is to an entry.
fn observe(entry: &Entry, fingerprint: Option<&Fingerprint>, outcome: &Outcome) -> Observed {
    if fingerprint == Some(&entry.reason) {
        return Observed::SameReason;
    }
    match outcome.kind() {
        OutcomeKind::NotApplicable => Observed::NotApplicable,
        OutcomeKind::Passed => Observed::Passed,
        OutcomeKind::Inconclusive => Observed::NotJudged,
        OutcomeKind::Failed => Observed::OtherReason,
    }
}

impl Scope {
    /// What was observed, with regard to what the run was asked for.
    pub fn narrow(&self, entry: &Entry, observed: Observed) -> Observed {
        if !entry.known {
            return Observed::Unknown;
        }
        if observed != Observed::Nothing {
            return observed;
        }
        let addressed = |subjects: &[String]| subjects.iter().any(|name| entry.addresses(name));
        let elsewhere = self.some_subjects || addressed(&self.skipped);
        if self.some_checks || (!addressed(&self.subjects) && elsewhere) {
            Observed::NotAsked
        } else {
            Observed::Nothing
        }
    }
}

#[cfg(test)]
mod tests;
