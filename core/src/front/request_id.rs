//! The id of a request: the client's, if it is one, else a new one. Pure, but for the freshness.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Where an id comes from, and where it goes.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The letters of Mattermost's ids, 5 bits each.
const LETTERS: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// Mattermost's ids are that long.
const LENGTH: usize = 26;

/// Longer ones are not taken over.
const LONGEST: usize = 128;

/// The id of a request with these headers, for the answer and for the plugin.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let mut given = headers.get_all(REQUEST_ID).iter();
    match (given.next(), given.next()) {
        (Some(id), None) if is_well_formed(id.as_bytes()) => id.clone(),
        _ => fresh(),
    }
}

/// Letters, digits, `-`, `_` and `.`: nothing that means something to whoever reads logs.
fn is_well_formed(id: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=LONGEST).contains(&id.len()) && id.iter().all(is_allowed)
}

/// An id that no other request has: it names a request and protects nothing.
fn fresh() -> HeaderValue {
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let mut bits = random() << 64 | random();
    let letters: Vec<u8> = std::iter::repeat_with(|| {
        let letter = LETTERS[(bits & 31) as usize];
        bits >>= 5;
        letter
    })
    .take(LENGTH)
    .collect();
    HeaderValue::from_bytes(&letters).expect("letters and digits are a legal value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn with(ids: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for id in ids {
            headers.append(REQUEST_ID, HeaderValue::from_static(id));
        }
        headers
    }

    #[rstest]
    #[case("a")]
    #[case("0f8fad5b-d9cb-469f-a165-70867728950e")]
    #[case("a_B.9")]
    fn a_well_formed_id_is_taken_over(#[case] id: &'static str) {
        assert_eq!(of(&with(&[id])), id);
    }

    #[rstest]
    #[case(&[])]
    #[case(&[""])]
    #[case(&["a b"])]
    #[case(&["a\"b"])]
    #[case(&["a", "b"])]
    fn any_other_is_replaced(#[case] ids: &[&'static str]) {
        let (first, second) = (of(&with(ids)), of(&with(ids)));
        assert_ne!(first, second);
        for id in [first, second] {
            let id = id.as_bytes();
            assert_eq!(id.len(), LENGTH);
            assert!(id.iter().all(|letter| LETTERS.contains(letter)), "{id:?}");
        }
    }

    #[test]
    fn the_length_is_limited() {
        assert!(is_well_formed(&[b'a'; LONGEST]));
        assert!(!is_well_formed(&[b'a'; LONGEST + 1]));
    }
}
