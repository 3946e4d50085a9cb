//! Frames in, a head and the pieces of a body out; each way to break the rules has its own name. Pure.

use bytes::Bytes;

use super::Frame;

/// How a stream broke the rules of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Nothing was said at all.
    #[error("the stream ended before its first message")]
    Nothing,
    /// The first message has no head.
    #[error("the first message has no init")]
    NoInit,
    /// A later message has a head.
    #[error("a later message has an init again")]
    SecondInit,
    /// A message follows the last one.
    #[error("a message of {size} bytes follows the one with body_complete")]
    AfterCompletion {
        /// Bytes of the body in it.
        size: usize,
    },
    /// The body is said to be complete for the second time.
    #[error("body_complete is set a second time")]
    CompletedTwice,
    /// A piece is larger than what is taken.
    #[error("a piece of the body has {size} bytes; at most {limit} are taken")]
    TooLarge {
        /// Its length.
        size: usize,
        /// What is taken.
        limit: usize,
    },
    /// The stream ended, and the body was not said to be complete.
    #[error("the stream ended after {received} bytes of the body and without body_complete")]
    Incomplete {
        /// Bytes of the body that came.
        received: u64,
    },
    /// The head has a status that HTTP does not have.
    #[error("the status {0} is none of HTTP: it is 100 to 999, or 0 for 200")]
    Status(i32),
}

/// What one frame brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<H> {
    /// The head, from the first frame.
    pub head: Option<H>,
    /// A piece of the body; may be empty.
    pub piece: Bytes,
    /// Whether to pass on at once what came so far.
    pub flush: bool,
    /// Whether the body is complete.
    pub last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Within,
    Complete,
}

/// Puts one body together. After a violation it is of no more use.
#[derive(Debug)]
pub struct Reassembler {
    limit: usize,
    state: State,
    received: u64,
}

impl Reassembler {
    /// A body whose pieces have at most `limit` bytes each.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Before,
            received: 0,
        }
    }

    /// Bytes of the body so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// When it may not come now, or is too large.
    pub fn push<H>(&mut self, frame: Frame<H>) -> Result<Part<H>, Violation> {
        let size = frame.piece.len();
        match (self.state, frame.init.is_some()) {
            (State::Complete, _) if frame.complete => return Err(Violation::CompletedTwice),
            (State::Complete, _) => return Err(Violation::AfterCompletion { size }),
            (State::Before, false) => return Err(Violation::NoInit),
            (State::Within, true) => return Err(Violation::SecondInit),
            (State::Before, true) | (State::Within, false) => {}
        }
        let limit = self.limit;
        if size > limit {
            return Err(Violation::TooLarge { size, limit });
        }
        self.state = if frame.complete {
            State::Complete
        } else {
            State::Within
        };
        self.received += size as u64;
        Ok(Part {
            head: frame.init,
            piece: frame.piece,
            flush: frame.flush,
            last: frame.complete,
        })
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// When the body was not complete.
    pub fn end(&self) -> Result<(), Violation> {
        let received = self.received;
        match self.state {
            State::Before => Err(Violation::Nothing),
            State::Within => Err(Violation::Incomplete { received }),
            State::Complete => Ok(()),
        }
    }
}
