//! A command as data. What it is built from is [`crate::process::command`]'s affair, starting it is [`crate::process::child`]'s.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// A command as data, ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program: an interpreter, or the plugin itself.
    pub program: PathBuf,
    /// Its arguments: the script's path relative to the directory, or nothing.
    pub arguments: Vec<OsString>,
    /// The working directory: the plugin's folder.
    pub directory: PathBuf,
    /// The whole environment; nothing is inherited besides.
    pub environment: BTreeMap<OsString, OsString>,
    /// Whether the child leads a process group of its own.
    pub own_group: bool,
}
