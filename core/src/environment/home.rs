//! Where a plugin lives: the folder itself, and the link by which it was found, if it was found by one.
//!
//! The folder says which plugin it is, however it is reached; the link is what may be taken away, because what a link points
//! to belongs to somebody else: mostly to the developer of the plugin.

use std::path::{Path, PathBuf};

/// Where a plugin lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    /// The folder, without links on the way.
    pub(super) folder: PathBuf,
    /// The link to it that was named.
    pub(super) link: Option<PathBuf>,
}

impl Home {
    /// What a path leads to. Looks at the disk.
    pub(super) fn of(path: &Path) -> Self {
        let link = path.file_name().and_then(|name| {
            // Without this a trailing slash would lead through the link.
            let path = path.parent()?.join(name);
            let is_link = path.symlink_metadata().ok()?.file_type().is_symlink();
            is_link.then(|| std::path::absolute(&path).unwrap_or(path))
        });
        Self {
            // A folder that cannot be resolved has no manifest either, which is the better error.
            folder: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            link,
        }
    }

    /// The folder by its own name.
    pub(super) fn unlinked(folder: PathBuf) -> Self {
        Self { folder, link: None }
    }

    /// Takes a newer answer to where the plugin lives. A link to the same folder stays known: where there is one, it is what
    /// stands among the plugins.
    pub(super) fn learn(&mut self, newer: Self) {
        if newer.folder != self.folder || newer.link.is_some() {
            *self = newer;
        }
    }

    /// The name by which it was found, which is what goes when the plugin is deleted.
    pub(super) fn named(&self) -> PathBuf {
        self.link.as_ref().unwrap_or(&self.folder).clone()
    }
}
