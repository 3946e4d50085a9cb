//! `report convert`: a log as another document, made by the reporters of `run`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::ReportError;
use crate::exit::Exit;
use crate::report::file::{Document, replace};
use crate::report::format::Format;
use crate::report::record::Record;

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
    let mut document = arguments.to.document();
    for event in record.events() {
        document.take(event);
    }
    let text = document.render().map_err(ReportError::Output)?;
    match &arguments.output {
        Some(path) => {
            replace(path, &text).map_err(|error| ReportError::Write(path.clone(), error))?
        }
        None => out
            .write_all(text.as_bytes())
            .map_err(ReportError::Output)?,
    }
    Ok(Exit::Passed)
}
