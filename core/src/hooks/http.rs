//! `ServeHTTP`: one HTTP request to a plugin and its answer back, the bodies in pieces, both ways at once.
//!
//! ```text
//!  head + body ─> gate ─> rules ─> turn ─> chunker ══ RPC ══> reassembler ─> rules ─> plan, then piece by piece
//!                                             │   one life   │
//!                                   dropped, it resets   gone, late or lawless: one named failure
//! ```
//!
//! How to use it: [`Hooks::serve_http`] gives an [`HttpAnswer`] as soon as the plugin has sent a head. Its `plan` says what the client gets.
//! [`HttpBody::next`] gives the body piece by piece, asks the plugin for no more than that, and ends with nothing or with one failure, after
//! which a client must not be able to take what it got for the whole. Dropping the body cancels the plugin's stream.
//! [`Failure::http_status`] says what a client gets that has no answer yet.
//!
//! Memory is bounded by the connection's window and one piece each way: no channel, no buffer of whole bodies. A stream ends well only with
//! a complete body and the status OK after it. As soon as the answer is complete, the request's body is at its end, whether the client has
//! sent all of it or not.
//!
//! What this does not do: speak HTTP to anybody.

mod call;

mod outgoing;

mod pace;

mod told;

use bytes::Bytes;
use futures_util::Stream;
use plugin_proto::duplex::BoxError;
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::{ServeHttpRequestInit, ServeHttpResponseInit};
use plugin_proto::{Method, Rpc as _};
use tracing::Instrument as _;

use crate::body::{Part, Violation};
use crate::hooks::client::Hooks;
use crate::hooks::http::call::HttpCall;
use crate::hooks::http::told::Told;
use crate::hooks::outcome::{Failure, FailureKind, Outcome};
use crate::http_rules::{AnswerError, Length, ResponsePlan, answer, request};

const HOOK: &Method = ServeHTTP::METHOD;

/// The answer to a request, as far as it has come.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The head in the plugin's own spelling, without what belongs to a connection. Its status is a final one of HTTP; a 0 on the wire has
    /// become 200.
    pub head: ServeHttpResponseInit,
    /// The same as a client gets it, and what becomes of the body.
    pub plan: ResponsePlan,
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

impl HttpPiece {
    fn of(part: &Part<ServeHttpResponseInit>) -> Self {
        Self {
            bytes: part.piece.clone(),
            flush: part.flush,
        }
    }
}

/// The body of an answer. Dropped before it is whole, it cancels the call.
#[derive(Debug)]
pub struct HttpBody {
    call: HttpCall,
    told: Told,
    /// What the first message had beside the head.
    first: Option<HttpPiece>,
    length: Length,
    /// The last message has come.
    whole: bool,
    ended: bool,
    /// A body that breaks ends as if it were whole.
    forgiving: bool,
}

impl HttpBody {
    /// The next piece; nothing once the answer is known to be whole. Dropping the wait loses nothing.
    ///
    /// After the last message this waits for the end of the stream, but not for long: whoever must not wait at all looks at
    /// [`HttpBody::is_whole`].
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
        let span = self.told.span().clone();
        let next = self.take_next().instrument(span).await;
        self.ended = !matches!(next, Ok(Some(_)));
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.told.end("answered", true),
            Err(failure) => self.told.failed(failure),
        }
        match next {
            Err(_) if self.forgiving => Ok(None),
            next => next,
        }
    }

    async fn take_next(&mut self) -> Result<Option<HttpPiece>, Failure> {
        let Some(part) = self.call.next().await? else {
            return Ok(None);
        };
        self.take(&part)?;
        Ok(Some(HttpPiece::of(&part)))
    }

    fn take(&mut self, part: &Part<ServeHttpResponseInit>) -> Result<(), Failure> {
        let mut fits = self.length.push(part.piece.len());
        if part.last {
            self.whole = true;
            fits = fits.and_then(|()| self.length.end());
        }
        fits.map_err(|error| Failure::violation(HOOK.name, error.to_string()))
    }

    /// Whether the last message has come: besides what [`HttpBody::next`] may still hold, there is no more of the body, and it fits the length
    /// in the head. Nothing that comes later can make the answer a partial one; dropping the body from here on is no cancellation.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// What has come and was not taken yet, if that is all there is: the whole body of a small answer, which can be sent in one piece.
    pub fn all_at_once(&self) -> Option<Bytes> {
        let all = || self.first.as_ref().map(|piece| piece.bytes.clone());
        self.whole.then(|| all().unwrap_or_default())
    }

    /// Reads on to the end and passes nothing on. What is found after a whole answer is told to the logs and the counters. Dropping the wait
    /// loses nothing.
    pub async fn finish(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// The head was all that was wanted ([`BodyPlan::Discard`](crate::http_rules::BodyPlan::Discard)): the plugin's stream is cancelled, and the call has succeeded.
    pub fn discard(mut self) {
        self.told.end("answered", true);
    }
}

