//! `report convert`: a log as another document, made by the reporters of `run`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::ReportError;
use crate::exit::Exit;
use crate::report::board::Board;
use crate::report::file::replace;
use crate::report::format::Format;
use crate::report::html;
use crate::report::record::Record;
use crate::report::varying::stable;
use crate::runner::kill_matrix::figures::{self, KillMatrix};

/// Options of `report convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// The log, as `run --json` has written it. One that a killed run left is read up to its last whole line, and so it is said on stderr.
    pub log: PathBuf,
    /// The kind of document.
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub to: Format,
    /// The file to write; without it the document goes to stdout.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A kill matrix that the page shows, too, as `mutants --matrix` has written it.
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Leave out what differs between two runs that came to the same - times, timelines and what was seen in them - so that both give the
    /// same bytes.
    #[arg(long)]
    pub stable: bool,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).map(|name| {
        Format::named(&name).expect("clap takes only the names that the formats themselves have")
    })
}

/// `report convert`.
pub fn convert(arguments: &Convert, out: &mut dyn Write) -> Result<Exit, ReportError> {
    let record = Record::read(&arguments.log)?;
    if let Some(note) = record.note() {
        let line = format!("plugin-conformance: {}: {note}\n", arguments.log.display());
        io::stderr()
            .write_all(line.as_bytes())
            .map_err(ReportError::Output)?;
    }
    let mut board = Board::of(record.events());
    if arguments.stable {
        board = stable(&board).map_err(|error| ReportError::Output(error.into()))?;
    }
    let text = match &arguments.matrix {
        None => arguments.to.render(&board).map_err(ReportError::Output)?,
        Some(path) if arguments.to == Format::Html => {
            html::document(Some(&board), Some(&matrix(path)?))
        }
        Some(_) => return Err(ReportError::NoPlace(arguments.to)),
    };
    match &arguments.output {
        Some(path) => {
            replace(path, &text).map_err(|error| ReportError::Write(path.clone(), error))?;
        }
        None => out
            .write_all(text.as_bytes())
            .map_err(ReportError::Output)?,
    }
    Ok(Exit::Passed)
}

fn matrix(path: &Path) -> Result<KillMatrix, ReportError> {
    let wrong = |error: io::Error| ReportError::Matrix(path.to_owned(), error);
    let text = fs::read(path).map_err(wrong)?;
    let matrix: KillMatrix = serde_json::from_slice(&text).map_err(|error| wrong(error.into()))?;
    match matrix.format {
        figures::FORMAT => Ok(matrix),
        found => Err(ReportError::MatrixFormat {
            path: path.to_owned(),
            found,
        }),
    }
}
