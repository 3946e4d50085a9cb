//! Starting folders for authors of plugins and of SDKs: the conformance plugins of this repository, written into an empty folder.
//!
//! The files are those that the suite itself is tried with; the module `files` embeds them. Nothing is installed or built here.

mod files;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A file of a starting folder.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Where it goes.
    pub path: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// A starting folder.
#[derive(Clone, Copy, Debug)]
pub struct Starter {
    /// What it is, in a few words.
    pub about: &'static str,
    /// Its files.
    pub files: &'static [&'static [File]],
    /// What to type in it before the plugin can be run.
    pub build: &'static [&'static str],
    /// The failures that are known of it and not its fault.
    pub ledger: Option<&'static str>,
}

/// Why no starting folder was written.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// Something is there already.
    #[error("{} is not empty; a starting folder is written into a new or an empty one", .0.display())]
    NotEmpty(PathBuf),
    /// The folder cannot be looked into.
    #[error("cannot look into {}", .0.display())]
    Look(PathBuf, #[source] io::Error),
    /// A file cannot be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

const LEDGER: Option<&str> = Some("ledger.toml");

/// Python, with this repository's SDK.
pub const PYTHON: Starter = Starter {
    about: "a plugin in Python with the SDK mattermost_plugin",
    files: &[files::PYTHON],
    build: &[
        "python3 -m venv venv",
        "venv/bin/pip install path/to/python-sdk   # the folder of that name beside the suite, or a wheel made from it",
    ],
    ledger: None,
};

/// Go, with hashicorp/go-plugin.
pub const GO: Starter = Starter {
    about: "a plugin in Go with hashicorp/go-plugin and the beginning of an SDK",
    files: &[files::GO, files::CONTRACT],
    build: &["go build -o plugin ."],
    ledger: LEDGER,
};

/// JavaScript, with @grpc/grpc-js.
pub const NODE: Starter = Starter {
    about: "a plugin in JavaScript with @grpc/grpc-js and the beginning of an SDK",
    files: &[files::NODE, files::CONTRACT],
    build: &["npm ci --ignore-scripts"],
    ledger: LEDGER,
};

impl Starter {
    /// Writes the files into a folder that is not there yet or is empty, and counts them.
    ///
    /// # Errors
    /// When there is something in the folder, or it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<usize, StarterError> {
        let there = match fs::read_dir(folder) {
            Ok(entries) => entries.count(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(StarterError::Look(folder.to_owned(), error)),
        };
        if there > 0 {
            return Err(StarterError::NotEmpty(folder.to_owned()));
        }
        let files = self.files.concat();
        for file in &files {
            let path = folder.join(file.path);
            file.write(&path)
                .map_err(|error| StarterError::Write(path, error))?;
        }
        Ok(files.len())
    }
}

impl File {
    /// Writes it; what begins like a program is made one.
    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, self.text)?;
        if self.text.starts_with("#!") {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }
}
