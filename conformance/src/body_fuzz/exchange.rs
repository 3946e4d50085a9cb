//! One exchange with a plugin: what is sent, what comes back, and what the laws say of it.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use plugin_host::body::laws::{Breach, Judge, Law, is_of_another, memory};
use plugin_host::body::{Frame, LARGEST_PIECE};
use plugin_proto::pb::{ServeHttpRequest, ServeHttpResponseInit};
use prost::Message as _;

use crate::body_plan::told::{self, Told};
use crate::plugin_run::evidence::Digest;
use crate::plugin_run::http::{Exchange, Heard, head, piece, steps};
use crate::plugin_run::likeness::likeness;
use crate::plugin_run::order::Order;
use crate::plugin_run::raw::Services;
use crate::plugin_run::seen::Seen;

/// How long nothing may move until an upload counts as stalled.
const STALLED: Duration = Duration::from_millis(400);

/// How many bytes of an upload may be on their way while nobody reads the answer. The windows of gRPC's own library grow to 16 MiB in each
/// direction, and 30 MiB were seen on the way through it; who stores the body takes all 64.
const ON_THE_WAY: usize = 48 << 20;

/// Why an exchange is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A law is broken.
    Broken(Breach),
    /// There is no whole answer: a status, or nothing in time. What law that breaks depends on what else is answered.
    Refused(String),
}

impl From<Breach> for Trouble {
    fn from(breach: Breach) -> Trouble {
        Trouble::Broken(breach)
    }
}

/// Where it is seen that a handler has begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) seen: Seen,
    /// How long that may take; nothing where handlers begin only when the request is whole.
    pub(super) within: Option<Duration>,
}

impl Begun {
    /// Whether it has, or cannot be seen.
    async fn wait(&self, nonce: &str) -> bool {
        match self.within {
            None => true,
            Some(within) => self.seen.evidence_for(nonce, within).await.is_some(),
        }
    }
}

/// One request and what is expected of it.
pub(super) struct Asked {
    pub(super) nonce: String,
    pub(super) told: Told,
}

impl Asked {
    /// The request's frames; the last one completes the body if that is wanted.
    fn messages(&self, complete: bool) -> Vec<ServeHttpRequest> {
        let mut messages: Vec<_> = self.told.frames.iter().cloned().map(piece).collect();
        if let Some(first) = messages.first_mut() {
            let word = steps(self.told.steps.iter().map(String::as_str));
            let nonce = self.nonce.clone();
            let mut head = head("POST", &Order { nonce, word });
            ascii(&mut head.headers[0].values[0]);
            first.init = Some(head);
        }
        if let Some(last) = messages.last_mut() {
            last.body_complete = complete;
        }
        messages
    }

    /// Whether what came is the answer that was asked for.
    fn judge(&self, heard: &Heard, others: &[&Asked]) -> Result<(), Trouble> {
        match self.by_itself(heard, others) {
            Err(Trouble::Broken(breach)) => {
                let breach = self.blamed(breach, heard, others);
                Err(self.likened(breach, heard).into())
            }
            judged => judged,
        }
    }

    fn by_itself(&self, heard: &Heard, others: &[&Asked]) -> Result<(), Trouble> {
        let mut judge = Judge::new(self.told.answer.clone()).flushing(self.told.flushes.clone());
        let nonces: Vec<&str> = others.iter().map(|other| other.nonce.as_str()).collect();
        for message in &heard.messages {
            let frame = Frame::from(message.clone());
            if frame.piece.len() > LARGEST_PIECE {
                memory(frame.piece.len(), LARGEST_PIECE)?;
            }
            if let Some(init) = &frame.init {
                told::head(init, &self.nonce, &nonces)?;
            }
            judge.frame::<ServeHttpResponseInit>(&frame)?;
        }
        match &heard.end {
            Ok(()) => Ok(judge.end()?),
            Err(status) => Err(Trouble::Refused(format!(
                "after {} bytes {:?}: {}",
                judge.received(),
                status.code(),
                status.message()
            ))),
        }
    }

    /// A breach that changed bytes, with how they may have come about.
    fn likened(&self, breach: Breach, heard: &Heard) -> Breach {
        if breach.law != Law::Bytes {
            return breach;
        }
        let like = likeness(&self.told.pieces, &Digest::of(&heard.body()));
        match like {
            Some(like) => Breach {
                seen: format!("{}, {like}", breach.seen),
                ..breach
            },
            None => breach,
        }
    }

    /// A breach, or the worse one that bytes of another stream are.
    fn blamed(&self, breach: Breach, heard: &Heard, others: &[&Asked]) -> Breach {
        let bodies = || others.iter().map(|other| &other.told.answer);
        let pieces = heard.messages.iter().map(|message| &message.body_chunk);
        let mut strange = pieces.filter(|piece| is_of_another(piece, &self.told.answer, bodies()));
        match strange.next() {
            None => breach,
            Some(piece) => Breach::new(
                Law::Stream,
                format!("the answer to the request {}", self.nonce),
                format!("{} bytes of the answer to another request", piece.len()),
            ),
        }
    }
}

/// A request that goes through, alone.
pub(super) async fn alone(services: &Services, asked: &Asked) -> Result<(), Trouble> {
    let heard = services.http(asked.messages(true)).await;
    asked.judge(&heard, &[])
}

