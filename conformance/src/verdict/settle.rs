//! The end of a case: from what the scenario said, and how it ended, to one outcome for each listed requirement.
//!
//! Pure. The rules:
//! - a requirement that was not judged is inconclusive, never passed;
//! - a pass that saw nothing is inconclusive;
//! - a scenario that did not come to its end takes its passes with it: the control that comes last is missing;
//! - failures stay, however the case ended: they were seen;
//! - what a host's driver does not claim is not applicable, and what it claims and does not do has failed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, Outcome};

/// How a scenario came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// It returned.
    Completed,
    /// It broke off because it could not get as far as judging: the subject did not let it.
    BrokenOff {
        /// What stood in the way.
        reason: String,
    },
    /// It stopped at something that the host's driver does not claim.
    NotClaimed {
        /// What that is.
        capability: String,
    },
    /// It stopped at something that the host's driver claims and does not do.
    ClaimedAndDead {
        /// What that is.
        claim: String,
    },
    /// It was cut at its deadline.
    Deadline {
        /// The deadline in milliseconds.
        after_ms: u64,
    },
    /// It panicked: a fault of the suite.
    Panicked {
        /// The message.
        message: String,
    },
    /// It returned an error that has nothing to do with the subject: a fault of the suite or of the machine.
    Errored {
        /// The error.
        message: String,
    },
    /// It was never started, because the subject was not ready or the run was stopped.
    NotRun {
        /// Why not.
        reason: String,
    },
}

impl End {
    /// The text in it, to be written anew.
    pub fn text(&mut self) -> Option<&mut String> {
        match self {
            End::BrokenOff { reason } | End::NotRun { reason } => Some(reason),
            End::Panicked { message } | End::Errored { message } => Some(message),
            End::NotClaimed { capability } => Some(capability),
            End::ClaimedAndDead { claim } => Some(claim),
            End::Completed | End::Deadline { .. } => None,
        }
    }

    /// Whether the suite itself is to blame; such a run exits with its own code.
    pub fn is_suite_fault(&self) -> bool {
        matches!(self, End::Panicked { .. } | End::Errored { .. })
    }

    /// Why what passed before does not count.
    fn why_not_trusted(&self) -> String {
        match self {
            End::Panicked { message } => format!("the scenario panicked afterwards: {message}"),
            End::Errored { .. } => "the scenario broke off by an error of the suite".to_owned(),
            other => other
                .why_not_reached()
                .replacen("not reached", "broken off afterwards", 1),
        }
    }

    /// Why a requirement was not judged.
    fn why_not_reached(&self) -> String {
        match self {
            End::Completed => "not reached".to_owned(),
            End::BrokenOff { reason } => format!("not reached: {reason}"),
            End::Deadline { after_ms } => {
                format!("not reached: cut at the deadline of {after_ms} ms")
            }
            End::Panicked { message } => format!("not reached: the scenario panicked: {message}"),
            End::Errored { message } => format!("not reached: error in the suite: {message}"),
            End::NotRun { reason } => reason.clone(),
            End::NotClaimed { capability } => format!("not reached: no {capability}"),
            End::ClaimedAndDead { claim } => format!("not reached: {claim} is claimed and dead"),
        }
    }

    /// What becomes of a requirement that was not judged.
    fn unjudged(&self) -> Outcome {
        match self {
            End::NotClaimed { capability } => Outcome::NotApplicable {
                capability: capability.clone(),
            },
            End::ClaimedAndDead { claim } => Outcome::Failed(Failure {
                reason: "claimed-and-dead".into(),
                expected: format!("{claim} is carried out, as the driver claims"),
                seen: "the driver answers that it does not know it".to_owned(),
                go_host: None,
                replay: None,
                entry: None,
            }),
            other => Outcome::inconclusive(other.why_not_reached()),
        }
    }
}

/// One outcome for each listed requirement, in the order of the list.
pub fn settle<'a>(
    listed: impl IntoIterator<Item = &'a str>,
    mut judged: BTreeMap<String, Outcome>,
    end: &End,
) -> Vec<(String, Outcome)> {
    let outcome = |id: &str| match judged.remove(id) {
        None => end.unjudged(),
        Some(Outcome::Passed { seen }) if seen.is_empty() => {
            Outcome::inconclusive("passed without evidence")
        }
        Some(Outcome::Passed { .. }) if matches!(end, End::NotClaimed { .. }) => end.unjudged(),
        Some(Outcome::Passed { .. }) if *end != End::Completed => {
            Outcome::inconclusive(end.why_not_trusted())
        }
        Some(outcome) => outcome,
    };
    let mut outcome = outcome;
    listed
        .into_iter()
        .map(|id| (id.to_owned(), outcome(id)))
        .collect()
}

#[cfg(test)]
mod tests;
