//! One element of DER. Pure.

/// Tag of a sequence.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Tag of a string of bits.
pub(crate) const BIT_STRING: u8 = 0x03;
/// Tag of a string of bytes.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// Tag of an object identifier.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;

/// The first element: its tag, its content and what follows it.
pub(crate) fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, b| length << 8 | usize::from(*b));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
