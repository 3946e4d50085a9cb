//! `matrix.json` and its page in files that are valid however the run ends, as `report::file` keeps the documents of a run: each holds the
//! fates that are known, and says how many are open.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use crate::report::file::{Pace, replace};
use crate::report::html;
use crate::runner::kill_matrix::MutantReport;
use crate::runner::kill_matrix::figures::KillMatrix;

/// Keeps a kill matrix in its files.
#[derive(Debug)]
pub struct MatrixFiles {
    json: Option<PathBuf>,
    html: Option<PathBuf>,
    matrix: KillMatrix,
    pace: Pace,
    failed: Option<(PathBuf, io::Error)>,
}

impl MatrixFiles {
    /// These files, of a matrix of which nothing is known yet. They are there and valid from now on.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn begin(
        json: Option<PathBuf>,
        html: Option<PathBuf>,
        matrix: KillMatrix,
    ) -> Result<MatrixFiles, (PathBuf, io::Error)> {
        let files = MatrixFiles {
            json,
            html,
            matrix,
            pace: Pace::default(),
            failed: None,
        };
        files.write()?;
        Ok(files)
    }

    /// These fates are known now.
    pub fn tell(&mut self, known: &BTreeMap<usize, MutantReport>) {
        if self.failed.is_some() || !self.pace.is_due() {
            return;
        }
        let begun = Instant::now();
        self.matrix.fill(known.values().cloned().collect());
        self.failed = self.write().err();
        self.pace.has_written(begun);
    }

    /// All that will ever be known, written; and the first file that could not be, now or before.
    pub fn end(mut self, rows: Vec<MutantReport>) -> (KillMatrix, Option<(PathBuf, io::Error)>) {
        self.matrix.fill(rows);
        let failed = self.failed.take().or_else(|| self.write().err());
        (self.matrix, failed)
    }

    fn write(&self) -> Result<(), (PathBuf, io::Error)> {
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(&self.matrix).map_err(io::Error::from);
            text.and_then(|text| replace(path, &(text + "\n")))
                .map_err(|error| (path.clone(), error))?;
        }
        if let Some(path) = &self.html {
            replace(path, &html::document(None, Some(&self.matrix)))
                .map_err(|error| (path.clone(), error))?;
        }
        Ok(())
    }
}
