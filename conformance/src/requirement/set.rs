//! Sets of requirements: all that the register has up to a version. A project pins the set that it is judged by; what is newer is played and
//! reported, and not scored until the project moves the pin.
//!
//! Which set a requirement is in stands in one place, its `since`. `sets.toml` lists the sets that were released, each with the digest of
//! what is in it: a released set never changes, so a new requirement belongs to a later one. Pure.

use std::fmt::Write;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::catalogue::Catalogue;
use super::retired::Retired;

/// The version of a set: numbers with dots between, the greater the later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// Reads `0.1`.
    pub fn parse(text: &str) -> Option<Version> {
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        numbers.map(Version)
    }
}

/// A set that was released.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The version, as `since` has it.
    pub name: String,
    /// How many requirements are in it, retired ones included.
    pub requirements: usize,
    /// The digest of them.
    pub digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    set: Vec<Released>,
}

/// The sets that were released.
///
/// # Errors
/// When the list that is part of this binary is no such list.
pub fn released() -> Result<Vec<Released>, toml::de::Error> {
    let file: File = toml::from_str(include_str!("../../sets.toml"))?;
    Ok(file.set)
}

/// Why a project cannot be judged by a set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no set {name:?}; there are: {known}")]
pub struct UnknownSet {
    /// What was asked for.
    pub name: String,
    /// All that there are.
    pub known: String,
}

/// The set that a project is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    name: String,
    version: Version,
}

impl Pin {
    /// The set of this name, which has to be in the register.
    ///
    /// # Errors
    /// When no requirement came with this version.
    pub fn to(name: &str, catalogue: &Catalogue) -> Result<Pin, UnknownSet> {
        let names = names(catalogue);
        match Version::parse(name) {
            Some(version) if names.iter().any(|known| known == name) => Ok(Pin {
                name: name.to_owned(),
                version,
            }),
            _ => Err(UnknownSet {
                name: name.to_owned(),
                known: names.join(", "),
            }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a requirement that came with this version is in the set. One without a version that can be read is: it is not let off.
    pub fn scores(&self, since: &str) -> bool {
        Version::parse(since).is_none_or(|since| since <= self.version)
    }
}

/// The names of all sets, the oldest first.
pub fn names(catalogue: &Catalogue) -> Vec<String> {
    let mut names: Vec<&str> = catalogue.iter().map(|row| row.since.as_str()).collect();
    names.sort_by_key(|name| (Version::parse(name), *name));
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

/// What a set is known by: how many requirements are in it, and the digest of their ids, sides and levels. Words may be made clearer; what
/// is asked of whom, and how strongly, may not change. A retired requirement stays in the sets that it was released with.
pub fn digest(name: &str, catalogue: &Catalogue, retired: &[Retired]) -> (usize, String) {
    let living = catalogue.iter().filter(|row| row.since == name);
    let living = living.map(|row| (row.id.to_string(), row.side.as_str(), row.level.as_str()));
    let was_in = |row: &&Retired| row.since.as_deref() == Some(name);
    let gone = retired.iter().filter(was_in).map(|row| {
        let side = row.side.map_or("", |side| side.as_str());
        (row.id.clone(), side, row.level.as_deref().unwrap_or(""))
    });
    let mut rows: Vec<(String, &str, &str)> = living.chain(gone).collect();
    rows.sort();
    let mut text = String::new();
    for (id, side, level) in &rows {
        text.push_str(&format!("{id} {side} {level}\n"));
    }
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    (rows.len(), hex)
}

#[cfg(test)]
mod tests;
