//! `explain`: a requirement in full, and on demand what a subject looks like that keeps it, and each that does not: played, not stored, so
//! that it is what the suite shows today.

use std::io::Write;

use super::Explain;
use super::command::CommandError;
use super::coverage::coverage_of;
use crate::exit::Exit;
use crate::report::paint::Paint;
use crate::report::{failure, listing};
use crate::requirement::coverage::Row;
use crate::requirement::retired::{Retired, retired};
use crate::runner::event::{CaseReport, Event, Judgement};
use crate::runner::{self, RunOptions};
use crate::suite::Suite;
use crate::verdict::{Outcome, OutcomeKind};

/// `explain` without a play.
pub fn explain(suite: &Suite<'_>, id: &str, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let coverage = coverage_of(suite);
    listing::requirement(out, row(&coverage.rows, id)?, &suite.mutants)?;
    Ok(Exit::Passed)
}

/// `explain --play`.
pub async fn play(
    suite: &Suite<'_>,
    arguments: &Explain,
    options: RunOptions,
    out: &mut dyn Write,
    paint: Paint,
) -> Result<Exit, CommandError> {
    let coverage = coverage_of(suite);
    let row = row(&coverage.rows, &arguments.id)?;
    listing::requirement(out, row, &suite.mutants)?;
    let id = row.requirement.id.as_str();
    let sound = suite.workshop.baseline(row.requirement.side);
    let sound = sound.map_err(runner::RunError::Missing)?.name;
    let names =
        std::iter::once(sound.clone()).chain(row.mutants.iter().map(|name| (*name).to_owned()));
    let mut as_told = true;
    // One after the other, so that transcripts stand in the order of the list.
    for name in names {
        let options = RunOptions {
            patterns: vec![id.to_owned()],
            subjects: vec![name.clone()],
            ..options.clone()
        };
        let mut reports = Vec::new();
        runner::run(suite, &options, &mut |event| {
            if let Event::CaseEnded(report) = event {
                reports.push(report.clone());
            }
        })
        .await?;
        let shown = telling(&reports, id, name == sound);
        as_told &= shown.is_some();
        match shown {
            Some((report, judgement)) => {
                writeln!(out, "\n{}", failure::text(report, judgement, paint))?;
            }
            None => writeln!(out, "\n{name} shows nothing of {id} in this play\n")?,
        }
    }
    Ok(if as_told {
        Exit::Passed
    } else {
        Exit::Inconclusive
    })
}

/// The case that shows most: of a sound subject a pass, of a mutant a failure.
fn telling<'a>(
    reports: &'a [CaseReport],
    id: &str,
    sound: bool,
) -> Option<(&'a CaseReport, &'a Judgement)> {
    let wanted = |outcome: &Outcome| match sound {
        true => outcome.kind() == OutcomeKind::Passed,
        false => outcome.kind() == OutcomeKind::Failed,
    };
    let all = reports.iter().flat_map(|report| {
        report
            .judgements
            .iter()
            .map(move |judgement| (report, judgement))
    });
    let mut fitting = all.filter(|(_, judgement)| judgement.id == id && wanted(&judgement.outcome));
    fitting.next()
}

fn row<'a, 'b>(rows: &'a [Row<'b>], id: &str) -> Result<&'a Row<'b>, CommandError> {
    let wanted = id.to_ascii_uppercase();
    let row = rows
        .iter()
        .find(|row| row.requirement.id.as_str() == wanted);
    row.ok_or_else(|| {
        let retired = retired().expect("the list is part of this binary, and a test reads it");
        match retired.into_iter().find(|retired| retired.id == wanted) {
            Some(Retired { id, by, .. }) => CommandError::RetiredRequirement { id, by },
            None => CommandError::UnknownRequirement(id.to_owned()),
        }
    })
}
