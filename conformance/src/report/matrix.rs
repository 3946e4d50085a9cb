//! The kill matrix: as text, a line for each mutant, and as `matrix.json`.
//!
//! What was not caught stands once more at the end, with what was seen: CI systems show the tail of a log. `files` keeps the matrix in files
//! while it grows.

pub mod files;

use std::io::{self, Write};

use super::failure;
use super::paint::Paint;
use crate::runner::kill_matrix::beside::Reach;
use crate::runner::kill_matrix::figures::{KillMatrix, MOST_BESIDE};
use crate::runner::kill_matrix::{Fate, MutantReport};
use crate::runner::tier::Tier;
use crate::verdict::OutcomeKind;

/// How many mutants are told in full at the end; of more there is a common cause, and all are in the lines above.
const MOST_TOLD: usize = 10;

/// All rows, what was not caught once more, and the figures.
pub fn matrix(out: &mut dyn Write, matrix: &KillMatrix, paint: Paint) -> io::Result<()> {
    for row in &matrix.rows {
        line(out, row, paint)?;
    }
    let lost = matrix.not_caught();
    for row in lost.iter().take(MOST_TOLD) {
        writeln!(out, "\n{}", paint.strong("not caught:"))?;
        line(out, row, paint)?;
        for case in &row.cases {
            for judgement in &case.judgements {
                writeln!(
                    out,
                    "\n{}",
                    failure::text(case, judgement, paint).trim_end()
                )?;
            }
        }
    }
    if lost.len() > MOST_TOLD {
        writeln!(out, "\n… and {} more, listed above", lost.len() - MOST_TOLD)?;
    }
    writeln!(out)?;
    beside(out, matrix)?;
    writeln!(
        out,
        "{} of {} mutants are caught by their named check for their named reason",
        matrix.caught(),
        matrix.rows.len()
    )
}

/// The word for what became of a mutant, and the kind of outcome that it is like.
pub fn fate(row: &MutantReport) -> (OutcomeKind, &'static str) {
    match &row.fate {
        Fate::Caught { .. } => (OutcomeKind::Passed, "caught"),
        Fate::OtherReason { .. } => (OutcomeKind::Failed, "other reason"),
        Fate::Survived { .. } => (OutcomeKind::Failed, "survived"),
        Fate::Void { .. } => (OutcomeKind::Inconclusive, "void"),
    }
}

/// By what a mutant was caught, or what was seen instead.
pub fn seen(row: &MutantReport) -> &[String] {
    match &row.fate {
        Fate::Caught { by } => by,
        Fate::OtherReason { seen } | Fate::Survived { seen } => seen,
        Fate::Void { reason } => std::slice::from_ref(reason),
    }
}

fn line(out: &mut dyn Write, row: &MutantReport, paint: Paint) -> io::Result<()> {
    let (kind, word) = fate(row);
    let word = paint.outcome(kind, &format!("{word:<12}"));
    writeln!(
        out,
        "{word} {:<40} breaks {} by {}",
        row.name, row.breaks, row.reason
    )?;
    if !row.is_caught() {
        for line in seen(row) {
            writeln!(out, "             {line}")?;
        }
    }
    Ok(())
}

/// How independent the checks are.
fn beside(out: &mut dyn Write, matrix: &KillMatrix) -> io::Result<()> {
    for row in matrix.heavy() {
        let ids: Vec<&str> = row.beside.broken.keys().map(String::as_str).collect();
        writeln!(
            out,
            "{} breaks {} of the checks that it is not meant for:",
            row.name,
            share(matrix, row)
        )?;
        for line in failure::fold(&ids.join(" ")) {
            writeln!(out, "    {line}")?;
        }
    }
    writeln!(out, "{}", independence(matrix))
}

/// The share of other checks that a mutant breaks, in words.
pub fn share(matrix: &KillMatrix, row: &MutantReport) -> String {
    let per_mille = matrix.beside_per_mille(row);
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

/// How independent the checks are, in one sentence.
pub fn independence(matrix: &KillMatrix) -> String {
    let most = match matrix.heaviest() {
        Some(row) => format!("{} the most, {}", row.name, share(matrix, row)),
        None => "none breaks any".to_owned(),
    };
    let heavy = matrix.heavy().len();
    let played = match matrix.reach {
        Reach::Side if matrix.profile == Tier::Full => "all were played".to_owned(),
        Reach::Side => format!("played were those of the profile {}", matrix.profile),
        Reach::Scenarios | Reach::Named => {
            "played were only the scenarios of what each is meant for".to_owned()
        }
    };
    format!(
        "{heavy} of {} mutants break more than {MOST_BESIDE} % of the checks that they are not meant for ({most}; {played})",
        matrix.rows.len()
    )
}
