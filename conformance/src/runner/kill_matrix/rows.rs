//! The rows of one side as they come to be known: each when the last case of its mutant is over, and none before the canary's. Pure.

use std::collections::BTreeMap;

use super::beside::Beside;
use super::played::Played;
use super::{Fate, MutantReport, fate, report};
use crate::mutant::Mutant;
use crate::runner::plan::Plan;

/// What is known of the mutants of one side, of which the first is the canary.
pub(super) struct Rows<'a> {
    mutants: &'a [Mutant],
    /// The place of the canary among the mutants of both sides.
    first: usize,
    /// The name of the subject without a fault, and what was said of it.
    baseline: &'a str,
    unmutated: &'a Played,
    missing: BTreeMap<&'static str, String>,
    /// The mutants that have cases which are not over, by name: place, and how many.
    open: BTreeMap<&'static str, (usize, usize)>,
    /// The places of those whose cases are over and whose rows are not known.
    ended: Vec<usize>,
    canary_caught: Option<bool>,
}

impl<'a> Rows<'a> {
    /// Nothing is known of these mutants, which are played by this plan.
    pub(super) fn of(
        mutants: &'a [Mutant],
        first: usize,
        plan: &Plan,
        baseline: &'a str,
        unmutated: &'a Played,
    ) -> Rows<'a> {
        let places = mutants.iter().enumerate();
        let mut open: BTreeMap<&'static str, (usize, usize)> = places
            .map(|(place, mutant)| (mutant.name, (place, 0)))
            .collect();
        for case in &plan.cases {
            if let Some((_, cases)) = open.get_mut(case.subject.name.as_str()) {
                *cases += 1;
            }
        }
        Rows {
            mutants,
            first,
            baseline,
            unmutated,
            missing: BTreeMap::new(),
            open,
            ended: Vec::new(),
            canary_caught: None,
        }
    }

    /// Some have no case, since they cannot be made, for these reasons.
    pub(super) fn cannot_be_made(&mut self, missing: BTreeMap<&'static str, String>) {
        self.missing = missing;
    }

    /// A case of this subject is over.
    pub(super) fn case_ended(&mut self, subject: &str) {
        let Some((place, cases)) = self.open.get_mut(subject) else {
            return;
        };
        *cases = cases.saturating_sub(1);
        if *cases == 0 {
            self.ended.push(*place);
            self.open.remove(subject);
        }
    }

    /// No case will come any more, of whichever mutant.
    pub(super) fn all_ended(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.ended
            .extend(open.into_values().map(|(place, _)| place));
    }

    /// Adds the rows that can be known now; whether there are any. What was caught counts only beside a canary that was caught, so nothing is
    /// known before that one's fate.
    pub(super) fn settle(
        &mut self,
        played: &Played,
        known: &mut BTreeMap<usize, MutantReport>,
    ) -> bool {
        self.ended.sort_unstable();
        if self.canary_caught.is_none() && self.ended.first() != Some(&0) {
            return false;
        }
        let ended = std::mem::take(&mut self.ended);
        for place in &ended {
            let mut row = self.row(&self.mutants[*place], played);
            let canary_caught = *self.canary_caught.get_or_insert(row.is_caught());
            if row.is_caught() && !canary_caught {
                row.fate = Fate::Void {
                    reason: format!("the canary {} was not caught", self.mutants[0].name),
                };
            }
            known.insert(self.first + place, row);
        }
        !ended.is_empty()
    }

    fn row(&self, mutant: &Mutant, played: &Played) -> MutantReport {
        let missing = self.missing.get(mutant.name);
        let fate = match missing {
            Some(reason) => Fate::Void {
                reason: format!("it cannot be made: {reason}"),
            },
            None => fate(
                mutant,
                self.unmutated.of(self.baseline, mutant),
                played.of(mutant.name, mutant),
            ),
        };
        let cases = match (&fate, missing) {
            (Fate::Caught { .. }, _) | (_, Some(_)) => Vec::new(),
            (Fate::Void { .. }, None) => self.unmutated.cases_of(self.baseline, mutant.breaks),
            (_, None) => played.cases_of(mutant.name, mutant.breaks),
        };
        let beside = Beside::of(
            mutant.breaks,
            |id| self.unmutated.said_of(self.baseline, id),
            played.all_of(mutant.name),
        );
        MutantReport {
            methods: played.methods_of(mutant),
            beside,
            cases,
            ..report(mutant, fate)
        }
    }
}

#[cfg(test)]
mod tests;
