//! Compares two runs: what fails now and did not, what does not fail any more, and what fails for another reason. Pure.
//!
//! Judgements are known by subject, scenario and requirement. If each run has one subject, these two are compared whatever they are called:
//! the last release of an SDK lies in another folder than this one.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::record::Record;
use crate::ledger::fingerprint::Fingerprint;
use crate::verdict::{Outcome, OutcomeKind};

/// What became of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It fails, and did not.
    New,
    /// It fails for another reason.
    OtherReason,
    /// It passed, and now it could not be judged, or was not.
    Lost,
    /// It failed, and passes.
    Fixed,
}

impl Change {
    /// All of them, in the order in which they are told.
    pub const ALL: [Change; 4] = [
        Change::New,
        Change::OtherReason,
        Change::Lost,
        Change::Fixed,
    ];

    /// Whether the second run is the worse by it.
    pub fn is_worse(self) -> bool {
        self != Change::Fixed
    }

    fn words(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::OtherReason => "other reason",
            Change::Lost => "lost",
            Change::Fixed => "fixed",
        }
    }
}

/// A judgement that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Changed {
    /// What became of it.
    pub change: Change,
    /// The subject, as the second run calls it.
    pub subject: String,
    /// The requirement.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// What the first run said; absent if it said nothing.
    pub before: Option<String>,
    /// What the second run said.
    pub after: Option<String>,
}

/// The difference of two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What changed, the worst first.
    pub changed: Vec<Changed>,
    /// How many judgements stayed as they were.
    pub same: usize,
}

impl Comparison {
    /// Whether the second run is the worse.
    pub fn is_worse(&self) -> bool {
        self.changed.iter().any(|row| row.change.is_worse())
    }

    /// It in words.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for change in Change::ALL {
            for row in self.changed.iter().filter(|row| row.change == change) {
                let said = |said: &Option<String>| said.clone().unwrap_or("nothing".to_owned());
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{:<13} {} - {} with {}: {}, was {}",
                    change.words(),
                    row.id,
                    row.scenario,
                    row.subject,
                    said(&row.after),
                    said(&row.before)
                );
            }
        }
        let count = |change| {
            self.changed
                .iter()
                .filter(|row| row.change == change)
                .count()
        };
        let counts = Change::ALL.map(|change| format!("{} {}", count(change), change.words()));
        let _ = writeln!(text, "{}, {} as before", counts.join(", "), self.same);
        text
    }
}

type Key = (String, String, String);

/// Compares the second run with the first.
pub fn compare(before: &Record, after: &Record) -> Comparison {
    let single = |record: &Record| match record.started().subjects.as_slice() {
        [one] => Some(one.name.clone()),
        _ => None,
    };
    let renamed = single(before).zip(single(after));
    let rename = |subject: &str| match &renamed {
        Some((from, to)) if from == subject => to.clone(),
        _ => subject.to_owned(),
    };
    let (before, after) = (outcomes(before, &rename), outcomes(after, &str::to_owned));
    let mut changed = Vec::new();
    let mut same = 0;
    let new_keys = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(new_keys) {
        let (was, is) = (before.get(key), after.get(key));
        match change(was, is) {
            None => same += 1,
            Some(change) => {
                let (subject, scenario, id) = key.clone();
                changed.push(Changed {
                    change,
                    subject,
                    id,
                    scenario,
                    before: was.map(said),
                    after: is.map(said),
                });
            }
        }
    }
    changed.sort();
    Comparison { changed, same }
}

