//! `report merge`: the logs of the shards of a run as one.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::ReportError;
use crate::exit::Exit;
use crate::report::Reporter;
use crate::report::human::{Human, Surface};
use crate::report::json::Json;
use crate::report::merge::merge;
use crate::report::record::Record;

/// Options of `report merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// The logs of all shards, in any order.
    #[arg(required = true, value_name = "LOG")]
    pub logs: Vec<PathBuf>,
    /// The file for the joined log; without it the log goes to stdout, and nothing else does.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `report merge`; ends as the run would have ended in one piece.
pub fn merge_logs(arguments: &Merge, out: &mut dyn Write) -> Result<Exit, ReportError> {
    let records: Result<Vec<Record>, _> = arguments
        .logs
        .iter()
        .map(|path| Record::read(path))
        .collect();
    let merged = merge(&records?)?;
    match &arguments.output {
        Some(path) => {
            let failed = |error| ReportError::Write(path.clone(), error);
            let mut json = Json::new(File::create(path).map_err(failed)?);
            for event in &merged.events {
                json.event(event).map_err(failed)?;
            }
            let mut human = Human::new(out, Surface::Plain);
            for event in &merged.events {
                human.event(event).map_err(ReportError::Output)?;
            }
        }
        None => {
            let mut json = Json::new(out);
            for event in &merged.events {
                json.event(event).map_err(ReportError::Output)?;
            }
        }
    }
    Ok(merged.summary.verdict.into())
}