impl Drop for HttpBody {
    fn drop(&mut self) {
        if self.whole && !self.ended {
            self.told.end("answered", true);
        }
    }
}

impl Hooks {
    /// Hands an HTTP request to the plugin. The answer is there as soon as its head is; meanwhile, and after it, the body of the request
    /// goes on its way.
    ///
    /// An error in the request's body cancels the call: the plugin never takes a part for the whole. How long what may take is said by
    /// [`HttpTiming`](crate::timing::HttpTiming). A limit on calls counts the stream until it is dropped.
    pub async fn serve_http<B>(&self, head: ServeHttpRequestInit, body: B) -> Outcome<HttpAnswer>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        self.serve_http_in(head, body, false).await
    }

    /// The same for a request that an API call led to. `nested` is one that the plugin itself waits for: it waits for no turn.
    pub(crate) async fn serve_http_in<B>(
        &self,
        head: ServeHttpRequestInit,
        body: B,
        nested: bool,
    ) -> Outcome<HttpAnswer>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        if let Some(not_called) = self.gate(HOOK, self.is_active()) {
            return match not_called {
                Outcome::Failed(failure) => Outcome::Failed(Failure {
                    kind: FailureKind::NotSent,
                    ..failure
                }),
                other => other,
            };
        }
        let mut told = Told::begin(self, &head);
        let span = told.span().clone();
        match self.answer_of(head, body, nested).instrument(span).await {
            Ok(Begun {
                call,
                head,
                plan,
                first,
            }) => {
                let mut answer = HttpBody {
                    call,
                    told,
                    first: None,
                    length: Length::new(plan.length),
                    whole: false,
                    ended: false,
                    forgiving: self.setting.rules.http.end_broken_answers,
                };
                if let Err(failure) = answer.take(&first) {
                    answer.told.failed(&failure);
                    return Outcome::Failed(failure);
                }
                let first = HttpPiece::of(&first);
                answer.first = (!first.bytes.is_empty() || first.flush).then_some(first);
                Outcome::Answered(HttpAnswer {
                    head,
                    plan,
                    body: answer,
                })
            }
            Err(failure) => {
                told.failed(&failure);
                Outcome::Failed(failure)
            }
        }
    }

    /// Everything up to the head of the answer.
    async fn answer_of<B>(
        &self,
        mut head: ServeHttpRequestInit,
        body: B,
        nested: bool,
    ) -> Result<Begun, Failure>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let faults = &self.setting.rules.http;
        if !faults.pass_all_headers {
            request::check(&mut head).map_err(|error| Failure {
                hook: HOOK.name,
                kind: FailureKind::RequestBroken,
                text: format!("the request was not sent: {error}"),
            })?;
        }
        let method = head.method.clone();
        let mut call = HttpCall::open(self, head, body, nested).await?;
        // Without a first message, and with one that has no head, the reassembler has said so.
        let mut first = call
            .next()
            .await?
            .ok_or_else(|| broken(&Violation::Nothing))?;
        let mut head = first
            .head
            .take()
            .ok_or_else(|| broken(&Violation::NoInit))?;
        let plan = answer::plan(&method, &mut head, faults).map_err(|error| unsendable(&error))?;
        Ok(Begun {
            call,
            head,
            plan,
            first,
        })
    }
}

/// A call whose answer has begun.
struct Begun {
    call: HttpCall,
    head: ServeHttpResponseInit,
    plan: ResponsePlan,
    /// What came with the head.
    first: Part<ServeHttpResponseInit>,
}

fn broken(violation: &Violation) -> Failure {
    Failure::violation(HOOK.name, violation.to_string())
}

fn unsendable(error: &AnswerError) -> Failure {
    let kind = match error.is_status() {
        true => FailureKind::BadStatus,
        false => FailureKind::Violation,
    };
    Failure {
        hook: HOOK.name,
        kind,
        text: error.to_string(),
    }
}
