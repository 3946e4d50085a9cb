//! From patterns to scenarios and subjects. Pure; a pattern that matches nothing is an error.

use std::collections::BTreeSet;

use super::census_requirement;
pub use crate::glob::glob;
use crate::requirement::Side;
use crate::scenario::Scenario;

/// Why a selection is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A pattern matches no scenario and no requirement that a scenario judges.
    #[error(
        "the pattern {0:?} matches no scenario and no requirement that a scenario judges; `list` shows them all"
    )]
    Pattern(String),
    /// A pattern matches no subject.
    #[error("no subject is called {pattern:?}; there are: {known}")]
    Subject {
        /// The pattern.
        pattern: String,
        /// All names.
        known: String,
    },
    /// A pattern matches no mutant.
    #[error("the pattern {0:?} matches no mutant and no requirement that a mutant breaks")]
    Mutant(String),
    /// The profile has none of what was chosen.
    #[error("nothing to run: the profile {0} has none of the chosen scenarios")]
    NotInProfile(String),
    /// There are fewer cases than shards.
    #[error("nothing to run: there are not enough cases for shard {0}")]
    EmptyShard(String),
    /// Scenarios and subjects are there, but none of the scenarios is for any of the subjects.
    #[error("nothing to run: none of the chosen scenarios is for any of the chosen subjects ({0})")]
    Nothing(String),
}

/// A scenario that was chosen.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The scenario.
    pub scenario: Scenario,
    /// The requirements that were asked for; `None` means all that it judges.
    pub only: Option<BTreeSet<&'static str>>,
}

impl Selected {
    /// A scenario with all its requirements.
    pub fn whole(scenario: Scenario) -> Selected {
        Selected {
            scenario,
            only: None,
        }
    }

    /// Whether this requirement was asked for.
    pub fn asks_for(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(id))
    }
}

/// The scenarios that the patterns choose, in the order of the table.
pub fn scenarios(all: &[Scenario], patterns: &[String]) -> Result<Vec<Selected>, SelectError> {
    if patterns.is_empty() {
        return Ok(all.iter().copied().map(Selected::whole).collect());
    }
    let census = [Side::Host, Side::Plugin].map(census_requirement);
    for pattern in patterns {
        let known = |scenario: &Scenario| {
            glob(pattern, scenario.name) || scenario.requirements.iter().any(|id| glob(pattern, id))
        };
        if !all.iter().any(known) && !census.iter().any(|id| glob(pattern, id)) {
            return Err(SelectError::Pattern(pattern.clone()));
        }
    }
    Ok(all
        .iter()
        .filter_map(|scenario| choose(scenario, patterns))
        .collect())
}

fn choose(scenario: &Scenario, patterns: &[String]) -> Option<Selected> {
    if patterns.iter().any(|pattern| glob(pattern, scenario.name)) {
        return Some(Selected::whole(*scenario));
    }
    let asked = |id: &&str| patterns.iter().any(|pattern| glob(pattern, id));
    let judged = scenario
        .requirements
        .iter()
        .copied()
        .chain([census_requirement(scenario.side)]);
    let only: BTreeSet<&'static str> = judged.filter(asked).collect();
    (!only.is_empty()).then_some(Selected {
        scenario: *scenario,
        only: Some(only),
    })
}

/// The names of the subjects that the patterns choose from pairs of a name and whether it is a default. Without patterns the defaults
/// are chosen, or none of them if plugin folders were given.
pub fn subjects<'a>(
    known: &[(&'a str, bool)],
    patterns: &[String],
    plugins_given: bool,
) -> Result<BTreeSet<&'a str>, SelectError> {
    let names = || known.iter().map(|(name, _)| *name);
    if patterns.is_empty() {
        let default = known
            .iter()
            .filter(|(_, default)| *default && !plugins_given);
        return Ok(default.map(|(name, _)| *name).collect());
    }
    let mut chosen = BTreeSet::new();
    for pattern in patterns {
        let before = chosen.len();
        chosen.extend(names().filter(|name| glob(pattern, name)));
        if chosen.len() == before && !chosen.iter().any(|name| glob(pattern, name)) {
            let known = names().collect::<Vec<_>>().join(", ");
            return Err(SelectError::Subject {
                pattern: pattern.clone(),
                known,
            });
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
