//! `ci/gate` and the action that calls it, from outside: the exit codes, and every report in its place.

mod action;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fake_interpreters::{Fault, Script};
use rstest::rstest;
use tempfile::TempDir;

use self::action::Action;
use crate::built;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A plugin folder, and a folder for what is made of it.
struct Release {
    folder: TempDir,
}

impl Release {
    fn of(script: &Script) -> Release {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin");
        fake_interpreters::place(&plugin, built::fake(), "com.example.release", script).unwrap();
        fs::write(folder.path().join("known.toml"), "# Nothing yet.\n").unwrap();
        Release { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Runs a command in the folder: its exit code and everything it says.
    fn run(&self, command: &mut Command) -> (i32, String) {
        let output = command
            .current_dir(self.folder.path())
            .env("PLUGIN_CONFORMANCE", built::program())
            .env("GITHUB_STEP_SUMMARY", self.file("page.md"))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    fn gate(&self, words: &str) -> (i32, String) {
        let mut gate = Command::new(root().join("ci/gate"));
        self.run(gate.args(words.split_whitespace()))
    }
}

#[test]
fn a_good_release_passes_and_leaves_every_report() {
    let release = Release::of(&Script::testee());
    let words = "--plugin plugin --ledger known.toml --profile smoke --set 0.1 --output reports -- --seed 7";
    let (code, said) = release.gate(words);
    assert_eq!(code, 0, "{said}");
    for words in [
        "profile smoke, judged by set 0.1",
        "ledger known.toml",
        "seed 7",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(
        release
            .read("reports/events.json")
            .lines()
            .last()
            .unwrap()
            .contains("run_ended")
    );
    assert!(release.read("reports/junit.xml").contains("<testsuite"));
    assert!(release.read("reports/report.html").contains("<html"));
    assert!(release.read("reports/badge.json").contains("schemaVersion"));
    let summary = release.read("reports/summary.md");
    assert!(!summary.is_empty());
    assert_eq!(release.read("page.md"), summary);
}

fn no_handshake() -> Script {
    Fault::named("no-handshake").unwrap().script()
}

#[test]
fn a_bad_release_fails_by_name() {
    let release = Release::of(&no_handshake());
    let words = "--plugin plugin --profile smoke --output reports";
    let (code, said) = release.gate(words);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nothing-on-stdout"), "{said}");
    assert!(
        release
            .read("reports/junit.xml")
            .contains("nothing-on-stdout")
    );
}

#[test]
fn what_cannot_be_asked_is_usage() {
    let release = Release::of(&Script::testee());
    for words in [
        "",
        "--plugin",
        "--plugin plugin --fast",
        "--plugin plugin --set 9.9",
    ] {
        let (code, said) = release.gate(words);
        assert_eq!(code, 2, "{words}: {said}");
    }
}

#[test]
fn what_the_action_uses_is_declared_and_what_is_declared_is_used() {
    let action = Action::read();
    action.is_described();
    let mut inputs = BTreeSet::new();
    for expression in action.used() {
        let parts: Vec<&str> = expression.split('.').collect();
        match parts.as_slice() {
            ["inputs", name] => drop(inputs.insert((*name).to_owned())),
            ["steps", id, "outputs", _] => assert!(action.ids().contains(*id), "{expression}"),
            ["github", "action_path"] => {}
            _ => panic!("{expression} is none of those that the test can fill in"),
        }
    }
    assert_eq!(inputs, action.declared());
}

#[rstest]
#[case::good(Script::testee(), &[("profile", "smoke"), ("ledger", "known.toml"), ("set", "0.1")], 0)]
#[case::bad(no_handshake(), &[("profile", "smoke"), ("output", "a folder/of ours")], 1)]
#[case::usage(Script::testee(), &[("set", "9.9")], 2)]
fn the_action_does_what_the_script_does(
    #[case] script: Script,
    #[case] given: &[(&str, &str)],
    #[case] expect: i32,
) {
    let release = Release::of(&script);
    let program = built::program().display().to_string();
    let mut inputs = vec![("plugin", "plugin"), ("program", program.as_str())];
    inputs.extend(given);
    let job = Action::read().play(release.folder.path(), &inputs);
    assert_eq!(job.outputs["exit-code"], expect.to_string(), "{}", job.said);
    assert_eq!(job.failed, expect != 0, "{}", job.said);
    let output = given.iter().find(|(name, _)| *name == "output");
    let output = release.file(output.map_or("plugin-conformance-report", |(_, value)| *value));
    assert_eq!(job.kept, [output.as_path()]);
    assert!(output.is_dir(), "what is kept is there: {}", job.said);
    if expect == 2 {
        return;
    }
    for (name, begins) in [
        ("summary", "#"),
        ("junit", "<?xml"),
        ("html", "<!DOCTYPE html>"),
        ("badge", "{"),
    ] {
        let file = release.read(&job.outputs[name]);
        assert!(file.starts_with(begins), "{name}: {file:.100}");
        assert!(release.file(&job.outputs[name]).starts_with(&output));
    }
    assert_eq!(
        release.read("_temp/summary"),
        release.read(&job.outputs["summary"])
    );
}
