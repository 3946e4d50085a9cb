//! What a plugin claims in `conformance.json` beside its manifest.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Capabilities;
use crate::profile::Profile;

/// The file beside the manifest.
pub const FILE: &str = "conformance.json";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsError {
    /// It is there and cannot be read.
    #[error("reading {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not of the form that TESTEE.md describes.
    #[error("{path}: {source}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        source: serde_json::Error,
    },
    /// It names a method that the API does not have.
    #[error("{path}: the plugin API has no method {method:?}")]
    UnknownMethod {
        /// The file.
        path: PathBuf,
        /// The method.
        method: String,
    },
    /// It names a hook that the contract does not have, or leaves out one that every testee needs.
    #[error("{path}: {problem}")]
    Hooks {
        /// The file.
        path: PathBuf,
        /// The hook, and what is wrong with it.
        problem: String,
    },
}

/// The hooks that every plugin under test has.
pub const REQUIRED: [&str; 7] = [
    "OnActivate",
    "OnDeactivate",
    "OnConfigurationChange",
    "MessageWillBePosted",
    "MessageHasBeenPosted",
    "ExecuteCommand",
    "UserWillLogIn",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: BTreeSet<Profile>,
    #[serde(default)]
    api: Option<BTreeSet<String>>,
    #[serde(default)]
    hooks: Option<BTreeSet<String>>,
}

/// Reads the claims of the plugin in a folder; `None` if it makes none.
pub fn read(folder: &Path) -> Result<Option<Capabilities>, ClaimsError> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ClaimsError::Read { path, source }),
    };
    let file: File = serde_json::from_str(&text).map_err(|source| ClaimsError::Form {
        path: path.clone(),
        source,
    })?;
    let unknown = file
        .api
        .iter()
        .flatten()
        .find(|name| plugin_proto::find_api(name).is_none());
    if let Some(method) = unknown {
        return Err(ClaimsError::UnknownMethod {
            path,
            method: method.clone(),
        });
    }
    if let Some(problem) = file.hooks.as_ref().and_then(wrong_hooks) {
        return Err(ClaimsError::Hooks { path, problem });
    }
    let mut profiles = file.profiles;
    profiles.insert(Profile::Handshake);
    Ok(Some(Capabilities {
        profiles,
        api: file.api,
        hooks: file.hooks,
        driver: None,
    }))
}

fn wrong_hooks(hooks: &BTreeSet<String>) -> Option<String> {
    let unknown = hooks
        .iter()
        .find(|name| plugin_proto::find_hook(name).is_none_or(|hook| hook.name == "Implemented"))
        .map(|name| format!("there is no hook {name:?}"));
    let missing = || {
        REQUIRED
            .iter()
            .find(|name| !hooks.contains(**name))
            .map(|name| format!("every plugin under test needs the hook {name:?}"))
    };
    unknown.or_else(missing)
}

/// What is asked of a plugin that claims nothing: what every plugin owes its host.
pub fn undeclared() -> Capabilities {
    Capabilities {
        profiles: [Profile::Handshake, Profile::Lifecycle]
            .into_iter()
            .collect(),
        api: Some(BTreeSet::new()),
        hooks: None,
        driver: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Option<Capabilities>, ClaimsError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        read(folder.path())
    }

    #[test]
    fn a_claim_always_includes_the_handshake() {
        let claims = check(r#"{"profiles": ["api"], "api": ["KVSet"]}"#)
            .unwrap()
            .unwrap();
        assert!(claims.claims(Profile::Handshake));
        assert!(claims.claims_method("KVSet"));
        assert!(!claims.claims_method("KVGet"));
        assert!(!claims.claims(Profile::Crash));
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for text in [
            r#"{"profiles": ["apis"]}"#,
            r#"{"profile": []}"#,
            r#"{"profiles": [], "api": ["KvSet"]}"#,
            r#"{"profiles": [], "hooks": ["OnActivate"]}"#,
            r#"{"profiles": [], "hooks": ["OnActivated"]}"#,
            "[",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hooks_are_all_there_unless_they_are_named() {
        let claims = check(r#"{"profiles": []}"#).unwrap().unwrap();
        assert!(claims.claims_hook("OnInstall"));
        let names = serde_json::to_string(&REQUIRED).unwrap();
        let claims = check(&format!(r#"{{"profiles": [], "hooks": {names}}}"#));
        let claims = claims.unwrap().unwrap();
        assert!(claims.claims_hook("OnActivate"));
        assert!(!claims.claims_hook("OnInstall"));
    }

    #[test]
    fn no_file_is_no_claim() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
    }
}
