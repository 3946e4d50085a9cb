//! One HTTP request to a plugin by hand: its messages as the scenario wants them, legal or odd, and the answer's as they come.
//!
//! The scenario decides when anything is sent and when anything is taken; nothing is read ahead of it. Whether the answer keeps the
//! rules is for the scenario to say.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::testee::http::ORDER;
use futures_util::stream;
use plugin_proto::Rpc as _;
use plugin_proto::duplex::{Answer, BoxError, DuplexError, Message, duplex};
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::{
    HttpHeader, PluginContext, ServeHttpRequest, ServeHttpRequestInit, ServeHttpResponse,
    ServeHttpResponseInit,
};
use prost::Message as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tonic::Status;

use super::frames;
use super::order::{Order, Word};
use super::raw::Services;
use crate::case::timeline::{Source, Timeline};
use crate::case::words::Words as _;

/// The largest message of an answer that is taken, to be judged afterwards.
const LARGEST: usize = 80 * 1024 * 1024;

/// The word by which a handler does these things, one after the other.
pub fn steps<S: Into<String>>(steps: impl IntoIterator<Item = S>) -> Word {
    Word::Answer(
        steps
            .into_iter()
            .map(|step| Value::String(step.into()))
            .collect(),
    )
}

/// The head of a request with this order in it, and all else as a host would send it.
pub fn head(method: &str, order: &Order) -> ServeHttpRequestInit {
    ServeHttpRequestInit {
        plugin_context: Some(PluginContext {
            session_id: "session".to_owned(),
            request_id: "request".to_owned(),
            ip_address: "192.0.2.7".to_owned(),
            accept_language: "fr-CH".to_owned(),
            user_agent: "conformance".to_owned(),
        }),
        method: method.to_owned(),
        url: "/conformance".to_owned(),
        proto: "HTTP/1.1".to_owned(),
        proto_major: 1,
        proto_minor: 1,
        headers: vec![header(ORDER, &[&order.to_string()])],
        host: "chat.example.com".to_owned(),
        remote_addr: "192.0.2.7:4711".to_owned(),
        request_uri: "/plugins/com.example/conformance".to_owned(),
        content_length: -1,
    }
}

/// A header with its values.
pub fn header(key: &str, values: &[&str]) -> HttpHeader {
    HttpHeader {
        key: key.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

/// What else the messages with pieces carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// The first piece comes with the head, the last one with the completion.
    Together,
    /// The head alone, each piece alone, the completion alone.
    Apart,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Packing::Together => "with the head and the completion",
            Packing::Apart => "each alone",
        })
    }
}

/// The messages of a request whose body has these pieces.
pub fn messages(
    head: ServeHttpRequestInit,
    pieces: impl IntoIterator<Item = Bytes>,
    packing: Packing,
) -> Vec<ServeHttpRequest> {
    let mut messages: Vec<ServeHttpRequest> = pieces.into_iter().map(piece).collect();
    let bare = packing == Packing::Apart;
    if bare || messages.is_empty() {
        messages.insert(0, piece(Bytes::new()));
    }
    messages[0].init = Some(head);
    if bare {
        messages.push(piece(Bytes::new()));
    }
    if let Some(last) = messages.last_mut() {
        last.body_complete = true;
    }
    messages
}

/// A message with a piece of the body and nothing else.
pub fn piece(body_chunk: Bytes) -> ServeHttpRequest {
    ServeHttpRequest {
        body_chunk,
        ..ServeHttpRequest::default()
    }
}

/// The message that completes a body.
pub fn complete() -> ServeHttpRequest {
    ServeHttpRequest {
        body_complete: true,
        ..ServeHttpRequest::default()
    }
}

/// A request that is open.
#[derive(Debug)]
pub struct Exchange {
    requests: Option<Requests>,
    answer: Incoming,
    within: Duration,
    timeline: Timeline,
}

/// The sending half of a request.
pub type Requests = mpsc::Sender<Result<Bytes, BoxError>>;

#[derive(Debug)]
enum Incoming {
    Opening(JoinHandle<Result<Answer, Status>>),
    Open(Answer),
    Over,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Incoming::Opening(opening) = self {
            opening.abort();
        }
    }
}

/// Everything that came of a request.
#[derive(Debug)]
pub struct Heard {
    /// The messages of the answer.
    pub messages: Vec<ServeHttpResponse>,
    /// How the stream ended.
    pub end: Result<(), Status>,
}

impl Heard {
    /// The head of the answer, if there was one.
    pub fn head(&self) -> Option<&ServeHttpResponseInit> {
        self.messages
            .iter()
            .find_map(|message| message.init.as_ref())
    }

    /// The status as a client sees it, 0 without a head.
    pub fn status(&self) -> i32 {
        match self.head().map(|head| head.status_code) {
            Some(0) => 200,
            Some(status) => status,
            None => 0,
        }
    }

    /// All values of a header, whatever its spelling.
    pub fn values(&self, name: &str) -> Vec<String> {
        let headers = self.head().into_iter().flat_map(|head| &head.headers);
        let of = headers.filter(|header| header.key.eq_ignore_ascii_case(name));
        of.flat_map(|header| header.values.clone()).collect()
    }

