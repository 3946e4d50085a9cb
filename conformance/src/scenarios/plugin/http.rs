//! HTTP requests to a plugin: what of them its handler sees.

pub mod answers;
pub mod crowds;
pub mod laws;
pub mod overdue;
pub mod site;
pub mod streams;
pub mod troubles;

use std::collections::BTreeMap;

use bytes::Bytes;
use plugin_proto::pb::ServeHttpRequestInit;
use plugin_proto::reflect;
use prost::Message as _;
use serde_json::{Value, json};

use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::evidence::{Digest, as_seen, difference};
use crate::plugin_run::http::{Packing, header};
use crate::plugin_run::likeness::likeness;
use crate::scenario::{ScenarioResult, scenarios};
use site::{Asked, Asking, Site, bytes, cut, read_it};

scenarios! {
    Plugin, Http;
    /// Requests with all fields, with headers of all kinds and by all methods.
    "plugin/http/heads" => heads: ["HT-051", "HT-052", "HT-057", "HT-058"];
    /// Bodies of all sizes.
    "plugin/http/sizes" => sizes: ["HT-053", "HT-055", "HT-056"], deadline(40);
    /// The same bodies cut in all ways.
    "plugin/http/borders" => borders: ["HT-054"], deadline(40);
}

/// The largest piece that hosts send by default.
pub(super) const PIECE: usize = 64 * 1024;
const MIB: usize = 1024 * 1024;
const HEAD: &str = "mattermost.pluginapi.v1.ServeHTTPRequestInit";

/// What evidence shows of this head: the headers by their names.
fn as_evidence(head: &ServeHttpRequestInit) -> Value {
    let wire = head.encode_to_vec();
    let mut fields = reflect::message_to_json(HEAD, &wire)
        .expect("the bytes were encoded from this very message");
    let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for header in &head.headers {
        let values = header.values.iter().map(String::as_str);
        headers.entry(&header.key).or_default().extend(values);
    }
    fields["headers"] = json!(headers);
    as_seen(&fields)
}

/// What is wrong with the evidence of a request; nothing if the handler saw this head.
fn unlike(head: &ServeHttpRequestInit, asked: &Asked) -> Option<String> {
    let Some(evidence) = &asked.evidence else {
        return Some("its handler did not run".to_owned());
    };
    difference(&as_evidence(head), &evidence.saw, "")
}

