//! What the server behind the API holds: kept in a store when the host is killed, begun with and ended with as a document.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use fake_interpreters::Script;
use fake_interpreters::journal::{self, Event};
use fake_interpreters::script::Serve;
use plugin_host::memory::Memory;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::served::{LONG, Served};
use crate::built;

const ID: &str = "com.example.writer";
/// What is in each pair.
const VALUE: &str = "eHl6";

/// A plugin that writes one pair after the other, each when the one before was answered.
fn writer(folder: &Path, pairs: usize) {
    let serving = Script::serving(Serve::good()).wait_for("answered:OnActivate");
    let script = (0..pairs).fold(serving, |script, number| {
        let key = format!("key {number}");
        script.api("KVSet", json!({"key": key, "value": VALUE}))
    });
    fake_interpreters::place(folder, built::fake(), ID, &script).unwrap();
}

/// How many writes were answered; each has to have been a good answer.
fn answered(folder: &Path) -> usize {
    let entries = journal::read(&folder.join(journal::FILE)).unwrap_or_default();
    let answers = entries.into_iter().filter_map(|entry| match entry.event {
        Event::Api {
            response, status, ..
        } => Some((response, status)),
        _ => None,
    });
    let of = |(response, status): (Option<Value>, Option<String>)| match response {
        // The host is gone.
        None => status.map(|_| 0).unwrap(),
        Some(answer) => {
            assert_eq!(answer["error"], Value::Null, "{answer}");
            1
        }
    };
    answers.map(of).sum()
}

fn wait_for_answers(folder: &Path, count: usize) {
    let until = Instant::now() + LONG;
    while answered(folder) < count {
        assert!(
            Instant::now() < until,
            "{} answers, not {count}",
            answered(folder)
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// The numbers of the pairs that a document holds.
fn pairs(document: &str) -> Vec<usize> {
    let document: Value = serde_json::from_str(document).unwrap();
    let rows = document["plugin_key_values"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let number = |row: &Value| {
        let number = row["key"]
            .as_str()
            .unwrap()
            .strip_prefix("key ")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(row["value"], VALUE, "{row}");
        number
    };
    let mut numbers: Vec<_> = rows.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_was_answered_is_there_after_the_host_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, store) = (folder.path().join("plugin"), folder.path().join("store"));
    let store = store.to_str().unwrap();
    writer(&plugin, 3000);
    let mut served = Served::start(built::program(), &["--store", store], &[&plugin]);
    wait_for_answers(&plugin, 20);
    // In the middle of writing.
    served.signal(Signal::KILL);
    assert_eq!(served.end().code(), None);
    let sure = answered(&plugin);
    assert!(sure < 3000, "it was over before it was killed");

    // The next host has all of it, and one more pair at most: that of the call under way.
    let saved = folder.path().join("saved.json");
    writer(&plugin, 0);
    let arguments = ["--store", store, "--save-fixtures", saved.to_str().unwrap()];
    let mut served = Served::start(built::program(), &arguments, &[&plugin]);
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
    let numbers = pairs(&fs::read_to_string(&saved).unwrap());
    assert!(
        numbers.len() == sure || numbers.len() == sure + 1,
        "{sure} answered, {} kept",
        numbers.len()
    );
    assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>());
}

#[test]
fn a_plugin_that_crashes_finds_what_it_left_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("plugin");
    let first = Script::serving(Serve::good())
        .wait_for("answered:OnActivate")
        .api("KVSet", json!({"key": "k", "value": "eHl6"}))
        .exit(3);
    let second = Script::serving(Serve::good())
        .wait_for("answered:OnActivate")
        .api("KVGet", json!({"key": "k"}));
    let script = first.next_start().then(&second);
    fake_interpreters::place(&plugin, built::fake(), ID, &script).unwrap();
    let served = Served::start(built::program(), &[], &[&plugin]);
    wait_for_answers(&plugin, 2);
    let entries = journal::read(&plugin.join(journal::FILE)).unwrap();
    let got = entries.into_iter().filter_map(|entry| match entry.event {
        Event::Api {
            method, response, ..
        } if method == "KVGet" => response,
        _ => None,
    });
    assert_eq!(got.collect::<Vec<_>>(), [json!({"value": "eHl6"})]);
    drop(served);
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fixtures.example.json")
}

#[test]
fn a_document_to_begin_with_and_one_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, saved) = (
        folder.path().join("plugin"),
        folder.path().join("saved.json"),
    );
    writer(&plugin, 1);
    let example = example();
    let arguments = [
        "--fixtures",
        example.to_str().unwrap(),
        "--save-fixtures",
        saved.to_str().unwrap(),
    ];
    let mut served = Served::start(built::program(), &arguments, &[&plugin]);
    assert!(
        served
            .said
            .iter()
            .any(|line| line.contains("fixtures.example.json: 10 rows")),
        "{:#?}",
        served.said
    );
    wait_for_answers(&plugin, 1);
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
    let document = fs::read_to_string(&saved).unwrap();
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value["users"][0]["username"], "anna");
    assert_eq!(value["plugin_key_values"].as_array().map(Vec::len), Some(2));
    // It is one to begin with.
    let memory = Memory::default();
    memory
        .load_fixtures("saved.json", document.as_bytes())
        .unwrap();
    assert_eq!(memory.fixtures().unwrap(), document);
}

#[test]
fn what_cannot_be_begun_with_is_said_and_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("plugin");
    writer(&plugin, 0);
    let file = folder.path().join("file");
    fs::write(&file, "{\"version\": 1,\n \"users\": [,]}").unwrap();
    let missing = folder.path().join("missing");
    for (option, file, reason) in [
        ("--store", &file, "file is no store"),
        (
            "--fixtures",
            &file,
            "file: users[0]: not JSON: expected value at line 2 column 12",
        ),
        ("--fixtures", &missing, "cannot read the fixtures"),
    ] {
        let output = Command::cargo_bin("plugin-conformance")
            .unwrap()
            .args(["serve", "--listen", "127.0.0.1:0", option])
            .args([file, &plugin])
            .timeout(LONG)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
    // Where nothing can be written at the end, the end is not a good one.
    let nowhere = folder.path().join("no/where.json");
    let arguments = ["--save-fixtures", nowhere.to_str().unwrap()];
    let mut served = Served::start(built::program(), &arguments, &[&plugin]);
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(1));
    served.line("the fixtures are not saved");
}
