//! Why an outcome that is no pass does not count against a subject: somebody has listed it, or it is about a requirement that the project
//! is not judged by yet. Pure; `ledger` and `requirement::set` give rulings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an outcome does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Ruling {
    /// A failure that the ledger lists.
    Expected {
        /// Where it is tracked.
        tracker: String,
        /// What the ledger says about it.
        text: String,
    },
    /// A failure of which the ledger says that it comes and goes.
    Flaky {
        /// Where it is tracked.
        tracker: String,
        /// What the ledger says about it.
        text: String,
    },
    /// The requirement is newer than the set that the project is judged by; its passes do not count either.
    NotScored {
        /// The version of the suite that had it first.
        since: String,
    },
}

impl Ruling {
    /// The words in reports.
    pub fn words(&self) -> String {
        match self {
            Ruling::Expected { tracker, .. } => format!("expected failure, {tracker}"),
            Ruling::Flaky { tracker, .. } => format!("flaky, {tracker}"),
            Ruling::NotScored { since } => format!("not scored: since {since}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_why_and_where() {
        let (tracker, text) = ("TR-1".to_owned(), String::new());
        let (also, since) = (tracker.clone(), "0.2".to_owned());
        let expected = Ruling::Expected { tracker, text };
        let flaky = Ruling::Flaky {
            tracker: also,
            text: String::new(),
        };
        assert_eq!(expected.words(), "expected failure, TR-1");
        assert_eq!(flaky.words(), "flaky, TR-1");
        assert_eq!(Ruling::NotScored { since }.words(), "not scored: since 0.2");
    }
}
