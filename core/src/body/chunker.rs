//! Bytes in, frames of at most the limit out. Pure.
//!
//! Nothing is held back that could leave, and nothing small leaves alone that could leave together: the caller gives what is there, up
//! to the limit, and takes a frame.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::Frame;

/// Cuts one body into frames.
#[derive(Debug)]
pub struct Chunker<H> {
    init: Option<H>,
    limit: usize,
    waiting: VecDeque<Bytes>,
    length: usize,
    /// The body has ended.
    ended: bool,
    /// The last frame has left.
    complete: bool,
}

impl<H> Chunker<H> {
    /// Frames of a body with this head, each with at most `limit` bytes of it, and at least one.
    pub fn new(init: H, limit: usize) -> Self {
        Self {
            init: Some(init),
            limit: limit.max(1),
            waiting: VecDeque::new(),
            length: 0,
            ended: false,
            complete: false,
        }
    }

    /// Takes the next bytes of the body.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.length += bytes.len();
            self.waiting.push_back(bytes);
        }
    }

    /// Whether more than one frame is waiting, so that no more bytes should be fetched: a frame that is just full may yet be the last.
    pub fn is_full(&self) -> bool {
        self.length > self.limit
    }

    /// Whether the body has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The body has ended.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next frame of what was given; nothing if everything has left.
    pub fn frame(&mut self) -> Option<Frame<H>> {
        if self.complete || (self.length == 0 && !self.ended) {
            return None;
        }
        let piece = self.take();
        self.complete = self.ended && self.length == 0;
        Some(self.with(piece, self.complete))
    }

    /// The head alone, if it has not left yet: while the body lets wait, the other side can begin.
    pub fn open(&mut self) -> Option<Frame<H>> {
        self.init.is_some().then(|| self.with(Bytes::new(), false))
    }

    fn with(&mut self, piece: Bytes, complete: bool) -> Frame<H> {
        Frame {
            init: self.init.take(),
            piece,
            complete,
            flush: false,
        }
    }

    /// As many of the waiting bytes as a frame holds. They are copied only where several pieces become one.
    fn take(&mut self) -> Bytes {
        let mut missing = self.limit.min(self.length);
        self.length -= missing;
        let mut several = BytesMut::new();
        while let Some(mut first) = self.waiting.pop_front() {
            let piece = first.split_to(missing.min(first.len()));
            missing -= piece.len();
            if !first.is_empty() {
                self.waiting.push_front(first);
            }
            if missing == 0 && several.is_empty() {
                return piece;
            }
            several.extend_from_slice(&piece);
            if missing == 0 {
                break;
            }
        }
        several.freeze()
    }
}
