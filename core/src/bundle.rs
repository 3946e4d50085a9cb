//! A plugin as it is installed: a `tar.gz` with its files, with or without one folder around them.
//!
//! What it holds is untrusted. Nothing is written outside of the folder that it is unpacked into, no links are made, and what it
//! unpacks to is bounded. Where its files may go is said by [`place`]; whether a plugin of that id is there already is none of
//! its business.

pub mod place;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};
use tempfile::TempDir;

use crate::manifest::{Manifest, ManifestError};

/// How much a bundle may hold, unpacked, in bytes: five times the largest that can be sent.
pub const LARGEST: u64 = 512 * 1024 * 1024;
/// How many files and folders it may hold; a large virtual environment has ten thousand.
pub const MOST: usize = 50_000;

/// What every gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A bundle, unpacked beside the plugins. Dropped, its files are deleted.
#[derive(Debug)]
pub struct Bundle {
    manifest: Manifest,
    /// The plugin's files, in what is deleted with this.
    files: PathBuf,
    _staging: TempDir,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is not what it should be.
    #[error("the bundle is no tar.gz: {0}")]
    NoArchive(io::Error),
    /// A file would lie elsewhere.
    #[error("the bundle has a file named {name:?}, which leads out of the plugin's folder")]
    LeadsOut {
        /// The name.
        name: String,
    },
    /// It is too large.
    #[error("the bundle unpacks to more than {LARGEST} bytes")]
    TooLarge,
    /// It has too many files.
    #[error("the bundle has more than {MOST} files and folders")]
    TooMany,
    /// A file cannot be written: mostly because two names do not go together.
    #[error("unpacking {}: {source}", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The manifest in it cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl Bundle {
    /// Unpacks a bundle into a hidden folder of its own within `beside`. Blocks.
    ///
    /// # Errors
    /// When it is no plugin's. Nothing of it is left then.
    pub fn unpack(bytes: &[u8], beside: &Path) -> Result<Self, BundleError> {
        let staging = tempfile::Builder::new()
            .prefix(".unpacked-")
            .tempdir_in(beside)
            .map_err(|source| BundleError::Write {
                path: beside.to_owned(),
                source,
            })?;
        unpack(bytes, staging.path())?;
        let files = files_in(staging.path())?;
        let manifest = Manifest::find(&files)?;
        Ok(Self {
            manifest,
            files,
            _staging: staging,
        })
    }

    /// What its manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Moves the files to where the plugin is to live; nothing may be there. Blocks.
    ///
    /// # Errors
    /// When they cannot be moved; they are deleted then.
    pub fn move_to(self, folder: &Path) -> io::Result<()> {
        fs::rename(&self.files, folder)
    }
}

fn unpack(bytes: &[u8], folder: &Path) -> Result<(), BundleError> {
    if !bytes.starts_with(&GZIP) {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is not compressed by gzip");
        return Err(BundleError::NoArchive(error));
    }
    // One byte more than is taken tells too much from just enough.
    let mut archive = Archive::new(MultiGzDecoder::new(bytes).take(LARGEST + 1));
    let mut unpacked = 0;
    for (count, entry) in archive
        .entries()
        .map_err(BundleError::NoArchive)?
        .enumerate()
    {
        if count == MOST {
            return Err(BundleError::TooMany);
        }
        let mut entry = match entry {
            Ok(entry) => entry,
            // The limit cuts the archive off, which reads like one that is broken.
            Err(_) if unpacked >= LARGEST => return Err(BundleError::TooLarge),
            Err(error) => return Err(BundleError::NoArchive(error)),
        };
        unpacked += entry.size();
        if unpacked > LARGEST {
            return Err(BundleError::TooLarge);
        }
        write(&mut entry, folder)?;
    }
    Ok(())
}

/// Links and devices are left out, as the real server does.
fn write<R: Read>(entry: &mut Entry<'_, R>, folder: &Path) -> Result<(), BundleError> {
    let kind = entry.header().entry_type();
    let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
    if !is_file && kind != EntryType::Directory {
        tracing::warn!(name = %named(entry), ?kind, "left out of a bundle: neither a file nor a folder");
        return Ok(());
    }
    let below = place::below(&entry.path_bytes())
        .ok_or_else(|| BundleError::LeadsOut { name: named(entry) })?;
    let path = folder.join(below);
    let failed = |source| BundleError::Write {
        path: path.clone(),
        source,
    };
    if !is_file {
        return fs::create_dir_all(&path).map_err(failed);
    }
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    let mode = place::mode(entry.header().mode().unwrap_or(place::PLAIN));
    let mut file = create(&path).map_err(failed)?;
    let mut rest = [0; 64 * 1024];
    loop {
        // Reading fails where the archive is broken, writing where the disk is.
        match entry.read(&mut rest).map_err(BundleError::NoArchive)? {
            0 => break,
            read => file.write_all(&rest[..read]).map_err(failed)?,
        }
    }
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(failed)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}

fn named<R: Read>(entry: &Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).into_owned()
}

/// The one folder in it, or the folder itself.
fn files_in(folder: &Path) -> Result<PathBuf, BundleError> {
    let failed = |source| BundleError::Write {
        path: folder.to_owned(),
        source,
    };
    let mut entries = folder.read_dir().map_err(failed)?;
    let first = entries.next().transpose().map_err(failed)?;
    Ok(match (first, entries.next()) {
        (Some(only), None) if only.path().is_dir() => only.path(),
        _ => folder.to_owned(),
    })
}

#[cfg(test)]
mod tests;
