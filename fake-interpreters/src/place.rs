//! Makes a plugin folder whose interpreter is the fake.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::journal::{self, Entry};
use crate::locate;
use crate::script::Script;

/// A plugin folder that a host can activate.
#[derive(Clone, Debug)]
pub struct PluginFolder {
    /// The folder itself.
    pub directory: PathBuf,
    /// The id in its manifest.
    pub id: String,
    /// What the host will take for a Python interpreter.
    pub interpreter: PathBuf,
    /// Where the fake writes down what it saw.
    pub journal: PathBuf,
}

impl PluginFolder {
    /// What the fakes of this folder have seen so far.
    ///
    /// # Errors
    /// When the journal is there and cannot be read. A fake that never started has an empty journal.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        journal::read(&self.journal)
    }
}

/// Writes a plugin folder into `directory`, which is made if need be: the manifest `plugin.json`, an empty `plugin.py`,
/// `venv/bin/python` as a link to `fake_binary`, and the script; for a testee also the file
/// `conformance.json` that says what it can do.
///
/// # Errors
/// When the script cannot be played (invalid input) or a file cannot be written.
pub fn place(
    directory: &Path,
    fake_binary: &Path,
    plugin_id: &str,
    script: &Script,
) -> io::Result<PluginFolder> {
    script
        .check()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let bin = directory.join("venv/bin");
    fs::create_dir_all(&bin)?;
    let interpreter = bin.join("python");
    link(fake_binary, &interpreter)?;
    fs::write(directory.join("plugin.py"), b"")?;
    fs::write(directory.join(locate::SCRIPT), script.to_json())?;
    fs::write(directory.join("plugin.json"), manifest(plugin_id))?;
    if script.is_testee() {
        fs::write(
            directory.join("conformance.json"),
            crate::testee::capabilities(),
        )?;
    }
    Ok(PluginFolder {
        directory: directory.to_owned(),
        id: plugin_id.to_owned(),
        interpreter,
        journal: locate::journal_path(directory, script),
    })
}

fn manifest(plugin_id: &str) -> String {
    let manifest = json!({
        "id": plugin_id,
        "name": "Fake plugin",
        "description": "A script played by fake-interpreter",
        "version": "0.1.0",
        "min_server_version": "9.0.0",
        "server": { "executable": "plugin.py", "runtime": "python" },
    });
    format!("{manifest:#}\n")
}

/// A hard link costs nothing and is a file like any other; across file systems a symbolic link does, as in most venvs.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let from = fs::canonicalize(from)?;
    fs::hard_link(&from, to).or_else(|_| std::os::unix::fs::symlink(&from, to))
}
