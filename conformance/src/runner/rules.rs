//! By what a run is judged besides the register: the failures that the project knows of. Pure.

use super::event::CaseReport;
use crate::ledger::Ledger;

/// What may keep an outcome from counting.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The failures that the project knows of.
    pub ledger: Option<Ledger>,
}

impl Rules {
    /// Rules on everything that a case has judged.
    pub fn rule(&self, report: &mut CaseReport) {
        let Some(ledger) = &self.ledger else { return };
        let name = &report.name;
        for judgement in &mut report.judgements {
            judgement.ruling = ledger.excuse(
                &name.subject,
                &name.scenario,
                &judgement.id,
                &judgement.outcome,
            );
        }
    }
}
