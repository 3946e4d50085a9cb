//! How a case ends, and what that makes of its verdicts.

use super::world::*;
use std::time::{Duration, Instant};

use plugin_conformance::case::Case;
use plugin_conformance::runner::RunOptions;
use plugin_conformance::scenario::{Interruption, Scenario, ScenarioResult};
use plugin_conformance::verdict::OutcomeKind;
use plugin_conformance::verdict::settle::End;
use plugin_conformance::verdict::tally::RunVerdict;

/// Plays one scenario with a host: the outcomes of HS-001 and HS-002, the end, and the verdict.
async fn check(scenario: Scenario) -> (OutcomeKind, OutcomeKind, End, RunVerdict) {
    let (reports, summary) = play(&suite(vec![scenario], vec![host()]), &options())
        .await
        .unwrap();
    let [report] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    let kind = |place: usize| report.judgements[place].outcome.kind();
    (kind(0), kind(1), report.end.clone(), summary.verdict)
}

#[tokio::test]
async fn a_scenario_that_judges_all_passes() {
    let expect = (
        OutcomeKind::Passed,
        OutcomeKind::Passed,
        End::Completed,
        RunVerdict::Passed,
    );
    assert_eq!(check(row("t/passing", passing)).await, expect);
}

#[tokio::test]
async fn one_broken_requirement_fails_the_run() {
    let scenario = row("t/failing", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            case.require("HS-002")
                .seen("a line", "bad")
                .same("n", 1, 2, "wrong");
            Ok(())
        })
    });
    let expect = (
        OutcomeKind::Passed,
        OutcomeKind::Failed,
        End::Completed,
        RunVerdict::Failed,
    );
    assert_eq!(check(scenario).await, expect);
}

#[tokio::test]
async fn what_is_not_judged_is_inconclusive() {
    let scenario = row("t/forgetful", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            Ok(())
        })
    });
    let expect = (
        OutcomeKind::Passed,
        OutcomeKind::Inconclusive,
        End::Completed,
        RunVerdict::Inconclusive,
    );
    assert_eq!(check(scenario).await, expect);
}

#[tokio::test]
async fn a_panic_is_a_fault_of_the_suite_and_takes_the_passes_with_it() {
    let scenario = row("t/panicking", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            panic!("boom");
        })
    });
    let end = End::Panicked {
        message: "boom".to_owned(),
    };
    let expect = (
        OutcomeKind::Inconclusive,
        OutcomeKind::Inconclusive,
        end,
        RunVerdict::SuiteFailed,
    );
    assert_eq!(check(scenario).await, expect);
}

#[tokio::test]
async fn an_error_is_a_fault_of_the_suite() {
    async fn reads(_: &mut Case) -> ScenarioResult {
        std::fs::read("/nonexistent/file")?;
        Ok(())
    }
    let (_, _, end, verdict) = check(row("t/erring", |case| Box::pin(reads(case)))).await;
    assert!(matches!(end, End::Errored { .. }), "{end:?}");
    assert_eq!(verdict, RunVerdict::SuiteFailed);
}

#[tokio::test]
async fn a_subject_that_stands_in_the_way_is_no_fault_of_the_suite() {
    let scenario = row("t/broken-off", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            Err(Interruption::broken_off("it did not start"))
        })
    });
    let end = End::BrokenOff {
        reason: "it did not start".to_owned(),
    };
    let expect = (
        OutcomeKind::Inconclusive,
        OutcomeKind::Inconclusive,
        end,
        RunVerdict::Inconclusive,
    );
    assert_eq!(check(scenario).await, expect);
}

#[tokio::test]
async fn a_scenario_that_hangs_is_cut_at_its_deadline() {
    let hanging = row("t/hanging", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            std::future::pending::<()>().await;
            Ok(())
        })
    });
    let scenario = Scenario {
        deadline: Duration::from_millis(50),
        ..hanging
    };
    let begun = Instant::now();
    let (first, second, end, verdict) = check(scenario).await;
    assert_eq!(
        (first, second),
        (OutcomeKind::Inconclusive, OutcomeKind::Inconclusive)
    );
    assert_eq!(
        (end, verdict),
        (End::Deadline { after_ms: 50 }, RunVerdict::Inconclusive)
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_scenario_that_blocks_its_thread_is_cut_too_and_holds_nobody() {
    let blocking = row("t/blocking", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            let (_kept, never) = std::sync::mpsc::channel::<()>();
            let _ = never.recv();
            Ok(())
        })
    });
    let scenario = Scenario {
        deadline: Duration::from_millis(50),
        ..blocking
    };
    let options = RunOptions {
        jobs: 1,
        ..options()
    };
    let scenarios = vec![scenario, row("t/passing", passing)];
    let (reports, _) = play(&suite(scenarios, vec![host()]), &options)
        .await
        .unwrap();
    assert_eq!(reports[0].end, End::Deadline { after_ms: 50 });
    assert_eq!(reports[1].end, End::Completed);
}

#[tokio::test]
async fn judging_what_the_row_does_not_list_is_a_fault_of_the_suite() {
    let scenario = row("t/stranger", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            keep(case, "HS-002");
            keep(case, "HS-003");
            Ok(())
        })
    });
    let (first, _, end, verdict) = check(scenario).await;
    assert!(matches!(end, End::Errored { .. }), "{end:?}");
    assert_eq!(
        (first, verdict),
        (OutcomeKind::Inconclusive, RunVerdict::SuiteFailed)
    );
}
