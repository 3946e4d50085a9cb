//! The fingerprint of a failure: what of its reason stays the same from run to run.
//!
//! A check that fails names its reason, which is the fingerprint as it is. What could not be judged is told in words; of these, words with
//! numbers or paths in them are left out, since they are ports, processes, times and folders of one run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::{Outcome, Reason};

/// What the fingerprint of something that could not be judged begins with.
pub const INCONCLUSIVE: &str = "inconclusive: ";

/// How many words are enough to know a reason by.
const MOST_WORDS: usize = 16;

/// The stable part of a reason: `dismissal-changed`, or `inconclusive: not reached: the plugin did not start`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of an outcome; what passed and what was not claimed has none.
    pub fn of(outcome: &Outcome) -> Option<Fingerprint> {
        match outcome {
            Outcome::Failed(failure) => Some(Fingerprint(failure.reason.as_str().to_owned())),
            Outcome::Inconclusive { reason } => {
                Some(Fingerprint(format!("{INCONCLUSIVE}{}", words(reason))))
            }
            Outcome::Passed { .. } | Outcome::NotApplicable { .. } => None,
        }
    }

    /// Reads what a ledger says; `None` if no outcome has such a fingerprint.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        match text.strip_prefix(INCONCLUSIVE) {
            Some(reason) => {
                let words = words(reason);
                (!words.is_empty()).then(|| Fingerprint(format!("{INCONCLUSIVE}{words}")))
            }
            None => Reason::is_well_formed(text).then(|| Fingerprint(text.to_owned())),
        }
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is of something that could not be judged.
    pub fn is_inconclusive(&self) -> bool {
        self.0.starts_with(INCONCLUSIVE)
    }
}

/// The words that do not change from run to run; `*` stands for what does.
fn words(reason: &str) -> String {
    let changes = |word: &str| word.contains(|c: char| c.is_ascii_digit() || c == '/' || c == '\\');
    let mut kept: Vec<String> = Vec::new();
    for word in reason.split_whitespace() {
        let word = if changes(word) {
            "*".to_owned()
        } else {
            word.to_lowercase()
        };
        if word != "*" || kept.last() != Some(&word) {
            kept.push(word);
        }
    }
    kept.truncate(MOST_WORDS);
    kept.join(" ")
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Fingerprint, String> {
        Fingerprint::parse(&text).ok_or_else(|| format!("{text:?} is no reason"))
    }
}
