//! Answers to HTTP requests: what leaves of what the handler sets and writes.

use bytes::Bytes;
use prost::Message as _;

use super::site::{Asked, Site, bytes, cut};
use super::{MIB, PIECE};
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::evidence::Digest;
use crate::plugin_run::http::{Heard, Packing, steps};
use crate::plugin_run::likeness::likeness;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Http;
    /// Statuses and headers of all kinds.
    "plugin/http/answer-heads" => heads: ["HT-059", "HT-060"];
    /// Statuses and headers that HTTP does not have.
    "plugin/http/answer-abuse" => abuse: ["HT-075", "HT-076"];
    /// Bodies of all sizes, in writes of all sizes.
    "plugin/http/answer-bodies" => bodies: ["HT-061", "HT-062", "HT-063", "HT-064", "HT-065"], deadline(60);
}

/// What a Go host takes.
const GO_LIMIT: usize = 4 * MIB;

async fn heads(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for status in [
        None,
        Some(100),
        Some(201),
        Some(204),
        Some(304),
        Some(404),
        Some(500),
        Some(999),
    ] {
        let step = status.map(|status| format!("status {status}"));
        let asked = site
            .get(case, &step.iter().map(String::as_str).collect::<Vec<_>>())
            .await;
        case.require("HT-059")
            .seen("handler", asked.witness())
            .holds(
                asked.heard.is_whole() && asked.heard.status() == status.unwrap_or(200),
                format!(
                    "a whole answer with the status {}",
                    status.map_or_else(|| "that is usual".to_owned(), |status| status.to_string())
                ),
                asked.heard.words(),
                "status-changed",
            );
    }
    let long = "x".repeat(PIECE);
    let list = "a, b;c=\"d, e\"";
    let done = [
        "header Content-Type text/plain; charset=utf-8",
        "header Set-Cookie a=1; Path=/",
        "header X-List a, b;c=\"d, e\"",
        "header Set-Cookie b=2",
        &format!("header X-Long {long}"),
        "write 2 page",
    ];
    let asked = site.get(case, &done).await;
    for (name, expected) in [
        ("Content-Type", vec!["text/plain; charset=utf-8"]),
        ("Set-Cookie", vec!["a=1; Path=/", "b=2"]),
        ("X-List", vec![list]),
        ("X-Long", vec![long.as_str()]),
    ] {
        let got = asked.heard.values(name);
        case.require("HT-060")
            .seen("handler", asked.witness())
            .holds(
                got == expected && asked.heard.is_whole(),
                format!("{name}: {}", short(&expected.words())),
                short(&format!("{}; {}", got.words(), asked.heard.words())),
                "header-changed",
            );
    }
    site.close(case).await;
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

async fn abuse(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for header in [
        "header X-A a\r\nSet-Cookie: stolen=1",
        "header X-A a\nSet-Cookie: stolen=1",
        "header X-A a\rSet-Cookie: stolen=1",
        "header X-A\r\nSet-Cookie: stolen=1 a",
        "header X-A a\0b",
        "header X-A a\r\n\r\n<script>stolen()</script>",
    ] {
        let asked = site.get(case, &[header, "write 1 page"]).await;
        let headers = asked
            .heard
            .head()
            .into_iter()
            .flat_map(|head| &head.headers);
        let left: Vec<String> = headers
            .flat_map(|header| [&header.key].into_iter().chain(&header.values))
            .filter(|text| text.contains(['\r', '\n', '\0']))
            .cloned()
            .collect();
        case.require("HT-075")
            .seen("handler", asked.witness())
            .absent(
                "header with a line feed, a carriage return or a NUL",
                &left,
                "left-as-it-was",
            );
    }
    for status in [-1, 1, 42, 99, 1000, 99_999] {
        let step = format!("status {status}");
        let asked = site.get(case, &[&step, "write 1 page"]).await;
        let left = asked.heard.head().map(|head| head.status_code);
        let left = left.filter(|left| *left != 0 && !(100..=999).contains(left));
        case.require("HT-076")
            .seen("handler", asked.witness())
            .holds(
                left.is_none(),
                format!("{status} refused, or answered by 500"),
                asked.heard.words(),
                "left-as-it-was",
            );
    }
    site.close(case).await;
    Ok(())
}

/// What a handler does, and what is to come of it.
struct Row {
    name: String,
    steps: Vec<String>,
    sent: Bytes,
    expected: Bytes,
}

fn rows() -> Vec<Row> {
    let sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1, 1_000_003, 8 * MIB];
    let echoed = sizes.into_iter().map(|size| Row {
        name: format!("echo of {size} bytes"),
        steps: vec!["echo".to_owned()],
        sent: bytes(size),
        expected: bytes(size),
    });
    let at_once = sizes.into_iter().map(|size| Row {
        name: format!("{size} bytes in one write"),
        steps: vec![format!("write {size} x")],
        sent: Bytes::new(),
        expected: vec![b'x'; size].into(),
    });
    let texts: Vec<String> = (0..300).map(|at| format!("{at} \u{f6} ")).collect();
    let small = Row {
        name: "300 writes".to_owned(),
        steps: texts.iter().map(|text| format!("write 1 {text}")).collect(),
        sent: Bytes::new(),
        expected: texts.concat().into(),
    };
    let mixed = Row {
        name: "small and large writes, and flushes".to_owned(),
        steps: [
            "write 3 ab",
            "flush",
            "write 70000 c",
            "flush",
            "flush",
            "write 1 d",
            "write 65536 e",
        ]
        .map(str::to_owned)
        .into(),
        sent: Bytes::new(),
        expected: ["ababab", &"c".repeat(70_000), "d", &"e".repeat(65_536)]
            .concat()
            .into(),
    };
    let empty = |name: &str, steps: &[&str]| Row {
        name: name.to_owned(),
        steps: steps.iter().map(|step| (*step).to_owned()).collect(),
        sent: Bytes::new(),
        expected: Bytes::new(),
    };
    let empties = [
        empty("no step", &[]),
        empty("a status alone", &["status 204"]),
        empty("a flush alone", &["flush"]),
    ];
    echoed
        .chain(at_once)
        .chain([small, mixed])
        .chain(empties)
        .collect()
}

