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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: BTreeSet<Profile>,
    #[serde(default)]
    api: Option<BTreeSet<String>>,
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
    let mut profiles = file.profiles;
    profiles.insert(Profile::Handshake);
    Ok(Some(Capabilities {
        profiles,
        api: file.api,
    }))
}

/// What is asked of a plugin that claims nothing: what every plugin owes its host.
pub fn undeclared() -> Capabilities {
    Capabilities {
        profiles: [Profile::Handshake, Profile::Lifecycle]
            .into_iter()
            .collect(),
        api: Some(BTreeSet::new()),
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
            "[",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_file_is_no_claim() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
    }
}
