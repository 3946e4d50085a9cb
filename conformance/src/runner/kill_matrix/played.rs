//! What the cases of mutants, and of subjects without a fault, have said so far. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::mutant::Mutant;
use crate::runner::event::CaseReport;
use crate::verdict::{Outcome, OutcomeKind};

/// What the scenarios said, by subject and requirement.
type Said = BTreeMap<(String, String), Vec<(String, Outcome)>>;

/// What they said, and at which methods a subject failed, by subject, requirement and reason.
#[derive(Default)]
pub(super) struct Played {
    said: Said,
    methods: BTreeMap<(String, String, Option<String>), BTreeSet<String>>,
    /// The cases to show where a mutant is not caught, by subject.
    cases: BTreeMap<String, Vec<CaseReport>>,
}

impl Played {
    pub(super) fn of(&self, subject: &str, mutant: &Mutant) -> &[(String, Outcome)] {
        self.said_of(subject, mutant.breaks)
    }

    pub(super) fn said_of(&self, subject: &str, id: &str) -> &[(String, Outcome)] {
        let key = (subject.to_owned(), id.to_owned());
        self.said.get(&key).map_or(&[], Vec::as_slice)
    }

    /// All that was said of a subject, by requirement.
    pub(super) fn all_of(
        &self,
        subject: &str,
    ) -> impl Iterator<Item = (&str, &[(String, Outcome)])> {
        let from = (subject.to_owned(), String::new());
        let rows = self.said.range(from..);
        let rows = rows.take_while(move |((name, _), _)| name == subject);
        rows.map(|((_, id), said)| (id.as_str(), said.as_slice()))
    }

    /// The cases of a subject that were asked about a requirement, without what they say of others.
    pub(super) fn cases_of(&self, subject: &str, id: &str) -> Vec<CaseReport> {
        let cases = self.cases.get(subject).map_or(&[][..], Vec::as_slice);
        let asked = |report: &&CaseReport| about(report, id).is_some();
        let alone = |report: &CaseReport| {
            let mut report = report.clone();
            report.judgements.retain(|judgement| judgement.id == id);
            report.methods.retain(|row| row.id == id);
            report
        };
        cases.iter().filter(asked).map(alone).collect()
    }

    pub(super) fn methods_of(&self, mutant: &Mutant) -> BTreeSet<String> {
        // A scenario that names no reason for a method has one for the requirement.
        let reasons = [Some(mutant.reason.to_owned()), None];
        let methods = reasons.into_iter().filter_map(|reason| {
            let key = (mutant.name.to_owned(), mutant.breaks.to_owned(), reason);
            self.methods.get(&key)
        });
        methods.flatten().cloned().collect()
    }

    pub(super) fn add(&mut self, report: &CaseReport) {
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

    /// Keeps a case to be shown.
    pub(super) fn keep(&mut self, report: &CaseReport) {
        let cases = self.cases.entry(report.name.subject.clone());
        cases.or_default().push(report.clone());
    }
}

/// What a case says about one requirement.
pub(super) fn about<'a>(report: &'a CaseReport, id: &str) -> Option<&'a Outcome> {
    let mut judgements = report.judgements.iter();
    let judgement = judgements.find(|judgement| judgement.id == id)?;
    Some(&judgement.outcome)
}
