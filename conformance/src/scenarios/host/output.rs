//! What a plugin writes after its handshake: all of it is read, and what it means is logged.

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Flood, Script, Step, Stream, Write};
use serde_json::{Value, json};

use super::stage::{Stage, good};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Called, Event, Order};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// Stdout is read to the end, whatever comes.
    "host/output/stdout" => stdout: ["PR-013"];
    /// Lines of stderr become log lines with a level.
    "host/output/levels" => levels: ["PR-014"];
    /// No line of stderr does harm.
    "host/output/hostile-stderr" => hostile_stderr: ["PR-015"], deadline(60);
}

/// How many bytes of a stream were written, as far as the writer could get.
fn written(entries: &[Entry], stream: &str) -> usize {
    let bytes = |entry: &Entry| match &entry.event {
        Seen::Wrote { to, bytes, .. } if to == stream => *bytes,
        _ => 0,
    };
    entries.iter().map(bytes).sum()
}

fn flood(to: Stream, bytes: usize, line_length: usize) -> Step {
    Step::Flood(Flood {
        to,
        bytes,
        line_length,
    })
}

async fn stdout(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    // A line of exactly the limit of a Go host, longer ones, one without end, and many.
    let script = good()
        .step(flood(Stream::Stdout, 65_536, 65_536))
        .step(flood(Stream::Stdout, 400_000, 200_000))
        .step(flood(Stream::Stdout, 2 << 20, 80))
        .step(flood(Stream::Stdout, 1 << 20, 0));
    let expected = 65_536 + 400_000 + (2 << 20) + (1 << 20);
    let folder = stage.started("plugin", &script).await?;
    let entries = stage
        .journal(&folder, |entries| written(entries, "stdout") >= expected)
        .await?;
    let bytes = written(&entries, "stdout");
    let seen = || {
        case.require("PR-013")
            .go_host("reads no further than a line of 65,536 bytes")
            .seen("bytes written", bytes)
    };
    seen().holds(
        bytes >= expected,
        format!("{expected} bytes taken"),
        format!("{bytes} bytes"),
        "stdout-not-drained",
    );
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    seen().holds(
        matches!(next, Ok(Called::Answered { .. })),
        "an answered hook",
        next.words(),
        "plugin-ended",
    );
    stage.close().await
}

/// What is written, the level it has, and a part of the message.
const LINES: &[(&str, &str, &str)] = &[
    (
        r#"{"@level":"warn","@message":"json warning","@timestamp":"2026-01-02T03:04:05.000006Z","key":1}"#,
        "warn",
        "json warning",
    ),
    (
        r#"{"@level":" ERROR ","@message":"json error","@timestamp":"2026-01-02T03:04:05.000006+01:00"}"#,
        "error",
        "json error",
    ),
    (
        r#"{"@level":"trace","@message":"json trace"}"#,
        "trace",
        "json trace",
    ),
    (
        r#"{"@level":"warning","@message":"odd level"}"#,
        "debug",
        "odd level",
    ),
    (
        r#"{"level":"error","msg":"foreign json"}"#,
        "debug",
        "foreign json",
    ),
    ("[TRACE] text trace", "trace", "text trace"),
    ("[DEBUG] text debug", "debug", "text debug"),
    ("[INFO] text info", "info", "text info"),
    ("[WARN] text warning", "warn", "text warning"),
    ("[ERROR] text error", "error", "text error"),
    ("[error] small letters", "debug", "small letters"),
    (" [ERROR] not in front", "debug", "not in front"),
    ("plain text", "debug", "plain text"),
];

const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"plugin.py\", line 7, in handler\n    raise ValueError(\"boom\")\nValueError: boom\n";

async fn levels(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs_event("log")?;
    let mut script = good();
    for (line, _, _) in LINES {
        script = script.write_stderr(&format!("{line}\n"));
    }
    let folder = stage
        .started(
            "plugin",
            &script
                .write_stderr(TRACEBACK)
                .write_stderr("[INFO] the end\n"),
        )
        .await?;
    let end = stage.event(|event| shows(event, "the end")).await;
    let control = end.map(|event| event.text("level").to_owned());
    // A host may wait for more lines of a traceback, so it may come later than what was written after it.
    stage.event(|event| shows(event, "Traceback")).await;
    let logs: Vec<Event> = stage
        .host()
        .events()
        .into_iter()
        .filter(|event| event.event == "log")
        .collect();
    let seen = || {
        case.require("PR-014")
            .seen("control: the last line's level", control.clone())
    };
    for (line, level, part) in LINES {
        let event = logs.iter().find(|event| shows(event, part));
        let got = event.map(|event| (event.plugin.clone(), event.text("level").to_owned()));
        let expected = Some((folder.id.clone(), (*level).to_owned()));
        seen().holds(
            got == expected,
            format!("{line:?} of {} at {level}", folder.id),
            got.words(),
            "wrong-level",
        );
    }
    let first = logs.iter().find(|event| shows(event, "Traceback"));
    let level = first.map(|event| event.text("level").to_owned());
    let go = || seen_with_go(case, &control);
    go().same(
        "the level of the traceback",
        Some("error"),
        level.as_deref(),
        "traceback-not-an-error",
    );
    let whole =
        first.is_some_and(|event| shows(event, "ValueError: boom") && shows(event, "line 7"));
    go().holds(
        whole,
        "a traceback in one piece",
        first.words(),
        "traceback-split",
    );
    stage.close().await
}

