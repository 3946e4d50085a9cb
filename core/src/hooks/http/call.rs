//! The call itself: messages out when the connection asks for them, messages in when the caller asks for them, one life and one pace.

use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use plugin_proto::duplex::{Answer, BoxError, DuplexError, duplex};
use plugin_proto::pb::{ServeHttpRequestInit, ServeHttpResponse, ServeHttpResponseInit};
use prost::Message as _;
use tokio::time::timeout;

use super::outgoing::Outgoing;
use super::pace::{Limits, Pace};
use super::{HOOK, broken};
use crate::body::{Chunker, Frame, LARGEST_PIECE, Part, Reassembler};
use crate::hooks::client::Hooks;
use crate::hooks::lifeline::Lifeline;
use crate::hooks::outcome::{Failure, FailureKind};
use crate::hooks::turns::{Full, OwnTurn};
use crate::http_rules::fields::LARGEST_FIELDS;
use crate::policy::HttpFaults;

/// The largest message of an answer: the largest piece, and beside it a head with all that may be in one, which protobuf makes a little
/// larger.
const LARGEST_MESSAGE: usize = LARGEST_PIECE + 2 * LARGEST_FIELDS;

/// One stream to a plugin.
#[derive(Debug)]
pub(super) struct HttpCall {
    incoming: Answer,
    frames: Reassembler,
    lifeline: Lifeline,
    pace: Pace,
    faults: HttpFaults,
    /// Somebody waits already for the message that comes next.
    waiting: bool,
    /// No message has come.
    before: bool,
    /// The last message has come; only the end of the stream is missing.
    complete: bool,
    _turn: Option<OwnTurn>,
}

impl HttpCall {
    /// Waits for a turn, unless the plugin itself waits for this, and sends the request; its body goes on its way from here.
    pub(super) async fn open<B>(
        hooks: &Hooks,
        head: ServeHttpRequestInit,
        body: B,
        nested: bool,
    ) -> Result<Self, Failure>
    where
        B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    {
        let setting = &hooks.setting;
        let rules = &setting.rules;
        let pace = Pace::new(Limits::new(
            &rules.http_timing,
            rules.deadline(HOOK),
            &rules.http,
        ));
        let lifeline = setting.lifeline.clone();
        let turn = match hooks.turns.as_ref().filter(|_| !nested) {
            None => None,
            Some(turns) => {
                let turn = pin!(OwnTurn::take(Arc::clone(turns)));
                let turn = held(&lifeline, &pace, turn).await?;
                Some(turn.map_err(|Full(limit)| Failure::overloaded(HOOK.name, limit))?)
            }
        };
        let chunker = Chunker::new(head, rules.policy.http_piece.0);
        let requests = Outgoing::new(chunker, body, pace.clone());
        let opened = pin!(duplex(
            &setting.streams,
            HOOK.path,
            requests,
            LARGEST_MESSAGE
        ));
        let opened = held(&lifeline, &pace, opened).await?;
        let incoming = opened.map_err(|error| match error {
            DuplexError::NotSent(status) => Failure {
                kind: FailureKind::NotSent,
                ..Failure::from_status(HOOK.name, &status)
            },
            DuplexError::Ended(status) => pace.failure(&status),
        })?;
        Ok(Self {
            incoming,
            frames: Reassembler::new(LARGEST_PIECE),
            lifeline,
            pace,
            faults: rules.http,
            waiting: true,
            before: true,
            complete: false,
            _turn: turn,
        })
    }

    /// The next message; nothing after the last one of an answer that is whole.
    pub(super) async fn next(&mut self) -> Result<Option<Part<ServeHttpResponseInit>>, Failure> {
        if !self.waiting {
            // The time in which nobody asked is not the plugin's.
            self.pace.moved();
            self.waiting = true;
        }
        if self.complete && self.faults.stop_at_completion && !self.faults.never_end_uploads {
            return Ok(None);
        }
        let next = if self.complete && !self.faults.never_end_uploads {
            // The answer is whole; how its stream ends is worth a short wait only.
            match timeout(self.pace.end(), self.received()).await {
                Ok(next) => next?,
                Err(_) => return Ok(None),
            }
        } else {
            self.received().await?
        };
        self.waiting = false;
        let Some(message) = next else {
            if !self.faults.accept_half_close {
                self.frames.end().map_err(|violation| broken(&violation))?;
            }
            return Ok(None);
        };
        if self.complete && self.faults.stop_at_completion {
            return Ok(None);
        }
        self.pace.answered();
        let message = ServeHttpResponse::decode(message)
            .map_err(|error| Failure::violation(HOOK.name, error.to_string()))?;
        let frame = self.forgiven(message.into());
        self.before = false;
        let part = self
            .frames
            .push(frame)
            .map_err(|violation| broken(&violation))?;
        if part.last {
            self.complete = true;
            if !self.faults.never_end_uploads {
                self.end_request();
            }
        }
        Ok(Some(part))
    }

    async fn received(&mut self) -> Result<Option<Bytes>, Failure> {
        let next = pin!(self.incoming.next());
        let next = held(&self.lifeline, &self.pace, next).await?;
        next.map_err(|status| self.pace.failure(&status))
    }

    /// Nothing more of the request's body is sent: the answer does not depend on it any more.
    pub(super) fn end_request(&mut self) {
        self.incoming.end_requests();
    }

    /// The frame as a caller takes it that looks at no heads.
    fn forgiven(&self, mut frame: Frame<ServeHttpResponseInit>) -> Frame<ServeHttpResponseInit> {
        if self.faults.accept_missing_head {
            let init = frame.init.take();
            frame.init = self.before.then(|| init.unwrap_or_default());
        }
        frame
    }
}

/// Waits as long as the plugin lives and the stream moves. What is waited for stays where it is: handed on by value, each of the futures
/// around it would have room for it twice.
async fn held<T>(
    lifeline: &Lifeline,
    pace: &Pace,
    wait: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Failure> {
    match lifeline.hold(pace.hold(wait)).await {
        Ok(held) => held,
        Err(exit) => Err(Failure::gone(HOOK.name, exit)),
    }
}
