//! What becomes of an entry: a table from what was observed, the list that it stands in, and whether its day is over.
//!
//! | observed | expected | its day is over | flaky | its day is over |
//! | --- | --- | --- | --- | --- |
//! | no such check in this suite | **unknown** | **unknown** | **unknown** | **unknown** |
//! | not asked for in this run | not asked | not asked | not asked | not asked |
//! | nothing that it is about | **matches nothing** | **matches nothing** | **matches nothing** | **matches nothing** |
//! | not applicable | **not applicable** | **not applicable** | **not applicable** | **not applicable** |
//! | passed | **passes** | **passes** | borne | **expired** |
//! | could not be judged | not judged | **expired** | not judged | **expired** |
//! | failed for another reason | **other reason** | **other reason** | **other reason** | **other reason** |
//! | failed for this reason | confirmed | **expired** | borne | **expired** |
//!
//! Bold is red: the run fails. What could not be judged is not red by the entry, but the run is inconclusive by it anyway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;

/// What a run saw of all that an entry is about. Of several judgements the greatest counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// The suite has no such check.
    Unknown,
    /// The run was asked for other things.
    NotAsked,
    /// There was nothing that it is about.
    Nothing,
    /// Its subject does not claim what the check is about.
    NotApplicable,
    /// It passed.
    Passed,
    /// It could not be judged.
    NotJudged,
    /// It failed, for reasons that the entry does not name.
    OtherReason,
    /// It failed for the reason that the entry names.
    SameReason,
}

impl Observed {
    /// All of them.
    pub const ALL: [Observed; 8] = [
        Observed::Unknown,
        Observed::NotAsked,
        Observed::Nothing,
        Observed::NotApplicable,
        Observed::Passed,
        Observed::NotJudged,
        Observed::OtherReason,
        Observed::SameReason,
    ];
}

/// What becomes of an entry.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It failed as the entry says.
    Confirmed,
    /// It may fail and may pass.
    Borne,
    /// The run was asked for other things.
    NotAsked,
    /// It could not be judged.
    NotJudged,
    /// It passes: the entry has to go.
    Passes,
    /// It fails, but otherwise than the entry says.
    OtherReason,
    /// There is nothing that it is about.
    MatchesNothing,
    /// Its subject does not claim what it is about.
    NotApplicable,
    /// The suite has no such check.
    Unknown,
    /// Its day is over.
    Expired,
}

impl Standing {
    /// Whether it fails the run.
    pub fn is_red(self) -> bool {
        match self {
            Standing::Confirmed | Standing::Borne | Standing::NotAsked | Standing::NotJudged => {
                false
            }
            Standing::Passes
            | Standing::OtherReason
            | Standing::MatchesNothing
            | Standing::NotApplicable
            | Standing::Unknown
            | Standing::Expired => true,
        }
    }

    /// The words in reports.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Confirmed => "fails as listed",
            Standing::Borne => "flaky, borne",
            Standing::NotAsked => "not asked for in this run",
            Standing::NotJudged => "could not be judged",
            Standing::Passes => "passes",
            Standing::OtherReason => "fails for another reason",
            Standing::MatchesNothing => "matches nothing",
            Standing::NotApplicable => "is not applicable",
            Standing::Unknown => "is no check of this suite",
            Standing::Expired => "expired",
        }
    }
}

/// The table.
pub fn standing(observed: Observed, kind: Kind, expired: bool) -> Standing {
    match (observed, kind, expired) {
        (Observed::Unknown, _, _) => Standing::Unknown,
        (Observed::NotAsked, _, _) => Standing::NotAsked,
        (Observed::Nothing, _, _) => Standing::MatchesNothing,
        (Observed::NotApplicable, _, _) => Standing::NotApplicable,
        (Observed::Passed, Kind::Expected, _) => Standing::Passes,
        (Observed::OtherReason, _, _) => Standing::OtherReason,
        (Observed::Passed | Observed::NotJudged | Observed::SameReason, _, true) => {
            Standing::Expired
        }
        (Observed::NotJudged, _, false) => Standing::NotJudged,
        (Observed::SameReason, Kind::Expected, false) => Standing::Confirmed,
        (Observed::Passed | Observed::SameReason, Kind::Flaky, false) => Standing::Borne,
    }
}

#[cfg(test)]
mod tests;
