//! What is left of a failure from outside: texts, logs and plans hold nothing that opens a door, and a case that was kept shows the same again.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::built::{self, fake};
use rstest::rstest;

/// Runs the suite in a folder with this fake: exit code and stdout.
fn run(folder: &Path, fake: &Path, words: &str) -> (i32, String) {
    let output = Command::new(built::program())
        .args(words.split_whitespace())
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("PYTHONUNBUFFERED")
        .env("PLUGIN_CONFORMANCE_FAKE", fake)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), stdout)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

/// The plan in a folder that shows this requirement.
fn plan(folder: &Path, id: &str) -> PathBuf {
    let shows = |file: &PathBuf| {
        fs::read_to_string(file)
            .unwrap()
            .contains(&format!("\"{id}\""))
    };
    let plans = files(&folder.join("plugin-conformance-plans"));
    let plans: Vec<PathBuf> = plans.into_iter().filter(shows).collect();
    assert_eq!(plans.len(), 1, "{plans:?}");
    plans[0].clone()
}

#[rstest]
#[case::environment("EV-004", "host/leaks-secrets")]
#[case::cookie("EV-001", "host/wrong-cookie")]
#[case::stop("ST-002", "host/kills-at-once")]
#[case::api("AP-003", "host/kv-cuts-at-zero")]
#[case::plan("FP-004", "host/plans-second-process")]
#[case::plugin("HK-055", "plugin/modify-drops-props")]
fn nothing_that_opens_a_door_is_in_what_is_left_of_a_failure(
    #[case] id: &str,
    #[case] mutant: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let tokens = outside.path().join("tokens");
    let spy = outside.path().join("spy");
    let script = format!(
        "#!/bin/sh\necho \"$MATTERMOST_PLUGIN_API_TOKEN\" >> '{}'\nexec '{}' \"$@\"\n",
        tokens.display(),
        fake().display()
    );
    fs::write(&spy, script).unwrap();
    fs::set_permissions(&spy, fs::Permissions::from_mode(0o755)).unwrap();

    let words = format!("run {id} --subject {mutant} --json run.json --junit run.xml --seed 7");
    let (code, stdout) = run(folder.path(), &spy, &words);
    assert_eq!(code, 1, "{stdout}");
    let tokens = fs::read_to_string(&tokens).unwrap();
    let tokens: BTreeSet<&str> = tokens.lines().filter(|token| !token.is_empty()).collect();
    assert!(!tokens.is_empty());
    let fixed = ["Securely message teams", "secret-1", "secret-2", "secret-3"];
    let secrets: Vec<&str> = tokens.into_iter().chain(fixed).collect();
    let kept = files(folder.path());
    assert!(
        kept.iter().any(|file| file.ends_with("plan.json")),
        "{kept:?}"
    );
    let texts = kept.iter().map(|file| {
        (
            file.display().to_string(),
            fs::read_to_string(file).unwrap(),
        )
    });
    for (name, text) in texts.chain([("stdout".to_owned(), stdout.clone())]) {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
    }
    if id == "EV-004" {
        let log = fs::read_to_string(folder.path().join("run.json")).unwrap();
        assert!(log.contains("AWS_SECRET_ACCESS_KEY"), "{log}");
        assert!(log.contains("PLUGIN_MIN_PORT=10000"), "{log}");
    }
}

#[rstest]
#[case::handshake("HS-006", "host/ignores-core-version")]
#[case::process("PR-004", "host/extra-argument")]
#[case::environment("EV-004", "host/leaks-secrets")]
#[case::hook("HK-055", "plugin/modify-drops-props")]
#[case::plugin_line("HS-055", "plugin/core-version-two")]
fn a_case_that_was_kept_shows_the_same_again(#[case] id: &str, #[case] mutant: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = run(
        folder.path(),
        fake(),
        &format!("run {id} --subject {mutant}"),
    );
    assert_eq!(code, 1, "{told}");
    let file = plan(folder.path(), id);
    let relative = file
        .strip_prefix(folder.path())
        .unwrap()
        .display()
        .to_string();
    let reproduce = format!("  reproduce:   plugin-conformance replay {relative}\n");
    assert!(told.contains(&reproduce), "{told}");
    let (code, played) = run(
        folder.path(),
        fake(),
        &format!("replay {relative} --repeat 5"),
    );
    assert_eq!(code, 1, "{played}");
    let verdict = played
        .lines()
        .find(|line| line.starts_with("the stored verdict: "));
    let verdict = verdict.unwrap_or_else(|| panic!("{played}"));
    assert!(verdict.contains(&format!("{id} failed by ")), "{verdict}");
    assert!(verdict.contains(" in 5 of 5 plays"), "{verdict}");
    assert!(
        verdict.contains(", in 5 of them first contradicted by: "),
        "{played}"
    );
}

#[test]
fn a_sound_subject_does_not_show_what_was_kept_of_another() {
    let folder = tempfile::tempdir().unwrap();
    run(
        folder.path(),
        fake(),
        "run HS-006 --subject host/ignores-core-version",
    );
    let file = plan(folder.path(), "HS-006").display().to_string();
    let (code, played) = run(
        folder.path(),
        fake(),
        &format!("replay {file} --subject host"),
    );
    assert_eq!(code, 0, "{played}");
    assert!(
        played.contains("not the stored verdict: HS-006"),
        "{played}"
    );
}

#[test]
fn explain_plays_what_keeps_a_requirement_and_each_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = run(folder.path(), fake(), "explain HS-054 --play");
    assert_eq!(code, 0, "{told}");
    for head in [
        "PASSED HS-054 MUST - ",
        "with plugin/no-newline\n",
        "with plugin/no-handshake\n",
    ] {
        assert!(told.contains(head), "{head} in {told}");
    }
}
