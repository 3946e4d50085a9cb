//! Where the manifest's `server.executable` leads, and whether it may lead there.
//!
//! Invariant: what is checked is what is executed. The path is resolved to a canonical one inside the plugin's folder, and
//! that one is handed on - never the text of the manifest.

use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, access};

/// A script that may be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptPath {
    /// Canonical path, relative to the plugin's folder.
    pub relative: PathBuf,
    /// Canonical path.
    pub absolute: PathBuf,
}

/// Why an executable is not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum ScriptPathError {
    /// The manifest names none.
    #[error("server.executable is not specified in the manifest")]
    Empty,
    /// It leads out of the folder by its text.
    #[error("server.executable {executable:?} leads out of the plugin's folder (path traversal)")]
    Traversal {
        /// The manifest's value.
        executable: String,
    },
    /// It is absolute.
    #[error(
        "server.executable {executable:?} is an absolute path; it must be relative to the plugin's folder"
    )]
    Absolute {
        /// The manifest's value.
        executable: String,
    },
    /// A symlink leads out of the folder.
    #[error(
        "server.executable {executable:?} is a symlink out of the plugin's folder, to {target}"
    )]
    SymlinkOutside {
        /// The manifest's value.
        executable: String,
        /// Where it leads.
        target: PathBuf,
    },
    /// It is a directory.
    #[error("server.executable {executable:?} is a directory")]
    Directory {
        /// The manifest's value.
        executable: String,
    },
    /// It is a socket, a pipe or a device.
    #[error("server.executable {executable:?} is not a regular file")]
    NotAFile {
        /// The manifest's value.
        executable: String,
    },
    /// An interpreter would take it for an option.
    #[error(
        "server.executable {executable:?} begins with a dash, so that an interpreter would take it for an option"
    )]
    Dash {
        /// The manifest's value.
        executable: String,
    },
    /// There is nothing of that name.
    #[error("server.executable {executable:?}: no such file in the plugin's folder ({path})")]
    NotFound {
        /// The manifest's value.
        executable: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be looked at.
    #[error("server.executable {executable:?}: {source}")]
    Unreadable {
        /// The manifest's value.
        executable: String,
        /// Why.
        source: io::Error,
    },
    /// It is to be started itself, but may not be executed.
    #[error("server.executable {executable:?} is not executable")]
    NotExecutable {
        /// The manifest's value.
        executable: String,
    },
}

impl ScriptPathError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "script.empty",
            Self::Traversal { .. } => "script.traversal",
            Self::Absolute { .. } => "script.absolute",
            Self::SymlinkOutside { .. } => "script.symlink_outside",
            Self::Directory { .. } => "script.directory",
            Self::NotAFile { .. } => "script.not_a_file",
            Self::Dash { .. } => "script.dash",
            Self::NotFound { .. } => "script.not_found",
            Self::Unreadable { .. } => "script.unreadable",
            Self::NotExecutable { .. } => "script.not_executable",
        }
    }

    /// What the reference host says, where it has a word for it.
    pub fn go_wording(&self) -> Option<String> {
        match self {
            Self::Empty => Some("Python plugin executable not specified in manifest".to_owned()),
            Self::Traversal { executable } => Some(format!(
                "invalid executable path (path traversal): {executable}"
            )),
            Self::NotFound { path, .. } => Some(format!(
                "Python plugin script not found: {}",
                path.display()
            )),
            _ => None,
        }
    }
}

/// The script that `executable` names in `folder`, which must be canonical.
pub fn check(folder: &Path, executable: &str) -> Result<ScriptPath, ScriptPathError> {
    let named = || executable.to_owned();
    let cleaned = clean(executable)?;
    let path = folder.join(&cleaned);
    let absolute = path.canonicalize().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ScriptPathError::NotFound {
            executable: named(),
            path: path.clone(),
        },
        _ => ScriptPathError::Unreadable {
            executable: named(),
            source,
        },
    })?;
    let Ok(relative) = absolute.strip_prefix(folder).map(Path::to_owned) else {
        return Err(ScriptPathError::SymlinkOutside {
            executable: named(),
            target: absolute,
        });
    };
    let metadata = absolute
        .metadata()
        .map_err(|source| ScriptPathError::Unreadable {
            executable: named(),
            source,
        })?;
    if metadata.is_dir() {
        return Err(ScriptPathError::Directory {
            executable: named(),
        });
    }
    if !metadata.is_file() {
        return Err(ScriptPathError::NotAFile {
            executable: named(),
        });
    }
    if begins_with_dash(&relative) {
        return Err(ScriptPathError::Dash {
            executable: named(),
        });
    }
    Ok(ScriptPath { relative, absolute })
}

/// The program that `executable` names in `folder`: a script path that may be executed.
pub(super) fn program(folder: &Path, executable: &str) -> Result<PathBuf, ScriptPathError> {
    let script = check(folder, executable)?;
    match access(&script.absolute, Access::EXEC_OK) {
        Ok(()) => Ok(script.absolute),
        Err(_) => Err(ScriptPathError::NotExecutable {
            executable: executable.to_owned(),
        }),
    }
}

/// The reference's check, for [`crate::policy::Policy::trust_raw_script_path`]: the text is cleaned and must not begin with
/// two dots, an absolute path counts as relative to the folder, and something of that name must exist.
pub(super) fn check_text_only(folder: &Path, executable: &str) -> Result<(), ScriptPathError> {
    if executable.is_empty() {
        return Err(ScriptPathError::Empty);
    }
    let inside = executable.trim_start_matches('/');
    let cleaned = clean(if inside.is_empty() { "." } else { inside })?;
    if cleaned.as_os_str().as_encoded_bytes().starts_with(b"..") {
        return Err(ScriptPathError::Traversal {
            executable: executable.to_owned(),
        });
    }
    let path = folder.join(cleaned);
    if path.exists() {
        return Ok(());
    }
    Err(ScriptPathError::NotFound {
        executable: executable.to_owned(),
        path,
    })
}

/// Resolves `.` and `..` by the text alone.
fn clean(executable: &str) -> Result<PathBuf, ScriptPathError> {
    let named = || executable.to_owned();
    if executable.is_empty() {
        return Err(ScriptPathError::Empty);
    }
    let mut cleaned = PathBuf::new();
    for part in Path::new(executable).components() {
        match part {
            Component::Prefix(_) | Component::RootDir => {
                return Err(ScriptPathError::Absolute {
                    executable: named(),
                });
            }
            Component::CurDir => {}
            Component::ParentDir if cleaned.pop() => {}
            Component::ParentDir => {
                return Err(ScriptPathError::Traversal {
                    executable: named(),
                });
            }
            Component::Normal(name) => cleaned.push(name),
        }
    }
    if begins_with_dash(&cleaned) {
        return Err(ScriptPathError::Dash {
            executable: named(),
        });
    }
    Ok(cleaned)
}

fn begins_with_dash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().starts_with(b"-")
}

#[cfg(test)]
mod tests;
