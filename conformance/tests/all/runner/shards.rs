//! Verdicts do not depend on how a run is spread: over jobs, over shards that are joined again, over machines.

use std::path::Path;

use plugin_conformance::case::Case;
use plugin_conformance::report::Reporter;
use plugin_conformance::report::compare::compare;
use plugin_conformance::report::json::Json;
use plugin_conformance::report::merge::{MergeError, merge};
use plugin_conformance::report::record::Record;
use plugin_conformance::requirement::Side;
use plugin_conformance::runner::event::{Event, RunSummary};
use plugin_conformance::runner::shard::Shard;
use plugin_conformance::runner::{RunError, RunOptions, run};
use plugin_conformance::scenario::{Profile, Running, Scenario};
use plugin_conformance::suite::Suite;
use proptest::prelude::*;
use rstest::rstest;

use super::world::{host, options, passing, plugin, row, suite};

/// Fails HS-001 with a reason of its own, so that which of them is told must not depend on who was first.
macro_rules! fails {
    ($reason:literal) => {
        |case: &mut Case| -> Running<'_> {
            Box::pin(async {
                case.require("HS-001")
                    .seen("a line", "bad")
                    .same("n", 1, 2, $reason);
                Ok(())
            })
        }
    };
}

fn is_ready(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        case.require("LC-051")
            .seen("it", "up")
            .same("n", 1, 1, "down");
        Ok(())
    })
}

fn never_ready(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        case.require("LC-051")
            .seen("it", "up")
            .same("n", 1, 2, "down");
        Ok(())
    })
}

fn hook(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        case.require("HK-054")
            .seen("it", "answered")
            .same("n", 1, 1, "lost");
        Ok(())
    })
}

fn plugin_row(
    name: &'static str,
    ids: &'static [&'static str],
    run: for<'a> fn(&'a mut Case) -> Running<'a>,
) -> Scenario {
    Scenario::new(name, "A test.", (Side::Plugin, Profile::Hooks), ids, run)
}

/// Something of everything: passes, failures for several reasons, what is not reached, plugins that are ready and that are not.
fn mixed(ready: for<'a> fn(&'a mut Case) -> Running<'a>) -> Suite<'static> {
    suite(
        vec![
            row("a/one", |case| passing(case)),
            row("a/two", fails!("wrong")),
            row("a/three", fails!("also-wrong")),
            row("a/four", |_| Box::pin(async { Ok(()) })),
            plugin_row("p/ready", &["LC-051"], ready).readiness(),
            plugin_row("p/one", &["HK-054"], |case| hook(case)),
            plugin_row("p/two", &["HK-055"], |_| Box::pin(async { Ok(()) })),
            plugin_row("p/three", &["HK-054"], |case| hook(case)),
        ],
        vec![host(), plugin("p"), plugin("q")],
    )
}

/// Plays and reads its own log back.
async fn record(suite: &Suite<'_>, options: &RunOptions) -> Result<Record, RunError> {
    let mut log = Vec::new();
    let mut json = Json::new(&mut log);
    run(suite, options, &mut |event| json.event(event).unwrap()).await?;
    Ok(Record::parse(Path::new("log.json"), &log).unwrap())
}

/// What a run has to say that may not depend on how it was played.
fn verdict(summary: &RunSummary) -> String {
    let subjects = summary.subjects.iter().map(|subject| {
        let not_passed: Vec<String> = subject
            .not_passed
            .iter()
            .map(|row| format!("{} {:?}", row.id, row.outcome))
            .collect();
        format!(
            "{} ready {:?} {:?} {not_passed:?}",
            subject.subject.name, subject.ready, subject.levels
        )
    });
    let subjects: Vec<String> = subjects.collect();
    format!(
        "{:?} {} {subjects:#?}",
        summary.verdict, summary.suite_faults
    )
}

fn end(record: &Record) -> &RunSummary {
    record.ended().unwrap()
}

async fn shards(suite: &Suite<'_>, of: usize, options: &RunOptions) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 1..=of {
        let shard = Some(Shard { number, of });
        let options = RunOptions {
            shard,
            ..options.clone()
        };
        records.push(record(suite, &options).await.unwrap());
    }
    records
}

