//! HashiCorp's go-plugin as a host under test: its verdict is what its ledger says, and the words that we say a Go host has are its own.
//!
//! Only where Go is, and the library can be had; elsewhere it is said that nothing was tested.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]
#![expect(
    clippy::print_stdout,
    reason = "whoever has no Go is told that nothing was tested"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use plugin_conformance::scenarios::host::handshake::row::Expect;
use plugin_conformance::scenarios::host::handshake::table::ROWS;
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
    let output = Command::new(cargo_bin("plugin-conformance"))
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
    let compared = words_of_a_go_host(&events);
    assert!(compared >= 40, "{compared} rows");
}

/// Compares what the table of first lines says of a Go host with what this one has said; how many rows were there.
fn words_of_a_go_host(events: &[Value]) -> usize {
    let mut compared = 0;
    let cases = events
        .iter()
        .filter(|event| event["event"] == "case_ended")
        .filter(|event| {
            event["scenario"]
                .as_str()
                .unwrap()
                .starts_with("host/handshake/")
        });
    for case in cases {
        let entries = case["timeline"].as_array().unwrap();
        let lines = |arrow: &str| -> Vec<Value> {
            let texts = entries.iter().filter_map(|entry| entry["text"].as_str());
            texts
                .filter_map(|text| serde_json::from_str(text.strip_prefix(arrow)?.trim()).ok())
                .collect()
        };
        let answers: BTreeMap<u64, String> = lines("←")
            .into_iter()
            .filter_map(|line| {
                Some((
                    line["id"].as_u64()?,
                    line["error"]["go"].as_str()?.to_owned(),
                ))
            })
            .collect();
        let ids: Vec<&str> = case["judgements"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|judged| judged["id"].as_str())
            .collect();
        for order in lines("→") {
            let dir = order["dir"].as_str().unwrap_or_default();
            let number = dir
                .rsplit_once("/row-")
                .and_then(|(_, number)| number.parse().ok());
            let row = number.and_then(|number: usize| {
                ROWS.iter().filter(|row| ids.contains(&row.id)).nth(number)
            });
            let said = order["id"].as_u64().and_then(|id| answers.get(&id));
            if let (Some(row), Some(said)) = (row, said)
                && let Expect::Refused { go, .. } = row.expect
            {
                assert!(said.contains(go), "{}: {go:?} in {said:?}", row.name);
                compared += 1;
            }
        }
    }
    compared
}
