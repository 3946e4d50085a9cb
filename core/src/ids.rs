//! Names of plugins, of runs and of sessions. Pure, but for the freshness of a run's mark.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The variable by which every child of a run can be recognised in `/proc/PID/environ`.
pub const RUN_MARK_VARIABLE: &str = "PLUGIN_HOST_RUN";

/// The variable by which the descendants of one child can be told from those of another child of the same run.
pub const SESSION_MARK_VARIABLE: &str = "PLUGIN_HOST_SESSION";

const SHORTEST: usize = 3;
const LONGEST: usize = 190;

/// The id of a plugin: the manifest's `id`, lower-cased, 3 to 190 of the characters `a-z 0-9 - _ .`.
///
/// The rule is the one of Mattermost's `model.IsValidPluginId`, applied after the lower-casing of `FindManifest`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PluginId(String);

/// Why a text is no plugin id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Shorter than 3 or longer than 190 characters.
    #[error("plugin id {id:?} has {length} characters, but must have {SHORTEST} to {LONGEST}")]
    Length {
        /// The text as given.
        id: String,
        /// Its length in bytes, which for legal ids are characters.
        length: usize,
    },
    /// A character outside `a-z A-Z 0-9 - _ .`.
    #[error(
        "plugin id {id:?} holds {found:?}, but only letters, digits, '-', '_' and '.' are allowed"
    )]
    Character {
        /// The text as given.
        id: String,
        /// The first character that is not allowed.
        found: char,
    },
}

impl PluginId {
    /// Lower-cases and checks the id of a manifest.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if let Some(found) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(InvalidId::Character {
                id: text.to_owned(),
                found,
            });
        }
        if !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(InvalidId::Length {
                id: text.to_owned(),
                length: text.len(),
            });
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::str::FromStr for PluginId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for PluginId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// A mark that no other run on this machine has: process id, time and 64 random bits, in hexadecimal.
pub fn fresh_run_mark() -> String {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let random = RandomState::new().build_hasher().finish();
    format!(
        "{:x}-{:x}-{random:016x}",
        std::process::id(),
        since_epoch.as_micros()
    )
}

/// The mark of one child of the run: the run's mark and a number that this process never gives twice.
pub fn fresh_session_mark(run_mark: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{run_mark}/{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("com.example.demo", "com.example.demo")]
    #[case::lowered("Com.Example_Demo-1", "com.example_demo-1")]
    #[case::shortest("abc", "abc")]
    fn accepted(#[case] text: &str, #[case] id: &str) {
        assert_eq!(PluginId::parse(text).unwrap().as_str(), id);
    }

    #[rstest]
    #[case::empty("")]
    #[case::short("ab")]
    #[case::blank("a b c")]
    #[case::slash("../../etc")]
    #[case::unicode("plügin")]
    #[case::newline("abc\n")]
    fn refused(#[case] text: &str) {
        assert!(PluginId::parse(text).is_err(), "{text:?}");
    }

    #[test]
    fn length_is_limited_to_190() {
        assert!(PluginId::parse(&"a".repeat(190)).is_ok());
        assert!(matches!(
            PluginId::parse(&"a".repeat(191)),
            Err(InvalidId::Length { length: 191, .. })
        ));
    }

    #[test]
    fn marks_are_never_given_twice() {
        let run = fresh_run_mark();
        assert_ne!(run, fresh_run_mark());
        assert_ne!(fresh_session_mark(&run), fresh_session_mark(&run));
        assert!(fresh_session_mark(&run).starts_with(&run));
    }
}
