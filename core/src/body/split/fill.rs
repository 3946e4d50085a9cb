//! The bytes of bodies that are tried: what is lost, doubled or in the wrong place shows, and so does the body of another stream. Pure.

use bytes::{BufMut as _, Bytes, BytesMut};

/// What a body consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fill {
    /// Text, or any bytes.
    pub kind: Kind,
    /// Bodies of another salt differ in nearly every byte.
    pub salt: u8,
}

/// A kind of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any bytes: the first 256 are all different, the others have no period.
    #[default]
    Binary,
    /// UTF-8 with characters of one to four bytes, so that borders fall into the middle of some.
    Text,
}

impl Fill {
    /// Any bytes of this salt.
    pub fn binary(salt: u8) -> Self {
        Self {
            kind: Kind::Binary,
            salt,
        }
    }

    /// Text of this salt.
    pub fn text(salt: u8) -> Self {
        Self {
            kind: Kind::Text,
            salt,
        }
    }

    /// A body of this length.
    pub fn bytes(self, length: usize) -> Bytes {
        match self.kind {
            Kind::Binary => self.any(length),
            Kind::Text => self.characters(length),
        }
    }

    fn any(self, length: usize) -> Bytes {
        // Multiplying by an odd number permutes the bytes.
        let first = (0..=u8::MAX).map(|at| at.wrapping_mul(167) ^ self.salt.wrapping_mul(29));
        let mut body: BytesMut = first.collect();
        body.reserve(length);
        let mut state = u64::from(self.salt);
        while body.len() < length {
            // SplitMix64, eight bytes at a time.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            body.put_u64(mixed ^ (mixed >> 31));
        }
        body.truncate(length);
        body.freeze()
    }

    fn characters(self, length: usize) -> Bytes {
        // The first code point of each width in UTF-8, and how many follow that may be used.
        const WIDTHS: [(u32, u32); 4] =
            [(0x21, 89), (0xa1, 1_847), (0x2200, 1_999), (0x1_f300, 997)];
        let mut text = BytesMut::with_capacity(length);
        let mut number = 0_u32;
        while text.len() < length {
            let wanted = number as usize % WIDTHS.len();
            let width = wanted.min(length - text.len() - 1);
            let (first, many) = WIDTHS[width];
            let point = first + (number.wrapping_mul(7) + u32::from(self.salt) * 3) % many;
            let mut buffer = [0; 4];
            if let Some(character) = char::from_u32(point) {
                text.put_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            number += 1;
        }
        text.freeze()
    }
}
