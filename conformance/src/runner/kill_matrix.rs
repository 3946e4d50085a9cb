//! Proves the checks: every mutant has to be caught by a check of the requirement it breaks, for the reason it names.
//!
//! The subjects without a fault are played first, by the same scenarios: where they do not pass, a caught mutant would show nothing, and
//! the row is void. If the canary - the first mutant of a side - is not caught, every row of that side is void.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::dispatch::{Pace, dispatch};
use super::event::{CaseReport, Event};
use super::execute::Ground;
use super::plan::{Plan, planned};
use super::select::{SelectError, Selected, glob};
use super::{RunError, RunOptions};
use crate::mutant::Mutant;
use crate::requirement::Side;
use crate::subject::Subject;
use crate::suite::Suite;
use crate::verdict::{Outcome, OutcomeKind};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// A check of the requirement it breaks failed for the reason it names.
    Caught {
        /// The scenarios that caught it.
        by: Vec<String>,
    },
    /// The checks of that requirement failed, for other reasons.
    OtherReason {
        /// The reasons.
        seen: Vec<String>,
    },
    /// No check of that requirement failed.
    Survived {
        /// What they said instead.
        seen: Vec<String>,
    },
    /// It shows nothing.
    Void {
        /// Why not.
        reason: String,
    },
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MutantReport {
    /// The mutant.
    pub name: String,
    /// Its side.
    pub side: Side,
    /// The requirement it breaks.
    pub breaks: String,
    /// The reason by which it has to be caught.
    pub reason: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// The methods of the API at which it was caught for that reason, where the requirement is judged for each.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub methods: BTreeSet<String>,
}

impl MutantReport {
    /// Whether it was caught as it should be.
    pub fn is_caught(&self) -> bool {
        matches!(self.fate, Fate::Caught { .. })
    }
}

/// The mutants that the patterns choose, by name or by the requirement they break.
pub fn choose(all: &[Mutant], patterns: &[String]) -> Result<Vec<Mutant>, SelectError> {
    let fits =
        |mutant: &Mutant, pattern: &str| glob(pattern, mutant.name) || glob(pattern, mutant.breaks);
    for pattern in patterns {
        if !all.iter().any(|mutant| fits(mutant, pattern)) {
            return Err(SelectError::Mutant(pattern.clone()));
        }
    }
    let chosen = |mutant: &&Mutant| {
        patterns.is_empty() || patterns.iter().any(|pattern| fits(mutant, pattern))
    };
    Ok(all.iter().filter(chosen).copied().collect())
}

/// Plays the chosen mutants; `tell` hears of each case as it ends.
pub async fn prove(
    suite: &Suite<'_>,
    options: &RunOptions,
    tell: &mut dyn FnMut(&CaseReport),
) -> Result<Vec<MutantReport>, RunError> {
    let mutants = choose(&suite.mutants, &options.patterns)?;
    let ground = Arc::new(
        Ground::prepare(options.timeout_scale, options.keeper.as_ref())
            .map_err(RunError::Folder)?
            .planning(options.planning.clone()),
    );
    let stage = Stage {
        suite,
        options,
        ground,
    };
    let mut matrix = Vec::new();
    for side in [Side::Host, Side::Plugin] {
        let rows: Vec<Mutant> = mutants
            .iter()
            .filter(|mutant| mutant.side == side)
            .copied()
            .collect();
        if !rows.is_empty() {
            matrix.extend(stage.prove_side(side, &rows, tell).await?);
        }
    }
    Ok(matrix)
}

/// What both sides are played on.
struct Stage<'a> {
    suite: &'a Suite<'a>,
    options: &'a RunOptions,
    ground: Arc<Ground>,
}

/// What the scenarios said, by subject and requirement.
type Said = BTreeMap<(String, String), Vec<(String, Outcome)>>;

/// What they said, and at which methods a subject failed, by subject, requirement and reason.
#[derive(Default)]
struct Played {
    said: Said,
    methods: BTreeMap<(String, String, Option<String>), BTreeSet<String>>,
}

impl Played {
    fn of(&self, subject: &str, mutant: &Mutant) -> &[(String, Outcome)] {
        let key = (subject.to_owned(), mutant.breaks.to_owned());
        self.said.get(&key).map_or(&[], Vec::as_slice)
    }

    fn methods_of(&self, mutant: &Mutant) -> BTreeSet<String> {
        // A scenario that names no reason for a method has one for the requirement.
        let reasons = [Some(mutant.reason.to_owned()), None];
        let methods = reasons.into_iter().filter_map(|reason| {
            let key = (mutant.name.to_owned(), mutant.breaks.to_owned(), reason);
            self.methods.get(&key)
        });
        methods.flatten().cloned().collect()
    }

    fn add(&mut self, report: &CaseReport) {
        let subject = &report.name.subject;
        for judgement in &report.judgements {
            let key = (subject.clone(), judgement.id.clone());
            let entry = (report.name.scenario.clone(), judgement.outcome.clone());
            self.said.entry(key).or_default().push(entry);
        }
        for row in &report.methods {
            if row.kind == OutcomeKind::Failed {
                let reason = row.reason.as_ref().map(ToString::to_string);
                let key = (subject.clone(), row.id.clone(), reason);
                let methods = self.methods.entry(key).or_default();
                methods.insert(row.method.clone());
            }
        }
    }
}

