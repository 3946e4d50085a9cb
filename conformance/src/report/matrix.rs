//! The kill matrix as text: a line for each mutant, and how many were caught.

use std::io::{self, Write};

use super::paint::Paint;
use crate::runner::kill_matrix::{Fate, MutantReport};
use crate::verdict::OutcomeKind;

/// All rows, those that were not caught with what was seen instead.
pub fn matrix(out: &mut dyn Write, rows: &[MutantReport], paint: Paint) -> io::Result<()> {
    for row in rows {
        let (kind, word, more) = match &row.fate {
            Fate::Caught { by } => (OutcomeKind::Passed, "caught", by),
            Fate::OtherReason { seen } => (OutcomeKind::Failed, "other reason", seen),
            Fate::Survived { seen } => (OutcomeKind::Failed, "survived", seen),
            Fate::Void { reason } => (OutcomeKind::Inconclusive, "void", &vec![reason.clone()]),
        };
        let word = paint.outcome(kind, &format!("{word:<12}"));
        writeln!(
            out,
            "{word} {:<40} breaks {} by {}",
            row.name, row.breaks, row.reason
        )?;
        let lines = if row.is_caught() {
            &[]
        } else {
            more.as_slice()
        };
        for line in lines {
            writeln!(out, "             {line}")?;
        }
    }
    let caught = rows.iter().filter(|row| row.is_caught()).count();
    writeln!(
        out,
        "\n{caught} of {} mutants are caught by their named check for their named reason",
        rows.len()
    )
}
