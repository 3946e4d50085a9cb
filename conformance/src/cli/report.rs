//! `report`: what is made of logs that `run --json` has written. No subject is needed, and nothing is judged.

pub mod convert;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;

use crate::exit::Exit;
use crate::report::record::RecordError;

/// What is made of logs.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// Write a log as another document: the same that `run` would have written.
    Convert(convert::Convert),
}

/// Why nothing can be made of a log.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A log cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The result cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl ReportError {
    /// The exit code of it.
    pub fn exit(&self) -> Exit {
        match self {
            ReportError::Record(_) | ReportError::Write(..) => Exit::Usage,
            ReportError::Output(_) => Exit::SuiteFailed,
        }
    }
}

/// Does what the command line says.
pub fn report(arguments: &Report, out: &mut dyn Write) -> Result<Exit, ReportError> {
    match arguments {
        Report::Convert(arguments) => convert::convert(arguments, out),
    }
}
