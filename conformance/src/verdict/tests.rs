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

#[test]
fn a_reason_is_written_as_it_is_read_and_a_malformed_one_is_refused() {
    let reason: Reason = serde_json::from_str(r#""wrong-code""#).unwrap();
    assert_eq!(reason.as_str(), "wrong-code");
    assert_eq!(format!("{reason:>12}|"), "  wrong-code|");
    assert_eq!(serde_json::to_string(&reason).unwrap(), r#""wrong-code""#);
    let refused = serde_json::from_str::<Reason>(r#""Wrong code""#).unwrap_err();
    assert!(
        refused.to_string().contains("joined by dashes"),
        "{refused}"
    );
}

#[test]
fn a_reason_is_compared_with_its_text() {
    let reason = Reason::from("wrong-code");
    assert!(reason == *"wrong-code");
    assert!(reason != *"wrong");
}

#[rstest]
#[case(Some(1), &[7, 8], Some(8))]
#[case(Some(2), &[7, 8], Some(2))]
#[case(None, &[7, 8], None)]
fn a_failure_points_at_its_entry_wherever_that_has_gone(
    #[case] entry: Option<usize>,
    #[case] places: &[usize],
    #[case] expect: Option<usize>,
) {
    let at = |entry| match failed("x") {
        Outcome::Failed(failure) => Outcome::Failed(Failure { entry, ..failure }),
        other => other,
    };
    let mut outcome = at(entry);
    outcome.moved(places);
    assert_eq!(outcome, at(expect));
}

#[test]
fn every_text_of_an_outcome_can_be_written_anew() {
    let mut failure = failed("x");
    if let Outcome::Failed(failure) = &mut failure {
        failure.go_host = Some("c".to_owned());
    }
    let texts = |mut outcome: Outcome| -> Vec<String> {
        outcome
            .texts()
            .into_iter()
            .map(|text| text.clone())
            .collect()
    };
    assert_eq!(texts(failure), ["a", "b", "c"]);
    assert_eq!(texts(failed("x")), ["a", "b"]);
    assert_eq!(texts(passed("a")), ["a"]);
    assert_eq!(texts(Outcome::inconclusive("r")), ["r"]);
    assert_eq!(texts(not_applicable()), ["api"]);
}

#[rstest]
#[case(passed("a"), "passed")]
#[case(failed("x"), "failed")]
#[case(Outcome::inconclusive("r"), "inconclusive")]
#[case(not_applicable(), "not applicable")]
fn the_words_of_outcomes(#[case] outcome: Outcome, #[case] words: &str) {
    assert_eq!(outcome.kind().as_str(), words);
    assert_eq!(format!("{:<15}|", outcome.kind()), format!("{words:<15}|"));
}
