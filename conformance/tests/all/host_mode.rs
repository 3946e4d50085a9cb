//! `run --host`: any host by its driver, judged by what it claims; and drivers that are no good.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::built;
use assert_cmd::Command;
use plugin_conformance::driver::protocol::hello::Hello;
use serde_json::Value;

/// A run with these arguments: its exit code, what it wrote, and the event log.
fn run(arguments: &[&str]) -> (i32, String, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run.jsonl");
    let output = Command::new(built::program())
        .arg("run")
        .args(arguments)
        .arg("--json")
        .arg(&log)
        .arg("--plans-dir")
        .arg(folder.path())
        .env_remove("PYTHONUNBUFFERED")
        .timeout(Duration::from_secs(400))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let events = std::fs::read_to_string(&log).unwrap_or_default();
    let events = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (output.status.code().unwrap_or(-1), text, events)
}

/// The outcome of each requirement in each scenario, with the reason of one that failed.
fn verdicts(events: &[Value]) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "case_ended") {
        for judged in event["judgements"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let outcome = &judged["outcome"];
            let found = text(outcome.get("outcome").unwrap_or(outcome));
            let reason = text(&judged["reason"]) + &text(&outcome["reason"]);
            let key = (text(&event["scenario"]), text(&judged["id"]));
            all.insert(key, format!("{found} {reason}"));
        }
    }
    all
}

fn driver(rest: &str) -> String {
    let program = built::program();
    format!("'{}' drive {rest}", program.display())
}

/// One scenario of each kind that takes no time, and one that waits.
const SOME: [&str; 9] = [
    "host/handshake/core-version",
    "host/handshake/no-handshake",
    "host/child/*",
    "host/command/*",
    "host/activation/order",
    "host/hooks/fields",
    "host/health/call",
    "host/stop/asked",
    "host/stop/by-itself",
];

#[test]
fn our_own_host_is_judged_alike_through_either_door() {
    let (own, text, events) = run(&[&SOME[..], &["--subject", "host", "--seed", "1"]].concat());
    assert_eq!(own, 0, "{text}");
    let named = verdicts(&events);
    assert!(named.len() > 20, "{named:?}");
    let command = driver("");
    let (given, text, events) = run(&[&SOME[..], &["--host", &command, "--seed", "1"]].concat());
    assert_eq!(given, 0, "{text}");
    assert_eq!(verdicts(&events), named);
}

