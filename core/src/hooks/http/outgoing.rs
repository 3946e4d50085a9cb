//! The request's messages, made when the connection asks for them.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use plugin_proto::duplex::{BoxError, Message};
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::{ServeHttpRequest, ServeHttpRequestInit};
use plugin_proto::{Rpc as _, reflect};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};

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
    type Item = Result<Message, BoxError>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, BoxError>>> {
        let Self {
            chunker,
            body,
            pace,
        } = self.get_mut();
        let sent = |frame: Frame<ServeHttpRequestInit>| {
            pace.sent();
            Ok(message(frame))
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

/// Everything but the piece is small and written together; the piece is the last field and leaves as it is.
fn message(frame: Frame<ServeHttpRequestInit>) -> Message {
    /// A key and a length.
    const LONGEST: usize = 16;
    let (last, mut message) = (frame.complete, ServeHttpRequest::from(frame));
    let piece = std::mem::take(&mut message.body_chunk);
    let mut before = BytesMut::with_capacity(message.encoded_len() + LONGEST);
    message
        .encode(&mut before)
        .expect("a buffer that grows takes any message");
    if !piece.is_empty() {
        encode_key(piece_number(), WireType::LengthDelimited, &mut before);
        encode_varint(piece.len() as u64, &mut before);
    }
    Message {
        before: before.freeze(),
        after: piece,
        last,
    }
}

/// The number of the field that holds the piece.
fn piece_number() -> u32 {
    static NUMBER: OnceLock<u32> = OnceLock::new();
    *NUMBER.get_or_init(|| {
        let request = reflect::pool().get_message_by_name(ServeHTTP::METHOD.request);
        let field = request.and_then(|request| request.get_field_by_name("body_chunk"));
        field.expect("the contract has pieces of bodies").number()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_is_what_protobuf_makes_of_its_frame(
            method in proptest::option::of("[A-Z]{0,5}"),
            piece in proptest::collection::vec(any::<u8>(), 0..300),
            complete: bool,
        ) {
            let frame = Frame {
                init: method.map(|method| ServeHttpRequestInit { method, ..ServeHttpRequestInit::default() }),
                piece: piece.into(),
                complete,
                flush: false,
            };
            let expected = ServeHttpRequest::from(frame.clone());
            let Message { before, after, last } = message(frame);
            let wire = [&before[..], &after[..]].concat();
            prop_assert_eq!(ServeHttpRequest::decode(&wire[..]).unwrap(), expected);
            prop_assert_eq!(last, complete);
        }
    }
}
