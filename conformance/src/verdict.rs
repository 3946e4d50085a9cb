//! What a check says about one requirement: passed, failed, inconclusive or not applicable.
//!
//! Pure: values and the order among them. `settle` turns what a case judged into one outcome per listed requirement, `readiness` holds the
//! rule of the plugin that was never ready, `tally` adds up requirements, levels and the exit code, `by_method` keeps what was said of single
//! methods of the API, `ruling` is why an outcome does not count.

pub mod by_method;
pub mod readiness;
pub mod ruling;
pub mod settle;
pub mod tally;

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

/// A stable name for the way in which a check failed: lower-case words joined by dashes, `wrong-exit-code`.
///
/// Mutants name the reason by which they must be caught, so a reason is part of the contract of a check.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// Whether the text has the form of a reason.
    pub fn is_well_formed(text: &str) -> bool {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        text.split('-').all(word)
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Reason {
    fn from(slug: &'static str) -> Reason {
        debug_assert!(Reason::is_well_formed(slug), "{slug:?}");
        Reason(Cow::Borrowed(slug))
    }
}

impl From<String> for Reason {
    fn from(slug: String) -> Reason {
        debug_assert!(Reason::is_well_formed(&slug), "{slug:?}");
        Reason(Cow::Owned(slug))
    }
}

/// Logs are read back, and whoever wrote one may have changed it: a malformed reason is an error of the log, not of this program.
impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
        let slug = String::deserialize(deserializer)?;
        if !Reason::is_well_formed(&slug) {
            let form = "lower-case words joined by dashes";
            return Err(D::Error::invalid_value(Unexpected::Str(&slug), &form));
        }
        Ok(Reason(Cow::Owned(slug)))
    }
}

impl PartialEq<str> for Reason {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a failed check has to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The way in which it failed.
    pub reason: Reason,
    /// What the requirement wants to be seen.
    pub expected: String,
    /// What was seen instead.
    pub seen: String,
    /// What a Go host does with this subject, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub go_host: Option<String>,
    /// The plan that shows it again, as a file for `replay`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// The place in the case's timeline of the first entry that contradicts the requirement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<usize>,
}

/// What a check says about one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The requirement was kept, and this is what was seen of it.
    Passed {
        /// The evidence; a pass without any is not a pass (`settle`).
        seen: Vec<String>,
    },
    /// The requirement was broken.
    Failed(Failure),
    /// It could not be judged.
    Inconclusive {
        /// Why not.
        reason: String,
    },
    /// The subject does not claim the capability that the requirement is about.
    NotApplicable {
        /// The capability.
        capability: String,
    },
}

impl Outcome {
    /// An inconclusive outcome.
    pub fn inconclusive(reason: impl Into<String>) -> Outcome {
        Outcome::Inconclusive {
            reason: reason.into(),
        }
    }

    /// The entries of the timeline have got new places, and what points at one points at it still.
    pub fn moved(&mut self, places: &[usize]) {
        if let Outcome::Failed(failure) = self {
            let entry = failure.entry.and_then(|entry| places.get(entry).copied());
            failure.entry = entry.or(failure.entry);
        }
    }

    /// The texts in it, each to be written anew.
    pub fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Outcome::Passed { seen } => seen.iter_mut().collect(),
            Outcome::Failed(failure) => {
                let both = [&mut failure.expected, &mut failure.seen];
                both.into_iter().chain(&mut failure.go_host).collect()
            }
            Outcome::Inconclusive { reason } => vec![reason],
            Outcome::NotApplicable { capability } => vec![capability],
        }
    }

    /// The kind alone, which is what is counted.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Outcome::Passed { .. } => OutcomeKind::Passed,
            Outcome::Failed(_) => OutcomeKind::Failed,
            Outcome::Inconclusive { .. } => OutcomeKind::Inconclusive,
            Outcome::NotApplicable { .. } => OutcomeKind::NotApplicable,
        }
    }

    /// Two statements about one requirement become one: the worse counts, the evidence of two passes is joined.
    #[must_use]
    pub fn and(self, other: Outcome) -> Outcome {
        match (self, other) {
            (Outcome::Passed { seen: mut first }, Outcome::Passed { seen }) => {
                first.extend(seen);
                Outcome::Passed { seen: first }
            }
            (first, second) if second.kind() > first.kind() => second,
            (first, _) => first,
        }
    }
}

/// The four outcomes, mildest first: of two statements about one requirement the greater counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Nothing was claimed, so nothing was judged.
    NotApplicable,
    /// Kept.
    Passed,
    /// Could not be judged.
    Inconclusive,
    /// Broken.
    Failed,
}

impl OutcomeKind {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            OutcomeKind::NotApplicable => "not applicable",
            OutcomeKind::Passed => "passed",
            OutcomeKind::Inconclusive => "inconclusive",
            OutcomeKind::Failed => "failed",
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
