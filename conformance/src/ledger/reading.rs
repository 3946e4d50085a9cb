//! Reads the text of a ledger, and says what is wrong with it.
//!
//! ```toml
//! most_flaky = 1                       # how many [[flaky]] entries there may be; 3 if it is not said
//!
//! [[expected]]
//! check = "HK-057"                     # or a scenario, "plugin/hooks/filters", or both, "plugin/hooks/filters HK-057"
//! subject = "plugin:*"                 # a glob over the names of subjects; may be left out
//! reason = "dismissal-changed"         # what the report calls "reason"; for what could not be judged "inconclusive: …"
//! tracker = "https://example.com/issues/1"
//! text = "The SDK rewrites the reason of a silent dismissal."
//! expires = 2027-01-31
//! suite = "0.1.0"
//!
//! [[flaky]]                            # the same fields
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::value::Datetime;

use super::day::Day;
use super::fingerprint::Fingerprint;
use super::{Check, Entry, Kind, Ledger, MOST_FLAKY};

/// Why a ledger cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It is not TOML, or has other fields than it may have.
    #[error("{file}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// What the parser says.
        message: String,
    },
    /// One field of an entry is wrong.
    #[error("{file}: {list} {number} ({check}): {field} {problem}")]
    Field {
        /// The file.
        file: String,
        /// The list.
        list: &'static str,
        /// The place in the list, from 1.
        number: usize,
        /// What the entry is about.
        check: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Two entries are about the same.
    #[error("{file}: {check} with the reason {reason} is listed twice")]
    Twice {
        /// The file.
        file: String,
        /// What they are about.
        check: String,
        /// The reason.
        reason: String,
    },
    /// More entries are flaky than may be.
    #[error(
        "{file}: {flaky} entries are flaky, and at most {most} may be: mend one before another is listed"
    )]
    TooFlaky {
        /// The file.
        file: String,
        /// How many there are.
        flaky: usize,
        /// How many there may be.
        most: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "most_flaky")]
    most_flaky: usize,
    #[serde(default)]
    expected: Vec<Row>,
    #[serde(default)]
    flaky: Vec<Row>,
}

fn most_flaky() -> usize {
    MOST_FLAKY
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    check: String,
    subject: Option<String>,
    reason: String,
    tracker: String,
    text: String,
    expires: Datetime,
    suite: String,
}

/// Reads a ledger on a day, for a suite that has the checks of which `known` is true.
///
/// # Errors
/// When any part of it says nothing, or nothing that can be true.
pub fn read(
    file: &str,
    text: &str,
    today: Day,
    known: &dyn Fn(&Check) -> bool,
) -> Result<Ledger, LedgerError> {
    let syntax = |error: toml::de::Error| LedgerError::Syntax {
        file: file.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    };
    let parsed: File = toml::from_str(text).map_err(syntax)?;
    if parsed.flaky.len() > parsed.most_flaky {
        return Err(LedgerError::TooFlaky {
            file: file.to_owned(),
            flaky: parsed.flaky.len(),
            most: parsed.most_flaky,
        });
    }
    let mut entries = Vec::new();
    for (kind, rows) in [
        (Kind::Expected, parsed.expected),
        (Kind::Flaky, parsed.flaky),
    ] {
        for (place, row) in rows.into_iter().enumerate() {
            let check = row.check.clone();
            let entry = row
                .entry(kind, today)
                .map_err(|(field, problem)| LedgerError::Field {
                    file: file.to_owned(),
                    list: kind.as_str(),
                    number: place + 1,
                    check,
                    field,
                    problem,
                })?;
            let known = known(&entry.check);
            entries.push(Entry { known, ..entry });
        }
    }
    once(file, &entries)?;
    Ok(Ledger {
        file: file.to_owned(),
        entries,
    })
}

fn once(file: &str, entries: &[Entry]) -> Result<(), LedgerError> {
    let mut seen = BTreeSet::new();
    match entries.iter().find(|entry| !seen.insert(entry.key())) {
        None => Ok(()),
        Some(again) => Err(LedgerError::Twice {
            file: file.to_owned(),
            check: again.check.to_string(),
            reason: again.reason.to_string(),
        }),
    }
}

impl Row {
    fn entry(self, kind: Kind, today: Day) -> Result<Entry, (&'static str, String)> {
        let wrong = |field, problem: &str| (field, problem.to_owned());
        let expires = self
            .expires
            .date
            .filter(|_| self.expires.time.is_none() && self.expires.offset.is_none());
        let expires = expires
            .and_then(|date| Day::new(date.year, date.month, date.day))
            .ok_or_else(|| wrong("expires", "is not a day, 2027-01-31"))?;
        let linked = ["https://", "http://"]
            .iter()
            .any(|scheme| self.tracker.starts_with(scheme) && self.tracker.len() > scheme.len());
        if !linked {
            return Err(wrong("tracker", "is not the URL of an issue"));
        }
        for (field, value) in [("text", &self.text), ("suite", &self.suite)] {
            if value.trim().is_empty() {
                return Err(wrong(field, "is empty"));
            }
        }
        Ok(Entry {
            kind,
            check: Check::parse(&self.check).ok_or_else(|| {
                wrong(
                    "check",
                    "is neither a requirement, HK-057, nor a scenario, plugin/hooks/filters, nor both with a blank between",
                )
            })?,
            subject: self.subject,
            reason: Fingerprint::parse(&self.reason).ok_or_else(|| {
                wrong(
                    "reason",
                    "is neither the name of a reason, such-as-this, nor \"inconclusive: \" with words after it",
                )
            })?,
            tracker: self.tracker,
            text: self.text,
            expires,
            suite: self.suite,
            expired: expires < today,
            known: true,
        })
    }
}

#[cfg(test)]
mod tests;
