//! Plugins that do what they can to hold the suite up: every case ends in time, and nothing of them is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::built;
use plugin_conformance::scenarios;
use serde_json::Value;

/// What the run is given of each time that a plugin is allowed.
const SCALE: f64 = 0.1;
/// How much later than its deadline a case may end.
const LATE: u128 = 1_000;

/// A run with a temporary folder of its own, whose name is in the environment of every process that comes of it.
struct Played {
    exit_code: Option<i32>,
    /// The ends of cases.
    cases: Vec<Value>,
    took: Duration,
}

fn play(subject: &str, temporary: &Path) -> Played {
    built::fake();
    let log = tempfile::NamedTempFile::new().unwrap();
    let plans = tempfile::tempdir().unwrap();
    let mut command = Command::new(built::program());
    let scale = SCALE.to_string();
    command
        .args(["run", "plugin/*", "--subject", subject, "--jobs", "8"])
        .args(["--seed", "1", "--timeout-scale", &scale, "--json"])
        .arg(log.path())
        .arg("--plans-dir")
        .arg(plans.path())
        .env("TMPDIR", temporary)
        .env_remove("PLUGIN_CONFORMANCE_FAKE")
        .stdout(Stdio::null());
    let began = Instant::now();
    let mut run = command.spawn().unwrap();
    assert!(
        !left(temporary).is_empty(),
        "a process that is there is found"
    );
    let exit_code = run.wait().unwrap().code();
    let took = began.elapsed();
    let lines = fs::read_to_string(log.path()).unwrap();
    let events = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let cases = events
        .filter(|event: &Value| event["event"] == "case_ended")
        .collect();
    Played {
        exit_code,
        cases,
        took,
    }
}

/// The processes whose environment names this folder.
fn left(temporary: &Path) -> Vec<String> {
    let wanted = format!("TMPDIR={}", temporary.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_of_it = |process: &fs::DirEntry| {
        let environ = fs::read(process.path().join("environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == wanted.as_bytes())
    };
    processes
        .filter(is_of_it)
        .map(|process| {
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).replace('\0', " ")
        })
        .collect()
}

#[test]
fn every_case_with_a_hostile_plugin_ends_in_time_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let played = play("hostile-*", temporary.path());
    // Red or not judged, but never a fault of the suite.
    assert!(
        matches!(played.exit_code, Some(1 | 3)),
        "{:?}",
        played.exit_code
    );
    let deadlines: BTreeMap<_, _> = scenarios::all()
        .into_iter()
        .map(|scenario| (scenario.name.to_owned(), scenario.deadline.mul_f64(SCALE)))
        .collect();
    let mut subjects = BTreeMap::<_, usize>::new();
    for case in &played.cases {
        let name = format!("{} with {}", case["scenario"], case["subject"]);
        *subjects.entry(case["subject"].to_string()).or_default() += 1;
        let end = case["end"].as_str().unwrap();
        assert!(!matches!(end, "errored" | "panicked"), "{name}: {case}");
        let allowed = deadlines[case["scenario"].as_str().unwrap()].as_millis() + LATE;
        let took = u128::from(case["duration_ms"].as_u64().unwrap());
        assert!(took <= allowed, "{name}: {took} ms, not {allowed}");
    }
    assert_eq!(subjects.len(), 8, "{subjects:?}");
    assert!(subjects.values().all(|cases| *cases > 50), "{subjects:?}");
    assert_eq!(left(temporary.path()), [""; 0], "processes");
    let files: Vec<_> = fs::read_dir(temporary.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn of_a_dead_plugin_the_whole_report_is_there_at_once() {
    let temporary = tempfile::tempdir().unwrap();
    let played = play("null-exit", temporary.path());
    assert!(
        matches!(played.exit_code, Some(1 | 3)),
        "{:?}",
        played.exit_code
    );
    assert!(played.cases.len() > 50, "{}", played.cases.len());
    assert!(played.took < Duration::from_secs(5), "{:?}", played.took);
}
