//! What a case leaves behind: processes and folders.

use super::world::*;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use plugin_conformance::case::{Case, MARK_VARIABLE};
use plugin_conformance::runner::RunOptions;
use plugin_conformance::verdict::tally::RunVerdict;
use plugin_conformance::verdict::{Outcome, OutcomeKind};

/// Starts a process that would live for a minute, in a session of its own, with the case's mark.
#[expect(
    clippy::zombie_processes,
    reason = "to be left behind is what it is for"
)]
fn leave_behind(case: &Case) {
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
    // Reports call it by one name in every run, so it is told here.
    static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let scenario = row("t/folder", |case| {
        Box::pin(async {
            std::fs::write(case.folder().join("file"), "x")?;
            FOLDERS.lock().unwrap().push(case.folder().to_owned());
            keep(case, "HS-001");
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
    assert_eq!(reports.len(), 2);
    let folders = FOLDERS.lock().unwrap().clone();
    let [first, second] = folders.as_slice() else {
        panic!("{folders:?}");
    };
    assert_ne!(first, second);
    assert!(!first.exists() && !second.exists(), "{folders:?}");
}
