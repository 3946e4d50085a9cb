//! The order among outcomes, and the form of reasons.

use rstest::rstest;

use super::*;

fn passed(seen: &str) -> Outcome {
    Outcome::Passed {
        seen: vec![seen.to_owned()],
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

fn not_applicable() -> Outcome {
    Outcome::NotApplicable {
        capability: "api".to_owned(),
    }
}

#[rstest]
#[case(passed("a"), passed("b"), Outcome::Passed { seen: vec!["a".to_owned(), "b".to_owned()] })]
#[case(passed("a"), failed("x"), failed("x"))]
#[case(failed("x"), passed("a"), failed("x"))]
#[case(failed("x"), failed("y"), failed("x"))]
#[case(passed("a"), Outcome::inconclusive("r"), Outcome::inconclusive("r"))]
#[case(
    Outcome::inconclusive("r"),
    Outcome::inconclusive("s"),
    Outcome::inconclusive("r")
)]
#[case(Outcome::inconclusive("r"), failed("x"), failed("x"))]
#[case(not_applicable(), passed("a"), passed("a"))]
#[case(passed("a"), not_applicable(), passed("a"))]
#[case(not_applicable(), not_applicable(), not_applicable())]
fn the_worse_of_two_statements_counts(
    #[case] first: Outcome,
    #[case] second: Outcome,
    #[case] expect: Outcome,
) {
    assert_eq!(first.and(second), expect);
}

#[rstest]
#[case("wrong-exit-code", true)]
#[case("x1", true)]
#[case("", false)]
#[case("Wrong", false)]
#[case("wrong_code", false)]
#[case("wrong--code", false)]
#[case("-wrong", false)]
fn a_reason_is_lower_case_words_joined_by_dashes(#[case] text: &str, #[case] expect: bool) {
    assert_eq!(Reason::is_well_formed(text), expect);
}
