//! From a plugin's folder to the command by which a host would start it, open to changes: another cookie, a leaner environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use plugin_host::ids::{PluginId, fresh_session_mark};
use plugin_host::manifest::{Manifest, ManifestError};
use plugin_host::options::HostOptions;
use plugin_host::process::{CommandError, Launch, LaunchRequest};

/// A command that is ready to be started.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The command.
    pub launch: Launch,
    /// The plugin's id.
    pub plugin: PluginId,
    /// The mark by which what it leaves behind is found.
    pub session_mark: String,
}

/// Why there is no command.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What it names cannot be started.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Prepared {
    /// The command of the plugin in a folder, under this mark of a run, with the API at this address. It is given no token: who checks
    /// what a plugin does with one gives it one.
    pub fn new(folder: &Path, run_mark: &str, api_target: &str) -> Result<Prepared, PrepareError> {
        let manifest = Manifest::find(folder)?;
        let session_mark = fresh_session_mark(run_mark);
        let options = HostOptions {
            run_mark: run_mark.to_owned(),
            ..HostOptions::default()
        };
        let launch = Launch::build(&LaunchRequest {
            manifest: &manifest,
            folder,
            options: &options,
            host_environment: &std::env::vars_os().collect::<BTreeMap<_, _>>(),
            api_target: Some(api_target),
            api_token: None,
            session_mark: &session_mark,
        })?;
        Ok(Prepared {
            launch,
            plugin: manifest.id,
            session_mark,
        })
    }
}

/// Sets a variable of a command.
pub fn set(launch: &mut Launch, name: &str, value: impl Into<OsString>) {
    launch.environment.insert(name.into(), value.into());
}

/// Lets what the plugin leaves behind be seen: the rest of a group is killed with its leader, before anybody could count it.
pub fn leave_survivors(launch: &mut Launch) {
    launch.own_group = false;
}

/// Takes a variable from a command.
pub fn remove(launch: &mut Launch, name: &str) {
    launch.environment.remove(OsStr::new(name));
}
