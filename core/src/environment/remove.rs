//! What becomes of a plugin's folder when the plugin is removed.
//!
//! A folder is deleted in two steps: first it gets a name that begins with a dot, at once and before anything else can be done
//! with the plugin, so that no scan finds it and no start comes out of half a folder; then its content goes. A link is renamed
//! and removed in the same way, and what it leads to stays as it is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ids::PluginId;
use crate::supervisor::StopReport;

/// What becomes of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It stays; the next scan finds it again.
    Keep,
    /// It is deleted.
    Delete,
}

/// A plugin was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Which plugin.
    pub id: PluginId,
    /// How it was stopped, if it ran.
    pub stop: Option<StopReport>,
    /// What was deleted: the folder, or the link to it, by the name that it had at the end.
    pub deleted: Option<PathBuf>,
}

/// Why a plugin was not removed, or not wholly.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RemoveError {
    /// It is not known.
    #[error("plugin not found: {id}")]
    NotFound {
        /// The id.
        id: PluginId,
    },
    /// Its folder cannot be taken away. The plugin does not run, and is still known.
    #[error("removing the folder {} of plugin {id}: {source}", folder.display())]
    Folder {
        /// The id.
        id: PluginId,
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// It is forgotten, but what was in its folder cannot be deleted.
    #[error("deleting {}, which is left of the folder of plugin {id}: {source}", folder.display())]
    Content {
        /// The id.
        id: PluginId,
        /// What is left.
        folder: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
}

impl RemoveError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "environment.not_found",
            Self::Folder { .. } => "remove.folder",
            Self::Content { .. } => "remove.content",
        }
    }
}

/// Gives a folder, or a link to one, a name that no scan looks at.
pub(super) fn hide(folder: &Path) -> io::Result<PathBuf> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut number = 0u32;
    loop {
        let mut hidden = std::ffi::OsString::from(format!(".removed-{number}-"));
        hidden.push(name);
        let hidden = parent.join(hidden);
        if hidden.symlink_metadata().is_err() {
            std::fs::rename(folder, &hidden)?;
            return Ok(hidden);
        }
        number += 1;
    }
}
