//! `ci/gate` and what the action calls, from outside: the exit codes, and every report in its place.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use fake_interpreters::{Fault, Script};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A plugin folder, and a folder for what is made of it.
struct Release {
    folder: TempDir,
}

impl Release {
    fn of(script: &Script) -> Release {
        escargot::CargoBuild::new()
            .package("fake-interpreters")
            .bin("fake-interpreter")
            .run()
            .unwrap();
        let binary = cargo_bin!("plugin-conformance").with_file_name("fake-interpreter");
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugin");
        fake_interpreters::place(&plugin, &binary, "com.example.release", script).unwrap();
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
            .env("PLUGIN_CONFORMANCE", cargo_bin!("plugin-conformance"))
            .env("GITHUB_STEP_SUMMARY", self.file("page.md"))
            .env("GITHUB_OUTPUT", self.file("outputs"))
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

#[test]
fn a_bad_release_fails_by_name() {
    let fault = Fault::named("no-handshake").unwrap();
    let release = Release::of(&fault.script());
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

/// The step of the action, run as the service runs it: the same words, in `sh`, with its inputs in the environment.
#[test]
fn the_action_does_what_the_script_does() {
    let action = fs::read_to_string(root().join("ci/action/action.yml")).unwrap();
    let (_, step) = action.split_once("      run: |\n").unwrap();
    let lines = step.lines().map_while(|line| line.strip_prefix("        "));
    let step = lines.collect::<Vec<_>>().join("\n");
    let release = Release::of(&Script::testee());
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", &step])
        .env("ACTION", root().join("ci/action"))
        .env("PLUGIN", "plugin")
        .env("LEDGER", "known.toml")
        .env("PROFILE", "smoke")
        .env("PINNED", "")
        .env("OUTPUT", "reports")
        .env("PROGRAM", "");
    let (code, said) = release.run(&mut shell);
    assert_eq!(code, 0, "{said}");
    assert_eq!(release.read("outputs"), "exit-code=0\n");
    assert!(release.file("reports/report.html").is_file(), "{said}");
}
