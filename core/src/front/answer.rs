//! The body of an answer on its way to the client: fetched from the plugin when the client has room, and never an end that is none.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor as _;
use plugin_proto::ending::Tasks;

use crate::front::record::{AccessEnd, Record};
use crate::front::turn::Turn;
use crate::hooks::{Failure, HttpBody, HttpPiece};

type Pulled = (Box<HttpBody>, Result<Option<HttpPiece>, Failure>);

/// The body of an answer; with it ends what is known of the request.
pub(super) struct Answer {
    content: Content,
    record: Record,
    tasks: Option<Tasks>,
    turn: Option<Turn>,
}

enum Content {
    /// Our own, if it has not left.
    Text(Bytes),
    /// A plugin's, of which nobody has asked for the next piece.
    Pieces(Box<HttpBody>),
    /// A plugin's, whose next piece is on its way.
    Pulling(Pin<Box<dyn Future<Output = Pulled> + Send>>),
    /// A plugin's, which broke off.
    Broken(Failure),
    Ended,
}

impl Answer {
    /// A text of our own.
    pub(super) fn text(text: Bytes, mut record: Record) -> Self {
        record.end = AccessEnd::Complete;
        let content = match text.is_empty() {
            true => Content::Ended,
            false => Content::Text(text),
        };
        Self {
            content,
            record,
            tasks: None,
            turn: Turn::current(),
        }
    }

    /// What a plugin sends.
    pub(super) fn pieces(body: HttpBody, record: Record, tasks: Tasks) -> Self {
        Self {
            content: Content::Pieces(Box::new(body)),
            record,
            tasks: Some(tasks),
            turn: Turn::current(),
        }
    }

    /// Gives this to the client.
    fn give(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.record.sent += bytes.len() as u64;
        if let Some(turn) = &self.turn {
            turn.is_clients();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    /// The last piece has come: the client need not wait for the end of the plugin's stream.
    fn is_whole(&mut self, body: HttpBody) {
        self.record.end = AccessEnd::Complete;
        if let Some(tasks) = &self.tasks {
            see_off(body, tasks);
        }
    }
}

/// Sees the stream of a whole answer to its end. Nobody waits for that, and mostly it has come: then it needs no task.
pub(super) fn see_off(mut body: HttpBody, tasks: &Tasks) {
    if body.finish().now_or_never().is_none() {
        tasks.execute(Box::pin(async move { body.finish().await }));
    }
}

async fn pull(mut body: Box<HttpBody>) -> Pulled {
    let next = body.next().await;
    (body, next)
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Some(turn) = &self.turn {
            turn.is_ours();
        }
        loop {
            match std::mem::replace(&mut self.content, Content::Ended) {
                Content::Ended => return Poll::Ready(None),
                Content::Text(text) => return self.give(text),
                Content::Pieces(body) if body.is_whole() => self.is_whole(*body),
                Content::Pieces(body) => self.content = Content::Pulling(Box::pin(pull(body))),
                Content::Pulling(mut pulling) => match pulling.as_mut().poll(context) {
                    Poll::Pending => {
                        self.content = Content::Pulling(pulling);
                        return Poll::Pending;
                    }
                    Poll::Ready((body, Ok(Some(HttpPiece { bytes, .. })))) => {
                        self.content = Content::Pieces(body);
                        if !bytes.is_empty() {
                            return self.give(bytes);
                        }
                    }
                    Poll::Ready((_, Ok(None))) => self.record.end = AccessEnd::Complete,
                    Poll::Ready((_, Err(failure))) => {
                        self.content = Content::Broken(failure);
                        // What came before leaves first: hyper sends what it holds when it has to wait, and drops it at an error.
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                },
                Content::Broken(failure) => {
                    self.record.end = AccessEnd::Truncated;
                    self.record.failure = Some(failure.kind.word());
                    if self.record.version() == Version::HTTP_10 {
                        self.record.link().is_broken();
                    }
                    return Poll::Ready(Some(Err(failure)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Text(text) => SizeHint::with_exact(text.len() as u64),
            Content::Ended => SizeHint::with_exact(0),
            Content::Pieces(_) | Content::Pulling(_) | Content::Broken(_) => SizeHint::default(),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Where the length is known, nobody asks for what follows the last byte.
        if let Content::Pieces(body) = std::mem::replace(&mut self.content, Content::Ended)
            && body.is_whole()
        {
            self.is_whole(*body);
        }
    }
}