#[test]
fn what_a_driver_does_not_claim_is_not_applicable_and_counted() {
    let command = driver("--claim minimal");
    let arguments = ["host/fan-out/*", "host/child/*", "--host", &command];
    let (exit, text, events) = run(&arguments);
    assert_eq!(exit, 0, "{text}");
    let verdicts = verdicts(&events);
    let of = |id: &str| {
        let found = verdicts.iter().find(|((_, judged), _)| judged == id);
        found.unwrap().1.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(of("FO-001"), "not_applicable", "{text}");
    assert_eq!(of("EV-003"), "not_applicable", "{text}");
    assert_eq!(of("PR-006"), "passed", "{text}");
    assert!(text.contains("not applicable"), "{text}");
}

#[test]
fn what_is_claimed_and_dead_has_failed() {
    let command = driver("--claim dead:fan_out");
    let (exit, text, events) = run(&["host/fan-out/*", "--host", &command]);
    assert_eq!(exit, 1, "{text}");
    let verdicts = verdicts(&events);
    let dead = verdicts
        .values()
        .filter(|verdict| *verdict == "failed claimed-and-dead");
    assert!(dead.count() >= 3, "{verdicts:?}");
    assert!(text.contains("does not know it"), "{text}");
}

#[test]
fn the_least_that_a_driver_does_is_enough_for_sixty_requirements() {
    let command = driver("--claim minimal");
    let (exit, text, events) = run(&["host/*", "--host", &command, "--plans", "1", "--jobs", "8"]);
    assert_eq!(exit, 0, "{text}");
    let mut judged: Vec<String> = verdicts(&events)
        .into_iter()
        .filter(|(_, verdict)| verdict.starts_with("passed"))
        .map(|((_, id), _)| id)
        .collect();
    judged.sort();
    judged.dedup();
    assert!(judged.len() >= 60, "{}: {judged:?}", judged.len());
}

/// A driver in a line of shell; it is read to the end of its stdin unless it says otherwise.
fn shell(script: &str) -> String {
    format!("sh -c '{script}'")
}

#[test]
fn a_driver_that_is_no_good_is_refused_by_name() {
    let minimal = serde_json::to_string(&Hello::all("a host")).unwrap();
    let claiming = |claims: &str| {
        shell(&format!(
            r#"read a; echo "{{\"id\":1,\"ok\":{}}}""#,
            claims.replace('"', "\\\"")
        ))
    };
    let rows = [
        (
            shell("exit 3"),
            "ended before it answered \"hello\"",
            "Ends",
        ),
        (shell("echo my words >&2; read a"), "my words", "Ends"),
        (
            shell("echo Loading; read a"),
            "line 1 of its stdout is no message: it is no JSON",
            "Lines",
        ),
        (
            shell(
                r#"read a; echo "{\"id\":1,\"error\":{\"kind\":\"unsupported\",\"message\":\"\"}}""#,
            ),
            "does not know it",
            "Claims",
        ),
        (claiming("{}"), "missing field", "Orders"),
        (
            claiming(&minimal.replace("\"protocol\":1", "\"protocol\":7")),
            "version 7",
            "Claims",
        ),
        (
            claiming(&minimal.replace("\"wait_exit\"", "\"metrics\"")),
            "claim the order \"wait_exit\"",
            "Claims",
        ),
        (
            claiming(&minimal.replace("\"metrics\"", "\"dance\"")),
            "claims \"dance\" among its orders",
            "Claims",
        ),
        (
            "/nonexistent/driver".to_owned(),
            "cannot start the host",
            "",
        ),
        ("'".to_owned(), "a quote has no end", ""),
    ];
    for (command, words, section) in rows {
        let began = Instant::now();
        let (exit, text, events) = run(&["host/*", "--host", &command]);
        assert_eq!((exit, events.len()), (2, 0), "{command}: {text}");
        let page = match section {
            "" => String::new(),
            section => format!("(conformance/HOST.md, \"{section}\")"),
        };
        assert!(
            text.contains(words) && text.contains(&page),
            "{command}: {text}"
        );
        assert!(began.elapsed() < Duration::from_secs(60), "{command}");
    }
}

#[test]
fn what_is_wrong_with_a_driver_is_said_once() {
    let rows = [
        (
            "/nonexistent/driver".to_owned(),
            "No such file or directory",
        ),
        (
            shell("exit 3"),
            "ended before it answered \"hello\"; it wrote nothing to stderr",
        ),
        (
            shell("echo my words >&2; exit 3"),
            r#"its stderr ends with "my words\n""#,
        ),
        (
            shell(r#"read a; echo "{\"id\":1,\"ok\":{}}""#),
            "missing field",
        ),
        (
            shell(
                r#"read a; echo "{\"id\":1,\"ok\":{\"protocol\":7,\"host\":\"x\",\"orders\":[],\"features\":[]}}""#,
            ),
            "version 7",
        ),
    ];
    for (command, words) in rows {
        let (exit, text, _) = run(&["host/*", "--host", &command]);
        assert_eq!(exit, 2, "{command}: {text}");
        assert_eq!(text.matches(words).count(), 1, "{command}: {text}");
        assert!(!text.contains("\"\""), "{command}: {text}");
    }
}

#[test]
fn a_driver_that_hangs_is_given_ten_seconds() {
    let began = Instant::now();
    let (exit, text, _) = run(&["host/*", "--host", &shell("exec sleep 300")]);
    assert_eq!(exit, 2, "{text}");
    assert!(
        text.contains("did not answer \"hello\" within 10s"),
        "{text}"
    );
    assert!(began.elapsed() < Duration::from_secs(100));
}

#[test]
fn a_driver_that_goes_wrong_later_is_inconclusive_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("driver.py");
    let hello = serde_json::to_string(&Hello::all("a host")).unwrap();
    let text = format!(
        "import json, sys\n\
         for line in sys.stdin:\n\
         \x20   order = json.loads(line)\n\
         \x20   if order['do'] == 'hello':\n\
         \x20       print(json.dumps({{'id': order['id'], 'ok': json.loads('{hello}')}}), flush=True)\n\
         \x20   else:\n\
         \x20       print('Traceback: boom', flush=True)\n"
    );
    std::fs::write(&script, text).unwrap();
    let command = format!("python3 '{}'", script.display());
    let (exit, text, _) = run(&["host/health/call", "--host", &command]);
    assert_eq!(exit, 3, "{text}");
    let expected = "line 1 of its stdout is no message: it is no JSON: expected value at line 1 column 1: \"Traceback: boom\"";
    assert!(text.contains(expected), "{text}");
}