    /// The body as far as it came.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for message in &self.messages {
            body.extend_from_slice(&message.body_chunk);
        }
        body
    }

    /// Whether a client takes this for a whole answer: the last message says so, and the stream ends well.
    pub fn is_whole(&self) -> bool {
        self.end.is_ok() && self.messages.last().is_some_and(|last| last.body_complete)
    }

    /// The answer in a few words.
    pub fn words(&self) -> String {
        let bytes: usize = self
            .messages
            .iter()
            .map(|message| message.body_chunk.len())
            .sum();
        let completions = self
            .messages
            .iter()
            .filter(|message| message.body_complete)
            .count();
        let end = match &self.end {
            Ok(()) => "OK".to_owned(),
            Err(status) => status.words(),
        };
        format!(
            "status {}, {bytes} bytes in {}, {completions} of them complete it, the stream ends with {end}",
            self.status(),
            frames::words(self.messages.iter().map(frames::Told::from))
        )
    }
}

impl Services {
    /// Opens a request; nothing of it is sent yet.
    pub fn open_http(&self) -> Exchange {
        let (requests, receiver) = mpsc::channel(1);
        let lane = Arc::clone(&self.lane);
        let messages = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async {
            let message: Result<Bytes, BoxError> = receiver.recv().await?;
            let message = message.map(|before| Message {
                before,
                ..Message::default()
            });
            Some((message, receiver))
        });
        let opening = tokio::spawn(async move {
            let opened = duplex(&lane, ServeHTTP::METHOD.path, messages, LARGEST).await;
            opened.map_err(|error| match error {
                DuplexError::NotSent(status) | DuplexError::Ended(status) => status,
            })
        });
        Exchange {
            requests: Some(requests),
            answer: Incoming::Opening(opening),
            within: self.within,
            timeline: self.timeline.clone(),
        }
    }

    /// A whole request, sent as fast as it is taken, and all that comes of it. The sender half-closes after the last message.
    pub async fn http(&self, messages: Vec<ServeHttpRequest>) -> Heard {
        let sent = frames::words(messages.iter().map(frames::Told::from));
        self.timeline
            .note(Source::Rpc, format!("ServeHTTP is called with {sent}"));
        let mut exchange = self.open_http();
        let Some(requests) = exchange.requests.take() else {
            return exchange.rest().await;
        };
        let sending = async move {
            for message in messages {
                if requests
                    .send(Ok(message.encode_to_vec().into()))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        };
        // Whoever answers early takes no more: then the answer alone decides.
        let hearing = exchange.rest();
        tokio::pin!(sending, hearing);
        tokio::select! {
            heard = &mut hearing => heard,
            () = &mut sending => hearing.await,
        }
    }
}

impl Exchange {
    /// Sends a message, once there is room for it; false when nobody takes it any more, or not within the time of a call.
    pub async fn send(&mut self, message: ServeHttpRequest) -> bool {
        self.send_bytes(message.encode_to_vec().into()).await
    }

    /// Sends these bytes as a message.
    pub async fn send_bytes(&mut self, message: Bytes) -> bool {
        let Some(requests) = &self.requests else {
            return false;
        };
        let sent = tokio::time::timeout(self.within, requests.send(Ok(message))).await;
        matches!(sent, Ok(Ok(())))
    }

    /// The sending half, for whoever sends by himself.
    pub fn requests(&self) -> Option<Requests> {
        self.requests.clone()
    }

    /// Ends the request's stream, whether or not its body is complete.
    pub fn half_close(&mut self) {
        self.requests = None;
    }

    /// The next message of the answer; nothing after the last one of a stream that ended well.
    ///
    /// # Errors
    /// The status with which the stream ended, or DEADLINE_EXCEEDED of our own when nothing came within the time of a call.
    pub async fn next(&mut self) -> Result<Option<ServeHttpResponse>, Status> {
        let within = self.within;
        match tokio::time::timeout(within, self.take()).await {
            Ok(next) => next,
            Err(_) => Err(Status::deadline_exceeded(format!(
                "no message of the answer within {} ms",
                within.as_millis()
            ))),
        }
    }

    async fn take(&mut self) -> Result<Option<ServeHttpResponse>, Status> {
        if let Incoming::Opening(opening) = &mut self.answer {
            let opened = opening
                .await
                .unwrap_or_else(|error| Err(Status::internal(error.to_string())));
            self.answer = Incoming::Over;
            self.answer = Incoming::Open(opened?);
        }
        let Incoming::Open(answer) = &mut self.answer else {
            return Ok(None);
        };
        let message = match answer.next().await {
            Ok(Some(message)) => message,
            Ok(None) => {
                self.answer = Incoming::Over;
                return Ok(None);
            }
            Err(status) => {
                self.answer = Incoming::Over;
                return Err(status);
            }
        };
        ServeHttpResponse::decode(message)
            .map(Some)
            .map_err(|error| Status::internal(format!("no message: {error}")))
    }

    /// All that is still to come.
    pub async fn rest(&mut self) -> Heard {
        let mut messages = Vec::new();
        let end = loop {
            match self.next().await {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break Ok(()),
                Err(status) => break Err(status),
            }
        };
        let heard = Heard { messages, end };
        self.timeline
            .note(Source::Rpc, format!("ServeHTTP answers: {}", heard.words()));
        heard
    }
}
