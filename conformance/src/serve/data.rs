//! What the server behind the API begins with, and where what it holds is kept: a store, and documents to begin with and to end with.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use plugin_host::memory::{FixtureError, Making, Memory, StoreError};

use crate::serve::lines::Lines;

/// The files; without any, the server begins empty and is forgotten.
#[derive(Clone, Debug, Default)]
pub struct DataFiles {
    /// Where all that it holds is kept.
    pub store: Option<PathBuf>,
    /// What it begins with.
    pub fixtures: Option<PathBuf>,
    /// Where it is written to at the end.
    pub save_fixtures: Option<PathBuf>,
}

/// Why the server cannot begin with that.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The document cannot be read.
    #[error("cannot read the fixtures {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The document is not right.
    #[error(transparent)]
    Fixtures(#[from] FixtureError),
}

/// Why there is no document at the end.
#[derive(Debug, thiserror::Error)]
enum SaveError {
    #[error(transparent)]
    Made(#[from] FixtureError),
    #[error("{}: {}", .0.display(), .1)]
    Written(PathBuf, io::Error),
}

impl DataFiles {
    /// The server as it begins.
    pub(super) fn open(&self, lines: &Lines) -> Result<Memory, DataError> {
        let memory = match &self.store {
            Some(path) => Memory::open(Making::default(), path)?,
            None => Memory::default(),
        };
        if let Some(path) = &self.fixtures {
            let text = fs::read(path).map_err(|error| DataError::Read(path.clone(), error))?;
            let name = path.display().to_string();
            let loaded = memory.load_fixtures(&name, &text)?;
            for warning in &loaded.warnings {
                lines.note(&format!("{name}: {warning}"));
            }
            lines.note(&format!("{name}: {} rows", loaded.rows));
        }
        Ok(memory)
    }

    /// Writes what is to be written; whether all of it was.
    pub(super) async fn close(&self, memory: &Memory, lines: &Lines) -> bool {
        let saved = match &self.save_fixtures {
            Some(path) => save(memory, path),
            None => Ok(()),
        };
        if let Err(error) = &saved {
            lines.note(&format!("the fixtures are not saved: {error}"));
        }
        let kept = memory.close().await;
        if let Err(error) = &kept {
            lines.note(&error.to_string());
        }
        saved.is_ok() && kept.is_ok()
    }
}

/// Whoever looks at the file sees the old document or the new one.
fn save(memory: &Memory, path: &Path) -> Result<(), SaveError> {
    let document = memory.fixtures()?;
    let written = |error| SaveError::Written(path.to_owned(), error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(written)?;
    file.write_all(document.as_bytes()).map_err(written)?;
    file.persist(path).map_err(|error| written(error.error))?;
    Ok(())
}
