//! Splits from a source of numbers: mostly short and odd, some around the borders, few long. Pure.

use super::{MESSAGE, PIECE, Piece, Split};

/// A source of numbers: called with a bound, it gives a number below it.
pub type Below<'a> = &'a mut dyn FnMut(usize) -> usize;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Bytes of a body at most.
    pub longest: usize,
    /// Bytes of one piece at most.
    pub largest: usize,
    /// Whether there are flushes.
    pub flushes: bool,
}

impl Default for Drawing {
    /// Bodies of somewhat more than gRPC takes as one message, in pieces as large as that, no flushes.
    fn default() -> Self {
        Self {
            longest: MESSAGE + PIECE,
            largest: MESSAGE,
            flushes: false,
        }
    }
}

/// Sizes at which something usually happens: frames of HTTP/2, pieces, windows.
const MARKS: [usize; 4] = [16 * 1024, 32 * 1024, PIECE, 2 * PIECE];
/// Rare ones, since each costs as much as a hundred others.
const LONG_MARKS: [usize; 2] = [1024 * 1024, MESSAGE];

/// The next split.
pub fn draw(drawing: Drawing, below: Below<'_>) -> Split {
    let count = match below(10) {
        0 => 1,
        1 => 9 + below(56),
        _ => 1 + below(8),
    };
    let mut left = drawing.longest;
    let mut pieces = Vec::with_capacity(count);
    for _ in 0..count {
        let size = size(below).min(drawing.largest).min(left);
        left -= size;
        pieces.push(Piece {
            size,
            flush: drawing.flushes && below(4) == 0,
        });
    }
    Split::from_pieces(pieces)
}

fn size(below: Below<'_>) -> usize {
    match below(64) {
        0..8 => 0,
        8..40 => 1 + below(16),
        40..56 => below(2_000),
        56..63 => near(&MARKS, below),
        // One piece in 64 would be too many: most cases would have a long one.
        _ if below(32) == 0 => near(&LONG_MARKS, below),
        _ => below(PIECE),
    }
}

fn near(marks: &[usize], below: Below<'_>) -> usize {
    marks[below(marks.len())] - 1 + below(3)
}
