//! The exit codes, and the one place that maps to them.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | everything that was judged passed, and something was judged |
//! | 1 | a requirement failed, a mutant was not caught, or the register has a gap |
//! | 2 | the command line or the configuration is wrong; a pattern that matches nothing is |
//! | 3 | something could not be judged, or nothing was |
//! | 4 | the suite itself failed |

use crate::runner::RunError;
use crate::runner::kill_matrix::{Fate, MutantReport};
use crate::verdict::tally::RunVerdict;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything passed.
    Passed,
    /// Something failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Something could not be judged.
    Inconclusive,
    /// The suite failed.
    SuiteFailed,
}

impl Exit {
    /// The code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
            Exit::SuiteFailed => 4,
        }
    }

    /// The end of a run that could not begin.
    pub fn of_error(error: &RunError) -> Exit {
        match error {
            RunError::Select(_) => Exit::Usage,
            RunError::NoSubject(_) | RunError::Missing(_) => Exit::Inconclusive,
            RunError::UnknownRequirement { .. }
            | RunError::Tiers(_)
            | RunError::Folder(_)
            | RunError::Signals(_) => Exit::SuiteFailed,
        }
    }

    /// The end of a kill matrix: no mutant at all proves nothing.
    pub fn of_matrix(rows: &[MutantReport]) -> Exit {
        let void = |row: &MutantReport| matches!(row.fate, Fate::Void { .. });
        match () {
            () if rows.iter().any(|row| !row.is_caught() && !void(row)) => Exit::Failed,
            () if rows.is_empty() || rows.iter().any(void) => Exit::Inconclusive,
            () => Exit::Passed,
        }
    }
}

impl From<RunVerdict> for Exit {
    fn from(verdict: RunVerdict) -> Exit {
        match verdict {
            RunVerdict::Passed => Exit::Passed,
            RunVerdict::Failed => Exit::Failed,
            RunVerdict::Inconclusive => Exit::Inconclusive,
            RunVerdict::SuiteFailed => Exit::SuiteFailed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::requirement::Side;
    use crate::runner::kill_matrix::beside::Beside;
    use crate::runner::select::SelectError;
    use crate::subject::Skipped;

    #[rstest]
    #[case(RunVerdict::Passed, 0)]
    #[case(RunVerdict::Failed, 1)]
    #[case(RunVerdict::Inconclusive, 3)]
    #[case(RunVerdict::SuiteFailed, 4)]
    fn verdicts(#[case] verdict: RunVerdict, #[case] expect: u8) {
        assert_eq!(Exit::from(verdict).code(), expect);
    }

    #[rstest]
    #[case(RunError::Select(SelectError::Pattern("x".to_owned())), 2)]
    #[case(RunError::Select(SelectError::Nothing("x".to_owned())), 2)]
    #[case(RunError::NoSubject(vec![]), 3)]
    #[case(RunError::Missing(Skipped { subject: "a".to_owned(), reason: "b".to_owned(), enable: "c".to_owned() }), 3)]
    #[case(RunError::UnknownRequirement { scenario: "a".to_owned(), id: "b".to_owned() }, 4)]
    #[case(RunError::Folder(std::io::Error::other("full")), 4)]
    fn errors(#[case] error: RunError, #[case] expect: u8) {
        assert_eq!(Exit::of_error(&error).code(), expect);
    }

    fn row(fate: Fate) -> MutantReport {
        let text = || "x".to_owned();
        MutantReport {
            name: text(),
            side: Side::Host,
            breaks: text(),
            reason: text(),
            fate,
            methods: std::collections::BTreeSet::new(),
            beside: Beside::default(),
            cases: Vec::new(),
        }
    }

    #[rstest]
    #[case::none(vec![], 3)]
    #[case::caught(vec![row(Fate::Caught { by: vec![] })], 0)]
    #[case::survived(vec![row(Fate::Caught { by: vec![] }), row(Fate::Survived { seen: vec![] })], 1)]
    #[case::other(vec![row(Fate::OtherReason { seen: vec![] })], 1)]
    #[case::void(vec![row(Fate::Void { reason: String::new() })], 3)]
    #[case::both(vec![row(Fate::Void { reason: String::new() }), row(Fate::Survived { seen: vec![] })], 1)]
    fn matrices(#[case] rows: Vec<MutantReport>, #[case] expect: u8) {
        assert_eq!(Exit::of_matrix(&rows).code(), expect);
    }
}