#[rstest]
#[case::ready(true)]
#[case::never_ready(false)]
#[tokio::test]
async fn verdicts_are_the_same_for_any_number_of_jobs_and_shards(#[case] ready: bool) {
    let suite = if ready {
        mixed(|case| is_ready(case))
    } else {
        mixed(|case| never_ready(case))
    };
    let twice = RunOptions {
        repeat: 2,
        ..options()
    };
    let whole = record(&suite, &twice).await.unwrap();
    let expect = verdict(end(&whole));
    assert!(expect.contains("also-wrong"), "{expect}");
    for jobs in [1, 2, 8] {
        let options = RunOptions {
            jobs,
            ..twice.clone()
        };
        let played = record(&suite, &options).await.unwrap();
        assert_eq!(verdict(end(&played)), expect, "{jobs} jobs");
    }
    for of in 1..=5 {
        let mut parts = shards(&suite, of, &twice).await;
        parts.reverse();
        let merged = merge(&parts).unwrap();
        assert_eq!(verdict(&merged.summary), expect, "{of} shards");
        let ended = |event: &&Event| matches!(event, Event::CaseEnded(_));
        assert_eq!(
            merged.events.iter().filter(ended).count(),
            whole.cases().count()
        );
    }
}

#[tokio::test]
async fn what_is_not_the_whole_of_one_run_is_not_joined() {
    let suite = mixed(|case| is_ready(case));
    let whole = record(&suite, &options()).await.unwrap();
    assert_eq!(merge(&[]).unwrap_err(), MergeError::Nothing);
    assert_eq!(merge(&[whole]).unwrap_err(), MergeError::NotAShard(1));
    let parts = shards(&suite, 3, &options()).await;
    let missing = merge(&parts[..2]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the shards are 1/3, 2/3, and should be 1 to 3 of 3, each once"
    );
    let twice = [parts[0].clone(), parts[0].clone(), parts[2].clone()];
    assert!(matches!(
        merge(&twice).unwrap_err(),
        MergeError::Shards { .. }
    ));
    let other = RunOptions {
        seed: 2,
        ..options()
    };
    let others = shards(&suite, 3, &other).await;
    let mixed_up = [parts[0].clone(), others[1].clone(), parts[2].clone()];
    let error = merge(&mixed_up).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shard 2/3 is of another run: its seed differs from that of shard 1/3"
    );
}

#[tokio::test]
async fn a_shard_without_cases_is_an_error() {
    let one = suite(vec![row("a/one", |case| passing(case))], vec![host()]);
    let second = RunOptions {
        shard: Shard::parse("2/2"),
        ..options()
    };
    let error = record(&one, &second).await.unwrap_err();
    assert!(
        error.to_string().contains("not enough cases for shard 2/2"),
        "{error}"
    );
}

#[tokio::test]
async fn two_runs_of_the_same_differ_in_nothing_and_of_others_by_what_changed() {
    let good = suite(vec![row("a/one", |case| passing(case))], vec![host()]);
    let bad = suite(vec![row("a/one", fails!("wrong"))], vec![host()]);
    let good = record(&good, &options()).await.unwrap();
    let bad = record(&bad, &options()).await.unwrap();
    let same = compare(&good, &good);
    assert!(
        !same.is_worse() && same.changed.is_empty() && same.same > 0,
        "{same:?}"
    );
    let worse = compare(&good, &bad);
    assert!(worse.is_worse());
    let text = worse.text();
    assert!(
        text.contains("new           HS-001 - a/one with host: wrong, was passed"),
        "{text}"
    );
    assert!(
        text.contains(
            "lost          HS-002 - a/one with host: inconclusive: not reached, was passed"
        ),
        "{text}"
    );
    let better = compare(&bad, &good);
    assert!(!better.is_worse(), "{better:?}");
    assert!(
        better.text().starts_with("fixed         HS-001"),
        "{}",
        better.text()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// However many shards and whatever seed: joined they are the whole.
    #[test]
    fn shards_that_are_joined_are_the_whole(of in 1usize..7, seed in any::<u32>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (expect, got) = runtime.block_on(async {
            let suite = mixed(|case| is_ready(case));
            let options = RunOptions { seed: u64::from(seed), ..options() };
            let whole = record(&suite, &options).await.unwrap();
            let parts = shards(&suite, of, &options).await;
            (verdict(end(&whole)), verdict(&merge(&parts).unwrap().summary))
        });
        prop_assert_eq!(expect, got);
    }
}
