//! Colours, or none: a word and what it means.

use crate::verdict::OutcomeKind;

/// Whether words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// By ANSI codes, on a terminal.
    Coloured,
    /// Not: in a file, in CI, or where `NO_COLOR` is set.
    Plain,
}

impl Paint {
    /// A word in the colour of an outcome.
    pub fn outcome(self, kind: OutcomeKind, word: &str) -> String {
        match kind {
            OutcomeKind::Passed => self.code("32", word),
            OutcomeKind::Failed => self.code("1;31", word),
            OutcomeKind::Inconclusive => self.code("33", word),
            OutcomeKind::NotApplicable => self.code("2", word),
        }
    }

    /// A heading.
    pub fn strong(self, word: &str) -> String {
        self.code("1", word)
    }

    fn code(self, code: &str, word: &str) -> String {
        match self {
            Paint::Coloured => format!("\u{1b}[{code}m{word}\u{1b}[0m"),
            Paint::Plain => word.to_owned(),
        }
    }
}
