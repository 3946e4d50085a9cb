//! The body of a server's answer: messages as their handler gives them, then the status.
//!
//! tonic's own copies each message once more and sends each as a frame of its own. Here a message is sent as it is, together with whatever
//! other messages are there at the same time; none waits for a later one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::{Body, Frame, SizeHint};
use tokio_stream::Stream;
use tonic::Status;

use crate::codec::check_size;
use crate::gathered::{Gathered, Gathering};
use crate::unary::GRPC;

/// A stream of messages going out.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
#[derive(Default)]
pub struct Reply(Content);

#[derive(Default)]
enum Content {
    /// Nothing, or nothing more.
    #[default]
    Ended,
    Messages(ByteStream),
    /// What stands behind the last message.
    Trailers(HeaderMap),
    /// As somebody else made it.
    Other(tonic::body::Body),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match &self.0 {
            Content::Ended => "ended",
            Content::Messages(_) => "messages",
            Content::Trailers(_) => "trailers",
            Content::Other(_) => "other",
        };
        out.debug_tuple("Reply").field(&word).finish()
    }
}

impl From<tonic::body::Body> for Reply {
    fn from(body: tonic::body::Body) -> Self {
        Self(Content::Other(body))
    }
}

/// The answer that these messages are.
pub(crate) fn messages(messages: ByteStream) -> Response<Reply> {
    let mut response = Response::new(Reply(Content::Messages(messages)));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

/// The trailers that say how a stream of messages ended.
fn trailers(end: Result<(), Status>) -> HeaderMap {
    let status = end.err().unwrap_or_else(|| Status::ok(""));
    let mut trailers = HeaderMap::new();
    match status.add_header(&mut trailers) {
        Ok(()) => trailers,
        // Only a text that cannot be said keeps a status from being sent; without it, it can.
        Err(_) => trailers_without_text(&status),
    }
}

fn trailers_without_text(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, i32::from(status.code()).into());
    trailers
}

impl Reply {
    /// As many messages as are there and fit into one frame; how they end, if they do.
    fn gather(
        messages: &mut ByteStream,
        context: &mut Context<'_>,
    ) -> Poll<(Gathered, Option<HeaderMap>)> {
        let mut gathering = Gathering::default();
        while !gathering.is_full() {
            let next = match messages.as_mut().poll_next(context) {
                Poll::Pending if gathering.is_empty() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(next) => next,
            };
            let checked = next.map(|next| {
                next.and_then(|message| check_size(&message, "the answer").map(|()| message))
            });
            let end = match checked {
                Some(Ok(message)) => {
                    gathering.push(b"", message);
                    continue;
                }
                Some(Err(status)) => Err(status),
                None => Ok(()),
            };
            return Poll::Ready((gathering.take(), Some(trailers(end))));
        }
        Poll::Ready((gathering.take(), None))
    }
}

impl Body for Reply {
    type Data = Gathered;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Gathered>, BoxError>>> {
        match &mut self.0 {
            Content::Ended => Poll::Ready(None),
            Content::Messages(messages) => {
                let (frame, end) = ready!(Self::gather(messages, context));
                if let Some(trailers) = end {
                    self.0 = Content::Trailers(trailers);
                    if !frame.has_remaining() {
                        return self.poll_frame(context);
                    }
                }
                Poll::Ready(Some(Ok(Frame::data(frame))))
            }
            Content::Trailers(trailers) => {
                let trailers = std::mem::take(trailers);
                self.0 = Content::Ended;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Content::Other(body) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                let frame = frame.map(|frame| frame.map(|frame| frame.map_data(Gathered::from)));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Ended => true,
            Content::Messages(_) | Content::Trailers(_) => false,
            Content::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Ended => SizeHint::with_exact(0),
            // No length is said of an answer of gRPC.
            Content::Messages(_) | Content::Trailers(_) => SizeHint::default(),
            Content::Other(body) => body.size_hint(),
        }
    }
}
