//! The file `plan.json` of a case that failed: everything that another play of it needs, and what it showed. Pure: text to value and back,
//! and how one play compares with another.
//!
//! The values that a scenario drew stand in it, not their seed alone, so that a later version of the suite plays the same; so do the scripts
//! of the fakes, with their frames and faults, for readers who have no such suite. Fault plans and body plans have files of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::verdict::{Failure, Outcome};

/// The version of the form. A file of another version is refused.
pub const FORMAT: u32 = 1;

/// The word by which such a file is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseKind {
    /// A whole case.
    Case,
}

/// The version of the form; read first, so that its line is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Format;

impl TryFrom<u32> for Format {
    type Error = String;

    fn try_from(format: u32) -> Result<Format, String> {
        match format {
            FORMAT => Ok(Format),
            other => Err(format!(
                "`format` is {other}; this version of the suite reads format {FORMAT}"
            )),
        }
    }
}

impl From<Format> for u32 {
    fn from(_: Format) -> u32 {
        FORMAT
    }
}

/// A case that was kept because it failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCase {
    /// The version of the form.
    pub format: Format,
    /// What it is a plan of.
    pub kind: CaseKind,
    /// The version of the suite that kept it.
    pub suite_version: String,
    /// The subject by its name on the command line.
    pub subject: String,
    /// The scenario.
    pub scenario: String,
    /// The case's own seed: what follows after the values that were drawn, and what a scenario hands on.
    pub seed: u64,
    /// The factor for every time that the subject was allowed.
    pub timeout_scale: f64,
    /// The values that the scenario drew, in order.
    pub drawn: Vec<u64>,
    /// What the fakes were told to do, by the names of their folders.
    #[serde(default)]
    pub fakes: BTreeMap<String, Value>,
    /// What failed.
    pub shows: Vec<Shown>,
}

/// A requirement that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The requirement.
    pub requirement: String,
    /// The reason.
    pub reason: String,
    /// The first event that contradicts, without what differs from one play to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

impl Shown {
    /// What a failure shows, with the text of the entry it points at.
    pub fn of(requirement: &str, failure: &Failure, entry: Option<&str>) -> Shown {
        Shown {
            requirement: requirement.to_owned(),
            reason: failure.reason.to_string(),
            event: entry.map(lasting),
        }
    }

    /// What an outcome shows; nothing if it is no failure.
    pub fn of_outcome(requirement: &str, outcome: &Outcome, entries: &[String]) -> Option<Shown> {
        let Outcome::Failed(failure) = outcome else {
            return None;
        };
        let entry = failure.entry.and_then(|entry| entries.get(entry));
        Some(Shown::of(requirement, failure, entry.map(String::as_str)))
    }
}

impl StoredCase {
    /// Whether a text is such a file. A text that is no JSON is none.
    pub fn is_one(text: &str) -> bool {
        let value: Option<Value> = serde_json::from_str(text).ok();
        value.is_some_and(|value| value["kind"] == "case")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Names the field and the line.
    pub fn parse(text: &str) -> Result<StoredCase, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("names, numbers and JSON always serialize");
        text.push('\n');
        text
    }
}

/// A text without numbers, ids and names of temporary folders: they are others in each play.
pub fn lasting(text: &str) -> String {
    let mut lasting = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain(Some('\0')) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let folder = lasting.ends_with("plugin-conformance-");
        lasting.push_str(&lasting_word(&word, folder));
        word.clear();
        if letter != '\0' {
            lasting.push(letter);
        }
    }
    // A number has a fraction in one play and none in the next.
    while lasting.contains("#.#") {
        lasting = lasting.replace("#.#", "#");
    }
    lasting
}

fn lasting_word(word: &str, folder: bool) -> String {
    if word.is_empty() {
        return String::new();
    }
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let long = word.chars().count() >= 16;
    let hex = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if folder || (digits > 0 && (long || hex)) {
        return "#".to_owned();
    }
    let mut shown = String::new();
    for letter in word.chars() {
        if !letter.is_ascii_digit() {
            shown.push(letter);
        } else if !shown.ends_with('#') {
            shown.push('#');
        }
    }
    shown
}

#[cfg(test)]
mod tests;
