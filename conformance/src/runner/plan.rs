//! From scenarios and subjects to cases. Pure: the same choice and seed give the same plan.
//!
//! For each plugin the readiness scenario is planned first, chosen or not, because nothing that a plugin does counts before it was ready.

use std::sync::Arc;

use super::RunError;
use super::event::{CaseName, Judgement};
use super::select::{SelectError, Selected};
use crate::requirement::catalogue::Catalogue;
use crate::requirement::{Requirement, Side};
use crate::rng::case_seed;
use crate::scenario::Scenario;
use crate::subject::Subject;
use crate::verdict::Outcome;
use crate::verdict::by_method::MethodOutcome;

/// One case that is going to be played.
#[derive(Clone, Debug)]
pub struct PlannedCase {
    /// Which scenario, and which of its requirements.
    pub selected: Selected,
    /// With what.
    pub subject: Arc<Subject>,
    /// Which repetition it is, from 0.
    pub repeat: usize,
    /// The case's own seed.
    pub seed: u64,
    /// The run's seed that gives this one, for the command that plays the case again.
    pub run_seed: u64,
    /// The requirements that it judges, as the register has them.
    pub requirements: Vec<Requirement>,
    /// The requirement of the census, if the register has it and it was asked for.
    pub census: Option<Requirement>,
}

impl PlannedCase {
    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.selected.scenario
    }

    /// The name in events.
    pub fn name(&self) -> CaseName {
        CaseName {
            subject: self.subject.name.clone(),
            scenario: self.scenario().name.to_owned(),
            repeat: self.repeat,
        }
    }

    /// Judgements in the words of the register; outcomes for ids that were not asked for are left out.
    pub fn judgements(&self, outcomes: Vec<(String, Outcome)>) -> Vec<Judgement> {
        let known = || self.requirements.iter().chain(&self.census);
        outcomes
            .into_iter()
            .filter_map(|(id, outcome)| {
                let requirement = known().find(|requirement| requirement.id.as_str() == id)?;
                let Requirement {
                    level, sentence, ..
                } = requirement.clone();
                Some(Judgement {
                    id,
                    level,
                    sentence,
                    outcome,
                    ruling: None,
                })
            })
            .collect()
    }

    /// What was said of methods under requirements that were asked for.
    pub fn methods(&self, mut said: Vec<MethodOutcome>) -> Vec<MethodOutcome> {
        let asked = |row: &MethodOutcome| {
            let mut ids = self.requirements.iter().map(|asked| asked.id.as_str());
            ids.any(|id| id == row.id)
        };
        said.retain(asked);
        said
    }

    /// The command that plays it again.
    pub fn reproduce(&self) -> String {
        let subject = match self.subject.name.split_once(':') {
            Some(("plugin", folder)) => format!("--plugin {}", quoted(folder)),
            Some(("host", command)) => format!("--host {}", quoted(command)),
            _ => format!("--subject {}", quoted(&self.subject.name)),
        };
        format!(
            "plugin-conformance run {} {subject} --seed {}",
            quoted(self.scenario().name),
            self.run_seed
        )
    }
}

/// A word for a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:+=@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The cases of a run, in the order in which they are started.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<PlannedCase>,
}

impl Plan {
    /// Joins chosen scenarios and subjects.
    pub fn make(
        catalogue: &Catalogue,
        all: &[Scenario],
        selected: &[Selected],
        subjects: &[Arc<Subject>],
        seed: u64,
        repeat: usize,
    ) -> Result<Plan, RunError> {
        let mut plan = Plan::default();
        for round in 0..repeat.max(1) {
            for subject in subjects {
                plan.add_subject(
                    catalogue,
                    all,
                    selected,
                    subject,
                    (seed.wrapping_add(round as u64), round),
                )?;
            }
        }
        if plan.cases.is_empty() {
            let names: Vec<&str> = subjects
                .iter()
                .map(|subject| subject.name.as_str())
                .collect();
            return Err(SelectError::Nothing(names.join(", ")).into());
        }
        // Readiness first, since others wait for it; then what mostly waits, so that it does so beside the rest.
        plan.cases.sort_by_key(|case| {
            (
                case.repeat,
                !case.scenario().readiness,
                !case.scenario().waits,
            )
        });
        Ok(plan)
    }

    fn add_subject(
        &mut self,
        catalogue: &Catalogue,
        all: &[Scenario],
        selected: &[Selected],
        subject: &Arc<Subject>,
        round: (u64, usize),
    ) -> Result<(), RunError> {
        let fitting: Vec<&Selected> = selected
            .iter()
            .filter(|selected| selected.scenario.side == subject.side())
            .collect();
        if fitting.is_empty() {
            return Ok(());
        }
        if subject.side() == Side::Plugin {
            let chosen = |scenario: &&Scenario| {
                fitting
                    .iter()
                    .any(|selected| selected.scenario.name == scenario.name)
            };
            let unasked = all
                .iter()
                .filter(|scenario| scenario.readiness && !chosen(scenario));
            for scenario in unasked {
                self.cases.push(planned(
                    catalogue,
                    &Selected::whole(*scenario),
                    subject,
                    round,
                )?);
            }
        }
        for selected in fitting {
            self.cases
                .push(planned(catalogue, selected, subject, round)?);
        }
        Ok(())
    }
}

/// One case, with its requirements looked up.
pub fn planned(
    catalogue: &Catalogue,
    selected: &Selected,
    subject: &Arc<Subject>,
    (run_seed, repeat): (u64, usize),
) -> Result<PlannedCase, RunError> {
    let scenario = &selected.scenario;
    let mut requirements = Vec::new();
    for id in scenario.requirements {
        let unknown = || RunError::UnknownRequirement {
            scenario: scenario.name.to_owned(),
            id: (*id).to_owned(),
        };
        let requirement = catalogue.get(id).ok_or_else(unknown)?;
        if selected.asks_for(id) {
            requirements.push(requirement.clone());
        }
    }
    let census = super::census_requirement(scenario.side);
    let asked = selected.asks_for(census)
        && !requirements
            .iter()
            .any(|requirement| requirement.id.as_str() == census);
    Ok(PlannedCase {
        selected: selected.clone(),
        subject: Arc::clone(subject),
        repeat,
        seed: case_seed(run_seed, scenario.name, &subject.name),
        run_seed,
        requirements,
        census: catalogue.get(census).filter(|_| asked).cloned(),
    })
}

#[cfg(test)]
mod tests;
