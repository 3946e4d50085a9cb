//! What a mutant breaks beside the requirement that it is meant for. Pure.
//!
//! Checks are worth most if they are independent: a fault should be seen by the check of the sentence that it breaks, and by few others.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::{Outcome, OutcomeKind};

/// What is played with each mutant, and what is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The scenarios that judge what it breaks, and of those that requirement alone.
    Named,
    /// The same scenarios, and all that they judge.
    Scenarios,
    /// Every scenario of its side.
    Side,
}

/// What a mutant broke beside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beside {
    /// How many other requirements were asked of it that the subject without the fault keeps.
    pub judged: usize,
    /// Those that it broke, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub broken: BTreeMap<String, String>,
}

impl Beside {
    /// Compares what was said of a mutant with what was said of the subject without the fault, by requirement.
    pub fn of<'a>(
        breaks: &str,
        unmutated: impl Fn(&str) -> &'a [(String, Outcome)],
        mutated: impl IntoIterator<Item = (&'a str, &'a [(String, Outcome)])>,
    ) -> Beside {
        let mut beside = Beside::default();
        for (id, said) in mutated {
            let sound = unmutated(id);
            let kept = |(_, outcome): &(String, Outcome)| outcome.kind() == OutcomeKind::Passed;
            if id == breaks || sound.is_empty() || !sound.iter().all(kept) {
                continue;
            }
            beside.judged += 1;
            let broken = said.iter().find_map(|(_, outcome)| match outcome {
                Outcome::Failed(failure) => Some(failure.reason.to_string()),
                _ => None,
            });
            if let Some(reason) = broken {
                beside.broken.insert(id.to_owned(), reason);
            }
        }
        beside
    }
}
