//! Messages taken from the bytes of an answer's stream: the one of a unary answer, or many. Pure.
//!
//! Stricter than a general client: what is no single plain message is named as the breach of the protocol that it is. Memory is bounded by
//! what has really arrived.

use bytes::{Bytes, BytesMut};
use tonic::{Code, Status};

use crate::codec::MAX_MESSAGE;

/// Length of what stands before a message: a flag, and the length of the message.
pub(crate) const PREFIX: usize = 5;

/// How a peer broke the rules of gRPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Nobody had agreed on a compression.
    #[error("the message is marked as compressed, and no compression was agreed on")]
    Compressed,
    /// The mark of compression is neither 0 nor 1.
    #[error("the message begins with the byte {0}, which is no mark of compression")]
    Flag(u8),
    /// The message is said to be larger than what is taken.
    #[error("the message is said to have {size} bytes; at most {limit} are taken")]
    TooLarge {
        /// Its length.
        size: u64,
        /// What is taken.
        limit: usize,
    },
    /// The stream ended before the message did.
    #[error("the stream ended after {got} bytes of a message of {size}")]
    Short {
        /// What came, without the prefix; nothing if the prefix itself is cut.
        got: usize,
        /// What was announced; 0 if that is not known.
        size: usize,
    },
    /// Something follows the message.
    #[error("bytes follow the message that belong to none")]
    Trailing,
    /// The call is said to have succeeded, and there is no message.
    #[error("there is a status and no message")]
    NoMessage,
    /// The answer is none of gRPC.
    #[error("the answer is no gRPC: its content type is {0:?}")]
    ContentType(String),
    /// The stream ended without a status.
    #[error("the stream ended without a status")]
    NoStatus,
    /// The status is no number that gRPC has.
    #[error("the status is {0:?}, which is none of gRPC")]
    OddStatus(String),
}

impl Breach {
    /// The breach that a status stands for, if it does: one that our own side made.
    pub fn of(status: &Status) -> Option<&Self> {
        std::error::Error::source(status)?.downcast_ref()
    }
}

impl From<Breach> for Status {
    fn from(breach: Breach) -> Self {
        let code = match breach {
            Breach::TooLarge { .. } => Code::OutOfRange,
            _ => Code::Internal,
        };
        let mut status = Self::new(code, breach.to_string());
        status.set_source(std::sync::Arc::new(breach));
        status
    }
}

/// Collects the message.
#[derive(Debug, Default)]
pub(crate) struct OneMessage {
    /// What came, if it is not the whole of it.
    partial: BytesMut,
    /// The announced length, once it is known.
    size: Option<usize>,
    whole: Option<Bytes>,
}

impl OneMessage {
    /// Takes what the stream brought next.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Result<(), Breach> {
        if chunk.is_empty() {
            return Ok(());
        }
        if self.whole.is_some() {
            return Err(Breach::Trailing);
        }
        if self.partial.is_empty() && chunk.len() >= PREFIX {
            let size = size_of(&chunk, MAX_MESSAGE)?;
            // Most messages come in one piece, which need not be copied.
            if chunk.len() == PREFIX + size {
                self.whole = Some(chunk.slice(PREFIX..));
                return Ok(());
            }
        }
        self.partial.extend_from_slice(&chunk);
        if self.size.is_none() && self.partial.len() >= PREFIX {
            self.size = Some(size_of(&self.partial, MAX_MESSAGE)?);
        }
        match self.size {
            Some(size) if self.partial.len() == PREFIX + size => {
                let whole = std::mem::take(&mut self.partial).freeze();
                self.whole = Some(whole.slice(PREFIX..));
                Ok(())
            }
            Some(size) if self.partial.len() > PREFIX + size => Err(Breach::Trailing),
            _ => Ok(()),
        }
    }

    /// The message, once the stream has ended.
    pub(crate) fn end(self) -> Result<Bytes, Breach> {
        match self.whole {
            Some(message) => Ok(message),
            None if self.partial.is_empty() => Err(Breach::NoMessage),
            None => Err(Breach::Short {
                got: self.partial.len().saturating_sub(PREFIX),
                size: self.size.unwrap_or(0),
            }),
        }
    }
}

