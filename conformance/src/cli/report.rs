//! `report`: what is made of logs that `run --json` has written. No subject is needed, and nothing is judged.

pub mod compare;
pub mod convert;
pub mod merge;
pub mod schema;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;

use crate::exit::Exit;
use crate::report::format::Format;
use crate::report::merge::MergeError;
use crate::report::record::RecordError;
use crate::runner::kill_matrix::figures;

/// What is made of logs.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// Write a log as another document: the same that `run` would have written.
    Convert(convert::Convert),
    /// Join the logs of all shards of a run to one, and end as the run would have ended in one piece.
    Merge(merge::Merge),
    /// Say what fails now and did not, what is fixed, and what fails for another reason.
    #[command(after_help = COMPARE_ENDS)]
    Compare(compare::Compare),
    /// Write the JSON Schemas of the log and of the kill matrix.
    Schema(schema::SchemaArguments),
}

const COMPARE_ENDS: &str = "Exit codes: 0 nothing is worse, 1 something fails that did not, fails for another reason, or is not judged \
                            any more, 2 a log cannot be used.";

/// Why nothing can be made of a log.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A log cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Logs are not those of one run.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A log is not whole.
    #[error("{} is no log of a whole run: {what}", .path.display())]
    Torn {
        /// The log.
        path: PathBuf,
        /// What it lacks.
        what: String,
    },
    /// The result cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// A kill matrix cannot be used.
    #[error("cannot read the kill matrix {}", .0.display())]
    Matrix(PathBuf, #[source] io::Error),
    /// Another version of a kill matrix.
    #[error("{}: the kill matrix has the format {found}, and this version reads only {}", .path.display(), figures::FORMAT)]
    MatrixFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A kill matrix was given to a document that has no place for it.
    #[error("only html shows a kill matrix, not {0}")]
    NoPlace(Format),
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl ReportError {
    /// The exit code of it.
    pub fn exit(&self) -> Exit {
        match self {
            ReportError::Record(_)
            | ReportError::Write(..)
            | ReportError::Merge(_)
            | ReportError::Torn { .. }
            | ReportError::Matrix(..)
            | ReportError::MatrixFormat { .. }
            | ReportError::NoPlace(_) => Exit::Usage,
            ReportError::Output(_) => Exit::SuiteFailed,
        }
    }
}

/// Does what the command line says.
pub fn report(arguments: &Report, out: &mut dyn Write) -> Result<Exit, ReportError> {
    match arguments {
        Report::Convert(arguments) => convert::convert(arguments, out),
        Report::Merge(arguments) => merge::merge_logs(arguments, out),
        Report::Compare(arguments) => compare::compare_logs(arguments, out),
        Report::Schema(arguments) => schema::schema(arguments, out),
    }
}