fn seen_with_go<'a>(case: &'a Case, control: &Option<String>) -> crate::case::judge::Witness<'a> {
    case.require("PR-014")
        .go_host("logs each line of it at debug")
        .seen("control: the last line's level", control.clone())
}

/// Whether a log event has this text.
fn shows(event: &Event, part: &str) -> bool {
    event.event == "log"
        && (event.text("message").contains(part) || event.text("raw").contains(part))
}

async fn hostile_stderr(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let hex = |digits: &str| {
        Step::Write(Write {
            to: Stream::Stderr,
            hex: Some(digits.to_owned()),
            pieces: 1,
            ..Write::default()
        })
    };
    let rows = [
        (
            "number as level",
            good().write_stderr("{\"@level\": 3, \"@message\": \"m\"}\n"),
        ),
        (
            "number as message",
            good().write_stderr("{\"@level\": \"info\", \"@message\": 5}\n"),
        ),
        (
            "object as time",
            good().write_stderr("{\"@message\": \"m\", \"@timestamp\": {}}\n"),
        ),
        ("null", good().write_stderr("null\n[]\n{}\n\"x\"\n7\n")),
        (
            "deep JSON",
            good().write_stderr(&format!("{}\n", "[".repeat(60_000))),
        ),
        ("no UTF-8", good().step(hex("ff00fe1b5b33316d0a"))),
        (
            "exactly 65,536",
            good().step(flood(Stream::Stderr, 65_537, 65_537)),
        ),
        (
            "overlong",
            good().step(flood(Stream::Stderr, 600_000, 300_000)),
        ),
        (
            "without end",
            good().step(flood(Stream::Stderr, 1 << 20, 0)),
        ),
        (
            "many empty lines",
            good().step(flood(Stream::Stderr, 50_000, 1)),
        ),
    ];
    for (number, (what, script)) in rows.into_iter().enumerate() {
        let bytes: usize = match script_bytes(&script) {
            0 => 1,
            bytes => bytes,
        };
        let folder = stage.place(&format!("row-{number}"), &script)?;
        let activated = stage
            .try_ask::<Value>(Order::Activate {
                dir: folder.directory.clone(),
            })
            .await;
        let entries = stage
            .journal(&folder, |entries| written(entries, "stderr") >= bytes)
            .await?;
        let taken = written(&entries, "stderr");
        let order = Order::Hook {
            plugin: folder.id.clone(),
            hook: "MessageHasBeenPosted".to_owned(),
            request: json!({}),
        };
        let next = stage.try_ask::<Called>(order).await;
        let seen = || {
            case.require("PR-015")
                .seen(what, format!("{taken} bytes written to stderr"))
        };
        let ended = activated.is_err() || next.is_err();
        seen().holds(
            !ended,
            "a host that goes on",
            format!("{}, {}", activated.words(), next.words()),
            "host-ended",
        );
        if ended {
            return Ok(());
        }
        let drained = seen().holds(
            taken >= bytes,
            format!("{what}: {bytes} bytes taken"),
            format!("{taken} bytes"),
            "stderr-not-drained",
        );
        if !drained {
            return Ok(());
        }
        let kept = matches!(next, Ok(Ok(Called::Answered { .. })));
        seen().holds(
            kept,
            format!("{what}: an answered hook"),
            next.words(),
            "plugin-ended",
        );
    }
    stage.close().await
}

/// How many bytes a script writes to stderr.
fn script_bytes(script: &Script) -> usize {
    let bytes = |step: &Step| match step {
        Step::Flood(flood) if flood.to == Stream::Stderr => flood.bytes,
        Step::Write(write) if write.to == Stream::Stderr => {
            write.text.as_ref().map_or(0, String::len)
                + write.hex.as_ref().map_or(0, |digits| digits.len() / 2)
        }
        _ => 0,
    };
    script.steps_of(1).iter().map(bytes).sum()
}
