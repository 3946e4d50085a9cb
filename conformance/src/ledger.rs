//! The ledger: the failures that a project knows of. Each entry names a check, the reason of its failure, where it is tracked, and the day
//! until which it is borne; whatever it no longer describes turns the run red.
//!
//! ```text
//! file ─ reading ─▶ Ledger ─┬─ excuse (one failure, while the run goes on) ─▶ Ruling
//!                           └─ watch (all outcomes) ─▶ Observed ─ standing ─▶ Standing of each entry ─ rewriting ─▶ file
//! ```
//! Pure: the day is told, files are read and written by others.

pub mod day;
pub mod fingerprint;
pub mod reading;
pub mod rewriting;
pub mod standing;
pub mod watch;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::glob::glob;
use crate::requirement::RequirementId;
use crate::verdict::Outcome;
use crate::verdict::ruling::Ruling;
use day::Day;
use fingerprint::Fingerprint;

/// How many flaky entries a ledger may have if it does not say.
pub const MOST_FLAKY: usize = 3;

/// A ledger that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// The file, as it was named.
    pub file: String,
    /// The entries, in the order of the file: expected failures first, then flaky ones.
    pub entries: Vec<Entry>,
}

/// Which list an entry stands in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It fails always.
    Expected,
    /// It fails sometimes.
    Flaky,
}

impl Kind {
    /// The name of the list in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Expected => "expected",
            Kind::Flaky => "flaky",
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The list that it stands in.
    pub kind: Kind,
    /// What fails.
    pub check: Check,
    /// Whose failure it is, as a glob over the names of subjects; of any if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The way in which it fails.
    pub reason: Fingerprint,
    /// Where the failure is tracked.
    pub tracker: String,
    /// What people should know about it.
    pub text: String,
    /// The last day on which it is borne.
    pub expires: Day,
    /// The version of the suite that showed it when it was listed.
    pub suite: String,
    /// Whether that day is over.
    pub expired: bool,
    /// Whether this suite has the check at all.
    pub known: bool,
}

impl Entry {
    /// Whether it is about this judgement, whatever its outcome.
    pub fn is_about(&self, subject: &str, scenario: &str, id: &str) -> bool {
        self.addresses(subject) && self.check.covers(scenario, id)
    }

    /// Whether it is about this subject.
    pub fn addresses(&self, subject: &str) -> bool {
        let globbed = |pattern: &String| glob(pattern, subject);
        self.subject.as_ref().is_none_or(globbed)
    }

    /// What makes two entries the same.
    fn key(&self) -> (&Check, Option<&str>, &Fingerprint) {
        (&self.check, self.subject.as_deref(), &self.reason)
    }
}

/// What an entry is about: a requirement wherever it is judged, a scenario with all its requirements, or one requirement in one scenario.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
pub struct Check {
    /// The scenario, if not any.
    pub scenario: Option<String>,
    /// The requirement, if not any.
    pub requirement: Option<String>,
}

impl Check {
    /// Reads `HK-057`, `plugin/hooks/filters` or `plugin/hooks/filters HK-057`.
    pub fn parse(text: &str) -> Option<Check> {
        let id = |word: &str| RequirementId::parse(word).map(|id| id.to_string());
        let scenario = |word: &str| word.contains('/').then(|| word.to_owned());
        let words: Vec<&str> = text.split(' ').collect();
        let (scenario, requirement) = match words[..] {
            [word] => (scenario(word), id(word)),
            [first, second] => (Some(scenario(first)?), Some(id(second)?)),
            _ => (None, None),
        };
        (scenario.is_some() || requirement.is_some()).then_some(Check {
            scenario,
            requirement,
        })
    }

    /// Whether it is about this judgement.
    pub fn covers(&self, scenario: &str, id: &str) -> bool {
        let same = |wanted: &Option<String>, got: &str| wanted.as_deref().is_none_or(|w| w == got);
        same(&self.scenario, scenario) && same(&self.requirement, id)
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = self.scenario.iter().chain(&self.requirement);
        f.write_str(&words.cloned().collect::<Vec<_>>().join(" "))
    }
}

impl From<Check> for String {
    fn from(check: Check) -> String {
        check.to_string()
    }
}

impl TryFrom<String> for Check {
    type Error = String;

    fn try_from(text: String) -> Result<Check, String> {
        let refused = || format!("{text:?} is neither a requirement nor a scenario");
        Check::parse(&text).ok_or_else(refused)
    }
}

impl Ledger {
    /// The ruling on an outcome that an entry describes: the same check, subject and reason, and its day is not over.
    pub fn excuse(
        &self,
        subject: &str,
        scenario: &str,
        id: &str,
        outcome: &Outcome,
    ) -> Option<Ruling> {
        let fingerprint = Fingerprint::of(outcome)?;
        let describes = |entry: &&Entry| {
            !entry.expired && entry.reason == fingerprint && entry.is_about(subject, scenario, id)
        };
        let Entry {
            kind,
            tracker,
            text,
            ..
        } = self.entries.iter().find(describes)?.clone();
        Some(match kind {
            Kind::Expected => Ruling::Expected { tracker, text },
            Kind::Flaky => Ruling::Flaky { tracker, text },
        })
    }
}

#[cfg(test)]
mod tests;
