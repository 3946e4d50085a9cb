//! HTTP requests that are answered piece by piece: what leaves and what is read while the rest is still to come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use plugin_host::event::Stream;
use plugin_proto::find_hook;
use plugin_proto::pb::ServeHttpResponse;
use prost::Message as _;
use tonic::{Code, Status};

use super::crowds::FORTY;
use super::site::{Asking, Site, bytes};
use super::troubles::{CODE, ended, goes_on};
use super::{MIB, PIECE};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::plugin_run::http::{Exchange, Packing, complete, messages, piece, steps};
use crate::plugin_run::order::Word;
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Stream;
    /// A conversation: each piece of the answer is waited for before the next piece of the request is sent.
    "plugin/http/conversation" => conversation: ["HT-083", "HT-084"];
    /// Handlers that flush, and go on for a long time.
    "plugin/http/flush" => flush: ["HT-085"];
    /// Answers while the upload stands.
    "plugin/http/early-answer" => early_answer: ["HT-086"];
    /// Clients that take nothing, and handlers that read nothing.
    "plugin/http/back-pressure" => back_pressure: ["HT-087", "HT-088"], deadline(60);
    /// Requests and answers that break off in the middle.
    "plugin/http/broken-off" => broken_off: ["HT-089", "HT-090", "HT-092"];
    /// Requests that are given up while their handlers read and write.
    "plugin/http/let-go" => let_go: ["HT-091"], deadline(40);
}

/// Why a text did not come.
#[derive(Debug)]
enum Lacking {
    /// The answer was over before.
    Ended { after: usize },
    /// The stream failed, or nothing more of it came in time.
    Failed(Status),
}

impl Words for Lacking {
    fn words(&self) -> String {
        match self {
            Lacking::Ended { after } => format!("the end after {after} bytes"),
            Lacking::Failed(status) => status.words(),
        }
    }
}

/// Opens a request, and sends its head alone.
async fn open(site: &Site, asking: Asking) -> Exchange {
    let mut exchange = site.session.services.open_http();
    let first = messages(asking.head, [], Packing::Apart).into_iter().next();
    if let Some(mut first) = first {
        first.body_complete = false;
        exchange.send(first).await;
    }
    exchange
}

/// Takes messages until this text has come; what came instead, otherwise.
async fn until(exchange: &mut Exchange, text: &str) -> Result<Vec<ServeHttpResponse>, Lacking> {
    let mut taken: Vec<ServeHttpResponse> = Vec::new();
    loop {
        let body: Vec<u8> = taken
            .iter()
            .flat_map(|message| message.body_chunk.to_vec())
            .collect();
        if body.ends_with(text.as_bytes()) {
            return Ok(taken);
        }
        match exchange.next().await {
            Ok(Some(message)) => taken.push(message),
            Ok(None) => return Err(Lacking::Ended { after: body.len() }),
            Err(status) => return Err(Lacking::Failed(status)),
        }
    }
}

async fn conversation(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let rounds = ["one", "two", "three", "four"];
    let done: Vec<String> = rounds
        .iter()
        .flat_map(|text| {
            [
                format!("read {}", text.len()),
                format!("write 1 <{text}>"),
                "flush".to_owned(),
            ]
        })
        .chain(["read".to_owned(), "write 1 <end>".to_owned()])
        .collect();
    let asking = site.asking(case, "POST", steps(done));
    let nonce = asking.nonce.clone();
    let mut exchange = open(&site, asking).await;
    let within = case.scaled(EVIDENCE);
    let started = site.session.raw.seen.evidence_for(&nonce, within).await;
    let health = site.session.services.health("plugin").await;
    case.require("HT-083")
        .seen("control, health", health.as_ref().ok())
        .holds(
            started.is_some(),
            "evidence of the handler before any piece of the body is sent",
            "none",
            "waits-for-body",
        );
    for text in rounds {
        let sent = exchange
            .send(piece(Bytes::from_static(text.as_bytes())))
            .await;
        let came = until(&mut exchange, &format!("<{text}>")).await;
        let reason = match &came {
            Err(Lacking::Failed(status)) if status.code() == Code::DeadlineExceeded => "held-back",
            _ => "broken-off",
        };
        let witness = case
            .require("HT-084")
            .seen("handler", started.as_ref().map(|seen| &seen.nonce));
        let kept = witness.holds(
            sent && came.is_ok(),
            format!("<{text}> before the request goes on"),
            came.map(|messages| format!("it came, in {} messages", messages.len()))
                .words(),
            reason,
        );
        if !kept {
            site.close(case).await;
            return Ok(());
        }
    }
    exchange.send(complete()).await;
    let rest = exchange.rest().await;
    case.require("HT-084").seen("end", rest.words()).holds(
        rest.is_whole() && rest.body() == b"<end>",
        "the end of the answer after that of the request",
        rest.words(),
        "broken-off",
    );
    site.close(case).await;
    Ok(())
}

