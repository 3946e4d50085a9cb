//! Every way in which a case can end, by table.

use rstest::rstest;

use super::*;
use crate::verdict::{Failure, OutcomeKind};

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

fn panicked() -> End {
    End::Panicked {
        message: "boom".to_owned(),
    }
}

fn errored() -> End {
    End::Errored {
        message: "disk full".to_owned(),
    }
}

fn cut() -> End {
    End::Deadline { after_ms: 20 }
}

fn broken_off() -> End {
    End::BrokenOff {
        reason: "it did not start".to_owned(),
    }
}

#[rstest]
#[case::pass(Some(passed()), End::Completed, OutcomeKind::Passed, "")]
#[case::fail(Some(failed()), End::Completed, OutcomeKind::Failed, "")]
#[case::not_judged(None, End::Completed, OutcomeKind::Inconclusive, "not reached")]
#[case::no_evidence(Some(Outcome::Passed { seen: vec![] }), End::Completed, OutcomeKind::Inconclusive, "passed without evidence")]
#[case::pass_then_panic(
    Some(passed()),
    panicked(),
    OutcomeKind::Inconclusive,
    "the scenario panicked afterwards: boom"
)]
#[case::fail_then_panic(Some(failed()), panicked(), OutcomeKind::Failed, "")]
#[case::panic_before(
    None,
    panicked(),
    OutcomeKind::Inconclusive,
    "not reached: the scenario panicked: boom"
)]
#[case::pass_then_error(
    Some(passed()),
    errored(),
    OutcomeKind::Inconclusive,
    "the scenario broke off by an error of the suite"
)]
#[case::error_before(
    None,
    errored(),
    OutcomeKind::Inconclusive,
    "not reached: error in the suite: disk full"
)]
#[case::pass_then_cut(
    Some(passed()),
    cut(),
    OutcomeKind::Inconclusive,
    "broken off afterwards: cut at the deadline of 20 ms"
)]
#[case::fail_then_cut(Some(failed()), cut(), OutcomeKind::Failed, "")]
#[case::cut_before(
    None,
    cut(),
    OutcomeKind::Inconclusive,
    "not reached: cut at the deadline of 20 ms"
)]
#[case::pass_then_broken_off(
    Some(passed()),
    broken_off(),
    OutcomeKind::Inconclusive,
    "broken off afterwards: it did not start"
)]
#[case::broken_off_before(
    None,
    broken_off(),
    OutcomeKind::Inconclusive,
    "not reached: it did not start"
)]
#[case::not_run(None, End::NotRun { reason: "never ready".to_owned() }, OutcomeKind::Inconclusive, "never ready")]
fn one_listed_requirement(
    #[case] judged: Option<Outcome>,
    #[case] end: End,
    #[case] kind: OutcomeKind,
    #[case] reason: &str,
) {
    let judged = judged
        .into_iter()
        .map(|outcome| ("HS-001".to_owned(), outcome))
        .collect();
    let settled = settle(["HS-001"], judged, &end);
    let [(id, outcome)] = settled.as_slice() else {
        panic!("{settled:?}")
    };
    assert_eq!((id.as_str(), outcome.kind()), ("HS-001", kind));
    if let Outcome::Inconclusive { reason: seen } = outcome {
        assert_eq!(seen, reason);
    }
}

#[test]
fn only_faults_of_the_suite_are_its_faults() {
    let faults = [End::Completed, broken_off(), cut(), panicked(), errored()]
        .map(|end| end.is_suite_fault());
    assert_eq!(faults, [false, false, false, true, true]);
}

#[test]
fn the_order_of_the_list_is_kept() {
    let settled = settle(["HS-002", "HS-001"], BTreeMap::new(), &End::Completed);
    let ids: Vec<&str> = settled.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["HS-002", "HS-001"]);
}

#[rstest]
#[case(broken_off(), Some("it did not start"))]
#[case(End::NotRun { reason: "never ready".to_owned() }, Some("never ready"))]
#[case(panicked(), Some("boom"))]
#[case(errored(), Some("disk full"))]
#[case(End::NotClaimed { capability: "api".to_owned() }, Some("api"))]
#[case(End::ClaimedAndDead { claim: "api".to_owned() }, Some("api"))]
#[case(End::Completed, None)]
#[case(cut(), None)]
fn the_text_of_an_end_can_be_written_anew(#[case] mut end: End, #[case] expect: Option<&str>) {
    assert_eq!(end.text().map(|text| text.as_str()), expect);
}

#[test]
fn what_is_not_claimed_is_not_applicable_and_what_is_claimed_and_dead_has_failed() {
    let settled = |judged: Option<Outcome>, end: End| {
        let judged = judged.map(|outcome| ("HS-001".to_owned(), outcome));
        settle(["HS-001"], judged.into_iter().collect(), &end)
            .remove(0)
            .1
    };
    let not_claimed = || End::NotClaimed {
        capability: "api".to_owned(),
    };
    let not_applicable = Outcome::NotApplicable {
        capability: "api".to_owned(),
    };
    assert_eq!(settled(None, not_claimed()), not_applicable);
    assert_eq!(settled(Some(passed()), not_claimed()), not_applicable);
    assert_eq!(settled(Some(failed()), not_claimed()), failed());

    let dead = || End::ClaimedAndDead {
        claim: "api".to_owned(),
    };
    let Outcome::Failed(failure) = settled(None, dead()) else {
        panic!("it has failed")
    };
    assert_eq!(failure.reason.as_str(), "claimed-and-dead");
    assert_eq!(
        settled(Some(passed()), dead()),
        Outcome::inconclusive("broken off afterwards: api is claimed and dead")
    );
}
