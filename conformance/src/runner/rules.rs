//! By what a run is judged besides the register: the failures that the project knows of, and the set of requirements that it has pinned. Pure.

use std::collections::BTreeMap;

use super::event::CaseReport;
use crate::ledger::Ledger;
use crate::requirement::catalogue::Catalogue;
use crate::requirement::set::Pin;
use crate::verdict::ruling::Ruling;

/// What may keep an outcome from counting.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The failures that the project knows of.
    pub ledger: Option<Ledger>,
    /// The set that the project is judged by; without it all requirements are scored.
    pub set: Option<Pin>,
    /// The requirements that are newer, with the version that they came with.
    newer: BTreeMap<String, String>,
}

impl Rules {
    /// The rules of a project that has this ledger and this pin.
    pub fn new(ledger: Option<Ledger>, set: Option<Pin>, catalogue: &Catalogue) -> Rules {
        let newer = |pin: &Pin| {
            let newer = catalogue.iter().filter(|row| !pin.scores(&row.since));
            newer
                .map(|row| (row.id.to_string(), row.since.clone()))
                .collect()
        };
        Rules {
            newer: set.as_ref().map(newer).unwrap_or_default(),
            ledger,
            set,
        }
    }

    /// Rules on everything that a case has judged.
    pub fn rule(&self, report: &mut CaseReport) {
        let name = &report.name;
        for judgement in &mut report.judgements {
            let newer = self.newer.get(&judgement.id).cloned();
            let listed = || {
                self.ledger.as_ref()?.excuse(
                    &name.subject,
                    &name.scenario,
                    &judgement.id,
                    &judgement.outcome,
                )
            };
            judgement.ruling = match newer {
                Some(since) => Some(Ruling::NotScored { since }),
                None => listed(),
            };
        }
    }
}