async fn flush(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for (name, first, text) in [
        ("a piece", "write 1 tick", "tick"),
        ("the head", "status 202", ""),
    ] {
        let asking = site.asking(
            case,
            "GET",
            steps([first, "flush", "sleep 120000", "write 1 late"]),
        );
        let nonce = asking.nonce.clone();
        let mut exchange = open(&site, asking).await;
        exchange.send(complete()).await;
        let mut came = until(&mut exchange, text).await;
        let flushed = |came: &[ServeHttpResponse]| came.iter().any(|message| message.flush);
        if let Ok(taken) = &mut came
            && !flushed(taken)
            && let Ok(Some(next)) = exchange.next().await
        {
            taken.push(next);
        }
        let within = case.scaled(EVIDENCE);
        let started = site.session.raw.seen.evidence_for(&nonce, within).await;
        let marked = came.as_ref().is_ok_and(|came| flushed(came));
        let left = came
            .as_ref()
            .is_ok_and(|came| came.iter().any(|message| message.init.is_some()));
        let reason = match left {
            true => "not-marked",
            false => "held-back",
        };
        case.require("HT-085")
            .seen(name, started.map(|seen| seen.nonce))
            .holds(
                marked && left,
                format!("{name} in a message with flush, while the handler sleeps"),
                match &came {
                    Ok(came) => format!("{} messages, flush in one of them: {marked}", came.len()),
                    Err(instead) => instead.words(),
                },
                reason,
            );
    }
    site.close(case).await;
    Ok(())
}

async fn early_answer(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    for read in [false, true] {
        let mut done = vec!["status 413", "write 1 too large"];
        if read {
            done.insert(0, "read 100");
        }
        let asking = site.asking(case, "POST", steps(done));
        let nonce = asking.nonce.clone();
        let mut exchange = open(&site, asking).await;
        exchange.send(piece(bytes(PIECE))).await;
        let heard = exchange.rest().await;
        let within = case.scaled(EVIDENCE);
        let started = site.session.raw.seen.evidence_for(&nonce, within).await;
        case.require("HT-086")
            .seen("handler", started.map(|seen| seen.nonce))
            .holds(
                heard.is_whole() && heard.status() == 413 && heard.body() == b"too large",
                "a whole answer while the upload stands",
                heard.words(),
                "waits-for-upload",
            );
        // What the host had on its way.
        exchange.send(piece(bytes(PIECE))).await;
        exchange.send(complete()).await;
    }
    goes_on(case, &site, "HT-086").await;
    site.close(case).await;
    Ok(())
}

/// What is not to be held in memory.
const MUCH: usize = 64 * MIB;
/// Hooks in whose time a side that could go on would have gone on.
const HOOKS: usize = 30;

/// Waits until a count stands still while hooks are answered, or is this large; the count then.
async fn stands_still(
    case: &mut Case,
    site: &Site,
    enough: usize,
    count: impl Fn() -> usize,
) -> Result<usize, Interruption> {
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    loop {
        let before = count();
        for _ in 0..HOOKS {
            let heard = site.session.order(case, hook, &Word::Allow).await?;
            if heard.evidence.is_none() {
                return Err(Interruption::broken_off(
                    "hooks are not answered beside a stream",
                ));
            }
        }
        let now = count();
        if now >= enough || (now == before && now > 0) {
            return Ok(now);
        }
    }
}

async fn back_pressure(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let mark = format!("mark{}", case.nonce());
    let chunks = MUCH / MIB;
    let done = (0..chunks).flat_map(|_| [format!("write {MIB} x"), format!("log error {mark}")]);
    let asking = site.asking(case, "GET", steps(done));
    let nonce = asking.nonce.clone();
    let mut exchange = open(&site, asking).await;
    exchange.send(complete()).await;
    let within = case.scaled(EVIDENCE);
    let started = site.session.raw.seen.evidence_for(&nonce, within).await;
    let seen = site.session.raw.seen.clone();
    // A handler that has written nothing yet has not been stopped either: it starts to count at one.
    let marks = || {
        1 + seen
            .lines(Stream::Stderr)
            .iter()
            .filter(|line| line.contains(&mark) && !line.contains("\"saw\""))
            .count()
    };
    let written = stands_still(case, &site, 1 + chunks, marks).await?;
    case.require("HT-087").seen("handler", started.map(|seen| seen.nonce)).holds(
        written <= chunks,
        format!("a handler that waits before it has written {MUCH} bytes to a client that takes none"),
        format!("{} MiB written", written - 1),
        "written-unread",
    );
    let heard = exchange.rest().await;
    case.require("HT-087")
        .seen("client that takes all", heard.words())
        .holds(
            heard.is_whole() && heard.body().len() == MUCH,
            format!("a whole answer of {MUCH} bytes"),
            heard.words(),
            "answer-broken-off",
        );
    hoarded(case, &site).await?;
    site.close(case).await;
    Ok(())
}

