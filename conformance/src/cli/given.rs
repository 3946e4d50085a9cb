//! Subjects that have no name in the suite: plugin folders and drivers of hosts, as the user gives them.

use std::io::Write;
use std::path::PathBuf;

use super::command::CommandError;
use crate::subject::Subject;
use crate::subject::host::foreign::{ForeignError, host_at};
use crate::subject::in_place::{InPlace, plugin_at};

/// The plugins that are tested where they lie; what the user should know about one is said at once.
pub(super) fn plugins(
    folders: &[PathBuf],
    out: &mut dyn Write,
) -> Result<Vec<Subject>, CommandError> {
    let mut subjects = Vec::new();
    for folder in folders {
        let InPlace { subject, note } = plugin_at(folder)?;
        if let Some(note) = note {
            writeln!(out, "{note}")?;
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

/// The hosts that are tested by their drivers, each asked what it claims.
pub(super) async fn hosts(commands: &[String]) -> Result<Vec<Subject>, ForeignError> {
    let mut subjects = Vec::new();
    for command in commands {
        subjects.push(host_at(command).await?);
    }
    Ok(subjects)
}
