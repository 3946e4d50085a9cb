//! How a body is cut into pieces, and all cuts worth trying: every one of a short body, three-way cuts around a border, drawn ones. Pure.
//!
//! A split says lengths only; [`fill::Fill`] gives the bytes. A piece is what is handed over at once: a frame on its way to a plugin, or
//! one write of a plugin's handler.

pub mod draw;

pub mod fill;

use std::fmt;

use bytes::Bytes;

use super::shrink::{Smaller, smaller_numbers, without_runs};

/// The length up to which every split of a body is tried: 4,095 splits.
pub const EXHAUSTIVE: usize = 12;

/// The size at which pieces are cut by default.
pub const PIECE: usize = 64 * 1024;

/// What gRPC takes as one message by default.
pub const MESSAGE: usize = 4 * 1024 * 1024;

/// One piece of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Piece {
    /// Its bytes; may be none.
    pub size: usize,
    /// Whether what came so far is to be passed on at once after it.
    pub flush: bool,
}

/// A body as the pieces in which it comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    pieces: Vec<Piece>,
}

impl Split {
    /// A body in pieces of these sizes. Without any it is one piece without bytes.
    pub fn of(sizes: impl IntoIterator<Item = usize>) -> Self {
        let piece = |size| Piece { size, flush: false };
        Self::from_pieces(sizes.into_iter().map(piece).collect())
    }

    /// The same with flushes.
    pub fn from_pieces(mut pieces: Vec<Piece>) -> Self {
        if pieces.is_empty() {
            pieces.push(Piece::default());
        }
        Self { pieces }
    }

    /// A body in one piece.
    pub fn whole(size: usize) -> Self {
        Self::of([size])
    }

    /// With a flush after one of its pieces, if it has that many.
    #[must_use]
    pub fn flushed(mut self, after: usize) -> Self {
        if let Some(piece) = self.pieces.get_mut(after) {
            piece.flush = true;
        }
        self
    }

    /// The pieces; at least one.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Their sizes.
    pub fn sizes(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().map(|piece| piece.size)
    }

    /// Bytes of the body.
    pub fn length(&self) -> usize {
        self.sizes().sum()
    }

    /// After how many bytes a flush is asked for, in order.
    pub fn flushes(&self) -> Vec<usize> {
        let mut end = 0;
        let ends = self.pieces.iter().map(|piece| {
            end += piece.size;
            piece.flush.then_some(end)
        });
        ends.flatten().collect()
    }

    /// The pieces of a body of this length; what is missing at its end is missing in them.
    pub fn cut(&self, body: &Bytes) -> Vec<Bytes> {
        let mut rest = body.clone();
        self.sizes()
            .map(|size| rest.split_to(size.min(rest.len())))
            .collect()
    }

    /// With a piece without bytes at every border: before the first, after the last, and between any two.
    #[must_use]
    pub fn with_empty_pieces(&self) -> Self {
        let mut pieces = vec![Piece::default()];
        for piece in &self.pieces {
            pieces.extend([*piece, Piece::default()]);
        }
        Self { pieces }
    }

    /// With one piece without bytes, once at each border.
    pub fn with_one_empty_piece(&self) -> impl Iterator<Item = Self> {
        (0..=self.pieces.len()).map(|at| {
            let mut pieces = self.pieces.clone();
            pieces.insert(at, Piece::default());
            Self { pieces }
        })
    }

    /// With a flush after every piece.
    #[must_use]
    pub fn with_flushes(&self) -> Self {
        let mut split = self.clone();
        for piece in &mut split.pieces {
            piece.flush = true;
        }
        split
    }

    /// The same body without a flush.
    #[must_use]
    pub fn without_flushes(&self) -> Self {
        Self::of(self.sizes())
    }

    /// With pieces of at most `most` bytes: a larger one becomes several, a flush stays behind its last byte.
    #[must_use]
    pub fn capped(&self, most: usize) -> Self {
        let most = most.max(1);
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let mut rest = *piece;
            while rest.size > most {
                rest.size -= most;
                pieces.push(Piece {
                    size: most,
                    flush: false,
                });
            }
            pieces.push(rest);
        }
        Self { pieces }
    }
}

/// Every split of every body of 1 to `longest` bytes into pieces with bytes: of n bytes there are 2^(n-1), of up to 12 bytes 4,095.
pub fn all(longest: usize) -> impl Iterator<Item = Split> {
    (1..=longest).flat_map(|length| {
        // Bit i says whether there is a border after byte i.
        (0..1_u64 << (length - 1)).map(move |borders| {
            let mut sizes = vec![0];
            for at in 0..length {
                if let Some(last) = sizes.last_mut() {
                    *last += 1;
                }
                if at + 1 < length && borders >> at & 1 == 1 {
                    sizes.push(0);
                }
            }
            Split::of(sizes)
        })
    })
}

/// Splits into three around a border: bodies of about one and two times its length, both cuts at every place near it, near the ends, or there.
pub fn three_ways(border: usize) -> Vec<Split> {
    let near = |at: usize| [at.saturating_sub(1), at, at + 1];
    let mut splits = Vec::new();
    for length in near(border).into_iter().chain(near(2 * border)) {
        let mut cuts = vec![0, 1, length.saturating_sub(1), length];
        cuts.extend(near(border).into_iter().filter(|cut| *cut <= length));
        cuts.sort_unstable();
        cuts.dedup();
        for (at, first) in cuts.iter().enumerate() {
            let seconds = cuts[at..].iter();
            splits
                .extend(seconds.map(|second| Split::of([*first, second - first, length - second])));
        }
    }
    splits
}

/// A few splits of bodies that are about as long as a border which is costly to try.
pub fn sparse(border: usize) -> Vec<Split> {
    let lengths = [border.saturating_sub(1), border, border + 1];
    let cuts = |length: usize| {
        let half = length / 2;
        [
            Split::whole(length),
            Split::of([1, length - 2, 1]),
            Split::of([half, 0, length - half]),
        ]
    };
    lengths.into_iter().flat_map(cuts).collect()
}

impl Smaller for Split {
    /// Without some pieces, with two joined, with smaller ones, without flushes.
    fn smaller(&self) -> Vec<Self> {
        let mut candidates = without_runs(&self.pieces);
        let change = |at: usize, piece: Piece| {
            let mut pieces = self.pieces.clone();
            pieces[at] = piece;
            pieces
        };
        for (at, pair) in self.pieces.windows(2).enumerate() {
            let mut pieces = self.pieces.clone();
            pieces[at + 1].size = pair[0].size + pair[1].size;
            pieces.remove(at);
            candidates.push(pieces);
        }
        for (at, piece) in self.pieces.iter().enumerate() {
            let sizes = smaller_numbers(piece.size);
            candidates.extend(sizes.map(|size| change(at, Piece { size, ..*piece })));
            if piece.flush {
                candidates.push(change(
                    at,
                    Piece {
                        flush: false,
                        ..*piece
                    },
                ));
            }
        }
        candidates.retain(|pieces| !pieces.is_empty());
        candidates
            .into_iter()
            .map(|pieces| Self { pieces })
            .collect()
    }
}

impl fmt::Display for Split {
    /// `9 bytes as 3 + 0 + 6!`, the mark being a flush.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        write!(f, "{} bytes as ", self.length())?;
        for (at, piece) in self.pieces.iter().take(SHOWN).enumerate() {
            let plus = if at == 0 { "" } else { " + " };
            let flush = if piece.flush { "!" } else { "" };
            write!(f, "{plus}{}{flush}", piece.size)?;
        }
        match self.pieces.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
