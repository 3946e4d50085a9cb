//! The request's messages, made when the connection asks for them.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use plugin_proto::duplex::BoxError;
use plugin_proto::pb::{ServeHttpRequest, ServeHttpRequestInit};
use prost::Message as _;

use super::pace::Pace;
use crate::body::{Chunker, Frame};

/// A head and a body as messages.
pub(super) struct Outgoing<B> {
    chunker: Chunker<ServeHttpRequestInit>,
    body: Pin<Box<B>>,
    pace: Pace,
}

impl<B> Outgoing<B> {
    pub(super) fn new(chunker: Chunker<ServeHttpRequestInit>, body: B, pace: Pace) -> Self {
        let body = Box::pin(body);
        Self {
            chunker,
            body,
            pace,
        }
    }
}

impl<B> Stream for Outgoing<B>
where
    B: Stream<Item = Result<Bytes, BoxError>> + Send,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Self {
            chunker,
            body,
            pace,
        } = self.get_mut();
        let sent = |frame: Frame<ServeHttpRequestInit>| {
            pace.sent();
            Ok(Bytes::from(ServeHttpRequest::from(frame).encode_to_vec()))
        };
        while !chunker.is_full() && !chunker.has_ended() {
            match body.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => chunker.push(bytes),
                Poll::Ready(Some(Err(error))) => {
                    pace.broke(error.to_string());
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => chunker.end(),
                Poll::Pending => {
                    // What is there leaves; while nothing is there, at least the head.
                    return match chunker.frame().or_else(|| chunker.open()) {
                        Some(frame) => Poll::Ready(Some(sent(frame))),
                        None => {
                            pace.wants_more();
                            Poll::Pending
                        }
                    };
                }
            }
        }
        Poll::Ready(chunker.frame().map(sent))
    }
}