impl Stage<'_> {
    async fn prove_side(
        &self,
        side: Side,
        mutants: &[Mutant],
        tell: &mut dyn FnMut(&CaseReport),
    ) -> Result<Vec<MutantReport>, RunError> {
        let baseline = Arc::new(
            self.suite
                .workshop
                .baseline(side)
                .map_err(RunError::Missing)?,
        );
        let broken: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.breaks).collect();
        let unmutated = self
            .play(self.plan_of(&baseline, &broken)?, true, tell)
            .await?;
        let mut plan = Plan::default();
        let mut missing = BTreeMap::new();
        for mutant in mutants {
            match self.suite.workshop.mutant(mutant) {
                Err(skipped) => drop(missing.insert(mutant.name, skipped.reason)),
                Ok(subject) => {
                    let subject = Arc::new(Subject {
                        name: mutant.name.to_owned(),
                        ..subject
                    });
                    plan.cases.extend(
                        self.plan_of(&subject, &BTreeSet::from([mutant.breaks]))?
                            .cases,
                    );
                }
            }
        }
        let said = self.play(plan, false, tell).await?;
        let row = |mutant: &Mutant| {
            let fate = match missing.get(mutant.name) {
                Some(reason) => Fate::Void {
                    reason: format!("it cannot be made: {reason}"),
                },
                None => fate(
                    mutant,
                    unmutated.of(&baseline.name, mutant),
                    said.of(mutant.name, mutant),
                ),
            };
            report(mutant, fate, said.methods_of(mutant))
        };
        Ok(under_canary(mutants.iter().map(row).collect()))
    }

    /// One subject with every scenario that judges one of these requirements.
    fn plan_of(&self, subject: &Arc<Subject>, ids: &BTreeSet<&str>) -> Result<Plan, RunError> {
        let mut plan = Plan::default();
        for scenario in self
            .suite
            .scenarios
            .iter()
            .filter(|scenario| scenario.side == subject.side())
        {
            let only: BTreeSet<&'static str> = scenario
                .requirements
                .iter()
                .copied()
                .filter(|id| ids.contains(id))
                .collect();
            if !only.is_empty() {
                let selected = Selected {
                    scenario: *scenario,
                    only: Some(only),
                };
                plan.cases.push(planned(
                    self.suite.catalogue,
                    &selected,
                    subject,
                    (self.options.seed, 0),
                )?);
            }
        }
        plan.cases
            .sort_by_key(|case| (!case.scenario().readiness, !case.scenario().waits));
        Ok(plan)
    }

    async fn play(
        &self,
        plan: Plan,
        gate: bool,
        tell: &mut dyn FnMut(&CaseReport),
    ) -> Result<Played, RunError> {
        let mut played = Played::default();
        let pace = Pace {
            jobs: self.options.jobs.max(1),
            fail_fast: false,
            gate,
        };
        dispatch(plan, &self.ground, pace, &mut |event| {
            let Event::CaseEnded(report) = event else {
                return;
            };
            tell(report);
            played.add(report);
        })
        .await
        .map_err(RunError::Signals)?;
        Ok(played)
    }
}

fn report(mutant: &Mutant, fate: Fate, methods: BTreeSet<String>) -> MutantReport {
    MutantReport {
        name: mutant.name.to_owned(),
        side: mutant.side,
        breaks: mutant.breaks.to_owned(),
        reason: mutant.reason.to_owned(),
        fate,
        methods,
    }
}

/// What the checks of one requirement say about a mutant, given what they say about the subject without the fault.
fn fate(mutant: &Mutant, unmutated: &[(String, Outcome)], mutated: &[(String, Outcome)]) -> Fate {
    if unmutated.is_empty() {
        return Fate::Void {
            reason: format!("no scenario judges {}", mutant.breaks),
        };
    }
    let unclean = unmutated
        .iter()
        .find(|(_, outcome)| outcome.kind() != OutcomeKind::Passed);
    if let Some((scenario, outcome)) = unclean {
        return Fate::Void {
            reason: format!("without the fault {scenario} says {}", words(outcome)),
        };
    }
    let reasons: Vec<(&String, &str)> = mutated
        .iter()
        .filter_map(|(scenario, outcome)| match outcome {
            Outcome::Failed(failure) => Some((scenario, failure.reason.as_str())),
            _ => None,
        })
        .collect();
    let by: Vec<String> = reasons
        .iter()
        .filter(|(_, reason)| *reason == mutant.reason)
        .map(|(scenario, _)| (*scenario).clone())
        .collect();
    let line = |(scenario, outcome): &(String, Outcome)| format!("{scenario}: {}", words(outcome));
    match () {
        () if !by.is_empty() => Fate::Caught { by },
        () if reasons.is_empty() => Fate::Survived {
            seen: mutated.iter().map(line).collect(),
        },
        () => Fate::OtherReason {
            seen: mutated.iter().map(line).collect(),
        },
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed { .. } => "passed".to_owned(),
        Outcome::Failed(failure) => format!("failed by {}", failure.reason),
        Outcome::Inconclusive { reason } => format!("inconclusive ({reason})"),
        Outcome::NotApplicable { capability } => format!("not applicable ({capability})"),
    }
}

/// If the canary lives, nothing that was caught beside it counts.
fn under_canary(mut rows: Vec<MutantReport>) -> Vec<MutantReport> {
    let Some((canary, others)) = rows.split_first_mut() else {
        return rows;
    };
    if !canary.is_caught() {
        for row in others.iter_mut().filter(|row| row.is_caught()) {
            row.fate = Fate::Void {
                reason: format!("the canary {} was not caught", canary.name),
            };
        }
    }
    rows
}

#[cfg(test)]
mod tests;
