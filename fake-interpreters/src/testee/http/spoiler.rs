//! What a fault makes of the pieces of a body as they pass, in either direction. Pure.

use bytes::Bytes;

/// The byte of a piece that is lost when a border is off by one.
const BORDER: usize = 64 * 1024;

/// How pieces are spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoils {
    /// The second piece is lost.
    Drops,
    /// The second piece comes twice.
    Repeats,
    /// The first piece comes after the second.
    Swaps,
    /// The second piece loses its last byte.
    Cuts,
    /// A piece loses its byte 65,536.
    Border,
}

/// Lets pieces pass, or does to them what its fault says. Empty pieces do not count.
#[derive(Debug)]
pub(super) struct Spoiler {
    spoils: Option<Spoils>,
    passed: usize,
    held: Option<Bytes>,
}

impl Spoiler {
    pub(super) fn new(spoils: Option<Spoils>) -> Self {
        Self {
            spoils,
            passed: 0,
            held: None,
        }
    }

    /// What becomes of a piece, and of one that was held back for it.
    pub(super) fn pass(&mut self, piece: Bytes) -> Vec<Bytes> {
        if !piece.is_empty() {
            self.passed += 1;
        }
        let second = self.passed == 2 && !piece.is_empty();
        match self.spoils {
            Some(Spoils::Drops) if second => vec![],
            Some(Spoils::Repeats) if second => vec![piece.clone(), piece],
            Some(Spoils::Cuts) if second => vec![piece.slice(..piece.len() - 1)],
            Some(Spoils::Swaps) if self.passed == 1 && !piece.is_empty() => {
                self.held = Some(piece);
                vec![]
            }
            Some(Spoils::Swaps) => [piece].into_iter().chain(self.held.take()).collect(),
            Some(Spoils::Border) if piece.len() >= BORDER => {
                vec![piece.slice(..BORDER - 1), piece.slice(BORDER..)]
            }
            _ => vec![piece],
        }
    }

    /// A piece that was held back and for which no other came.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(spoils: Option<Spoils>, pieces: &[&'static str]) -> String {
        let mut spoiler = Spoiler::new(spoils);
        let mut out = Vec::new();
        for piece in pieces {
            out.extend(spoiler.pass(Bytes::from_static(piece.as_bytes())));
        }
        out.extend(spoiler.rest());
        String::from_utf8(out.concat()).unwrap()
    }

    #[test]
    fn each_kind_does_one_thing_to_the_pieces() {
        for (spoils, expect) in [
            (None, "abcdef"),
            (Some(Spoils::Drops), "abef"),
            (Some(Spoils::Repeats), "abcdcdef"),
            (Some(Spoils::Swaps), "cdabef"),
            (Some(Spoils::Cuts), "abcef"),
            (Some(Spoils::Border), "abcdef"),
        ] {
            assert_eq!(passed(spoils, &["ab", "cd", "ef"]), expect, "{spoils:?}");
            assert_eq!(passed(spoils, &["ab"]), "ab", "{spoils:?}");
        }
        let long = Bytes::from(vec![b'x'; BORDER]);
        let mut spoiler = Spoiler::new(Some(Spoils::Border));
        assert_eq!(spoiler.pass(long.clone()).concat().len(), BORDER - 1);
        assert_eq!(spoiler.pass(long.slice(1..)).concat().len(), BORDER - 1);
    }
}
