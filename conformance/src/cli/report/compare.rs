//! `report compare`: what changed from one run to another.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::ReportError;
use crate::exit::Exit;
use crate::report::compare::compare;
use crate::report::listing;
use crate::report::record::Record;

/// Options of `report compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// The log of the run that is compared with: the last release.
    pub before: PathBuf,
    /// The log of the run that is judged: this release.
    pub after: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `report compare`.
pub fn compare_logs(arguments: &Compare, out: &mut dyn Write) -> Result<Exit, ReportError> {
    let comparison = compare(&whole(&arguments.before)?, &whole(&arguments.after)?);
    let written = if arguments.json {
        listing::write_json(out, &comparison)
    } else {
        out.write_all(comparison.text().as_bytes())
    };
    written.map_err(ReportError::Output)?;
    Ok(if comparison.is_worse() {
        Exit::Failed
    } else {
        Exit::Passed
    })
}

/// A log that has come to its end: what is missing in one that has not would look as if it were lost.
fn whole(path: &Path) -> Result<Record, ReportError> {
    let record = Record::read(path)?;
    match record.note() {
        None => Ok(record),
        Some(what) => Err(ReportError::Torn {
            path: path.to_owned(),
            what,
        }),
    }
}
