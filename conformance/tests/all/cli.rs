//! The binary from outside: arguments, exit codes, and what a run leaves behind when it is killed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

use crate::built;

fn program() -> Command {
    let mut command = Command::new(built::program());
    command
        .env_remove("NO_COLOR")
        .env_remove("PLUGIN_CONFORMANCE_FAKE");
    command
}

/// Runs the binary: exit code, stdout, stderr.
fn check(words: &str) -> (i32, String, String) {
    let output = program().args(words.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[rstest]
#[case::unknown_subcommand("dance", "dance")]
#[case::unknown_option("run --fast", "--fast")]
#[case::no_jobs("run --jobs 0", "at least 1")]
#[case::no_time("run --timeout-scale 0", "from 0.1 to 1000")]
#[case::pattern(
    "run no-such-thing",
    r#"the pattern "no-such-thing" matches no scenario"#
)]
#[case::one_of_two_patterns("run HS-053 no-such-thing", r#""no-such-thing""#)]
#[case::subject(
    "run --subject no-such-subject",
    r#"no subject is called "no-such-subject"; there are: "#
)]
#[case::explain("explain XX-999", "the register has no requirement XX-999")]
#[case::mutant(
    "mutants no-such-thing",
    r#"the pattern "no-such-thing" matches no mutant"#
)]
#[case::no_log(
    "report convert /no/such/log --to junit",
    "cannot read the log /no/such/log"
)]
#[case::format("report convert log --to pdf", "junit-reruns")]
#[case::page(
    "run HS-053 --html /no/such/folder/a.html",
    "cannot write /no/such/folder/a.html"
)]
#[case::report(
    "run HS-053 --json /no/such/folder/report.json",
    "cannot write /no/such/folder/report.json"
)]
fn usage_errors_end_with_2_and_say_what_is_wrong(#[case] words: &str, #[case] expect: &str) {
    let (code, stdout, stderr) = check(words);
    assert_eq!(code, 2, "{stdout}{stderr}");
    assert!(stderr.contains(expect), "{stderr}");
}

#[test]
fn help_names_the_subcommands_and_the_exit_codes() {
    let (code, stdout, _) = check("--help");
    assert_eq!(code, 0);
    for word in [
        "run",
        "list",
        "explain",
        "coverage",
        "mutants",
        "replay",
        "report",
        "Exit codes: 0 passed",
    ] {
        assert!(stdout.contains(word), "{word} in {stdout}");
    }
    for hidden in ["guard", "keep"] {
        assert!(
            !stdout.contains(&format!("  {hidden} ")),
            "{hidden} in {stdout}"
        );
    }
}

#[test]
fn list_shows_scenarios_with_their_requirements() {
    let (code, stdout, _) = check("list");
    assert_eq!(code, 0);
    assert!(stdout.contains("HS-053"), "{stdout}");
    let (code, stdout, _) = check("list --json");
    assert_eq!(code, 0);
    let list: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(list[0]["requirements"][0].is_string(), "{list}");
}

#[test]
fn explain_shows_the_sentence_the_reason_and_the_source() {
    let (code, stdout, _) = check("explain hs-053");
    assert_eq!(code, 0);
    for word in [
        "HS-053 (MUST, for the plugin",
        "first thing",
        "why ",
        "source ",
        "checks ",
        "mutants ",
    ] {
        assert!(stdout.contains(word), "{word} in {stdout}");
    }
}

#[test]
fn coverage_ends_with_1_exactly_if_it_shows_a_gap() {
    let (code, stdout, _) = check("coverage");
    let gap = ["NO CHECK", "NO MUTANT", "not in the register"]
        .iter()
        .any(|word| stdout.contains(word));
    assert_eq!(code, i32::from(gap), "{stdout}");
    let (json_code, stdout, _) = check("coverage --json");
    let rows: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((json_code, rows[0]["checks"].is_array()), (code, true));
}

#[test]
fn a_run_that_passes_ends_with_0_and_writes_its_reports() {
    built::fake();
    let folder = tempfile::tempdir().unwrap();
    let (json, junit) = (
        folder.path().join("report.json"),
        folder.path().join("report.xml"),
    );
    let words = format!(
        "run HS-053 --subject rust-fake --seed 5 --json {} --junit {}",
        json.display(),
        junit.display()
    );
    let (code, stdout, stderr) = check(&words);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("seed 5"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "{stdout}");
    let lines = fs::read_to_string(json).unwrap();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["verdict"]),
        (&"run_ended".into(), &"passed".into())
    );
    assert!(fs::read_to_string(junit).unwrap().contains("HS-053"));
}

#[test]
fn a_plugin_that_does_nothing_ends_with_1_and_has_passed_nothing() {
    built::fake();
    let plans = tempfile::tempdir().unwrap();
    let words = format!(
        "run HS-053 --subject null-exit --plans-dir {}",
        plans.path().display()
    );
    let (code, stdout, stderr) = check(&words);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("never became ready"), "{stdout}");
    assert!(stdout.contains("0.0 %"), "{stdout}");
}

/// A run that is in the middle of a case with a plugin that says nothing.
struct Middle {
    run: Child,
    folder: tempfile::TempDir,
}

impl Middle {
    fn reach() -> Middle {
        built::fake();
        let folder = tempfile::tempdir().unwrap();
        let run = program()
            .args(["run", "HS-053", "--subject", "null-silent"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let middle = Middle { run, folder };
        assert!(
            within(Duration::from_secs(20), || middle.marked() > 0),
            "no plugin was started"
        );
        middle
    }

    fn run_folder(&self) -> Option<String> {
        let entries = fs::read_dir(self.folder.path()).ok()?.flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names
            .into_iter()
            .find(|name| name.starts_with("plugin-conformance-"))
    }

    /// How many processes carry a mark of a run in this folder.
    fn marked(&self) -> usize {
        let Some(mark) = self.run_folder() else {
            return 0;
        };
        count_marked(&mark)
    }
}

fn count_marked(mark: &str) -> usize {
    let wanted = format!("PLUGIN_HOST_RUN={mark}");
    let carries = |path: &Path| {
        let environ = fs::read(path.join("environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry.starts_with(wanted.as_bytes()))
    };
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| carries(&entry.path()))
        .count()
}

/// Whether a condition comes true in time; looked at as often as the machine allows.
fn within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[rstest]
#[case::killed(Signal::KILL, None)]
#[case::interrupted(Signal::INT, Some(3))]
#[case::terminated(Signal::TERM, Some(3))]
fn a_run_that_is_ended_from_outside_leaves_nothing(
    #[case] signal: Signal,
    #[case] code: Option<i32>,
) {
    let mut middle = Middle::reach();
    let mark = middle.run_folder().unwrap();
    let pid = Pid::from_child(&middle.run);
    kill_process(pid, signal).unwrap();
    let status = middle.run.wait().unwrap();
    assert_eq!(status.code(), code, "what was not played is inconclusive");
    assert!(
        within(Duration::from_secs(5), || count_marked(&mark) == 0),
        "processes are left"
    );
    assert!(
        within(Duration::from_secs(5), || middle.run_folder().is_none()),
        "the folder is left"
    );
}
