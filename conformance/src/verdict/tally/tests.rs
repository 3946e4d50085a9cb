//! Counts, scores and the verdict of a run, by table.

use rstest::rstest;

use super::*;
use crate::verdict::Failure;

fn of(kind: OutcomeKind) -> Outcome {
    match kind {
        OutcomeKind::Passed => Outcome::Passed {
            seen: vec!["a line".to_owned()],
        },
        OutcomeKind::Failed => Outcome::Failed(Failure {
            reason: "wrong".into(),
            expected: "a".to_owned(),
            seen: "b".to_owned(),
            go_host: None,
            replay: None,
            entry: None,
        }),
        OutcomeKind::Inconclusive => Outcome::inconclusive("x"),
        OutcomeKind::NotApplicable => Outcome::NotApplicable {
            capability: "api".to_owned(),
        },
    }
}

fn tally(statements: &[(&str, Level, OutcomeKind)]) -> Tally {
    let mut tally = Tally::default();
    for (id, level, kind) in statements {
        tally.add(id, *level, of(*kind));
    }
    tally
}

use Level::{May, Must, Should};
use OutcomeKind::{Failed, Inconclusive, NotApplicable, Passed};

#[rstest]
#[case::nothing(&[], 0, RunVerdict::Inconclusive)]
#[case::pass(&[("A", Must, Passed)], 0, RunVerdict::Passed)]
#[case::fail(&[("A", Must, Failed), ("B", Must, Passed)], 0, RunVerdict::Failed)]
#[case::should_fails(&[("A", Should, Failed)], 0, RunVerdict::Failed)]
#[case::may_fails(&[("A", May, Failed), ("B", Must, Passed)], 0, RunVerdict::Passed)]
#[case::only_a_may_fails(&[("A", May, Failed)], 0, RunVerdict::Passed)]
#[case::inconclusive(&[("A", Must, Inconclusive), ("B", Must, Passed)], 0, RunVerdict::Inconclusive)]
#[case::fail_beats_inconclusive(&[("A", Must, Inconclusive), ("B", Must, Failed)], 0, RunVerdict::Failed)]
#[case::suite_beats_all(&[("A", Must, Failed)], 1, RunVerdict::SuiteFailed)]
#[case::nothing_applicable(&[("A", Must, NotApplicable)], 0, RunVerdict::Inconclusive)]
#[case::one_scenario_of_two_fails(&[("A", Must, Passed), ("A", Must, Failed)], 0, RunVerdict::Failed)]
fn the_verdict_of_a_run(
    #[case] statements: &[(&str, Level, OutcomeKind)],
    #[case] suite_faults: usize,
    #[case] expect: RunVerdict,
) {
    assert_eq!(run_verdict([&tally(statements)], suite_faults), expect);
}

#[test]
fn subjects_are_judged_together() {
    let (good, bad) = (tally(&[("A", Must, Passed)]), tally(&[("A", Must, Failed)]));
    assert_eq!(run_verdict([&good, &bad], 0), RunVerdict::Failed);
}

#[test]
fn levels_are_counted_apart() {
    let tally = tally(&[
        ("A", Must, Passed),
        ("B", Must, Failed),
        ("C", Should, Inconclusive),
        ("D", May, NotApplicable),
    ]);
    assert_eq!(
        tally.counts(Must),
        Counts {
            passed: 1,
            failed: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        tally.counts(Should),
        Counts {
            inconclusive: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        tally.counts(May),
        Counts {
            not_applicable: 1,
            ..Counts::default()
        }
    );
    assert_eq!((tally.total().total(), tally.total().judged()), (4, 3));
}

#[rstest]
#[case(Readiness::Ready, 500)]
#[case(Readiness::NeverReady, 250)]
fn not_applicable_stays_in_the_denominator_of_a_plugin_that_was_never_ready(
    #[case] readiness: Readiness,
    #[case] expect: usize,
) {
    let counts = Counts {
        passed: 1,
        failed: 1,
        inconclusive: 0,
        not_applicable: 2,
    };
    assert_eq!(counts.passed_per_mille(readiness), expect);
}

#[test]
fn a_tally_under_the_rule_of_readiness_has_no_pass() {
    let tally = tally(&[("A", Must, Passed), ("B", Must, Failed)]).under(Readiness::NeverReady);
    assert_eq!(
        tally.total(),
        Counts {
            failed: 1,
            inconclusive: 1,
            ..Counts::default()
        }
    );
    assert_eq!(tally.total().passed_per_mille(Readiness::NeverReady), 0);
}

/// No sum, product or difference of these is another one.
const UNLIKE: [(OutcomeKind, usize); 4] = [
    (Passed, 3),
    (Failed, 5),
    (Inconclusive, 11),
    (NotApplicable, 29),
];

#[test]
fn each_kind_is_counted_and_summed_where_it_belongs() {
    let mut counts = Counts::default();
    for (kind, times) in UNLIKE {
        for _ in 0..times {
            counts.add(kind);
        }
    }
    assert_eq!(
        counts,
        Counts {
            passed: 3,
            failed: 5,
            inconclusive: 11,
            not_applicable: 29
        }
    );
    assert_eq!(
        (counts.checked(), counts.judged(), counts.total()),
        (8, 19, 48)
    );
    assert_eq!(counts.passed_per_mille(Readiness::Ready), 3000 / 19);
    assert_eq!(counts.passed_per_mille(Readiness::NotAsked), 3000 / 19);
    assert_eq!(counts.passed_per_mille(Readiness::NeverReady), 3000 / 48);
    assert_eq!(Counts::default().passed_per_mille(Readiness::Ready), 0);
}

#[test]
fn of_two_failures_with_the_same_words_the_earlier_stays() {
    let replayed = |plan: &str| {
        Outcome::Failed(Failure {
            reason: "wrong".into(),
            expected: "a".to_owned(),
            seen: "b".to_owned(),
            go_host: None,
            replay: Some(plan.to_owned()),
            entry: None,
        })
    };
    let mut tally = Tally::default();
    for plan in ["first", "second"] {
        tally.add("A", Must, replayed(plan));
    }
    let all: Vec<_> = tally.iter().collect();
    assert_eq!(all, [("A", Must, &replayed("first"))]);
}

#[test]
fn of_two_outcomes_that_are_as_bad_the_first_by_its_words_stays_whichever_came_first() {
    let failed = |reason: &'static str, seen: &str| match of(Failed) {
        Outcome::Failed(failure) => Outcome::Failed(Failure {
            reason: reason.into(),
            seen: seen.to_owned(),
            ..failure
        }),
        other => other,
    };
    let unclaimed = |capability: &str| Outcome::NotApplicable {
        capability: capability.to_owned(),
    };
    let pairs = [
        (failed("late", "z"), failed("wrong", "a")),
        (failed("late", "a"), failed("late", "z")),
        (Outcome::inconclusive("a"), Outcome::inconclusive("b")),
        (unclaimed("api"), unclaimed("http")),
    ];
    for (first, second) in pairs {
        for order in [[&first, &second], [&second, &first]] {
            let mut tally = Tally::default();
            for outcome in order {
                tally.add("A", Must, outcome.clone());
            }
            let all: Vec<_> = tally.iter().collect();
            assert_eq!(all, [("A", Must, &first)]);
        }
    }
}

#[test]
fn the_kind_of_one_requirement() {
    let tally = tally(&[("A", Must, Passed), ("A", Must, Failed), ("B", May, Passed)]);
    assert_eq!(
        ["A", "B", "C"].map(|id| tally.kind(id)),
        [Some(Failed), Some(Passed), None]
    );
}
