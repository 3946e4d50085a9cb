//! `mutants`: the kill matrix, shown and kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::PaceArguments;
use super::command::{CommandError, paced_for_fakes};
use super::gate::tier;
use super::progress::Progress;
use crate::exit::Exit;
use crate::report::human::Surface;
use crate::report::matrix::files::MatrixFiles;
use crate::report::texts::Texts;
use crate::report::{listing, matrix};
use crate::runner::event::CaseReport;
use crate::runner::kill_matrix::beside::Reach;
use crate::runner::kill_matrix::figures::KillMatrix;
use crate::runner::kill_matrix::{self, MutantReport, Witness, choose};
use crate::runner::tier::Tier;
use crate::runner::{RunError, RunOptions};
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
    /// With --all-checks: play only what `run --profile` would, smoke, core or full, and what judges the mutant
    #[arg(long, value_name = "PROFILE", value_parser = tier, requires = "all_checks", default_value_t)]
    pub profile: Tier,
    /// Write the kill matrix as JSON to this file as it grows, for `report convert --matrix`.
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Write the kill matrix as a page to this file as it grows.
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
        tier: arguments.profile,
        ..paced_for_fakes(&arguments.pace)
    };
    let reach = if arguments.all_checks {
        Reach::Side
    } else {
        Reach::Scenarios
    };
    let mutants = choose(&suite.mutants, &options.patterns).map_err(RunError::from)?;
    let begun = KillMatrix::begun(suite, &options, reach, mutants.len())?;
    let report = |(path, error)| CommandError::Report(path, error);
    let files = MatrixFiles::begin(arguments.matrix.clone(), arguments.html.clone(), begun);
    let files = files.map_err(report)?;
    let open = |path: &PathBuf| File::create(path).map_err(|error| report((path.clone(), error)));
    let texts = arguments.failures.as_ref().map(open).transpose()?;
    let mut audience = Audience {
        progress: Progress::on(surface, arguments.json),
        out,
        texts: texts.map(|file| Texts::new(file, &suite.mutants)),
        written: Ok(()),
        files,
    };
    let rows = kill_matrix::prove(suite, &options, reach, &mut audience).await?;
    let Audience {
        progress,
        out,
        written,
        files,
        ..
    } = audience;
    let (matrix, failed) = files.end(rows);
    progress.clear(out)?;
    if arguments.json {
        listing::write_json(out, &matrix.rows)?;
    } else {
        matrix::matrix(out, &matrix, surface.paint())?;
    }
    if let (Err(error), Some(path)) = (written, &arguments.failures) {
        return Err(report((path.clone(), error)));
    }
    if let Some(failed) = failed {
        return Err(report(failed));
    }
    Ok(Exit::of_matrix(&matrix.rows))
}

/// All who hear of the mutants as they are played.
struct Audience<'a> {
    progress: Progress,
    out: &'a mut dyn Write,
    texts: Option<Texts<'a, File>>,
    written: io::Result<()>,
    files: MatrixFiles,
}

impl Witness for Audience<'_> {
    fn case(&mut self, report: &CaseReport) {
        self.progress.tell(self.out, report);
        if let Some(texts) = self.texts.as_mut().filter(|_| self.written.is_ok()) {
            self.written = texts.tell(report);
        }
    }

    fn fates(&mut self, known: &BTreeMap<usize, MutantReport>) {
        self.files.tell(known);
    }
}
