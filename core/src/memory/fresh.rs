//! New ids and tokens, in the form of the server's: 16 bytes in its own base 32, 26 characters. From a seed, so that a run can be
//! repeated. Pure.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

/// The server's own order of letters and digits.
const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
const LENGTH: usize = 26;

/// A source of ids; the numbers are those of splitmix64.
#[derive(Debug, Clone)]
pub(super) struct Fresh {
    state: u64,
}

/// A seed that nobody chose.
pub(super) fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Whether a text has the form of an id: 26 letters or digits, of which capitals are none that the server makes.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Fresh {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// One of many sources of the same seed, each with ids of its own; the first is [`Fresh::new`].
    pub(super) fn nth(seed: u64, number: u64) -> Self {
        match number {
            0 => Self::new(seed),
            number => Self::new(seed ^ Self::new(number).number()),
        }
    }

    /// The next id.
    pub(super) fn id(&mut self) -> String {
        let bits = (u128::from(self.number()) << 64) | u128::from(self.number());
        // 26 times 5 bits are two more than there are: the last character holds the last three.
        let digit = |at: usize| match at {
            25 => (bits << 2) & 31,
            at => (bits >> (123 - 5 * at)) & 31,
        };
        let letter = |at| char::from(ALPHABET[usize::try_from(digit(at)).unwrap_or_default()]);
        (0..LENGTH).map(letter).collect()
    }

    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_no_id_comes_twice() {
        let (mut one, mut same, mut other) = (Fresh::new(7), Fresh::new(7), Fresh::new(8));
        let ids: Vec<_> = (0..1000).map(|_| one.id()).collect();
        assert!(ids.iter().all(|id| *id == same.id() && *id != other.id()));
        assert!(ids.iter().all(|id| is_id(id)));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1000);
        let letters: BTreeSet<_> = ids.iter().flat_map(|id| id.bytes()).collect();
        assert_eq!(letters, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn another_source_of_the_same_seed_gives_other_ids() {
        let ids = |number| {
            let mut source = Fresh::nth(7, number);
            (0..1000).map(|_| source.id()).collect::<BTreeSet<_>>()
        };
        assert_eq!(ids(0), {
            let mut source = Fresh::new(7);
            (0..1000).map(|_| source.id()).collect()
        });
        assert_eq!(ids(1), ids(1));
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            assert!(ids(one).is_disjoint(&ids(other)), "{one} and {other}");
        }
    }

    #[test]
    fn the_form_of_an_id_has_26_letters_or_digits() {
        assert!(is_id("abcdefghijklmnopqrstuvwxyz"));
        assert!(is_id("ABCDEFGHIJKLMNOPQRSTUVWX01"));
        for text in [
            "",
            "short",
            "abcdefghijklmnopqrstuvwxy_",
            "abcdefghijklmnopqrstuvwxyzz",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
