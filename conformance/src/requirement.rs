//! A requirement: one sentence of the contract, with an id that is never reused, a level and a source.
//!
//! The sentences themselves are data in `requirements/*.toml`; `catalogue` reads them and `coverage` joins them with scenarios and mutants.
//! Whether a requirement was met is not known here: that is `verdict`.

pub mod catalogue;
pub mod coverage;
pub mod retired;
pub mod set;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a requirement, `HS-012`: an area of two capital letters, a dash, three digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RequirementId(String);

impl RequirementId {
    /// Reads an id; `None` if it does not have the form of one. Whether it exists is the catalogue's to say.
    pub fn parse(text: &str) -> Option<RequirementId> {
        let (area, number) = text.split_once('-')?;
        let formed = area.len() == 2
            && area.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.len() == 3
            && number.bytes().all(|byte| byte.is_ascii_digit());
        formed.then(|| RequirementId(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two letters before the dash.
    pub fn area(&self) -> &str {
        &self.0[..2]
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How binding a requirement is, in the words of RFC 2119.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// A subject that does otherwise does not keep the contract.
    Must,
    /// Good reasons may exist to do otherwise; without one it is a fault.
    Should,
    /// Worth knowing, never a fault: a failure is reported and does not fail the run.
    May,
}

impl Level {
    /// All levels, strongest first.
    pub const ALL: [Level; 3] = [Level::Must, Level::Should, Level::May];

    /// Reads the word of the register.
    pub fn parse(text: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// The word of the register.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::May => "MAY",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who has to keep a requirement, and so which kind of subject can be judged by it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The server that starts plugins.
    Host,
    /// The plugin, and so the SDK it is written with.
    Plugin,
}

impl Side {
    /// Reads the word of the register.
    pub fn parse(text: &str) -> Option<Side> {
        [Side::Host, Side::Plugin]
            .into_iter()
            .find(|side| side.as_str() == text)
    }

    /// The word of the register.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Host => "host",
            Side::Plugin => "plugin",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One sentence of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Its name for ever.
    pub id: RequirementId,
    /// How binding it is.
    pub level: Level,
    /// Who has to keep it.
    pub side: Side,
    /// The sentence.
    pub sentence: String,
    /// What goes wrong in practice if it is broken.
    pub why: String,
    /// Where it comes from, in public terms.
    pub source: String,
    /// The version of the suite that had it first.
    pub since: String,
    /// The reference behaves so, but nobody promised it.
    pub observed: bool,
}