async fn bodies(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for row in rows() {
        let mut asking = site.asking(case, "POST", steps(row.steps));
        (asking.pieces, asking.packing) = (cut(&row.sent, PIECE), Packing::Together);
        let asked = site.ask(asking).await;
        judge(case, &row.name, &row.expected, &asked);
    }
    site.close(case).await;
    Ok(())
}

fn judge(case: &Case, name: &str, expected: &[u8], asked: &Asked) {
    let heard = &asked.heard;
    let words = || format!("{name}: {}", heard.words());
    let seen = |id| case.require(id).seen(name, asked.witness());
    let as_written = heard.body() == expected;
    let pieces = cut(&Bytes::copy_from_slice(expected), PIECE);
    let like = match as_written {
        true => None,
        false => likeness(&pieces, &Digest::of(&heard.body())),
    };
    seen("HT-061").holds(
        as_written && heard.is_whole(),
        format!("{name}: {} bytes as they were written", expected.len()),
        like.map_or_else(words, |like| format!("{}, {like}", words())),
        "body-changed",
    );
    seen("HT-062").holds(
        head_trouble(heard).is_none(),
        format!("{name}: a head in the first message, and in no other"),
        words(),
        head_trouble(heard).unwrap_or("no-head"),
    );
    seen("HT-063").holds(
        completion_trouble(heard).is_none(),
        format!("{name}: a last message that completes the body, and OK"),
        words(),
        completion_trouble(heard).unwrap_or("not-completed"),
    );
    let pieces = heard
        .messages
        .iter()
        .map(|message| message.body_chunk.len());
    let largest = pieces.max().unwrap_or_default();
    seen("HT-064").holds(
        largest <= PIECE,
        format!("{name}: pieces of at most {PIECE} bytes"),
        format!("one of {largest}"),
        "piece-too-large",
    );
    let messages = heard.messages.iter().map(|message| message.encoded_len());
    let largest = messages.max().unwrap_or_default();
    seen("HT-065").holds(
        largest <= GO_LIMIT,
        format!("{name}: messages of at most {GO_LIMIT} bytes"),
        format!("one of {largest}"),
        "message-too-large",
    );
}

fn head_trouble(heard: &Heard) -> Option<&'static str> {
    match heard.messages.split_first() {
        None => Some("no-message"),
        Some((first, _)) if first.init.is_none() => Some("no-head"),
        Some((_, later)) if later.iter().any(|message| message.init.is_some()) => {
            Some("second-head")
        }
        Some(_) => None,
    }
}

fn completion_trouble(heard: &Heard) -> Option<&'static str> {
    let completions = heard
        .messages
        .iter()
        .filter(|message| message.body_complete)
        .count();
    match completions {
        _ if heard.end.is_err() => Some("stream-failed"),
        0 => Some("not-completed"),
        1 if heard.is_whole() => None,
        1 => Some("completed-early"),
        _ => Some("completed-twice"),
    }
}
