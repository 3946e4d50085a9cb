//! `ServeHTTP`: one HTTP request to a plugin and its answer back, the bodies in pieces, both ways at once.
//!
//! ```text
//!  head + body ─> gate ─> turn ─> chunker ══ RPC ══> reassembler ─> head, then piece by piece
//!                                    │   one life   │
//!                          dropped, it resets   gone, late or lawless: one named failure
//! ```
//!
//! Memory is bounded by the connection's window and one piece each way: no task, no channel, no buffer of whole bodies. A stream ends
//! well only with a complete body and the status OK after it.
//!
//! What this does not do: speak HTTP to anybody, or decide what a failure is to look like there.

mod outgoing;

mod pace;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use plugin_proto::duplex::{Answer, BoxError, duplex};
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::{ServeHttpRequestInit, ServeHttpResponse, ServeHttpResponseInit};
use plugin_proto::{Method, Rpc as _};
use prost::Message as _;

use crate::body::{self, Chunker, LARGEST_PIECE, Part, Reassembler, Violation};
use crate::event::PluginEvents;
use crate::hooks::client::Hooks;
use crate::hooks::http::outgoing::Outgoing;
use crate::hooks::http::pace::Pace;
use crate::hooks::lifeline::Lifeline;
use crate::hooks::observed::Observation;
use crate::hooks::outcome::{Failure, Outcome};
use crate::hooks::turns::{Full, OwnTurn};
use crate::metrics::PluginMetrics;

const HOOK: &Method = ServeHTTP::METHOD;

/// The largest message of an answer: the largest piece, and a head beside it.
const LARGEST_MESSAGE: usize = LARGEST_PIECE + 1024 * 1024;

/// The answer to a request, as far as it has come.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The head. Its status is one of HTTP; a 0 on the wire has become 200.
    pub head: ServeHttpResponseInit,
    /// The body, still on its way.
    pub body: HttpBody,
}

/// A piece of an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpPiece {
    /// Its bytes; may be none.
    pub bytes: Bytes,
    /// Whether the plugin asks for what came so far to be passed on at once.
    pub flush: bool,
}

/// The body of an answer. Dropped before its end, it cancels the call.
#[derive(Debug)]
pub struct HttpBody {
    call: HttpCall,
    told: Told,
    /// What the first message had beside the head.
    first: Option<HttpPiece>,
    ended: bool,
}

impl HttpBody {
    /// The next piece; nothing once the answer is known to be whole. Dropping the wait loses nothing.
    ///
    /// # Errors
    /// Why the answer is not whole. It is said once.
    pub async fn next(&mut self) -> Result<Option<HttpPiece>, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.ended {
            return Ok(None);
        }
        let next = self.call.next().await;
        self.ended = !matches!(next, Ok(Some(_)));
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.told.end("answered", true),
            Err(failure) => self.told.failed(failure),
        }
        Ok(next?.map(|part| piece_of(&part)))
    }
}

