//! HashiCorp's go-plugin as a host under test: its verdict is what its ledger says, and the words that we say a Go host has are its own.
//!
//! Only where Go is, and the library can be had; elsewhere it is said that nothing was tested.

#![expect(
    clippy::print_stdout,
    reason = "whoever has no Go is told that nothing was tested"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::built;
use plugin_conformance::driver::protocol::Order;
use plugin_conformance::scenarios::host::handshake::row::Expect;
use plugin_conformance::scenarios::host::handshake::table::ROWS;
use plugin_conformance::subject::host::HostProcess;
use plugin_conformance::subject::{HostCommand, fake};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/go-host")
}

/// Runs Go in the driver's folder; nothing if there is no Go.
fn go(arguments: &[&str]) -> Option<std::process::Output> {
    Command::new("go")
        .args(arguments)
        .current_dir(folder())
        .output()
        .ok()
}

/// Builds the driver, if this machine can.
fn built(program: &Path) -> bool {
    match go(&["mod", "download"]) {
        None => {
            println!("skipped: there is no Go here (install Go 1.25 or later)");
            return false;
        }
        Some(output) if !output.status.success() => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("skipped: the library cannot be had: {why}");
            return false;
        }
        Some(_) => {}
    }
    let output = go(&["build", "-o", program.to_str().unwrap(), "."]).unwrap();
    assert!(output.status.success(), "{output:?}");
    true
}

#[test]
fn the_library_is_judged_as_its_ledger_says() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("go-host");
    if !built(&program) {
        return;
    }
    let log = place.path().join("run.jsonl");
    let output = Command::new(built::program())
        .args(["run", "host/*", "--jobs", "6", "--plans-dir"])
        .arg(place.path())
        .arg("--host")
        .arg(&program)
        .arg("--ledger")
        .arg(folder().join("ledger.toml"))
        .arg("--json")
        .arg(&log)
        .env_remove("PYTHONUNBUFFERED")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");

    let log = std::fs::read_to_string(&log).unwrap();
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let passed = events
        .iter()
        .filter_map(|event| event["judgements"].as_array())
        .flatten()
        .filter(|judged| judged["outcome"] == "passed");
    let passed: std::collections::BTreeSet<&str> =
        passed.filter_map(|judged| judged["id"].as_str()).collect();
    assert!(passed.len() >= 40, "{passed:?}");
}

/// Where the library ends its process, or reads no such field, it says nothing that could be compared.
fn is_said(words: &str) -> bool {
    !words.is_empty() && !words.contains("nil pointer")
}

/// What the table of first lines says of a Go host, against what this one says.
#[tokio::test]
async fn the_words_of_a_go_host_are_its_own() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("go-host");
    if !built(&program) {
        return;
    }
    let fake = fake::binary().unwrap();
    let command = HostCommand {
        program,
        args: Vec::new(),
    };
    let environment = [("PATH".into(), "/usr/bin:/bin".into())].into();
    let mut compared = 0;
    for (number, row) in ROWS.iter().enumerate() {
        let Expect::Refused { go, .. } = row.expect else {
            continue;
        };
        if !is_said(go) || row.id == "HS-012" || !row.is_possible() {
            continue;
        }
        let folder = place.path().join(format!("row-{number}"));
        fake_interpreters::place(&folder, &fake, "a.b", &row.script(place.path())).unwrap();
        let host =
            HostProcess::start(&command, place.path(), &environment, Arc::new(|_| {})).unwrap();
        let order = Order::Activate { dir: folder };
        let answer = host.ask(order, Duration::from_secs(60)).await.unwrap();
        let said = answer.unwrap_err().go.unwrap_or_default();
        assert!(said.contains(go), "{}: {go:?} in {said:?}", row.name);
        assert!(host.close(Duration::from_secs(60)).await);
        compared += 1;
    }
    assert!(compared >= 40, "{compared} rows");
}
