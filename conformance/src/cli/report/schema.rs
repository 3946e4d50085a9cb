//! `report schema`: what a log and a kill matrix hold, as JSON Schema.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::ReportError;
use crate::exit::Exit;
use crate::report::schema::published;

/// Options of `report schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// The folder to write them to, which is made if it is not there.
    pub folder: PathBuf,
}

/// `report schema`.
pub fn schema(arguments: &SchemaArguments, out: &mut dyn Write) -> Result<Exit, ReportError> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).map_err(|error| ReportError::Write(folder.clone(), error))?;
    for published in published() {
        let path = folder.join(published.file);
        let text = published
            .text()
            .map_err(|error| ReportError::Write(path.clone(), error.into()))?;
        fs::write(&path, text).map_err(|error| ReportError::Write(path.clone(), error))?;
        writeln!(out, "{}", path.display()).map_err(ReportError::Output)?;
    }
    Ok(Exit::Passed)
}
