//! Every way to break a stream of frames that is whole: what a reassembler must not take for a body. Pure.

use bytes::Bytes;

use super::Law;
use crate::body::Frame;

/// One way to break a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Damage {
    /// No frame at all.
    Nothing,
    /// The first frame has no head.
    NoInit,
    /// The head stands on the last frame, too.
    InitTwice,
    /// No frame completes the body.
    NeverComplete,
    /// The last frame comes twice.
    CompleteTwice,
    /// A piece without bytes follows the last frame.
    EmptyAfter,
    /// A piece follows the last frame.
    BytesAfter,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Nothing,
        Self::NoInit,
        Self::InitTwice,
        Self::NeverComplete,
        Self::CompleteTwice,
        Self::EmptyAfter,
        Self::BytesAfter,
    ];

    /// The law that a stream with this damage breaks.
    pub fn law(self) -> Law {
        match self {
            Self::Nothing | Self::NeverComplete | Self::CompleteTwice => Law::Completion,
            Self::NoInit | Self::InitTwice => Law::Init,
            Self::EmptyAfter | Self::BytesAfter => Law::Silence,
        }
    }

    /// Breaks a whole stream of at least two frames.
    pub fn apply<H: Clone>(self, mut frames: Vec<Frame<H>>) -> Vec<Frame<H>> {
        let head = frames.first().and_then(|first| first.init.clone());
        let after = |piece: &'static [u8]| Frame {
            init: None,
            piece: Bytes::from_static(piece),
            complete: false,
            flush: false,
        };
        let Some((first, rest)) = frames.split_first_mut() else {
            return frames;
        };
        match (self, rest.last_mut()) {
            (Self::Nothing, _) => frames.clear(),
            (Self::NoInit, _) => first.init = None,
            (Self::InitTwice, Some(last)) => last.init = head,
            (Self::NeverComplete, Some(last)) => last.complete = false,
            (Self::InitTwice | Self::NeverComplete, None) => first.complete = false,
            (Self::CompleteTwice, _) => frames.push(Frame {
                complete: true,
                ..after(b"")
            }),
            (Self::EmptyAfter, _) => frames.push(after(b"")),
            (Self::BytesAfter, _) => frames.push(after(b"more")),
        }
        frames
    }
}
