//! The engine with in-process cases: scenarios that pass, fail, hang, panic, forget to judge, leave processes.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::sync::Barrier;

use plugin_conformance::case::{Case, MARK_VARIABLE};
use plugin_conformance::mutant::{Mutant, Workshop};
use plugin_conformance::requirement::Side;
use plugin_conformance::requirement::catalogue::Catalogue;
use plugin_conformance::runner::event::{CaseReport, Event, RunSummary};
use plugin_conformance::runner::kill_matrix::{Fate, prove};
use plugin_conformance::runner::{RunError, RunOptions, run};
use plugin_conformance::scenario::{Interruption, Profile, Running, Scenario, ScenarioResult};
use plugin_conformance::subject::{
    Capabilities, HostCommand, PluginInPlace, Skipped, Subject, SubjectFactory, SubjectKind,
};
use plugin_conformance::suite::Suite;
use plugin_conformance::verdict::settle::End;
use plugin_conformance::verdict::tally::RunVerdict;
use plugin_conformance::verdict::{Outcome, OutcomeKind};

/// A subject that is only a name: in-process scenarios start nothing.
#[derive(Debug)]
struct Named {
    name: &'static str,
    side: Side,
    profiles: Vec<Profile>,
    missing: bool,
}

fn host() -> Named {
    Named {
        name: "host",
        side: Side::Host,
        profiles: Profile::ALL.to_vec(),
        missing: false,
    }
}

fn plugin(name: &'static str) -> Named {
    Named {
        name,
        side: Side::Plugin,
        ..host()
    }
}

impl Named {
    fn subject(&self) -> Subject {
        let kind = match self.side {
            Side::Host => SubjectKind::Host(HostCommand {
                program: "true".into(),
                args: Vec::new(),
            }),
            Side::Plugin => SubjectKind::Plugin(Arc::new(PluginInPlace("plugin".into()))),
        };
        let profiles = self.profiles.iter().copied().collect();
        Subject {
            name: self.name.to_owned(),
            kind,
            capabilities: Capabilities {
                profiles,
                api: None,
            },
        }
    }
}

impl SubjectFactory for Named {
    fn name(&self) -> &str {
        self.name
    }

    fn side(&self) -> Side {
        self.side
    }

    fn make(&self) -> Result<Subject, Skipped> {
        if self.missing {
            let text = |text: &str| text.to_owned();
            return Err(Skipped {
                subject: text(self.name),
                reason: text("no python"),
                enable: text("make python"),
            });
        }
        Ok(self.subject())
    }
}

/// Mutants are subjects whose name is their fault.
#[derive(Debug)]
struct Faults;

impl Workshop for Faults {
    fn baseline(&self, _side: Side) -> Result<Subject, Skipped> {
        Ok(host().subject())
    }

    fn mutant(&self, mutant: &Mutant) -> Result<Subject, Skipped> {
        Ok(Subject {
            name: mutant.name.to_owned(),
            ..host().subject()
        })
    }
}

fn row(name: &'static str, run: for<'a> fn(&'a mut Case) -> Running<'a>) -> Scenario {
    Scenario::new(
        name,
        "A test.",
        (Side::Host, Profile::Handshake),
        &["HS-001", "HS-002"],
        run,
    )
}

fn suite(scenarios: Vec<Scenario>, subjects: Vec<Named>) -> Suite<'static> {
    let boxed = |subject| -> Box<dyn SubjectFactory> { Box::new(subject) };
    Suite {
        catalogue: Catalogue::embedded().unwrap(),
        scenarios,
        subjects: subjects.into_iter().map(boxed).collect(),
        mutants: Vec::new(),
        workshop: Box::new(Faults),
    }
}

fn options() -> RunOptions {
    RunOptions {
        patterns: Vec::new(),
        subjects: Vec::new(),
        plugins: Vec::new(),
        jobs: 4,
        seed: 1,
        timeout_scale: 1.0,
        repeat: 1,
        fail_fast: false,
        keeper: None,
    }
}

async fn play(
    suite: &Suite<'_>,
    options: &RunOptions,
) -> Result<(Vec<CaseReport>, RunSummary), RunError> {
    let mut reports = Vec::new();
    let summary = run(suite, options, &mut |event| {
        if let Event::CaseEnded(report) = event {
            reports.push(report.clone());
        }
    })
    .await?;
    Ok((reports, summary))
}

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

fn keep(case: &Case, id: &'static str) {
    case.require(id)
        .seen("a line", "good")
        .equals(1, 1, "wrong");
}

