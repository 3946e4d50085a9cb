//! The fate of a mutant, by table.

use rstest::rstest;

use super::*;
use crate::mutant::How;
use crate::verdict::Failure;

const MUTANT: Mutant = Mutant {
    name: "host/starts-twice",
    side: Side::Host,
    breaks: "HS-001",
    reason: "two-starts",
    how: How::Driver("starts-twice"),
};

fn passed() -> Outcome {
    Outcome::Passed {
        seen: vec!["a line".to_owned()],
    }
}

fn failed(reason: &'static str) -> Outcome {
    Outcome::Failed(Failure {
        reason: reason.into(),
        expected: "a".to_owned(),
        seen: "b".to_owned(),
        go_host: None,
        replay: None,
        entry: None,
    })
}

fn said(outcomes: Vec<Outcome>) -> Vec<(String, Outcome)> {
    let name = |(number, outcome): (usize, Outcome)| (format!("s{number}"), outcome);
    outcomes.into_iter().enumerate().map(name).collect()
}

#[rstest]
#[case::caught(vec![passed()], vec![failed("two-starts")], Fate::Caught { by: vec!["s0".to_owned()] })]
#[case::one_of_two_catches(vec![passed(), passed()], vec![passed(), failed("two-starts")], Fate::Caught { by: vec!["s1".to_owned()] })]
#[case::other_reason(vec![passed()], vec![failed("other")], Fate::OtherReason { seen: vec!["s0: failed by other".to_owned()] })]
#[case::survived(vec![passed()], vec![passed()], Fate::Survived { seen: vec!["s0: passed".to_owned()] })]
#[case::inconclusive_is_not_caught(vec![passed()], vec![Outcome::inconclusive("x")], Fate::Survived { seen: vec!["s0: inconclusive (x)".to_owned()] })]
#[case::no_check(vec![], vec![], Fate::Void { reason: "no scenario judges HS-001".to_owned() })]
#[case::baseline_fails(vec![failed("x")], vec![failed("two-starts")], Fate::Void { reason: "without the fault s0 says failed by x".to_owned() })]
#[case::baseline_inconclusive(vec![Outcome::inconclusive("x")], vec![failed("two-starts")], Fate::Void { reason: "without the fault s0 says inconclusive (x)".to_owned() })]
fn the_fate_of_a_mutant(
    #[case] unmutated: Vec<Outcome>,
    #[case] mutated: Vec<Outcome>,
    #[case] expect: Fate,
) {
    assert_eq!(fate(&MUTANT, &said(unmutated), &said(mutated)), expect);
}

#[test]
fn mutants_are_chosen_by_name_or_by_what_they_break() {
    let chosen =
        |pattern: &str| choose(&[MUTANT], &[pattern.to_owned()]).map(|mutants| mutants.len());
    assert_eq!(chosen("host/*"), Ok(1));
    assert_eq!(chosen("HS-001"), Ok(1));
    assert_eq!(
        chosen("HS-002"),
        Err(SelectError::Mutant("HS-002".to_owned()))
    );
}