/// One outcome for each judgement: over repetitions the worst, and of several of the worst the first by its reason.
fn outcomes(record: &Record, rename: &dyn Fn(&str) -> String) -> BTreeMap<Key, Outcome> {
    let mut outcomes: BTreeMap<Key, Outcome> = BTreeMap::new();
    for report in record.cases() {
        for judgement in &report.judgements {
            let name = &report.name;
            let key = (
                rename(&name.subject),
                name.scenario.clone(),
                judgement.id.clone(),
            );
            let new = &judgement.outcome;
            let rank = |outcome: &Outcome| (outcome.kind(), std::cmp::Reverse(said(outcome)));
            if outcomes.get(&key).is_none_or(|old| rank(old) < rank(new)) {
                outcomes.insert(key, new.clone());
            }
        }
    }
    outcomes
}

fn change(before: Option<&Outcome>, after: Option<&Outcome>) -> Option<Change> {
    let kind = |outcome: Option<&Outcome>| outcome.map(Outcome::kind);
    let reason = |outcome: Option<&Outcome>| outcome.and_then(Fingerprint::of);
    match (kind(before), kind(after)) {
        (Some(OutcomeKind::Failed), Some(OutcomeKind::Failed)) => {
            (reason(before) != reason(after)).then_some(Change::OtherReason)
        }
        (_, Some(OutcomeKind::Failed)) => Some(Change::New),
        (Some(OutcomeKind::Failed), Some(OutcomeKind::Passed)) => Some(Change::Fixed),
        (Some(OutcomeKind::Passed), Some(OutcomeKind::Passed)) => None,
        (Some(OutcomeKind::Failed | OutcomeKind::Passed), _) => Some(Change::Lost),
        _ => None,
    }
}

fn said(outcome: &Outcome) -> String {
    match Fingerprint::of(outcome) {
        Some(reason) => reason.to_string(),
        None => outcome.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::verdict::Failure;

    fn outcome(word: &str) -> Option<Outcome> {
        match word {
            "" => None,
            "passed" => Some(Outcome::Passed {
                seen: vec!["x".to_owned()],
            }),
            "inconclusive" => Some(Outcome::inconclusive("cut after 7 ms")),
            "not-applicable" => Some(Outcome::NotApplicable {
                capability: "http".to_owned(),
            }),
            reason => Some(Outcome::Failed(Failure {
                reason: reason.to_owned().into(),
                expected: "1".to_owned(),
                seen: "2".to_owned(),
                go_host: None,
                replay: None,
                entry: None,
            })),
        }
    }

    #[rstest]
    #[case("passed", "passed", None)]
    #[case("passed", "wrong", Some(Change::New))]
    #[case("inconclusive", "wrong", Some(Change::New))]
    #[case("not-applicable", "wrong", Some(Change::New))]
    #[case("", "wrong", Some(Change::New))]
    #[case("wrong", "wrong", None)]
    #[case("wrong", "worse", Some(Change::OtherReason))]
    #[case("wrong", "passed", Some(Change::Fixed))]
    #[case("wrong", "inconclusive", Some(Change::Lost))]
    #[case("wrong", "not-applicable", Some(Change::Lost))]
    #[case("wrong", "", Some(Change::Lost))]
    #[case("passed", "inconclusive", Some(Change::Lost))]
    #[case("passed", "not-applicable", Some(Change::Lost))]
    #[case("passed", "", Some(Change::Lost))]
    #[case("inconclusive", "passed", None)]
    #[case("inconclusive", "inconclusive", None)]
    #[case("inconclusive", "", None)]
    #[case("", "passed", None)]
    #[case("", "inconclusive", None)]
    #[case("not-applicable", "passed", None)]
    fn what_becomes_of_a_judgement(
        #[case] before: &str,
        #[case] after: &str,
        #[case] expect: Option<Change>,
    ) {
        let (before, after) = (outcome(before), outcome(after));
        assert_eq!(change(before.as_ref(), after.as_ref()), expect);
    }

    #[test]
    fn only_what_is_fixed_makes_no_run_the_worse() {
        let worse: Vec<Change> = Change::ALL
            .into_iter()
            .filter(|change| change.is_worse())
            .collect();
        assert_eq!(worse, [Change::New, Change::OtherReason, Change::Lost]);
    }
}
