//! Proves the checks: every mutant has to be caught by a check of the requirement it breaks, for the reason it names.
//!
//! The subjects without a fault are played first, by the same scenarios: where they do not pass, a caught mutant would show nothing, and
//! the row is void. If the canary - the first mutant of a side - is not caught, every row of that side is void.
//!
//! `played` is what cases said, `rows` what is known of each mutant as soon as it is; `beside` says what a mutant breaks that it is not meant
//! for, and `figures` is the matrix as one document.

pub mod beside;
pub mod figures;
mod played;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::beside::{Beside, Reach};
use self::played::{Played, about};
use self::rows::Rows;
use super::dispatch::{Pace, dispatch};
use super::event::{CaseReport, Event};
use super::execute::Ground;
use super::plan::{Plan, planned};
use super::select::{SelectError, Selected, glob};
use super::tier::Tiers;
use super::{RunError, RunOptions};
use crate::mutant::Mutant;
use crate::requirement::Side;
use crate::subject::Subject;
use crate::suite::Suite;
use crate::verdict::{Outcome, OutcomeKind};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub methods: BTreeSet<String>,
    /// What it broke that it is not meant for.
    pub beside: Beside,
    /// What was seen of a mutant that was not caught, or of the subject without the fault if that is to blame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseReport>,
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

/// Who hears of a proof as it goes.
pub trait Witness {
    /// A case is over.
    fn case(&mut self, report: &CaseReport);

    /// One more fate is known. These are all that are, by the place of the mutant: hosts first, then plugins, each in the order of the suite.
    fn fates(&mut self, known: &BTreeMap<usize, MutantReport>) {
        let _ = known;
    }
}

impl<F: FnMut(&CaseReport)> Witness for F {
    fn case(&mut self, report: &CaseReport) {
        self(report);
    }
}

/// Plays the chosen mutants, as far as `reach` says, before a witness.
pub async fn prove(
    suite: &Suite<'_>,
    options: &RunOptions,
    reach: Reach,
    witness: &mut dyn Witness,
) -> Result<Vec<MutantReport>, RunError> {
    let mutants = choose(&suite.mutants, &options.patterns)?;
    let ground = Arc::new(
        Ground::prepare(options.timeout_scale, suite.keeper.as_ref())
            .map_err(RunError::Folder)?
            .planning(options.planning.clone()),
    );
    let stage = Stage {
        suite,
        options,
        reach,
        tiers: Tiers::embedded()?,
        ground,
    };
    let mut known = BTreeMap::new();
    for side in [Side::Host, Side::Plugin] {
        let rows: Vec<Mutant> = mutants
            .iter()
            .filter(|mutant| mutant.side == side)
            .copied()
            .collect();
        if !rows.is_empty() {
            stage.prove_side(side, &rows, &mut known, witness).await?;
        }
    }
    Ok(known.into_values().collect())
}

/// What both sides are played on.
struct Stage<'a> {
    suite: &'a Suite<'a>,
    options: &'a RunOptions,
    reach: Reach,
    tiers: Tiers,
    ground: Arc<Ground>,
}

impl Stage<'_> {
    async fn prove_side(
        &self,
        side: Side,
        mutants: &[Mutant],
        known: &mut BTreeMap<usize, MutantReport>,
        witness: &mut dyn Witness,
    ) -> Result<(), RunError> {
        let baseline = Arc::new(
            self.suite
                .workshop
                .baseline(side)
                .map_err(RunError::Missing)?,
        );
        let broken: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.breaks).collect();
        let plan = self.plan_of(&baseline, &broken)?;
        let unmutated = self
            .play(plan, true, &unclean, &mut |_, report| witness.case(report))
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
        // Of thousands of cases only those are kept that may have to be shown.
        let meant: BTreeMap<&str, &Mutant> =
            mutants.iter().map(|mutant| (mutant.name, mutant)).collect();
        let not_caught = |report: &CaseReport| {
            let mutant = meant.get(report.name.subject.as_str());
            mutant.is_some_and(|mutant| {
                about(report, mutant.breaks).is_some_and(|outcome| !catches(mutant, outcome))
            })
        };
        let mut rows = Rows::of(mutants, known.len(), &plan, &baseline.name, &unmutated);
        rows.cannot_be_made(missing);
        let after = &mut |played: &Played, report: &CaseReport| {
            witness.case(report);
            rows.case_ended(&report.name.subject);
            if rows.settle(played, known) {
                witness.fates(known);
            }
        };
        let played = self.play(plan, false, &not_caught, after).await?;
        rows.all_ended();
        if rows.settle(&played, known) {
            witness.fates(known);
        }
        Ok(())
    }

    /// One subject with every scenario that judges one of these requirements, or with all of them that the profile has besides.
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
            let wide =
                self.reach == Reach::Side && self.tiers.has(self.options.tier, scenario.name);
            if wide || !only.is_empty() {
                let selected = Selected {
                    scenario: *scenario,
                    only: (self.reach == Reach::Named).then_some(only),
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
        keep: &dyn Fn(&CaseReport) -> bool,
        after: &mut dyn FnMut(&Played, &CaseReport),
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
            played.add(report);
            if keep(report) {
                played.keep(report);
            }
            after(&played, report);
        })
        .await
        .map_err(RunError::Signals)?;
        Ok(played)
    }
}

fn unclean(report: &CaseReport) -> bool {
    report.worst() != OutcomeKind::Passed
}

/// Whether this is the failure by which a mutant has to be caught.
fn catches(mutant: &Mutant, outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(failure) if failure.reason == *mutant.reason)
}

/// A row without anything beside its fate.
fn report(mutant: &Mutant, fate: Fate) -> MutantReport {
    MutantReport {
        name: mutant.name.to_owned(),
        side: mutant.side,
        breaks: mutant.breaks.to_owned(),
        reason: mutant.reason.to_owned(),
        fate,
        methods: BTreeSet::new(),
        beside: Beside::default(),
        cases: Vec::new(),
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

#[cfg(test)]
mod tests;
