//! A manifest to a [`Launch`]: the one place that decides what is executed, where, and with which variables.
//!
//! Files are looked at (by [`interpreter`] and [`script_path`]), nothing is started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::environment::{self, EnvironmentError, Variables};
use super::interpreter::{self, InterpreterError};
use super::script_path::{self, ScriptPathError};
use crate::launch::Launch;
use crate::manifest::{Manifest, Runtime};
use crate::options::HostOptions;

/// What a launch is built from.
#[derive(Debug)]
pub struct LaunchRequest<'a> {
    /// The plugin's manifest.
    pub manifest: &'a Manifest,
    /// The plugin's folder.
    pub folder: &'a Path,
    /// The host's options.
    pub options: &'a HostOptions,
    /// The environment of the host, usually `std::env::vars_os().collect()`.
    pub host_environment: &'a BTreeMap<OsString, OsString>,
    /// Where the plugin's API server listens, if it has one.
    pub api_target: Option<&'a str>,
    /// What opens it.
    pub api_token: Option<&'a str>,
    /// The certificate of the host, as PEM, if it asks for AutoMTLS.
    pub client_certificate: Option<&'a str>,
    /// The mark of this child, from [`crate::ids::fresh_session_mark`].
    pub session_mark: &'a str,
}

/// Why no command could be built.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The plugin's folder cannot be used.
    #[error("plugin folder {folder}: {source}")]
    Folder {
        /// The folder as given.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest has no server part.
    #[error("the manifest has no server section, so there is nothing to start")]
    NoServer,
    /// There is no Python to run the plugin with.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// The executable of the manifest is not acceptable.
    #[error(transparent)]
    Script(#[from] ScriptPathError),
    /// The options ask for variables that the host refuses.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

impl CommandError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder.unusable",
            Self::NoServer => "manifest.no_server",
            Self::Interpreter(error) => error.kind(),
            Self::Script(error) => error.kind(),
            Self::Environment(error) => error.kind(),
        }
    }

    /// What the reference host says, where it has a word for it.
    pub fn go_wording(&self) -> Option<String> {
        match self {
            Self::Interpreter(error) => error.go_wording(),
            Self::Script(error) => error.go_wording(),
            Self::Folder { .. } | Self::NoServer | Self::Environment(_) => None,
        }
    }
}

impl Launch {
    /// Builds the command for a plugin, and lets [`HostOptions::prepare`] adjust it.
    pub fn build(request: &LaunchRequest<'_>) -> Result<Self, CommandError> {
        let folder = request
            .folder
            .canonicalize()
            .map_err(|source| CommandError::Folder {
                folder: request.folder.to_owned(),
                source,
            })?;
        let policy = &request.options.policy;
        let server = request
            .manifest
            .server
            .as_ref()
            .ok_or(CommandError::NoServer)?;
        let executable = server.executable_for_this_machine();
        let (program, arguments) = match request.manifest.runtime() {
            Runtime::Python => {
                let venv = server.venv_path().filter(|_| !policy.ignore_venv_path);
                let path = request.host_environment.get(std::ffi::OsStr::new("PATH"));
                let interpreter = interpreter::find(&folder, venv, path.map(OsString::as_os_str))?;
                let script = script_argument(&folder, executable, policy.trust_raw_script_path)?;
                (interpreter.program, vec![script])
            }
            Runtime::Native => (script_path::program(&folder, executable)?, Vec::new()),
        };
        let environment = environment::build(&Variables {
            host: request.host_environment,
            options: request.options,
            plugin: &request.manifest.id,
            folder: &folder,
            api_target: request.api_target,
            api_token: request.api_token,
            client_certificate: request.client_certificate,
            session_mark: request.session_mark,
        })?;
        let mut launch = Self {
            program,
            arguments,
            directory: folder,
            environment,
            own_group: !policy.kill_only_child,
        };
        if let Some(prepare) = &request.options.prepare {
            prepare(&mut launch);
        }
        Ok(launch)
    }
}

fn script_argument(
    folder: &Path,
    executable: &str,
    as_written: bool,
) -> Result<OsString, ScriptPathError> {
    if as_written {
        script_path::check_text_only(folder, executable)?;
        Ok(OsString::from(executable))
    } else {
        Ok(script_path::check(folder, executable)?
            .relative
            .into_os_string())
    }
}

#[cfg(test)]
mod tests;
