//! Plugins are judged only once they were ready, and only by what they claim.

use super::world::*;

use plugin_conformance::case::Case;
use plugin_conformance::requirement::Side;
use plugin_conformance::runner::RunOptions;
use plugin_conformance::scenario::{Profile, Running, Scenario};
use plugin_conformance::verdict::settle::End;
use plugin_conformance::verdict::tally::RunVerdict;
use plugin_conformance::verdict::{Outcome, OutcomeKind};

fn readiness(run: for<'a> fn(&'a mut Case) -> Running<'a>) -> Scenario {
    Scenario {
        side: Side::Plugin,
        profile: Profile::Lifecycle,
        ..row("p/ready", run).readiness()
    }
}

fn of_plugin(name: &'static str, profile: Profile) -> Scenario {
    Scenario::new(
        name,
        "A test.",
        (Side::Plugin, profile),
        &["HS-001", "HS-002"],
        passing,
    )
}

#[tokio::test]
async fn a_plugin_that_was_never_ready_has_passed_nothing() {
    let not_ready = readiness(|case| {
        Box::pin(async {
            keep(case, "HS-001");
            case.require("HS-002")
                .seen("status", "NOT_SERVING")
                .same("n", 1, 2, "not-serving");
            Ok(())
        })
    });
    let scenarios = vec![
        of_plugin("p/handshake", Profile::Handshake),
        of_plugin("p/hooks", Profile::Hooks),
        of_plugin("p/api", Profile::Api),
        not_ready,
    ];
    let subject = Named {
        profiles: vec![Profile::Handshake, Profile::Hooks],
        ..plugin("p")
    };
    let (reports, summary) = play(&suite(scenarios, vec![subject]), &options())
        .await
        .unwrap();
    let of = |name: &str| {
        reports
            .iter()
            .find(|report| report.name.scenario == name)
            .unwrap()
    };
    assert_eq!(of("p/ready").ready, Some(false));
    assert!(
        matches!(of("p/handshake").end, End::Completed),
        "it is played all the same"
    );
    assert!(
        matches!(of("p/hooks").end, End::NotRun { .. }),
        "nobody waits for a dead plugin again"
    );
    for name in ["p/handshake", "p/hooks"] {
        assert_eq!(
            of(name).judgements[0].outcome,
            Outcome::inconclusive("never ready")
        );
    }
    assert_eq!(
        of("p/api").judgements[0].outcome.kind(),
        OutcomeKind::NotApplicable
    );
    let subject = &summary.subjects[0];
    assert_eq!(
        (subject.ready, subject.must_passed_per_mille),
        (Some(false), 0)
    );
    assert_eq!(summary.verdict, RunVerdict::Failed);
}

#[tokio::test]
async fn a_plugin_that_is_ready_is_judged_and_what_it_does_not_claim_is_not() {
    let scenarios = vec![
        of_plugin("p/hooks", Profile::Hooks),
        of_plugin("p/api", Profile::Api),
        readiness(passing),
    ];
    let subject = Named {
        profiles: vec![Profile::Hooks],
        ..plugin("p")
    };
    let options = RunOptions {
        patterns: vec!["p/hooks".to_owned(), "p/api".to_owned()],
        ..options()
    };
    let (reports, summary) = play(&suite(scenarios, vec![subject]), &options)
        .await
        .unwrap();
    let kinds: Vec<(&str, OutcomeKind)> = reports
        .iter()
        .map(|report| (report.name.scenario.as_str(), report.worst()))
        .collect();
    let expect = [
        ("p/ready", OutcomeKind::Passed),
        ("p/api", OutcomeKind::NotApplicable),
        ("p/hooks", OutcomeKind::Passed),
    ];
    for pair in expect {
        assert!(kinds.contains(&pair), "{pair:?} in {kinds:?}");
    }
    assert_eq!(
        (summary.subjects[0].ready, summary.verdict),
        (Some(true), RunVerdict::Passed)
    );
}
