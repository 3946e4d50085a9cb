//! How a run is played: skipped subjects, the first failure, jobs, seeds.

use super::world::*;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Barrier;

use plugin_conformance::case::Case;
use plugin_conformance::runner::{RunError, RunOptions};
use plugin_conformance::scenario::Running;
use plugin_conformance::verdict::settle::End;

#[tokio::test]
async fn subjects_that_cannot_be_made_are_skipped_by_name() {
    let absent = Named {
        missing: true,
        ..plugin("python")
    };
    let (_, summary) = play(
        &suite(vec![row("t/a", passing)], vec![host(), absent]),
        &options(),
    )
    .await
    .unwrap();
    assert_eq!(summary.skipped[0].enable, "make python");
    let absent = Named {
        missing: true,
        ..plugin("python")
    };
    let error = play(&suite(vec![row("t/a", passing)], vec![absent]), &options())
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::NoSubject(_)), "{error}");
}

#[tokio::test]
async fn fail_fast_ends_the_run_and_reports_what_was_not_played() {
    let failing = row("t/a-fails", |case| {
        Box::pin(async {
            case.require("HS-001").fails("wrong", "a", "b");
            Ok(())
        })
    });
    let options = RunOptions {
        fail_fast: true,
        jobs: 1,
        ..options()
    };
    let (reports, _) = play(
        &suite(vec![failing, row("t/b", passing)], vec![host()]),
        &options,
    )
    .await
    .unwrap();
    assert_eq!(reports.len(), 2);
    assert!(
        matches!(&reports[1].end, End::NotRun { reason } if reason == "the run ended at the first failure")
    );
}

static PLAYING: AtomicUsize = AtomicUsize::new(0);

static MOST: AtomicUsize = AtomicUsize::new(0);

static PAIR: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

#[tokio::test]
async fn as_many_cases_are_played_at_a_time_as_there_are_jobs() {
    fn counting(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            MOST.fetch_max(PLAYING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            PAIR.wait().await;
            PLAYING.fetch_sub(1, Ordering::SeqCst);
            keep(case, "HS-001");
            keep(case, "HS-002");
            Ok(())
        })
    }
    let options = RunOptions {
        jobs: 2,
        repeat: 10,
        ..options()
    };
    play(
        &suite(vec![row("t/counting", counting)], vec![host()]),
        &options,
    )
    .await
    .unwrap();
    assert_eq!(MOST.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_case() {
    fn drawing(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            let nonce = case.nonce();
            case.require("HS-001")
                .seen("nonce", nonce)
                .same("n", 1, 1, "wrong");
            keep(case, "HS-002");
            Ok(())
        })
    }
    let suite = suite(vec![row("t/drawing", drawing)], vec![host()]);
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let (reports, _) = play(&suite, &RunOptions { seed, ..options() })
            .await
            .unwrap();
        seen.push(reports[0].judgements[0].outcome.clone());
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}