impl Hooks {
    /// Hands an HTTP request to the plugin. The answer is there as soon as its head is; meanwhile, and after it, the body of the request
    /// goes on its way.
    ///
    /// An error in the request's body cancels the call: the plugin never takes a part for the whole. The hook's deadline is the longest
    /// time in which nothing comes while nothing goes. A limit on calls counts the stream until it is dropped.
    pub async fn serve_http<B>(&self, head: ServeHttpRequestInit, body: B) -> Outcome<HttpAnswer>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        if let Some(not_called) = self.gate(HOOK, self.is_active()) {
            return not_called;
        }
        let mut told = Told::begin(self);
        match self.open(head, body).await {
            Ok((call, head, first)) => {
                let body = HttpBody {
                    call,
                    told,
                    first: (!first.bytes.is_empty() || first.flush).then_some(first),
                    ended: false,
                };
                Outcome::Answered(HttpAnswer { head, body })
            }
            Err(failure) => {
                told.failed(&failure);
                Outcome::Failed(failure)
            }
        }
    }

    /// Everything up to the head of the answer.
    async fn open<B>(
        &self,
        head: ServeHttpRequestInit,
        body: B,
    ) -> Result<(HttpCall, ServeHttpResponseInit, HttpPiece), Failure>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let rules = &self.setting.rules;
        let pace = Pace::new(rules.deadline(HOOK));
        let lifeline = self.setting.lifeline.clone();
        let turn = match &self.turns {
            None => None,
            Some(turns) => {
                let turn = OwnTurn::take(Arc::clone(turns));
                let turn = held(&lifeline, &pace, turn).await?;
                Some(turn.map_err(|Full(limit)| Failure::overloaded(HOOK.name, limit))?)
            }
        };
        let chunker = Chunker::new(head, rules.policy.http_piece.0);
        let requests = Outgoing::new(chunker, body, pace.clone());
        let opened = duplex(&self.setting.channel, HOOK.path, requests, LARGEST_MESSAGE);
        let incoming = held(&lifeline, &pace, opened).await?;
        let mut call = HttpCall {
            incoming: incoming.map_err(|status| pace.failure(&status))?,
            frames: Reassembler::new(LARGEST_PIECE),
            lifeline,
            pace,
            waiting: true,
            _turn: turn,
        };
        // Without a first message, and with one that has no head, the reassembler has said so.
        let first = call.next().await?;
        let (head, piece) = first
            .and_then(|part| Some((part.head.clone()?, piece_of(&part))))
            .ok_or_else(|| broken(&Violation::NoInit))?;
        let status = body::status(head.status_code).map_err(|violation| broken(&violation))?;
        let status_code = i32::from(status);
        Ok((
            call,
            ServeHttpResponseInit {
                status_code,
                ..head
            },
            piece,
        ))
    }
}

/// The call itself.
#[derive(Debug)]
struct HttpCall {
    incoming: Answer,
    frames: Reassembler,
    lifeline: Lifeline,
    pace: Pace,
    /// Somebody waits already for the message that comes next.
    waiting: bool,
    _turn: Option<OwnTurn>,
}

impl HttpCall {
    async fn next(&mut self) -> Result<Option<Part<ServeHttpResponseInit>>, Failure> {
        if !self.waiting {
            // The time in which nobody asked is not the plugin's.
            self.pace.moved();
            self.waiting = true;
        }
        let next = held(&self.lifeline, &self.pace, self.incoming.next()).await?;
        self.waiting = false;
        match next.map_err(|status| self.pace.failure(&status))? {
            Some(message) => {
                self.pace.moved();
                let message = ServeHttpResponse::decode(message)
                    .map_err(|error| Failure::violation(HOOK.name, error.to_string()))?;
                let part = self.frames.push(message.into());
                Ok(Some(part.map_err(|violation| broken(&violation))?))
            }
            None => {
                self.frames.end().map_err(|violation| broken(&violation))?;
                Ok(None)
            }
        }
    }
}

/// Waits as long as the plugin lives and the stream moves.
async fn held<T>(
    lifeline: &Lifeline,
    pace: &Pace,
    wait: impl Future<Output = T>,
) -> Result<T, Failure> {
    match lifeline.hold(pace.hold(wait)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(within)) => Err(Failure::deadline(HOOK.name, within)),
        Err(exit) => Err(Failure::gone(HOOK.name, exit)),
    }
}

fn piece_of(part: &Part<ServeHttpResponseInit>) -> HttpPiece {
    HttpPiece {
        bytes: part.piece.clone(),
        flush: part.flush,
    }
}

fn broken(violation: &Violation) -> Failure {
    Failure::violation(HOOK.name, violation.to_string())
}

/// What is told about the call. Dropped without an end, it was cancelled.
#[derive(Debug)]
struct Told {
    events: PluginEvents,
    observation: Option<Observation<Arc<PluginMetrics>, PluginEvents>>,
    flatters: bool,
}

impl Told {
    fn begin(hooks: &Hooks) -> Self {
        let setting = &hooks.setting;
        let (metrics, events) = (Arc::clone(&setting.metrics), setting.events.clone());
        Self {
            observation: Some(Observation::begin(HOOK, metrics, events, || hooks.number())),
            events: setting.events.clone(),
            flatters: setting.rules.faults.count_failures_as_successes,
        }
    }

    fn end(&mut self, word: &str, success: bool) {
        if let Some(observation) = self.observation.take() {
            observation.end(word, success || self.flatters);
        }
    }

    fn failed(&mut self, failure: &Failure) {
        tracing::error!(plugin = %self.events.plugin(), "hook {failure}");
        self.end(failure.kind.word(), false);
    }
}
