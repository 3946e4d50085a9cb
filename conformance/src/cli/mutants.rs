//! `mutants`: the kill matrix, shown and kept.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::PaceArguments;
use super::command::{CommandError, Progress, paced_for_fakes, writable};
use crate::exit::Exit;
use crate::report::file::replace;
use crate::report::human::Surface;
use crate::report::texts::Texts;
use crate::report::{html, listing, matrix};
use crate::runner::RunOptions;
use crate::runner::event::CaseReport;
use crate::runner::kill_matrix;
use crate::runner::kill_matrix::beside::Reach;
use crate::runner::kill_matrix::figures::KillMatrix;
use crate::suite::Suite;

/// Options of `mutants`.
#[derive(Debug, Args)]
pub struct Mutants {
    /// Globs over the names of mutants and the requirements they break. Without any, all.
    pub patterns: Vec<String>,
    /// How it is played.
    #[command(flatten)]
    pub pace: PaceArguments,
    /// Play every scenario of its side with each mutant, not only those that judge what it breaks, and count what it breaks beside. Each
    /// mutant then takes as long as a run.
    #[arg(long)]
    pub all_checks: bool,
    /// Write the kill matrix as JSON to this file, for `report convert --matrix`.
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Write the kill matrix as a page to this file.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the text of each failure by which a mutant was caught to this file, one JSON object a line: what `scripts/blind-test` reads.
    #[arg(long, value_name = "FILE")]
    pub failures: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `mutants`.
pub async fn mutants(
    suite: &Suite<'_>,
    arguments: &Mutants,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let options = RunOptions {
        patterns: arguments.patterns.clone(),
        ..paced_for_fakes(&arguments.pace)
    };
    let reach = if arguments.all_checks {
        Reach::Side
    } else {
        Reach::Scenarios
    };
    for path in arguments.matrix.iter().chain(&arguments.html) {
        writable(path)?;
    }
    let mut progress = Progress::on(surface, arguments.json);
    let open = |path: &PathBuf| {
        File::create(path).map_err(|error| CommandError::Report(path.clone(), error))
    };
    let file = arguments.failures.as_ref().map(open).transpose()?;
    let mut texts = file.map(|file| Texts::new(file, &suite.mutants));
    let mut written = Ok(());
    let tell = &mut |report: &CaseReport| {
        progress.tell(out, report);
        if let Some(texts) = texts.as_mut().filter(|_| written.is_ok()) {
            written = texts.tell(report);
        }
    };
    let rows = kill_matrix::prove(suite, &options, reach, tell).await?;
    if let (Err(error), Some(path)) = (written, &arguments.failures) {
        return Err(CommandError::Report(path.clone(), error));
    }
    let matrix = KillMatrix::of(suite, options.seed, reach, rows);
    progress.clear(out)?;
    if arguments.json {
        listing::write_json(out, &matrix.rows)?;
    } else {
        matrix::matrix(out, &matrix, surface.paint())?;
    }
    if let Some(path) = &arguments.matrix {
        matrix::keep(path, &matrix).map_err(|error| CommandError::Report(path.clone(), error))?;
    }
    if let Some(path) = &arguments.html {
        replace(path, &html::document(None, Some(&matrix)))
            .map_err(|error| CommandError::Report(path.clone(), error))?;
    }
    Ok(Exit::of_matrix(&matrix.rows))
}
