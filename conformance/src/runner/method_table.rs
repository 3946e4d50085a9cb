//! The API method by method: which requirements were checked at it, on either side, and at which of them a mutant was caught.
//!
//! Nothing in a row is written by hand: what was checked comes from the cases of the subjects without a fault, what was caught from
//! those of the mutants. A method that the contract has and no case has named stands in the table with nothing.

use std::collections::{BTreeMap, BTreeSet};

use plugin_proto::API;
use serde::Serialize;

use super::event::CaseReport;
use super::kill_matrix::beside::Reach;
use super::kill_matrix::{self, MutantReport};
use super::{RunError, RunOptions};
use crate::requirement::Side;
use crate::scenario::Scenario;
use crate::suite::Suite;
use crate::verdict::OutcomeKind;

/// What is known of a method on one side, by requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Kept at this method by the subject without a fault.
    pub checked: BTreeSet<String>,
    /// Not kept by it.
    pub failed: BTreeSet<String>,
    /// A mutant that breaks it was caught at this method, for the reason that it names.
    pub killed: BTreeSet<String>,
}

impl Known {
    /// Something was checked, nothing failed, and a mutant was caught for every requirement that was checked.
    pub fn is_proven(&self) -> bool {
        self.failed.is_empty() && !self.checked.is_empty() && self.checked.is_subset(&self.killed)
    }
}

/// One method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MethodRow {
    /// Its name.
    pub method: String,
    /// What hosts are asked.
    pub host: Known,
    /// What plugins, that is, SDKs are asked.
    pub plugin: Known,
}

impl MethodRow {
    /// One side of it.
    pub fn side(&self, side: Side) -> &Known {
        match side {
            Side::Host => &self.host,
            Side::Plugin => &self.plugin,
        }
    }
}

/// The requirements that are judged for each method.
fn per_method(scenarios: &[Scenario]) -> BTreeSet<&'static str> {
    let rows = scenarios.iter().filter(|scenario| scenario.per_method);
    rows.flat_map(|scenario| scenario.requirements)
        .copied()
        .collect()
}

/// Plays what is judged for each method with the subjects without a fault and with the mutants.
///
/// # Errors
/// When the mutants cannot be played.
pub async fn play(
    suite: &Suite<'_>,
    options: &RunOptions,
    tell: &mut dyn FnMut(&CaseReport),
) -> Result<Vec<MethodRow>, RunError> {
    let patterns = per_method(&suite.scenarios)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let options = RunOptions {
        patterns,
        ..options.clone()
    };
    let mut baselines = BTreeSet::new();
    for side in [Side::Host, Side::Plugin] {
        let subject = suite.workshop.baseline(side).map_err(RunError::Missing)?;
        baselines.insert(subject.name);
    }
    let mut table = Table::default();
    let witness = &mut |report: &CaseReport| {
        tell(report);
        if baselines.contains(&report.name.subject) {
            table.add(report);
        }
    };
    let mutants = kill_matrix::prove(suite, &options, Reach::Named, witness).await?;
    mutants.iter().for_each(|mutant| table.kill(mutant));
    Ok(table.rows())
}

/// A table in the making.
#[derive(Debug, Default)]
struct Table(BTreeMap<String, (Known, Known)>);

impl Table {
    /// Takes what a case of a subject without a fault said.
    fn add(&mut self, report: &CaseReport) {
        for row in &report.methods {
            let known = self.known(&row.method, report.side);
            match row.kind {
                OutcomeKind::Passed => known.checked.insert(row.id.clone()),
                OutcomeKind::Failed => known.failed.insert(row.id.clone()),
                OutcomeKind::Inconclusive | OutcomeKind::NotApplicable => continue,
            };
        }
    }

    /// Takes what became of a mutant.
    fn kill(&mut self, mutant: &MutantReport) {
        if !mutant.is_caught() {
            return;
        }
        for method in &mutant.methods {
            let known = self.known(method, mutant.side);
            known.killed.insert(mutant.breaks.clone());
        }
    }

    fn known(&mut self, method: &str, side: Side) -> &mut Known {
        let (host, plugin) = self.0.entry(method.to_owned()).or_default();
        match side {
            Side::Host => host,
            Side::Plugin => plugin,
        }
    }

    /// All methods of the contract, in its order.
    fn rows(mut self) -> Vec<MethodRow> {
        let row = |method: &str| {
            let (host, plugin) = self.0.remove(method).unwrap_or_default();
            MethodRow {
                method: method.to_owned(),
                host,
                plugin,
            }
        };
        API.iter().map(|method| method.name).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::kill_matrix::Fate;
    use crate::runner::kill_matrix::beside::Beside;

    fn known(checked: &[&str], failed: &[&str], killed: &[&str]) -> Known {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Known {
            checked: ids(checked),
            failed: ids(failed),
            killed: ids(killed),
        }
    }

    #[test]
    fn a_method_is_proven_when_a_mutant_was_caught_for_all_that_was_checked() {
        for (row, proven) in [
            (known(&[], &[], &[]), false),
            (known(&["A"], &[], &[]), false),
            (known(&["A", "B"], &[], &["A"]), false),
            (known(&["A"], &["B"], &["A", "B"]), false),
            (known(&["A"], &[], &["A"]), true),
        ] {
            assert_eq!(row.is_proven(), proven, "{row:?}");
        }
    }

    #[test]
    fn every_method_has_a_row_and_only_mutants_that_were_caught_count() {
        let mutant = |fate, method: &str| MutantReport {
            name: "plugin/x".to_owned(),
            side: Side::Plugin,
            breaks: "AP-061".to_owned(),
            reason: "x".to_owned(),
            fate,
            methods: BTreeSet::from([method.to_owned()]),
            beside: Beside::default(),
            cases: Vec::new(),
        };
        let mut table = Table::default();
        table.kill(&mutant(Fate::Caught { by: vec![] }, "KVGet"));
        table.kill(&mutant(Fate::Survived { seen: vec![] }, "KVSet"));
        let rows = table.rows();
        assert_eq!(rows.len(), API.len());
        let killed = |name: &str| {
            let row = rows.iter().find(|row| row.method == name).unwrap();
            (row.host.killed.len(), row.plugin.killed.len())
        };
        assert_eq!((killed("KVGet"), killed("KVSet")), ((0, 1), (0, 0)));
    }
}
