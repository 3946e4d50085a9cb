//! Messages with their prefixes that leave as one frame of HTTP/2, of which nothing large is copied. Pure.
//!
//! A frame costs a call of the system on either side, whatever its size, so messages that are there at the same time share one.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};

use crate::frames::PREFIX;

/// Up to this size a message is copied behind its prefix; a larger one follows it as it is.
pub(crate) const COPIED: usize = 8 * 1024;

/// What has so many bytes takes no further message. Two messages of 64 KiB are where sharing a frame stops to gain anything, and whatever
/// else waits for the connection waits for a whole frame.
const FULL: usize = 128 * 1024;

/// Messages that become one frame.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    frame: Gathered,
    /// Prefixes and small messages behind what is in the frame.
    open: BytesMut,
}

impl Gathering {
    /// Adds a message in two parts.
    pub(crate) fn push(&mut self, before: &[u8], after: Bytes) {
        let size = before.len() + after.len();
        let copied = if after.len() <= COPIED {
            after.len()
        } else {
            0
        };
        self.open.reserve(PREFIX + before.len() + copied);
        self.open.put_u8(0);
        self.open.put_u32(u32::try_from(size).unwrap_or(u32::MAX));
        self.open.put_slice(before);
        if copied == after.len() {
            self.open.put_slice(&after);
        } else {
            self.seal();
            self.frame.push(after);
        }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.frame.left + self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no other message should be added.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= FULL
    }

    /// The frame; another one can be begun.
    pub(crate) fn take(&mut self) -> Gathered {
        self.seal();
        std::mem::take(&mut self.frame)
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            let open = self.open.split().freeze();
            self.frame.push(open);
        }
    }
}

/// The bytes of one frame.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What comes next; empty only when all of it is.
    first: Bytes,
    rest: VecDeque<Bytes>,
    left: usize,
}

impl Gathered {
    fn push(&mut self, part: Bytes) {
        self.left += part.len();
        if self.first.is_empty() {
            self.first = part;
        } else {
            self.rest.push_back(part);
        }
    }
}

impl From<Bytes> for Gathered {
    fn from(bytes: Bytes) -> Self {
        let mut frame = Self::default();
        frame.push(bytes);
        frame
    }
}

impl Buf for Gathered {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let parts = std::iter::once(&self.first).chain(&self.rest);
        let mut filled = 0;
        for (slice, part) in slices.iter_mut().zip(parts) {
            if !part.is_empty() {
                *slice = IoSlice::new(part);
                filled += 1;
            }
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.left, "no more can be taken than is there");
        self.left -= count;
        while count >= self.first.len() {
            count -= self.first.len();
            match self.rest.pop_front() {
                Some(next) => self.first = next,
                None => {
                    self.first = Bytes::new();
                    return;
                }
            }
        }
        self.first.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What has been written by a writer that takes so many bytes at a time.
    fn written(mut frame: Gathered, at_a_time: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while frame.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 4];
            let filled = frame.chunks_vectored(&mut slices);
            assert!(filled > 0 && !frame.chunk().is_empty());
            let mut taken = 0;
            for slice in &slices[..filled] {
                let piece = slice.len().min(at_a_time - taken);
                all.extend_from_slice(&slice[..piece]);
                taken += piece;
            }
            frame.advance(taken);
        }
        all
    }

    #[test]
    fn nothing_large_is_copied_and_what_is_small_is_together() {
        let large = Bytes::from(vec![7; COPIED + 1]);
        let mut gathering = Gathering::default();
        gathering.push(b"a", Bytes::from_static(b"b"));
        gathering.push(b"", Bytes::new());
        gathering.push(b"c", large.clone());
        gathering.push(b"d", Bytes::new());
        let frame = gathering.take();
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(frame.chunks_vectored(&mut slices), 3);
        assert_eq!(&*slices[0], b"\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\x20\x02c");
        assert_eq!(slices[1].as_ptr(), large.as_ptr());
        assert_eq!(&*slices[2], b"\0\0\0\0\x01d");
        assert!(gathering.is_empty() && !gathering.is_full());
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_was_pushed(
            messages in proptest::collection::vec((0_usize..20, prop_oneof![0_usize..20, COPIED - 1..COPIED + 3]), 0..6),
            at_a_time in prop_oneof![1_usize..9, 1_000_usize..30_000],
        ) {
            let mut gathering = Gathering::default();
            let mut expected = Vec::new();
            for (number, (before, after)) in messages.into_iter().enumerate() {
                let byte = u8::try_from(number).unwrap();
                let size = u32::try_from(before + after).unwrap();
                gathering.push(&vec![byte; before], vec![byte; after].into());
                expected.push(0);
                expected.extend(size.to_be_bytes());
                expected.extend(std::iter::repeat_n(byte, before + after));
            }
            prop_assert_eq!(gathering.len(), expected.len());
            prop_assert_eq!(written(gathering.take(), at_a_time), expected);
        }
    }
}
