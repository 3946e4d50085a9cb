//! `coverage`: which requirement has which checks and mutants, and what is judged of each method of the API.

use std::io::Write;

use clap::Args;

use super::PaceArguments;
use super::command::{CommandError, paced_for_fakes};
use super::progress::Progress;
use crate::exit::Exit;
use crate::report::human::Surface;
use crate::report::{listing, methods as show};
use crate::requirement::coverage::Coverage;
use crate::runner::event::CaseReport;
use crate::runner::method_table::{self, MethodRow};
use crate::suite::Suite;

/// Options of `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArguments {
    /// Play what is judged for each method of the API, with subjects and mutants, and show it method by method.
    #[arg(long)]
    pub api: bool,
    /// How `--api` is played.
    #[command(flatten)]
    pub pace: PaceArguments,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `coverage`.
pub fn coverage(suite: &Suite<'_>, json: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let coverage = coverage_of(suite);
    listing::coverage(out, &coverage, json)?;
    Ok(if coverage.is_complete() {
        Exit::Passed
    } else {
        Exit::Failed
    })
}

/// `coverage --api`.
pub async fn methods(
    suite: &Suite<'_>,
    arguments: &CoverageArguments,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let options = paced_for_fakes(&arguments.pace);
    let mut progress = Progress::on(surface, arguments.json);
    let tell = &mut |report: &CaseReport| progress.tell(out, report);
    let rows = method_table::play(suite, &options, tell).await?;
    progress.clear(out)?;
    if arguments.json {
        listing::write_json(out, &rows)?;
    } else {
        show::methods(out, &rows, surface.paint())?;
    }
    let proven = |row: &MethodRow| row.host.is_proven() && row.plugin.is_proven();
    Ok(if rows.iter().all(proven) {
        Exit::Passed
    } else {
        Exit::Failed
    })
}

/// The register joined with what this suite has.
pub fn coverage_of<'a>(suite: &'a Suite<'_>) -> Coverage<'a> {
    let checks = suite
        .scenarios
        .iter()
        .map(|scenario| (scenario.name, scenario.requirements));
    let mutants = suite
        .mutants
        .iter()
        .map(|mutant| (mutant.name, mutant.breaks));
    Coverage::join(suite.catalogue, checks, mutants)
}