fn passing(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        keep(case, "HS-001");
        keep(case, "HS-002");
        Ok(())
    })
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
                .equals(1, 2, "wrong");
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
        OutcomeKind::Passed,
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
        (OutcomeKind::Passed, OutcomeKind::Inconclusive)
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

/// Starts a process that would live for a minute, in a session of its own, with the case's mark.
fn leave_behind(case: &Case) -> u32 {
    let mut command = Command::new("setsid");
    command
        .args(["sleep", "60"])
        .env(MARK_VARIABLE, case.mark());
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    case.spawned(child.id());
    child.id()
}

#[tokio::test]
async fn a_process_that_outlives_its_case_fails_it_and_is_ended() {
    let scenario = row("t/leaving", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            keep(case, "HS-002");
            leave_behind(case);
            Ok(())
        })
    });
    let options = RunOptions {
        timeout_scale: 0.1,
        ..options()
    };
    let (reports, summary) = play(&suite(vec![scenario], vec![host()]), &options)
        .await
        .unwrap();
    let census = &reports[0].judgements[2];
    let Outcome::Failed(failure) = &census.outcome else {
        panic!("{census:?}")
    };
    assert_eq!(
        (census.id.as_str(), failure.reason.as_str()),
        ("PR-016", "processes-left")
    );
    assert!(failure.seen.contains("sleep 60"), "{failure:?}");
    assert_eq!(summary.verdict, RunVerdict::Failed);
    let pid = failure.seen.split_whitespace().nth(1).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    assert!(
        !status.contains("State:\tS"),
        "the process was not ended: {status}"
    );
}

#[tokio::test]
async fn a_census_after_a_process_that_is_gone_passes() {
    let scenario = row("t/clean", |case| {
        Box::pin(async {
            keep(case, "HS-001");
            keep(case, "HS-002");
            let mut child = Command::new("true")
                .env(MARK_VARIABLE, case.mark())
                .spawn()?;
            case.spawned(child.id());
            child.wait()?;
            Ok(())
        })
    });
    let (reports, summary) = play(&suite(vec![scenario], vec![host()]), &options())
        .await
        .unwrap();
    assert_eq!(reports[0].judgements[2].outcome.kind(), OutcomeKind::Passed);
    assert_eq!(summary.verdict, RunVerdict::Passed);
}

#[tokio::test]
async fn each_case_has_a_folder_of_its_own_that_is_gone_afterwards() {
    let scenario = row("t/folder", |case| {
        Box::pin(async {
            std::fs::write(case.folder().join("file"), "x")?;
            case.require("HS-001")
                .seen("folder", case.folder().display().to_string())
                .equals(1, 1, "wrong");
            keep(case, "HS-002");
            Ok(())
        })
    });
    let options = RunOptions {
        repeat: 2,
        ..options()
    };
    let (reports, _) = play(&suite(vec![scenario], vec![host()]), &options)
        .await
        .unwrap();
    let folder = |report: &CaseReport| match &report.judgements[0].outcome {
        Outcome::Passed { seen } => seen[0].trim_start_matches("folder: ").to_owned(),
        other => panic!("{other:?}"),
    };
    let (first, second) = (folder(&reports[0]), folder(&reports[1]));
    assert_ne!(first, second);
    assert!(!std::path::Path::new(&first).exists());
}

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
                .equals(1, 2, "not-serving");
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
                .equals(1, 1, "wrong");
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

#[tokio::test]
async fn mutants_are_caught_by_their_named_check_for_their_named_reason() {
    fn by_name(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            let fault = case.subject().name.clone();
            keep(case, "HS-002");
            case.require("HS-001").seen("subject", &fault).holds(
                fault == "host",
                "host",
                "a fault",
                "a-fault",
            );
            Ok(())
        })
    }
    let mutant = |name, breaks, reason| Mutant {
        name,
        side: Side::Host,
        breaks,
        reason,
        how: plugin_conformance::mutant::How::Driver("x"),
    };
    let mut suite = suite(vec![row("t/by-name", by_name)], vec![host()]);
    suite.mutants = vec![
        mutant("m/caught", "HS-001", "a-fault"),
        mutant("m/other", "HS-001", "another"),
        mutant("m/survives", "HS-002", "a-fault"),
        mutant("m/unjudged", "HS-003", "a-fault"),
    ];
    let rows = prove(&suite, &options(), &mut |_| {}).await.unwrap();
    assert!(rows[0].is_caught(), "{rows:?}");
    assert!(matches!(rows[1].fate, Fate::OtherReason { .. }), "{rows:?}");
    assert!(matches!(rows[2].fate, Fate::Survived { .. }), "{rows:?}");
    assert!(matches!(rows[3].fate, Fate::Void { .. }), "{rows:?}");
}
