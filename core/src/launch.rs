//! A command as data. What it is built from is [`crate::process::command`]'s affair, starting it is [`crate::process::child`]'s.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The variable by which a plugin is told the token for its API server. Its value is nobody else's to know.
pub const API_TOKEN: &str = "MATTERMOST_PLUGIN_API_TOKEN";

/// A command as data, ready to be started. Shown without its secret.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| match name == API_TOKEN {
            true => (name, OsStr::new("…")),
            false => (name, value),
        };
        let environment = self.environment.iter();
        let environment: BTreeMap<&OsStr, &OsStr> = environment
            .map(|(name, value)| shown((name.as_os_str(), value.as_os_str())))
            .collect();
        f.debug_struct("Launch")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("directory", &self.directory)
            .field("environment", &environment)
            .field("own_group", &self.own_group)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_shown() {
        let environment = [("A", "seen"), (API_TOKEN, "hidden")];
        let launch = Launch {
            program: "p".into(),
            arguments: Vec::new(),
            directory: "d".into(),
            environment: environment
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            own_group: true,
        };
        let shown = format!("{launch:?}");
        assert!(
            shown.contains("seen") && shown.contains(API_TOKEN),
            "{shown}"
        );
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
