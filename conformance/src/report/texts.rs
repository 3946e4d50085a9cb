//! The texts of the failures by which mutants were caught, one JSON object a line: what a reader is given who has to tell from the text alone
//! what is wrong.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::failure;
use super::paint::Paint;
use crate::mutant::Mutant;
use crate::runner::event::CaseReport;
use crate::verdict::Outcome;

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    mutant: &'a str,
    about: String,
    breaks: &'a str,
    reason: &'a str,
    text: String,
}

/// Writes them as the mutants are caught, the first text of each.
#[derive(Debug)]
pub struct Texts<'a, W> {
    out: W,
    mutants: &'a [Mutant],
    told: BTreeSet<&'static str>,
}

impl<'a, W: Write> Texts<'a, W> {
    /// Texts of these mutants.
    pub fn new(out: W, mutants: &'a [Mutant]) -> Texts<'a, W> {
        Texts {
            out,
            mutants,
            told: BTreeSet::new(),
        }
    }

    /// A case is over.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tell(&mut self, report: &CaseReport) -> io::Result<()> {
        let subject = &report.name.subject;
        let Some(mutant) = self.mutants.iter().find(|mutant| mutant.name == *subject) else {
            return Ok(());
        };
        let caught = report.judgements.iter().find(|judgement| {
            let by_name = |outcome: &Outcome| match outcome {
                Outcome::Failed(failure) => failure.reason.as_str() == mutant.reason,
                _ => false,
            };
            judgement.id == mutant.breaks && by_name(&judgement.outcome)
        });
        match caught {
            Some(judgement) if self.told.insert(mutant.name) => {
                let line = Line {
                    mutant: mutant.name,
                    about: mutant.about(),
                    breaks: mutant.breaks,
                    reason: mutant.reason,
                    text: failure::text(report, judgement, Paint::Plain),
                };
                serde_json::to_writer(&mut self.out, &line)?;
                writeln!(self.out)
            }
            _ => Ok(()),
        }
    }
}