async fn hoarded(case: &mut Case, site: &Site) -> ScenarioResult {
    let asking = site.asking(case, "POST", steps(["sleep 120000", "read"]));
    let nonce = asking.nonce.clone();
    let exchange = open(site, asking).await;
    let within = case.scaled(EVIDENCE);
    let started = site.session.raw.seen.evidence_for(&nonce, within).await;
    let Some(requests) = exchange.requests() else {
        return Err(Interruption::broken_off("the request has ended"));
    };
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        let message: Bytes = piece(bytes(PIECE)).encode_to_vec().into();
        for _ in 0..MUCH / PIECE {
            if requests.send(Ok(message.clone())).await.is_err() {
                return;
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let enough = MUCH / PIECE;
    let taken = stands_still(case, site, enough, || sent.load(Ordering::Relaxed)).await;
    sending.abort();
    let taken = taken?;
    case.require("HT-088")
        .seen("handler", started.map(|seen| seen.nonce))
        .holds(
            taken < enough,
            format!("an upload that waits before {MUCH} bytes are taken that nobody reads"),
            format!("{} bytes taken", taken * PIECE),
            "taken-unread",
        );
    Ok(())
}

async fn broken_off(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let secret = format!("secret{}", case.nonce());
    let begin = ["read 1", "write 1 begun", "flush"];
    let rows: [(&'static str, Vec<String>, &'static str); 3] = [
        (
            "HT-089",
            vec!["read".to_owned(), "write 1 whole".to_owned()],
            "part-taken-for-whole",
        ),
        (
            "HT-090",
            vec!["read 1".to_owned(), format!("fail {secret}")],
            "part-completed",
        ),
        (
            "HT-092",
            vec!["read 1".to_owned(), format!("exit {CODE}")],
            "part-completed",
        ),
    ];
    for (id, then, reason) in rows {
        let done = begin.iter().map(|step| (*step).to_owned()).chain(then);
        let asking = site.asking(case, "POST", steps(done));
        let nonce = asking.nonce.clone();
        let mut exchange = open(&site, asking).await;
        exchange.send(piece(bytes(1))).await;
        let begun = until(&mut exchange, "begun").await;
        if id == "HT-089" {
            exchange.half_close();
        } else {
            exchange.send(piece(bytes(1))).await;
        }
        let rest = exchange.rest().await;
        let told = matches!(&rest.end, Err(status) if status.message().contains(&secret));
        case.require(id)
            .seen("part that has left", begun.as_ref().ok().map(Vec::len))
            .holds(
                rest.end.is_err()
                    && !rest.messages.iter().any(|message| message.body_complete)
                    && !told,
                "a stream that fails, and no completion",
                rest.words(),
                reason,
            );
        if id == "HT-089" {
            let shown = site.session.raw.seen.body_for(&nonce, Duration::ZERO).await;
            case.require(id)
                .seen("part that has left", begun.ok().map(|begun| begun.len()))
                .holds(
                    shown.is_none(),
                    "a handler that does not come to the end of the body",
                    shown.words(),
                    reason,
                );
        }
    }
    ended(case, "HT-092", &site).await;
    site.close(case).await;
    Ok(())
}

async fn let_go(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let within = case.scaled(EVIDENCE);
    let much = format!("write {} x", 4 * MIB);
    let mut given_up = 0;
    for done in [vec!["read"], vec![much.as_str(), much.as_str()]] {
        let (mut open_ones, mut nonces) = (Vec::new(), Vec::new());
        for _ in 0..FORTY / 2 {
            let asking = site.asking(case, "POST", steps(done.iter().copied()));
            nonces.push(asking.nonce.clone());
            open_ones.push(open(&site, asking).await);
        }
        given_up += site.running(&nonces, within).await;
    }
    goes_on(case, &site, "HT-091").await;
    case.require("HT-091")
        .seen("handlers given up while they read or wrote", some(given_up))
        .holds(
            given_up == FORTY,
            format!("{FORTY} handlers that start, and are given up"),
            format!("{given_up} of them"),
            "waits-for-cancelled",
        );
    site.close(case).await;
    Ok(())
}