/// Takes message after message out of a stream. A message that comes in one piece is not copied.
#[derive(Debug)]
pub(crate) struct ManyMessages {
    limit: usize,
    /// What came and is not taken yet.
    rest: Bytes,
    /// The beginning of a message that `rest` goes on with.
    partial: BytesMut,
}

impl ManyMessages {
    /// Messages have at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            rest: Bytes::new(),
            partial: BytesMut::new(),
        }
    }

    /// Takes what the stream brought next, once there is no further message in what it brought before.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.rest.is_empty() {
            self.rest = chunk;
        } else {
            self.partial.extend_from_slice(&self.rest);
            self.rest = chunk;
        }
    }

    /// The next message, if it is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Breach> {
        if self.partial.is_empty() && self.rest.len() >= PREFIX {
            let size = size_of(&self.rest, self.limit)?;
            if self.rest.len() >= PREFIX + size {
                return Ok(Some(self.rest.split_to(PREFIX + size).slice(PREFIX..)));
            }
        }
        self.fill(PREFIX);
        if self.partial.len() < PREFIX {
            return Ok(None);
        }
        let whole = PREFIX + size_of(&self.partial, self.limit)?;
        self.fill(whole);
        if self.partial.len() < whole {
            return Ok(None);
        }
        let message = std::mem::take(&mut self.partial).freeze();
        Ok(Some(message.slice(PREFIX..)))
    }

    /// Refuses a stream that ends within a message.
    pub(crate) fn end(&self) -> Result<(), Breach> {
        if self.partial.is_empty() && self.rest.is_empty() {
            return Ok(());
        }
        let size = if self.partial.len() < PREFIX {
            0
        } else {
            size_of(&self.partial, self.limit)?
        };
        let got = self.partial.len().saturating_sub(PREFIX);
        Err(Breach::Short { got, size })
    }

    fn fill(&mut self, length: usize) {
        let missing = length.saturating_sub(self.partial.len());
        let piece = self.rest.split_to(missing.min(self.rest.len()));
        self.partial.extend_from_slice(&piece);
    }
}

