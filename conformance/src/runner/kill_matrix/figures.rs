//! The whole matrix as one value, for `matrix.json` and for its page, and the figures of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::beside::Reach;
use super::{Fate, MutantReport};
use crate::requirement::Side;
use crate::runner::tier::{Tier, Tiers};
use crate::runner::{RunError, RunOptions};
use crate::suite::Suite;

/// The version of `matrix.json`; see `runner::event::FORMAT`.
pub const FORMAT: u32 = 1;

/// No mutant should break more than this share, in per cent, of the checks that it is not meant for.
pub const MOST_BESIDE: usize = 20;

/// All that is known of the mutants that were played.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KillMatrix {
    /// The version of this document, [`FORMAT`].
    pub format: u32,
    /// The version of the suite.
    pub suite_version: String,
    /// The seed, for a second run like this one.
    pub seed: u64,
    /// What was played with each mutant.
    pub reach: Reach,
    /// Of which profile the scenarios were, if those of the whole side were played.
    #[serde(default)]
    pub profile: Tier,
    /// How many requirements have a check in what was to be played, on each side.
    pub checks: BTreeMap<Side, usize>,
    /// One row for each mutant whose fate is known.
    pub rows: Vec<MutantReport>,
    /// How many other mutants are still to be played: none, and absent, if the run came to its end.
    #[serde(default, skip_serializing_if = "is_none")]
    pub open: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_none(open: &usize) -> bool {
    *open == 0
}

impl KillMatrix {
    /// The matrix of so many mutants of which nothing is known yet, with what one has to know to read it.
    ///
    /// # Errors
    /// When the profiles of this binary are broken.
    pub fn begun(
        suite: &Suite<'_>,
        options: &RunOptions,
        reach: Reach,
        mutants: usize,
    ) -> Result<KillMatrix, RunError> {
        let tiers = Tiers::embedded()?;
        let mut checks: BTreeMap<Side, BTreeSet<&str>> = BTreeMap::new();
        for scenario in &suite.scenarios {
            if !tiers.has(options.tier, scenario.name) {
                continue;
            }
            let side = checks.entry(scenario.side).or_default();
            side.extend(scenario.requirements.iter().copied());
        }
        Ok(KillMatrix {
            format: FORMAT,
            suite_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: options.seed,
            reach,
            profile: options.tier,
            checks: checks
                .into_iter()
                .map(|(side, ids)| (side, ids.len()))
                .collect(),
            rows: Vec::new(),
            open: mutants,
        })
    }

    /// Takes the rows that are known now in the place of those that were.
    pub fn fill(&mut self, rows: Vec<MutantReport>) {
        let mutants = self.open + self.rows.len();
        self.open = mutants.saturating_sub(rows.len());
        self.rows = rows;
    }

    /// How many mutants were caught by their named check for their named reason.
    pub fn caught(&self) -> usize {
        self.rows.iter().filter(|row| row.is_caught()).count()
    }

    /// The others: first those that lived, then those that show nothing.
    pub fn not_caught(&self) -> Vec<&MutantReport> {
        let mut rows: Vec<&MutantReport> =
            self.rows.iter().filter(|row| !row.is_caught()).collect();
        rows.sort_by_key(|row| matches!(row.fate, Fate::Void { .. }));
        rows
    }

    /// The share of the checks that a mutant broke although it is not meant for them, in per mille: of those that were asked of it where
    /// its whole side was played, else of all of its side, so that it is the least that it can be.
    pub fn beside_per_mille(&self, row: &MutantReport) -> usize {
        let of_its_side = self.checks.get(&row.side).copied().unwrap_or_default();
        let others = match self.reach {
            Reach::Side => row.beside.judged,
            Reach::Scenarios | Reach::Named => of_its_side.saturating_sub(1),
        };
        (row.beside.broken.len() * 1000)
            .checked_div(others)
            .unwrap_or(0)
    }

    /// The mutants that break more than [`MOST_BESIDE`] per cent of the checks that they are not meant for, worst first.
    pub fn heavy(&self) -> Vec<&MutantReport> {
        let heavy = |row: &&MutantReport| self.beside_per_mille(row) > MOST_BESIDE * 10;
        let mut rows: Vec<&MutantReport> = self.rows.iter().filter(heavy).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.beside.broken.len()));
        rows
    }

    /// The mutant that breaks most beside, if any breaks something.
    pub fn heaviest(&self) -> Option<&MutantReport> {
        let breaks = |row: &&MutantReport| !row.beside.broken.is_empty();
        let rows = self.rows.iter().filter(breaks);
        rows.max_by_key(|row| self.beside_per_mille(row))
    }
}

#[cfg(test)]
mod tests;
