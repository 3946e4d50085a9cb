//! Which script this start plays, where its journal is, and the how-manieth start it is.

use std::fs::OpenOptions;
use std::io::{self, Seek, Write as _};
use std::path::{Path, PathBuf};

use crate::journal;
use crate::script::Script;

/// File name of the script.
pub const SCRIPT: &str = "fake.json";

/// The folder that holds the script: the working directory, else the folder around `venv/bin/python`.
pub fn script_folder(working_directory: &Path, program: &Path) -> Option<PathBuf> {
    let beside_venv = program
        .parent()
        .and_then(Path::parent)
        .and_then(Path::parent);
    [Some(working_directory), beside_venv]
        .into_iter()
        .flatten()
        .find(|folder| folder.join(SCRIPT).is_file())
        .map(Path::to_owned)
}

/// Where the journal of a script in `folder` is.
pub fn journal_path(folder: &Path, script: &Script) -> PathBuf {
    folder.join(
        script
            .journal
            .as_deref()
            .unwrap_or(Path::new(journal::FILE)),
    )
}

/// Counts the starts beside the journal. One byte per start, appended: two fakes that start together get two numbers.
pub fn count_start(journal: &Path) -> io::Result<u32> {
    let mut name = journal.as_os_str().to_owned();
    name.push(".starts");
    let mut file = OpenOptions::new().append(true).create(true).open(name)?;
    file.write_all(b".")?;
    Ok(u32::try_from(file.stream_position()?).unwrap_or(u32::MAX))
}
