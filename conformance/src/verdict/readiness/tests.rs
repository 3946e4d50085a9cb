//! Invariant: a plugin that was never ready has passed nothing.

use rstest::rstest;

use super::*;
use crate::verdict::Failure;

fn passed() -> Outcome {
    Outcome::Passed {
        seen: vec!["a line".to_owned()],
    }
}

fn failed() -> Outcome {
    Outcome::Failed(Failure {
        reason: "wrong".into(),
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
#[case(Readiness::NeverReady, passed(), Outcome::inconclusive(NEVER_READY))]
#[case(Readiness::NeverReady, failed(), failed())]
#[case(
    Readiness::NeverReady,
    Outcome::inconclusive("x"),
    Outcome::inconclusive("x")
)]
#[case(Readiness::NeverReady, not_applicable(), not_applicable())]
#[case(Readiness::Ready, passed(), passed())]
#[case(Readiness::Ready, failed(), failed())]
#[case(Readiness::NotAsked, passed(), passed())]
fn a_plugin_that_was_never_ready_has_passed_nothing(
    #[case] readiness: Readiness,
    #[case] outcome: Outcome,
    #[case] expect: Outcome,
) {
    assert_eq!(under(readiness, outcome), expect);
}

#[rstest]
#[case(vec![passed()], Readiness::Ready)]
#[case(vec![passed(), passed()], Readiness::Ready)]
#[case(vec![passed(), failed()], Readiness::NeverReady)]
#[case(vec![Outcome::inconclusive("x")], Readiness::NeverReady)]
#[case(vec![not_applicable()], Readiness::NeverReady)]
#[case(vec![], Readiness::NeverReady)]
fn ready_means_that_the_whole_scenario_passed(
    #[case] outcomes: Vec<Outcome>,
    #[case] expect: Readiness,
) {
    assert_eq!(readiness_of(&outcomes), expect);
}
