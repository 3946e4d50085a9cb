//! Our driver as a program: what it reads, what it writes, and how it ends.

use std::process::Stdio;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::{Value, json};

/// What the driver answers to these lines, in the order of their ids; events are left out.
fn answers(arguments: &[&str], lines: &[&str]) -> Vec<Value> {
    let output = Command::cargo_bin("plugin-conformance")
        .unwrap()
        .arg("drive")
        .args(arguments)
        .write_stdin(
            lines
                .iter()
                .map(|line| format!("{line}\n"))
                .collect::<String>(),
        )
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut messages: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(messages.last().unwrap()["event"], "over", "{text}");
    messages.retain(|message| message.get("id").is_some());
    messages.sort_by_key(|message| message["id"].as_u64());
    messages
}

#[test]
fn the_end_of_stdin_ends_the_driver() {
    assert_eq!(answers(&[], &[]), Vec::<Value>::new());
    assert_eq!(
        answers(&["--fault", "no-guard"], &[r#"{"id":1,"do":"configure"}"#]).len(),
        1
    );
}

#[test]
fn orders_that_make_no_sense_are_refused_by_name() {
    let lines = [
        "nonsense",
        r#"{"id":2,"do":"dance"}"#,
        r#"{"id":3,"do":"hook","plugin":"a.b","hook":"NoSuchHook"}"#,
        r#"{"id":4,"do":"hook","plugin":"a.b","hook":"OnActivate","request":{"nonsense":1}}"#,
        r#"{"id":5,"do":"hook","plugin":"a.b.c","hook":"OnActivate"}"#,
        r#"{"id":6,"do":"health","plugin":"?"}"#,
        r#"{"id":7,"do":"activate","dir":"/nonexistent"}"#,
        r#"{"id":8,"do":"restart","plugin":"a.b.c"}"#,
        r#"{"id":9,"do":"configure"}"#,
        r#"{"id":10,"do":"shutdown"}"#,
    ];
    let kinds: Vec<Value> = answers(&[], &lines)
        .iter()
        .map(|answer| answer["error"]["kind"].clone())
        .collect();
    let expected = json!([
        "order.misunderstood",
        "order.misunderstood",
        "hook.unknown",
        "hook.request",
        "plugin.not_running",
        "plugin.id",
        "manifest.missing",
        "environment.not_found",
        "order.late",
        null
    ]);
    assert_eq!(Value::from(kinds), expected);
}

#[test]
fn lines_that_are_no_orders_cost_their_answer_and_nothing_more() {
    let long = format!(r#"{{"id":3,"do":"{}"}}"#, "x".repeat(8 << 20));
    let deep = "[".repeat(100_000);
    let lines: [&[u8]; 9] = [
        b"\xff\xfe\x00",
        b"",
        b"\0\0\0",
        deep.as_bytes(),
        br#"{"id":-1,"do":"status","plugin":"a.b.c"}"#,
        br#"{"id":1,"do":["status"]}"#,
        br#"{"id":2,"do":"hook","plugin":"a.b.c","hook":{"name":"OnActivate"}}"#,
        long.as_bytes(),
        br#"{"id":4,"do":"status","plugin":"a.b.c"}"#,
    ];
    let output = Command::cargo_bin("plugin-conformance")
        .unwrap()
        .arg("drive")
        .write_stdin(lines.join(&b'\n'))
        .timeout(Duration::from_secs(60))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let messages = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut answers: Vec<(u64, Value)> = messages
        .filter_map(|message| {
            let kind = message["error"]["kind"].clone();
            Some((message["id"].as_u64()?, kind))
        })
        .collect();
    answers.sort_by_key(|answer| answer.0);
    let misunderstood = json!("order.misunderstood");
    let expected: Vec<(u64, Value)> = [0, 0, 0, 0, 0, 1, 2, 3]
        .map(|id| (id, misunderstood.clone()))
        .into_iter()
        .chain([(4, Value::Null)])
        .collect();
    assert_eq!(answers, expected);
}

#[test]
fn a_plugin_that_never_was_is_not_running() {
    let lines = [
        r#"{"id":1,"do":"status","plugin":"a.b.c"}"#,
        r#"{"id":2,"do":"wait_exit","plugin":"a.b.c","within_ms":60000}"#,
        r#"{"id":3,"do":"deactivate","plugin":"a.b.c"}"#,
        r#"{"id":4,"do":"shutdown"}"#,
    ];
    let answers = answers(&[], &lines);
    assert_eq!(answers[0]["ok"]["state"], "not_running");
    assert_eq!(answers[1]["ok"]["exited"], false);
    assert_eq!(answers[2]["ok"], json!({"stopped": false, "steps": []}));
    assert_eq!(answers[3]["ok"]["stopped"], 0);
}

#[test]
fn a_fault_that_does_not_exist_is_a_wrong_use() {
    let mut command =
        std::process::Command::new(assert_cmd::cargo::cargo_bin("plugin-conformance"));
    let status = command
        .args(["drive", "--fault", "no-such-fault"])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_front_is_opened_by_order() {
    let opened = answers(&[], &[r#"{"id":1,"do":"front","pages":true}"#]);
    let address = opened[0]["ok"]["address"].as_str().unwrap();
    let address: std::net::SocketAddr = address.parse().unwrap();
    assert!(address.ip().is_loopback() && address.port() > 0);
    let closed = answers(&[], &[r#"{"id":1,"do":"close_front","within_ms":1000}"#]);
    assert_eq!(closed[0]["error"]["kind"], "front.closed");
}
