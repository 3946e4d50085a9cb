//! The conformance plugin of this checkout's Python SDK, run by a real interpreter.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PluginSource, Skipped, Subject, SubjectFactory, SubjectKind, claims};
use crate::requirement::Side;

/// The subject's name on the command line.
pub const NAME: &str = "python-sdk";
/// Names the checkout, where this program is not inside it.
pub const ROOT_VARIABLE: &str = "PLUGIN_CONFORMANCE_ROOT";
/// The command that makes the interpreter's environment.
pub const ENABLE: &str = "scripts/python";

const PLUGIN: &str = "python-sdk/conformance_plugin";
const VENV: &str = ".venv";

/// A copy of a plugin folder with a link to a virtual environment that many cases share.
#[derive(Clone, Debug)]
pub struct PythonPlugin {
    plugin: PathBuf,
    venv: PathBuf,
}

impl PluginSource for PythonPlugin {
    fn place(&self, dir: &Path) -> io::Result<PathBuf> {
        let folder = dir.join("plugin");
        copy_folder(&self.plugin, &folder)?;
        symlink(&self.venv, folder.join("venv"))?;
        Ok(folder)
    }
}

fn skipped(reason: String) -> Skipped {
    Skipped {
        subject: NAME.to_owned(),
        reason,
        enable: ENABLE.to_owned(),
    }
}

/// The checkout and its virtual environment, or why there is none.
///
/// # Errors
/// When either is missing.
pub fn environment() -> Result<(PathBuf, PathBuf), Skipped> {
    let root = root().ok_or_else(|| {
        skipped(format!(
            "no {PLUGIN} above this program; {ROOT_VARIABLE} can name the checkout"
        ))
    })?;
    let venv = root.join(VENV);
    if venv.join("bin/python").exists() {
        return Ok((root, venv));
    }
    let missing = format!("there is no Python environment at {}", venv.display());
    Err(skipped(missing))
}

/// Makes the subject where the checkout and its `.venv` are there.
#[derive(Clone, Copy, Debug)]
pub struct PythonSdk;

impl SubjectFactory for PythonSdk {
    fn name(&self) -> &str {
        NAME
    }

    fn side(&self) -> Side {
        Side::Plugin
    }

    fn make(&self) -> Result<Subject, Skipped> {
        let (root, venv) = environment()?;
        let plugin = root.join(PLUGIN);
        let capabilities = claims::read(&plugin).map_err(|error| skipped(error.to_string()))?;
        let source = PythonPlugin { plugin, venv };
        Ok(Subject {
            name: NAME.to_owned(),
            kind: SubjectKind::Plugin(Arc::new(source)),
            capabilities: capabilities.unwrap_or_else(claims::undeclared),
        })
    }
}

/// The checkout: named by the variable, or an ancestor of this program.
pub fn root() -> Option<PathBuf> {
    let named = std::env::var_os(ROOT_VARIABLE)
        .filter(|value| *value != OsString::new())
        .map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let above = program
        .iter()
        .flat_map(|program| program.ancestors().skip(1))
        .map(Path::to_owned);
    named
        .into_iter()
        .chain(above)
        .find(|candidate| candidate.join(PLUGIN).join("plugin.json").is_file())
}

/// Copies what a plugin is made of; caches and environments are not.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "__pycache__" || name == "venv" || name == VENV {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
