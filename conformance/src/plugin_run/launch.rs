//! From a plugin's folder to the command by which a host would start it, open to changes: another cookie, a leaner environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
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
            client_certificate: None,
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

/// Whether the program is a script whose interpreter `env` looks up: then the search path is part of the command, as the interpreter of a
/// Python plugin is.
pub fn is_looked_up(launch: &Launch) -> bool {
    let mut first = Vec::new();
    let read = std::fs::File::open(&launch.program)
        .and_then(|file| file.take(FIRST_LINE).read_to_end(&mut first));
    let line = first.split(|byte| *byte == b'\n').next();
    let words = line.and_then(|line| line.strip_prefix(b"#!"));
    let interpreter = words.map(|words| words.trim_ascii_start());
    read.is_ok()
        && interpreter.is_some_and(|words| {
            let program = words.split(u8::is_ascii_whitespace).next();
            program.is_some_and(|program| program.ends_with(b"/env"))
        })
}

/// How much of a file is looked at for its first line, as the system does.
const FIRST_LINE: u64 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_that_env_starts_need_the_search_path() {
        let folder = tempfile::tempdir().unwrap();
        let launch = |text: &str| {
            let program = folder.path().join("program");
            std::fs::write(&program, text).unwrap();
            Launch {
                program,
                arguments: Vec::new(),
                directory: folder.path().to_owned(),
                environment: BTreeMap::new(),
                own_group: true,
            }
        };
        for text in [
            "#!/usr/bin/env node\n",
            "#! /bin/env -S python3 -u\nx",
            "#!/usr/bin/env",
        ] {
            assert!(is_looked_up(&launch(text)), "{text}");
        }
        for text in [
            "",
            "#!/bin/sh\n# /env",
            "\u{7f}ELF #!/usr/bin/env x",
            "#!/opt/environment\n",
        ] {
            assert!(!is_looked_up(&launch(text)), "{text}");
        }
    }
}
