//! What plugins send to the API against the rules: each costs one call, at most one connection.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use plugin_proto::call::call_stream;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Status;

use super::super::api::door::Door;
use super::super::stage::{Stage, good};
use super::super::traces::environment_of;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::Called;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Requests and answers of 64 MiB.
    "host/bad-input/api-large-messages" => large_messages: ["BI-007"], deadline(60);
    /// Bytes that are no HTTP/2, and streams that are no message.
    "host/bad-input/api-garbage" => garbage: ["BI-008"];
    /// A key that is no text.
    "host/bad-input/api-text" => text: ["BI-009"];
}

const KV_SET: &str = "/mattermost.pluginapi.v1.PluginAPI/KVSet";
const LARGE: usize = 64 << 20;

async fn large_messages(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    // The key `k`, and a value.
    let mut message = BytesMut::with_capacity(LARGE + 16);
    message.put_slice(&[0x0a, 1, b'k', 0x12]);
    prost::encode_length_delimiter(LARGE, &mut message)?;
    message.put_bytes(b'x', LARGE);
    let message = message.freeze();
    let set = door.raw("KVSet", message.clone()).await;
    let get = door
        .raw("KVGet", Bytes::from_static(&[0x0a, 1, b'k']))
        .await;
    let control = door.raw("GetServerVersion", Bytes::new()).await;
    let seen = || {
        let judge = case
            .require("BI-007")
            .go_host("refuses it with RESOURCE_EXHAUSTED");
        judge.seen(
            "control: a small call",
            control.as_ref().ok().map(Bytes::len),
        )
    };
    seen().holds(
        set.as_ref().is_ok_and(Bytes::is_empty),
        "a value of 64 MiB is set",
        told(&set),
        "large-message-refused",
    );
    let whole = get.as_ref().is_ok_and(|answer| {
        answer.len() > LARGE && answer.ends_with(&message[message.len() - LARGE..])
    });
    seen().holds(
        whole,
        "the same 64 MiB come back",
        told(&get),
        "large-message-refused",
    );
    stage.close().await
}

fn told(answer: &Result<Bytes, Status>) -> String {
    match answer {
        Ok(answer) => format!("{} bytes", answer.len()),
        Err(status) => status.to_string(),
    }
}

async fn garbage(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let target = environment_of(&folder.entries()?)
        .and_then(|variables| variables.get("MATTERMOST_PLUGIN_API_TARGET").cloned())
        .unwrap_or_default();
    let before = Door::open(&folder)
        .await?
        .raw("GetServerVersion", Bytes::new())
        .await;
    let seen = || {
        case.require("BI-008").seen(
            "control: a call before",
            before.as_ref().ok().map(Bytes::len),
        )
    };
    let openings: [(&str, &[u8]); 4] = [
        ("a request of HTTP/1.1", b"GET / HTTP/1.1\r\n\r\n"),
        ("bytes without a meaning", &[0xff; 4096]),
        ("half a preface", b"PRI * HTTP/2.0\r\n"),
        (
            "a preface and bytes without a meaning",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ),
    ];
    for (what, bytes) in openings {
        let written = say(&target, bytes).await;
        judge_api(|| seen().and(what, written), &folder, what).await?;
    }
    let streams: [(&str, &'static [u8]); 5] = [
        ("a message marked as compressed", &[1, 0, 0, 0, 1, 0]),
        ("an odd mark of compression", &[9, 0, 0, 0, 0]),
        ("a message of 4 GiB", &[0, 0xff, 0xff, 0xff, 0xff]),
        ("a message that ends early", &[0, 0, 0, 0, 100, 0x0a]),
        ("no message", &[]),
    ];
    let once = Door::open(&folder).await?;
    for (what, bytes) in streams {
        let call = call_stream(once.channel(), KV_SET, Bytes::from_static(bytes));
        let answer = tokio::time::timeout(case.scaled(Duration::from_secs(8)), call).await;
        seen().holds(
            matches!(answer, Ok(Err(_))),
            format!("{what} fails"),
            answer.words(),
            "taken",
        );
        judge_api(seen, &folder, what).await?;
    }
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", Value::Null)
        .await?;
    seen().holds(
        matches!(next, Ok(Called::Answered { .. })),
        "an answered hook",
        next.words(),
        "plugin-ended",
    );
    stage.close().await
}

/// Sends bytes on a connection of its own, and looks what comes until the end or for a moment: how many bytes were written, if
/// somebody listened.
async fn say(target: &str, bytes: &[u8]) -> Option<usize> {
    let mut stream = TcpStream::connect(target).await.ok()?;
    // These few bytes are written in one piece.
    let written = stream.write(bytes).await.ok()?;
    let mut answer = Vec::new();
    // What the server says to this, and whether it hangs up, is its own affair.
    let _ = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut answer)).await;
    some(written)
}

/// A call on a fresh connection is answered.
async fn judge_api<'a>(
    seen: impl Fn() -> crate::case::judge::Witness<'a>,
    folder: &fake_interpreters::PluginFolder,
    after: &str,
) -> Result<(), Interruption> {
    let answer = match Door::open(folder).await {
        Ok(door) => door.raw("GetServerVersion", Bytes::new()).await,
        Err(Interruption::BrokenOff(refused)) => Err(Status::unavailable(refused)),
        Err(suite) => return Err(suite),
    };
    seen().holds(
        answer.is_ok(),
        format!("a call is answered after {after}"),
        told(&answer),
        "api-ended",
    );
    Ok(())
}

async fn text(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    // A key of two bytes that are no UTF-8, with a value; then a good one.
    let bad = door
        .raw(
            "KVSet",
            Bytes::from_static(&[0x0a, 2, 0xc3, 0x28, 0x12, 1, b'v']),
        )
        .await;
    let good = door
        .raw("KVSet", Bytes::from_static(&[0x0a, 1, b'k', 0x12, 1, b'v']))
        .await;
    let list = door.raw("KVList", Bytes::from_static(&[0x10, 10])).await;
    let seen = || {
        case.require("BI-009")
            .seen("control: a good key", good.as_ref().ok().map(|_| "set"))
    };
    // An error in band is field 1 of any answer.
    let refused = match &bad {
        Err(_) => true,
        Ok(answer) => answer.first() == Some(&0x0a),
    };
    seen().holds(refused, "a refused call", told(&bad), "taken");
    // Names in a list are fields of text: a tag, a length, and the bytes.
    let only = list.as_ref().is_ok_and(|list| list[..] == [0x12, 1, b'k']);
    seen().holds(only, "the good key alone", list.words(), "stored");
    stage.close().await
}
