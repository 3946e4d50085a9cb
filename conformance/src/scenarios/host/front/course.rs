//! The course of an exchange over the HTTP front: what comes before what, and who leaves in the middle of it.

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{HttpMessage, HttpStep};

use super::client::in_words;
use super::{Front, answering, page, serving};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};
use crate::scenarios::host::stage::PATIENCE;
use crate::scenarios::host::traces::calls;

scenarios! {
    Host, Hooks;
    /// An answer that is there before the upload is.
    "host/front/early-answer" => early_answer: ["HT-009"];
    /// A piece that leaves before the next one is there.
    "host/front/flush" => flush: ["HT-018"];
    /// Clients that leave, within an upload and within an answer.
    "host/front/disconnect" => disconnect: ["HT-019", "HT-021"], deadline(60);
}

/// The end of the path of the hook.
const HOOK: &str = "/ServeHTTP";

async fn early_answer(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let folder = front
        .stage
        .started("early", &serving([answering("enough")]))
        .await?;
    let mut client = front.connect().await?;
    client
        .head("POST", &page(&folder), &["Content-Length: 1000000"])
        .await;
    client.send(b"a beginning").await;
    let reply = client.reply("POST").await;
    let early = reply
        .as_ref()
        .is_some_and(|reply| reply.whole && reply.text() == "enough");
    case.require("HT-009")
        .seen("requests", front.asked(&folder)?)
        .holds(
            early,
            "the whole answer while the rest of the upload is not sent",
            in_words(reply.as_ref()),
            "waits-for-upload",
        );
    front.stage.close().await
}

async fn flush(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let mut first = HttpMessage::head(200).with("first");
    first.flush = true;
    let steps = [
        first.step(),
        HttpStep::Read {},
        HttpMessage::piece("last", 1).complete().step(),
    ];
    let folder = front.stage.started("flush", &serving(steps)).await?;
    let mut client = front.connect().await?;
    client
        .head("POST", &page(&folder), &["Content-Length: 8"])
        .await;
    client.send(b"half").await;
    // The plugin goes on only when the upload is complete, and that waits for its first piece.
    let early = client.until("first").await;
    client.send(b"half").await;
    let reply = if early {
        client.reply("POST").await
    } else {
        None
    };
    let whole = reply
        .as_ref()
        .is_some_and(|reply| reply.whole && reply.text() == "firstlast");
    case.require("HT-018")
        .seen("requests", front.asked(&folder)?)
        .holds(
            early && whole,
            "the flushed piece before the rest of the request is sent, and the rest after it",
            if early {
                in_words(reply.as_ref())
            } else {
                "nothing before the request was complete".to_owned()
            },
            "flush-held",
        );
    front.stage.close().await
}

async fn disconnect(case: &mut Case) -> ScenarioResult {
    let front = Front::open(case).await?;
    let streaming = [
        HttpMessage::head(200).with("begun").step(),
        HttpStep::Hang {},
    ];
    let folder = front
        .stage
        .started("streaming", &serving(streaming))
        .await?;
    let mut client = front.connect().await?;
    client.head("GET", &page(&folder), &[]).await;
    let begun = client
        .until("begun")
        .await
        .then_some("the beginning of an answer");
    drop(client);
    let over = |entries: &[Entry]| {
        entries
            .iter()
            .any(|entry| matches!(&entry.event, Seen::Abandoned { path } if path.ends_with(HOOK)))
    };
    let ended = front
        .stage
        .until(PATIENCE, || {
            folder.entries().is_ok_and(|entries| over(&entries))
        })
        .await;
    case.require("HT-019").seen("the client", begun).holds(
        ended,
        "the plugin's stream is cancelled when the client has left",
        "it goes on",
        "stream-goes-on",
    );

    let steps = [HttpStep::Read {}, answering("stored")];
    let folder = front.stage.started("upload", &serving(steps)).await?;
    let mut client = front.connect().await?;
    client
        .head("POST", &page(&folder), &["Transfer-Encoding: chunked"])
        .await;
    client.send(b"4\r\nhalf\r\n").await;
    let begun = front
        .stage
        .journal(&folder, |entries| !calls(entries, "ServeHTTP").is_empty())
        .await?;
    let begun = calls(&begun, "ServeHTTP").len();
    drop(client);
    let is_end = |entry: &Entry| matches!(&entry.event, Seen::Abandoned { path } | Seen::Answered { path, .. } if path.ends_with(HOOK));
    let ended = front
        .stage
        .until(PATIENCE, || {
            folder
                .entries()
                .is_ok_and(|entries| entries.iter().any(is_end))
        })
        .await;
    let taken: Vec<String> = folder
        .entries()?
        .iter()
        .filter_map(|entry| match &entry.event {
            Seen::HttpRequest {
                bytes,
                complete: true,
                ..
            } => Some(format!("{bytes} bytes as the whole body")),
            _ => None,
        })
        .collect();
    case.require("HT-021")
        .seen("an upload", Some(begun).filter(|begun| *begun > 0))
        .and("the end of its stream", ended.then_some("an end"))
        .absent(
            "upload that is taken for complete",
            &taken,
            "part-taken-for-whole",
        );
    front.stage.close().await
}