async fn heads(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for (name, uri, length) in [
        (
            "query",
            "/plugins/com.example/a%2Fb/%C3%A9?x=1&x=2&y=%20",
            0,
        ),
        ("unknown length", "/plugins/com.example/", -1),
        ("great length", "/", 9_007_199_254_740_993),
    ] {
        let mut asking = site.asking(case, "POST", read_it());
        asking.head.request_uri = uri.to_owned();
        asking.head.url = uri.replace("/plugins/com.example", "");
        asking.head.content_length = length;
        let head = asking.head.clone();
        let asked = site.ask(asking).await;
        let unlike = unlike(&head, &asked);
        case.require("HT-051").seen(name, asked.witness()).holds(
            unlike.is_none(),
            "the head as it was sent",
            unlike.unwrap_or_default(),
            "field-changed",
        );
    }
    let many: Vec<String> = (0..20)
        .map(|at| format!("value {at}, with a comma; q={at}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (name, headers) in [
        ("many values", vec![header("Accept", &many)]),
        (
            "a name twice",
            vec![
                header("X-One", &["a", "b"]),
                header("X-Other", &["x"]),
                header("X-One", &["c"]),
            ],
        ),
        ("an empty value", vec![header("X-Empty", &["", "a", ""])]),
        (
            "letters beyond ASCII",
            vec![header("X-Name", &["Zo\u{eb} \u{5927}"])],
        ),
    ] {
        let mut asking = site.asking(case, "GET", read_it());
        asking.head.headers.extend(headers);
        let head = asking.head.clone();
        let asked = site.ask(asking).await;
        let unlike = unlike(&head, &asked);
        case.require("HT-052").seen(name, asked.witness()).holds(
            unlike.is_none(),
            format!("{name}: all values in their order"),
            unlike.unwrap_or_default(),
            "values-changed",
        );
    }
    for method in [
        "GET",
        "HEAD",
        "PUT",
        "DELETE",
        "OPTIONS",
        "PATCH",
        "PROPFIND",
        "conformance",
    ] {
        let asked = site.ask(site.asking(case, method, read_it())).await;
        let saw = asked
            .evidence
            .as_ref()
            .map(|evidence| evidence.saw["method"].clone());
        let answered = asked.heard.is_whole().then(|| asked.heard.words());
        case.require("HT-057").seen("answer", answered).holds(
            saw == Some(Value::from(method)),
            format!("a handler that sees the method {method}"),
            saw.map_or_else(|| "none".to_owned(), |saw| format!("one that sees {saw}")),
            "handler-not-run",
        );
    }
    let long = "x".repeat(PIECE);
    let mut asking = site.asking(case, "GET", read_it());
    asking.head.headers.push(header("Authorization", &[&long]));
    let head = asking.head.clone();
    let asked = site.ask(asking).await;
    let unlike = unlike(&head, &asked);
    case.require("HT-058")
        .seen("answer", asked.heard.words())
        .holds(
            unlike.is_none(),
            "the header as it was sent",
            unlike.unwrap_or_default(),
            "header-cut",
        );
    site.close(case).await;
    Ok(())
}

/// Judges that the handler read these bytes and no others.
fn read_as_sent(case: &Case, id: &'static str, name: &str, pieces: &[Bytes], asked: &Asked) {
    let reason = match (&asked.body, asked.heard.end.is_ok()) {
        (None, false) => "refused",
        (None, true) => "end-not-seen",
        (Some(_), _) => "body-changed",
    };
    let expected = Digest::of(&pieces.concat());
    let like = asked.body.as_ref().filter(|saw| **saw != expected);
    let like = like.and_then(|saw| likeness(pieces, saw));
    let like = like.map_or_else(String::new, |like| format!(", {like}"));
    case.require(id).seen(name, asked.heard.words()).holds(
        asked.body.as_ref() == Some(&expected),
        format!("{name}: {}", expected.words()),
        format!("{}{like}; {}", asked.body.words(), asked.heard.words()),
        reason,
    );
}

async fn sizes(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for (id, size, piece) in [
        ("HT-053", 0, PIECE),
        ("HT-053", 1, PIECE),
        ("HT-053", PIECE - 1, PIECE),
        ("HT-053", PIECE, PIECE),
        ("HT-053", PIECE + 1, PIECE),
        ("HT-053", 1_000_003, PIECE),
        ("HT-055", 2 * PIECE, PIECE + 1),
        ("HT-055", MIB, MIB),
        ("HT-055", 4 * MIB - 1024, 4 * MIB),
        ("HT-055", 4 * MIB + 1024, 5 * MIB),
        ("HT-056", 8 * MIB, PIECE),
    ] {
        let sent = bytes(size);
        let mut asking = site.asking(case, "POST", read_it());
        let pieces = cut(&sent, piece);
        asking.pieces.clone_from(&pieces);
        asking.head.content_length = i64::try_from(size).unwrap_or(-1);
        let asked = site.ask(asking).await;
        read_as_sent(
            case,
            id,
            &format!("{size} bytes in pieces of {piece}"),
            &pieces,
            &asked,
        );
    }
    site.close(case).await;
    Ok(())
}

async fn borders(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let text = Bytes::from("Gr\u{f6}\u{df}e \u{5927}\u{304d}\u{3055} \u{1f6ab}".repeat(40));
    let empty = |_: usize| Bytes::new();
    // Each piece between two empty ones.
    let around = |pieces: Vec<Bytes>| -> Vec<Bytes> {
        let spaced = pieces.into_iter().flat_map(|piece| [Bytes::new(), piece]);
        spaced.chain([Bytes::new()]).collect()
    };
    let long = bytes(3 * PIECE + 5);
    let three = |at: usize| -> Vec<Bytes> {
        let (first, rest) = (long.slice(..at), long.slice(at..));
        [first, rest.slice(..1), rest.slice(1..)].into()
    };
    let rows: Vec<(&str, Vec<Bytes>)> = vec![
        ("bytes one by one", cut(&text, 1)),
        ("pieces of three bytes", cut(&text, 3)),
        ("pieces between empty ones", around(cut(&text, 7))),
        ("empty pieces alone", (0..5).map(empty).collect()),
        ("a border before 64 KiB", three(PIECE - 1)),
        ("a border at 64 KiB", three(PIECE)),
        ("a border behind 64 KiB", three(PIECE + 1)),
        ("five hundred pieces", cut(&bytes(500 * 7), 7)),
    ];
    for (name, pieces) in rows {
        for packing in [Packing::Together, Packing::Apart] {
            let mut asking: Asking = site.asking(case, "POST", read_it());
            (asking.pieces, asking.packing) = (pieces.clone(), packing);
            let asked = site.ask(asking).await;
            read_as_sent(
                case,
                "HT-054",
                &format!("{name}, {packing}"),
                &pieces,
                &asked,
            );
        }
    }
    site.close(case).await;
    Ok(())
}