/// Requests that are all open before the first of them goes on. The handlers have begun by then.
pub(super) async fn together(
    services: &Services,
    all: &[Asked],
    begun: &Begun,
) -> Result<(), Trouble> {
    let mut open = Vec::new();
    for asked in all {
        let mut exchange = services.open_http();
        let mut messages = asked.messages(true);
        let head = messages[0].init.take();
        let opening = ServeHttpRequest {
            init: head,
            ..piece(Bytes::new())
        };
        exchange.send(opening).await;
        open.push((exchange, messages));
    }
    for asked in all {
        begun.wait(&asked.nonce).await;
    }
    let going = open
        .into_iter()
        .map(|(exchange, messages)| through(exchange, messages));
    let heard = futures_util::future::join_all(going).await;
    let judged: Vec<_> = all
        .iter()
        .zip(&heard)
        .enumerate()
        .map(|(number, (asked, heard))| {
            let others: Vec<&Asked> = all
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != number)
                .map(|(_, other)| other)
                .collect();
            asked.judge(heard, &others)
        })
        .collect();
    // Bytes that are another's are missing there: the stranger is the cause.
    let strange = |judged: &&Result<(), Trouble>| matches!(judged, Err(Trouble::Broken(breach)) if breach.law == Law::Stream);
    let worst = judged.iter().find(strange);
    let first = judged.iter().find(|judged| judged.is_err());
    worst.or(first).cloned().unwrap_or(Ok(()))
}

/// The rest of a request that is open, and all that comes of it.
async fn through(mut exchange: Exchange, messages: Vec<ServeHttpRequest>) -> Heard {
    let Some(requests) = exchange.requests() else {
        return exchange.rest().await;
    };
    exchange.half_close();
    let sending = async move {
        for message in messages {
            if requests.send(Ok(encoded(&message))).await.is_err() {
                return;
            }
        }
    };
    let hearing = exchange.rest();
    tokio::pin!(sending, hearing);
    tokio::select! {
        heard = &mut hearing => heard,
        () = &mut sending => hearing.await,
    }
}

/// A request whose upload stalls before its end, answered all the same.
pub(super) async fn early(services: &Services, asked: &Asked) -> Result<(), Trouble> {
    let mut exchange = services.open_http();
    let Some(requests) = exchange.requests() else {
        return Err(Trouble::Refused("no stream".to_owned()));
    };
    // What is not taken is not needed; the stream stays open until the answer is whole.
    let upload = async {
        for message in asked.messages(false) {
            if requests.send(Ok(encoded(&message))).await.is_err() {
                break;
            }
        }
        std::future::pending::<Infallible>().await
    };
    let heard = tokio::select! {
        heard = exchange.rest() => heard,
        never = upload => match never {},
    };
    asked.judge(&heard, &[]).map_err(|trouble| match trouble {
        Trouble::Refused(seen) => Breach::new(
            Law::Early,
            "the whole answer, though the upload stalls",
            seen,
        )
        .into(),
        broken => broken,
    })
}

/// A request that is given up before its end, but not before its handler runs where that can be seen; whether it was begun at all.
pub(super) async fn given_up(services: &Services, asked: &Asked, begun: &Begun) -> bool {
    let mut exchange = services.open_http();
    let last = asked.told.frames.len() == 1;
    for message in asked.messages(last) {
        if !exchange.send(message).await {
            break;
        }
    }
    let has_begun = begun.wait(&asked.nonce).await;
    if last && has_begun {
        // It has begun to answer; how that goes is not asked here.
        let _ = exchange.next().await;
    }
    has_begun
}

/// A request whose answer is not read before the upload stalls.
pub(super) async fn unread(
    services: &Services,
    asked: &Asked,
    scale: impl Fn(Duration) -> Duration,
) -> Result<(), Trouble> {
    let exchange = services.open_http();
    let Some(requests) = exchange.requests() else {
        return Err(Trouble::Refused("no stream".to_owned()));
    };
    let mut messages = asked.messages(true).into_iter();
    let mut taken = 0;
    let mut left = None;
    for message in messages.by_ref() {
        let size = message.body_chunk.len();
        let Ok(room) = tokio::time::timeout(scale(STALLED), requests.reserve()).await else {
            left = Some(message);
            break;
        };
        let Ok(room) = room else { break };
        room.send(Ok(encoded(&message)));
        taken += size;
    }
    memory(taken, ON_THE_WAY)?;
    drop(requests);
    let rest = left.into_iter().chain(messages).collect();
    let heard = through(exchange, rest).await;
    asked.judge(&heard, &[])
}

fn encoded(message: &ServeHttpRequest) -> Bytes {
    message.encode_to_vec().into()
}

/// JSON in a header keeps to ASCII: what else there is in it is written as its escapes.
fn ascii(json: &mut String) {
    if json.is_ascii() {
        return;
    }
    let mut units = [0; 2];
    let escaped = json.chars().map(|character| match character {
        ascii if ascii.is_ascii() => ascii.to_string(),
        other => other
            .encode_utf16(&mut units)
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect(),
    });
    *json = escaped.collect();
}
