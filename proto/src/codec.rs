//! A gRPC codec that leaves messages as bytes.

use bytes::{Buf, BufMut, Bytes};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Largest message that is taken or sent, in bytes: the 100 MiB that SDK clients allow, and room for the message around it.
pub const MAX_MESSAGE: usize = 101 * 1024 * 1024;

/// Refuses a message that the other side would not take anyway, before a byte of it is sent: broken off in the middle it would look like a
/// broken connection.
pub(crate) fn check_size(message: &Bytes, what: &str) -> Result<(), Status> {
    match message.len() {
        0..=MAX_MESSAGE => Ok(()),
        size => Err(Status::out_of_range(format!(
            "{what} has {size} bytes; at most {MAX_MESSAGE} can be sent"
        ))),
    }
}

/// Passes messages through unread.
#[derive(Debug, Clone, Copy, Default)]
pub struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}