/// The announced length.
fn size_of(bytes: &[u8], limit: usize) -> Result<usize, Breach> {
    match bytes[0] {
        0 => {}
        1 => return Err(Breach::Compressed),
        flag => return Err(Breach::Flag(flag)),
    }
    let size = u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
    match usize::try_from(size) {
        Ok(size) if size <= limit => Ok(size),
        _ => Err(Breach::TooLarge {
            size: size.into(),
            limit,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Result<Bytes, Breach> {
        let mut message = OneMessage::default();
        for chunk in chunks {
            message.push(Bytes::copy_from_slice(chunk))?;
        }
        message.end()
    }

    #[test]
    fn one_whole_message_and_nothing_else() {
        assert_eq!(read(&[b"\0\0\0\0\x02ab"]).unwrap(), "ab");
        assert_eq!(read(&[b"\0\0\0", b"\0\x02a", b"", b"b"]).unwrap(), "ab");
        assert_eq!(read(&[b"\0\0\0\0\0"]).unwrap(), "");
        assert_eq!(read(&[]), Err(Breach::NoMessage));
        assert_eq!(read(&[b"\x01\0\0\0\0"]), Err(Breach::Compressed));
        assert_eq!(read(&[b"<html"]), Err(Breach::Flag(b'<')));
        assert_eq!(read(&[b"\0\0\0\0\0", b"x"]), Err(Breach::Trailing));
        assert_eq!(
            read(&[b"\0\0\0\0\x09ab"]),
            Err(Breach::Short { got: 2, size: 9 })
        );
        assert_eq!(read(&[b"\0\0"]), Err(Breach::Short { got: 0, size: 0 }));
        let error = read(&[b"\0\xff\xff\xff\xff"]).unwrap_err();
        assert!(
            error.to_string().contains("4294967295")
                && error.to_string().contains(&MAX_MESSAGE.to_string())
        );
    }

    #[test]
    fn a_status_keeps_its_breach() {
        let status = Status::from(Breach::Trailing);
        assert_eq!(Breach::of(&status), Some(&Breach::Trailing));
        assert_eq!(Breach::of(&Status::internal("x")), None);
    }

    #[test]
    fn what_is_too_large_is_out_of_range_and_every_other_breach_internal() {
        let (size, limit) = (10, 9);
        let too_large = Status::from(Breach::TooLarge { size, limit });
        assert_eq!(too_large.code(), Code::OutOfRange);
        let trailing = Status::from(Breach::Trailing);
        assert_eq!(trailing.code(), Code::Internal);
        assert_eq!(trailing.message(), Breach::Trailing.to_string());
    }

    #[test]
    fn a_message_in_one_piece_is_not_copied() {
        let chunk = Bytes::copy_from_slice(b"\0\0\0\0\x02ab");
        let mut one = OneMessage::default();
        one.push(chunk.clone()).unwrap();
        assert_eq!(one.end().unwrap().as_ptr(), chunk[PREFIX..].as_ptr());

        let mut many = ManyMessages::new(9);
        many.push(chunk.clone());
        let message = many.next().unwrap().unwrap();
        assert_eq!(message.as_ptr(), chunk[PREFIX..].as_ptr());
    }

    /// All messages of a stream, or the breach.
    fn read_many(chunks: &[&[u8]]) -> Result<Vec<Bytes>, Breach> {
        let mut messages = ManyMessages::new(9);
        let mut all = Vec::new();
        for chunk in chunks {
            messages.push(Bytes::copy_from_slice(chunk));
            while let Some(message) = messages.next()? {
                all.push(message);
            }
        }
        messages.end().map(|()| all)
    }

    #[test]
    fn many_messages_end_where_they_say() {
        assert_eq!(read_many(&[]).unwrap(), Vec::<Bytes>::new());
        assert_eq!(
            read_many(&[b"\0\0\0\0\x02ab\0\0\0\0\0"]).unwrap(),
            ["ab", ""]
        );
        let largest = b"\0\0\0\0\x09abcdefghi";
        assert_eq!(read_many(&[largest]).unwrap(), ["abcdefghi"]);
        let (size, limit) = (10, 9);
        let too_large = Breach::TooLarge { size, limit };
        assert_eq!(read_many(&[b"\0\0\0\0\x0a"]), Err(too_large));
        let announced = Breach::Short { got: 0, size: 2 };
        assert_eq!(read_many(&[b"\0\0\0\0\x02"]), Err(announced));
        let unknown = Breach::Short { got: 0, size: 0 };
        assert_eq!(read_many(&[b"\0\0\0\0"]), Err(unknown));
        let short = Breach::Short { got: 1, size: 2 };
        assert_eq!(read_many(&[b"\0\0\0\0\0\0\0\0\0\x02a"]), Err(short));
        assert_eq!(read_many(&[b"\x02\0\0\0\0"]), Err(Breach::Flag(2)));
    }

    proptest! {
        #[test]
        fn many_messages_come_out_as_they_went_in(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..6),
            cuts in proptest::collection::vec(0_usize..90, 0..9),
        ) {
            let framed: Vec<u8> = messages
                .iter()
                .flat_map(|message| [&[0, 0, 0, 0, u8::try_from(message.len()).unwrap()], &message[..]].concat())
                .collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(framed.len())).collect();
            cuts.extend([0, framed.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &framed[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read_many(&pieces).unwrap(), messages);
        }

        #[test]
        fn how_the_bytes_are_cut_changes_nothing(
            flag in prop_oneof![8 => Just(0_u8), 1 => any::<u8>()],
            announced in 0_u8..12,
            rest in proptest::collection::vec(any::<u8>(), 0..14),
            cuts in proptest::collection::vec(0_usize..20, 0..5),
        ) {
            let bytes = [&[flag, 0, 0, 0, announced], &rest[..]].concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let read = read(&pieces);
            prop_assert_eq!(&read, &super::tests::read(&[&bytes]));
            let expected = flag == 0 && rest.len() == usize::from(announced);
            prop_assert_eq!(read.is_ok(), expected);
        }
    }
}
