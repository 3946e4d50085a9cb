//! The file `plan.json`: a plan that failed, what it showed, and with what. Pure: text to value and back.
//!
//! Unknown fields are refused, so that a file that somebody wrote is played as it was meant or not at all.

use serde::{Deserialize, Serialize};

use super::FaultPlan;

/// The name of the file.
pub const FILE: &str = "plan.json";

/// A plan that was kept because it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPlan {
    /// The version of the suite that kept it.
    pub suite_version: String,
    /// The subject by its name on the command line.
    pub subject: String,
    /// The requirement that was broken.
    pub requirement: String,
    /// The reason.
    pub reason: String,
    /// The first event that contradicts, without what differs from one play to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The plan.
    pub plan: FaultPlan,
}

impl StoredPlan {
    /// Reads a file.
    ///
    /// # Errors
    /// Names the field and the line.
    pub fn parse(text: &str) -> Result<StoredPlan, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("a plan is made of text, numbers and lists, all of which JSON has");
        text.push('\n');
        text
    }
}

/// A name as part of a folder's name.
pub fn folder_word(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || letter == '.' {
            letter
        } else {
            '-'
        }
    };
    name.trim_matches('/').chars().map(plain).collect()
}
