//! Requirements that hold for every method of the API are judged once for each of them: what was said of single methods. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settle::End;
use super::{Outcome, OutcomeKind, Reason};

/// What was said of one method under one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MethodOutcome {
    /// The method.
    pub method: String,
    /// The requirement.
    pub id: String,
    /// What was said.
    #[serde(rename = "outcome")]
    pub kind: OutcomeKind,
    /// The way in which it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// What was said so far, by method and requirement; of several statements the worst counts, and of several of the worst the first.
#[derive(Clone, Debug, Default)]
pub struct ByMethod(BTreeMap<(String, String), (OutcomeKind, Option<Reason>)>);

impl ByMethod {
    /// Takes a statement.
    pub fn add(&mut self, method: &str, id: &str, outcome: &Outcome) {
        let reason = match outcome {
            Outcome::Failed(failure) => Some(failure.reason.clone()),
            _ => None,
        };
        self.take(method, id, outcome.kind(), reason);
    }

    /// Takes a statement that names no reason.
    pub fn say(&mut self, method: &str, id: &str, kind: OutcomeKind) {
        self.take(method, id, kind, None);
    }

    /// Takes over a statement of a case.
    pub fn adopt(&mut self, said: &MethodOutcome) {
        self.take(&said.method, &said.id, said.kind, said.reason.clone());
    }

    /// Everything that was said, by method; what passed counts only in a scenario that came to its end.
    pub fn settle(&self, end: &End) -> Vec<MethodOutcome> {
        let trusted = *end == End::Completed;
        let row = |((method, id), (kind, reason)): (&(String, String), &(OutcomeKind, _))| {
            let kind = match kind {
                OutcomeKind::Passed if !trusted => OutcomeKind::Inconclusive,
                kind => *kind,
            };
            MethodOutcome {
                method: method.clone(),
                id: id.clone(),
                kind,
                reason: Option::<Reason>::clone(reason),
            }
        };
        self.0.iter().map(row).collect()
    }

    fn take(&mut self, method: &str, id: &str, kind: OutcomeKind, reason: Option<Reason>) {
        let key = (method.to_owned(), id.to_owned());
        match self.0.get_mut(&key) {
            Some(earlier) if earlier.0 < kind => *earlier = (kind, reason),
            Some(_) => {}
            None => {
                self.0.insert(key, (kind, reason));
            }
        }
    }
}

/// How many methods of the API a subject was asked about, and which of them failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MethodCounts {
    /// Methods about which every statement is a pass.
    pub passed: usize,
    /// Methods about which something was decided.
    pub checked: usize,
    /// The methods of which a statement failed.
    pub failed: Vec<String>,
}

impl MethodCounts {
    /// Counts; `None` if nothing was said about any method.
    pub fn of(said: &[MethodOutcome]) -> Option<MethodCounts> {
        let mut worst: BTreeMap<&str, OutcomeKind> = BTreeMap::new();
        for row in said {
            let kind = worst.entry(&row.method).or_insert(row.kind);
            *kind = row.kind.max(*kind);
        }
        let with = |wanted: OutcomeKind| worst.iter().filter(move |(_, kind)| **kind == wanted);
        let failed: Vec<String> = with(OutcomeKind::Failed)
            .map(|(method, _)| (*method).to_owned())
            .collect();
        let passed = with(OutcomeKind::Passed).count();
        (!worst.is_empty()).then_some(MethodCounts {
            passed,
            checked: passed + failed.len(),
            failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Failure;

    fn passed() -> Outcome {
        Outcome::Passed {
            seen: vec!["a request".to_owned()],
        }
    }

    fn failed(reason: &'static str) -> Outcome {
        Outcome::Failed(Failure {
            reason: reason.into(),
            expected: String::new(),
            seen: String::new(),
            go_host: None,
            replay: None,
            entry: None,
        })
    }

    #[test]
    fn the_worst_statement_counts_and_of_those_the_first() {
        let mut said = ByMethod::default();
        said.add("KVGet", "AP-001", &passed());
        said.add("KVGet", "AP-001", &failed("first"));
        said.add("KVGet", "AP-001", &failed("second"));
        said.add("KVGet", "AP-001", &passed());
        let rows = said.settle(&End::Completed);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].kind, OutcomeKind::Failed);
        assert_eq!(rows[0].reason, Some("first".into()));
    }

    #[test]
    fn a_pass_needs_a_scenario_that_ends() {
        let mut said = ByMethod::default();
        said.add("KVGet", "AP-001", &passed());
        said.add("KVSet", "AP-001", &failed("x"));
        let cut = said.settle(&End::Deadline { after_ms: 1 });
        let kinds: Vec<OutcomeKind> = cut.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, [OutcomeKind::Inconclusive, OutcomeKind::Failed]);
    }

    #[test]
    fn a_method_passes_if_all_that_is_said_of_it_does() {
        let mut said = ByMethod::default();
        for id in ["AP-001", "AP-002"] {
            said.add("KVGet", id, &passed());
            said.add("KVSet", id, &passed());
        }
        said.add("KVSet", "AP-003", &failed("x"));
        said.add("KVList", "AP-001", &Outcome::inconclusive("x"));
        let counts = MethodCounts::of(&said.settle(&End::Completed)).unwrap();
        assert_eq!((counts.passed, counts.checked), (1, 2));
        assert_eq!(counts.failed, ["KVSet"]);
        assert_eq!(MethodCounts::of(&[]), None);
    }

    #[test]
    fn what_is_said_without_a_reason_and_what_is_taken_over_counts_as_well() {
        let mut first = ByMethod::default();
        first.say("KVGet", "AP-001", OutcomeKind::Passed);
        first.add("KVGet", "AP-002", &failed("x"));
        let rows = first.settle(&End::Completed);
        let brief: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.kind)).collect();
        assert_eq!(
            brief,
            [
                ("AP-001", OutcomeKind::Passed),
                ("AP-002", OutcomeKind::Failed)
            ]
        );

        let mut second = ByMethod::default();
        rows.iter().for_each(|row| second.adopt(row));
        assert_eq!(second.settle(&End::Completed), rows);
    }
}
