//! Which Python runs a plugin: its own virtual environment first, then the PATH.
//!
//! The order is that of Mattermost `plugin/python_supervisor.go`, with the manifest's `python.venv_path` before it. The first
//! candidate that exists wins, symlinks followed (a venv's `python` nearly always is one) but not resolved: Python finds its
//! venv by the path it was called by. A dangling symlink does not exist. A candidate that exists but cannot be executed is
//! an error: to go on to another Python would hide a broken venv.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, access};

/// Virtual environments that are looked for without being named, in order.
const VENVS: [&str; 2] = ["venv", ".venv"];

/// Interpreters within a virtual environment, in order.
const IN_VENV: [&str; 2] = ["bin/python", "bin/python3"];

/// Interpreters on the PATH, in order.
const ON_PATH: [&str; 2] = ["python3", "python"];

/// The interpreter that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its absolute path.
    pub program: PathBuf,
    /// Where it was found.
    pub origin: Origin,
}

/// Where an interpreter was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the folder that the manifest names.
    VenvPath,
    /// In `venv` or `.venv`.
    Venv,
    /// On the host's PATH.
    Path,
}

/// Why there is no interpreter.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// Neither a virtual environment nor the PATH has one.
    #[error("no Python interpreter found: neither venv nor .venv in {folder} has one, nor the PATH{}", dangling_note(.dangling))]
    NotFound {
        /// The plugin's folder.
        folder: PathBuf,
        /// Candidates that are symlinks to nothing.
        dangling: Vec<PathBuf>,
    },
    /// The manifest names a virtual environment without an interpreter.
    #[error("python.venv_path is {venv_path:?}, but there is no bin/python or bin/python3 in it{}", dangling_note(.dangling))]
    VenvPathEmpty {
        /// The manifest's value.
        venv_path: String,
        /// Candidates that are symlinks to nothing.
        dangling: Vec<PathBuf>,
    },
    /// The manifest names a virtual environment outside the plugin's folder.
    #[error("python.venv_path {venv_path:?} must be a path inside the plugin's folder")]
    VenvPathOutside {
        /// The manifest's value.
        venv_path: String,
    },
    /// A candidate exists, but is a directory or another thing that is no program.
    #[error("interpreter {program} is not a file")]
    NotAFile {
        /// The candidate.
        program: PathBuf,
    },
    /// A candidate exists, but may not be executed.
    #[error("interpreter {program} is not executable")]
    NotExecutable {
        /// The candidate.
        program: PathBuf,
    },
}

impl InterpreterError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "interpreter.not_found",
            Self::VenvPathEmpty { .. } => "interpreter.venv_path_empty",
            Self::VenvPathOutside { .. } => "interpreter.venv_path_outside",
            Self::NotAFile { .. } => "interpreter.not_a_file",
            Self::NotExecutable { .. } => "interpreter.not_executable",
        }
    }

    /// What the reference host says, where it has a word for it.
    pub fn go_wording(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => Some(
                "failed to find Python interpreter for plugin: \
                 no Python interpreter found (checked venv and system PATH)"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn dangling_note(dangling: &[PathBuf]) -> String {
    match dangling.first() {
        Some(link) => format!(" ({} is a symlink to nothing)", link.display()),
        None => String::new(),
    }
}

/// Finds the interpreter of the plugin in `folder`, which must be absolute. `path` is the host's `PATH`.
pub fn find(
    folder: &Path,
    venv_path: Option<&str>,
    path: Option<&OsStr>,
) -> Result<Interpreter, InterpreterError> {
    if let Some(venv_path) = venv_path {
        return in_venv_path(folder, venv_path);
    }
    let mut dangling = Vec::new();
    let candidates = VENVS
        .iter()
        .flat_map(|venv| IN_VENV.map(|name| folder.join(venv).join(name)));
    if let Some(program) = first_usable(candidates, &mut dangling)? {
        return Ok(Interpreter {
            program,
            origin: Origin::Venv,
        });
    }
    on_path(path)
        .map(|program| Interpreter {
            program,
            origin: Origin::Path,
        })
        .ok_or_else(|| InterpreterError::NotFound {
            folder: folder.to_owned(),
            dangling,
        })
}

fn in_venv_path(folder: &Path, venv_path: &str) -> Result<Interpreter, InterpreterError> {
    let outside = || InterpreterError::VenvPathOutside {
        venv_path: venv_path.to_owned(),
    };
    let stays_inside = Path::new(venv_path)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !stays_inside {
        return Err(outside());
    }
    let venv = folder.join(venv_path);
    if venv
        .canonicalize()
        .is_ok_and(|real| !real.starts_with(folder))
    {
        return Err(outside());
    }
    let mut dangling = Vec::new();
    match first_usable(IN_VENV.iter().map(|name| venv.join(name)), &mut dangling)? {
        Some(program) => Ok(Interpreter {
            program,
            origin: Origin::VenvPath,
        }),
        None => Err(InterpreterError::VenvPathEmpty {
            venv_path: venv_path.to_owned(),
            dangling,
        }),
    }
}

/// The first candidate that exists, if it can be executed.
fn first_usable(
    candidates: impl Iterator<Item = PathBuf>,
    dangling: &mut Vec<PathBuf>,
) -> Result<Option<PathBuf>, InterpreterError> {
    for program in candidates {
        match program.metadata() {
            Ok(metadata) if !metadata.is_file() => {
                return Err(InterpreterError::NotAFile { program });
            }
            Ok(_) if access(&program, Access::EXEC_OK).is_err() => {
                return Err(InterpreterError::NotExecutable { program });
            }
            Ok(_) => return Ok(Some(program)),
            Err(_) if program.is_symlink() => dangling.push(program),
            Err(_) => {}
        }
    }
    Ok(None)
}

/// The first name that some absolute entry of the PATH has as an executable file; relative entries are not trusted.
fn on_path(path: Option<&OsStr>) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = std::env::split_paths(path?)
        .filter(|entry| entry.is_absolute())
        .collect();
    ON_PATH
        .iter()
        .flat_map(|name| entries.iter().map(move |entry| entry.join(name)))
        .find(|program| program.is_file() && access(program, Access::EXEC_OK).is_ok())
}

#[cfg(test)]
mod tests;
