//! Fault plans from outside: what a run keeps of a host with a fault, and what `replay` makes of it.

use std::fs;
use std::path::{Path, PathBuf};

use plugin_conformance::fault_plan::stored::StoredPlan;
use rstest::rstest;

use super::check;

/// A stored plan of these steps, as JSON.
fn plan(steps: &str) -> String {
    format!(
        r#"{{
  "suite_version": "0.1.0",
  "subject": "host",
  "requirement": "FP-005",
  "reason": "process-left",
  "plan": {{
    "format": 1,
    "seed": 7,
    "side": "host",
    "steps": [
{steps}
    ]
  }}
}}
"#
    )
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("plan.json");
    fs::write(&file, text).unwrap();
    file
}

/// The files that a run kept below a folder.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path().join("plan.json"))
        .collect()
}

#[rstest]
#[case::activation_error_ignored("host/plans-activation-error-ignored", "FP-003", "wrong-start")]
#[case::errors_look_alike("host/plans-errors-look-alike", "FP-002", "wrong-outcome")]
#[case::lock_stays("plugin/plans-lock-stays", "FP-053", "does-not-start-again")]
fn a_fault_leaves_a_small_plan_that_shows_it_every_time(
    #[case] mutant: &str,
    #[case] requirement: &str,
    #[case] reason: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let words = ["run", requirement, "--subject", mutant, "--seed", "3"];
    let (code, stdout, stderr) = check(folder.path(), &words);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let plans = folder.path().join("plugin-conformance-plans");
    // One fault may break other requirements, too, each with a plan of its own.
    let all = kept(&plans);
    let breaks = format!("-{requirement}-{reason}-");
    let is_wanted = |file: &&PathBuf| file.to_string_lossy().contains(&breaks);
    let files: Vec<_> = all.iter().filter(is_wanted).collect();
    assert_eq!(files.len(), 1, "{all:?} {stdout}");
    let file = files[0]
        .strip_prefix(folder.path())
        .unwrap()
        .to_str()
        .unwrap();
    let reproduce = format!("plugin-conformance replay {file}");
    assert!(
        stdout.replace("\n               ", "").contains(&reproduce),
        "{reproduce} in {stdout}"
    );
    let stored = StoredPlan::parse(&fs::read_to_string(files[0]).unwrap()).unwrap();
    assert_eq!(
        (
            stored.requirement.as_str(),
            stored.reason.as_str(),
            stored.subject.as_str()
        ),
        (requirement, reason, mutant)
    );
    assert!(stored.plan.steps.len() <= 3, "{}", stored.plan);

    let (code, stdout, stderr) = check(folder.path(), &["replay", file, "--repeat", "20"]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let same = format!("the stored verdict: {requirement} failed by {reason} in 20 of 20 plays");
    assert!(stdout.contains(&same), "{stdout}");

    let healthy = if mutant.starts_with("host/") {
        "host"
    } else {
        "rust-fake"
    };
    let (code, stdout, stderr) = check(folder.path(), &["replay", file, "--subject", healthy]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("not the stored verdict"), "{stdout}");
    assert_eq!(kept(&plans).len(), all.len(), "a replay keeps nothing");
}

#[test]
fn a_plan_without_steps_judges_every_requirement_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), &plan(""));
    let (code, stdout, stderr) = check(folder.path(), &["replay", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("0 steps: no step"), "{stdout}");
    assert!(!folder.path().join("plugin-conformance-plans").exists());
}

const STEP: &str = r#"      {"at": "idle", "do": {"exit": {"code": 3}}}"#;

#[rstest]
#[case::field(
    r#"      {"at": "idle", "do": {"exit": {"kode": 3}}}"#,
    "unknown field `kode`",
    11
)]
#[case::point(
    r#"      {"at": "nowhere", "do": {"exit": {"code": 3}}}"#,
    "unknown variant `nowhere`",
    11
)]
#[case::pair(
    r#"      {"at": "idle", "do": {"hang": {}}}"#,
    "hang cannot happen at idle",
    11
)]
#[case::value(
    r#"      {"at": "idle", "do": {"hooks": {"count": 17}}}"#,
    "`hooks.count` is 17",
    11
)]
fn a_file_that_is_no_plan_ends_with_2_and_names_field_and_line(
    #[case] steps: &str,
    #[case] expect: &str,
    #[case] line: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), &plan(steps));
    let (code, _, stderr) = check(folder.path(), &["replay", file.to_str().unwrap()]);
    assert_eq!(code, 2, "{stderr}");
    for part in [
        format!("{} is no plan that can be played", file.display()),
        expect.to_owned(),
        format!("at line {line} column"),
    ] {
        assert!(stderr.contains(&part), "{part} in {stderr}");
    }
}

#[test]
fn what_cannot_be_replayed_ends_with_2_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let expect = |words: &[&str], text: &str| {
        let (code, stdout, stderr) = check(folder.path(), words);
        assert_eq!(code, 2, "{words:?}: {stdout}{stderr}");
        assert!(stderr.contains(text), "{text} in {stderr}");
    };
    let file = written(folder.path(), &plan(STEP));
    let file = file.to_str().unwrap();
    expect(
        &["replay", "nowhere.json"],
        "cannot read the plan nowhere.json",
    );
    expect(&["replay"], "<FILE>");
    expect(&["replay", file, "--repeat", "0"], "at least 1");
    expect(
        &["replay", file, "--subject", "nobody"],
        r#"no subject is called "nobody""#,
    );
    expect(&["replay", file, "--subject", "rust-fake"], "rust-fake");
    expect(
        &["replay", file, "--subject", "host", "--plugin", "."],
        "cannot be used with",
    );
    expect(&["run", "--plans", "0"], "at least 1");
    let other = fs::read_to_string(file)
        .unwrap()
        .replace(r#""format": 1"#, r#""format": 9"#);
    fs::write(file, other).unwrap();
    expect(
        &["replay", file],
        "`format` is 9; this version of the suite reads format 1 at line 7",
    );
}
