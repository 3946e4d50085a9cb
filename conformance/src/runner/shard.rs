//! `--shard k/n`: which cases one of several machines plays. Pure.
//!
//! Cases are put in an order that depends on their names alone, and dealt out in turn; so every case is in exactly one shard, and no shard has
//! more than one case more than another. Readiness is apart: a plugin has to be ready wherever something is asked of it.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::CaseName;
use super::plan::{Plan, PlannedCase};
use crate::rng::case_seed;

/// One of several parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which one, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Shard {
    /// Reads `2/4`.
    pub fn parse(text: &str) -> Option<Shard> {
        let (number, of) = text.split_once('/')?;
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        (1..=of).contains(&number).then_some(Shard { number, of })
    }

    /// The part of a plan that is this shard's.
    #[must_use]
    pub fn of_plan(self, plan: Plan) -> Plan {
        let (ready, others): (Vec<_>, Vec<_>) = plan
            .cases
            .iter()
            .map(PlannedCase::name)
            .zip(&plan.cases)
            .partition(|(_, case)| case.scenario().readiness);
        let names: Vec<CaseName> = others.into_iter().map(|(name, _)| name).collect();
        let mut own: BTreeSet<CaseName> = self.deal(&names);
        let asked: BTreeSet<(String, usize)> = own
            .iter()
            .map(|name| (name.subject.clone(), name.repeat))
            .collect();
        let ready = ready.into_iter().map(|(name, _)| name).filter(|name| {
            self.number == 1 || asked.contains(&(name.subject.clone(), name.repeat))
        });
        own.extend(ready.collect::<Vec<_>>());
        let mut cases = plan.cases;
        cases.retain(|case| own.contains(&case.name()));
        Plan { cases }
    }

    /// The names that are this shard's.
    pub fn deal(self, names: &[CaseName]) -> BTreeSet<CaseName> {
        let place = |name: &CaseName| {
            let repeat = u64::try_from(name.repeat).unwrap_or(u64::MAX);
            case_seed(repeat, &name.scenario, &name.subject)
        };
        let mut order: Vec<&CaseName> = names.iter().collect();
        order.sort_by_key(|name| (place(name), *name));
        let own = order.into_iter().skip(self.number - 1).step_by(self.of);
        own.cloned().collect()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests;
