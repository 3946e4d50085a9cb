//! Strategies for proptest: splits that shrink to the smallest that fails, and fills.
//!
//! ```
//! use plugin_host::body::strategy::{fills, splits};
//! use plugin_host::body::{Frame, Reassembler, laws};
//! use proptest::prelude::*;
//!
//! proptest!(|(split in splits(100_000).flushing(), fill in fills())| {
//!     let joined = laws::reassembler(&split, fill, "head", |frames| {
//!         let mut reassembler = Reassembler::new(100_000);
//!         let (mut head, mut body, mut flushes) = ("", Vec::new(), Vec::new());
//!         for frame in frames {
//!             let part = reassembler.push(frame)?;
//!             head = part.head.unwrap_or(head);
//!             body.extend_from_slice(&part.piece);
//!             flushes.extend(part.flush.then_some(body.len()));
//!         }
//!         reassembler.end()?;
//!         Ok::<_, plugin_host::body::Violation>(laws::Joined { head, body: body.into(), flushes })
//!     });
//!     prop_assert_eq!(joined, Ok(()));
//! });
//! ```

use proptest::prelude::{Rng as _, any};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::shrink::Shrinking;
use super::split::Split;
use super::split::draw::{Drawing, draw};
use super::split::fill::{Fill, Kind};

/// How many smaller splits are tried for one that fails.
const TRIES: usize = 10_000;

/// Splits of bodies of at most `longest` bytes; without flushes, unless they are asked for.
pub fn splits(longest: usize) -> Splits {
    let drawing = Drawing {
        longest,
        ..Drawing::default()
    };
    Splits { drawing }
}

/// Both kinds of bytes, with any salt.
pub fn fills() -> impl Strategy<Value = Fill> {
    (any::<bool>(), any::<u8>()).prop_map(|(text, salt)| Fill {
        kind: if text { Kind::Text } else { Kind::Binary },
        salt,
    })
}

/// A strategy for splits.
#[derive(Clone, Copy, Debug)]
pub struct Splits {
    drawing: Drawing,
}

impl Splits {
    /// With flushes after some pieces.
    #[must_use]
    pub fn flushing(mut self) -> Self {
        self.drawing.flushes = true;
        self
    }

    /// With pieces of at most so many bytes.
    #[must_use]
    pub fn in_pieces_of(mut self, largest: usize) -> Self {
        self.drawing.largest = largest;
        self
    }
}

impl Strategy for Splits {
    type Tree = SplitTree;
    type Value = Split;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut below = |bound: usize| {
            let bound = bound.max(1) as u64;
            (runner.rng().next_u64() % bound) as usize
        };
        let split = draw(self.drawing, &mut below);
        Ok(SplitTree {
            current: split.clone(),
            shrinking: Shrinking::new(split, TRIES),
        })
    }
}

/// A split that was drawn, and its way to the smallest that fails.
#[derive(Clone, Debug)]
pub struct SplitTree {
    current: Split,
    shrinking: Shrinking<Split>,
}

impl SplitTree {
    fn next(&mut self) -> bool {
        let next = self.shrinking.candidate();
        let more = next.is_some();
        self.current = next.unwrap_or_else(|| self.shrinking.smallest().clone());
        more
    }
}

impl ValueTree for SplitTree {
    type Value = Split;

    fn current(&self) -> Split {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        self.shrinking.tell(true);
        self.next()
    }

    fn complicate(&mut self) -> bool {
        self.shrinking.tell(false);
        self.next()
    }
}
