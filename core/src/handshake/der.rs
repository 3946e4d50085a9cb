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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::short(&[0x30], 0x7f)]
    #[case::one_byte(&[0x30, 0x81], 0x80)]
    #[case::two_bytes(&[0x30, 0x82, 0x01], 0x0103)]
    #[case::three_bytes(&[0x30, 0x83, 0x01, 0x02], 0x01_0203)]
    #[case::four_bytes(&[0x30, 0x84, 0x00, 0x01, 0x02], 0x01_0203)]
    fn a_length_of_any_size_is_read(#[case] head: &[u8], #[case] length: usize) {
        let last = u8::try_from(length & 0xff).unwrap();
        let mut der = [head, &[last]].concat();
        der.resize(der.len() + length, 7);
        der.extend([1, 2]);
        let (tag, content, rest) = element(&der).unwrap();
        assert_eq!((tag, content.len(), rest), (0x30, length, &[1, 2][..]));
        assert!(content.iter().all(|byte| *byte == 7));
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::no_length(&[0x30])]
    #[case::without_end(&[0x30, 0x80, 0, 0])]
    #[case::length_of_five_bytes(&[0x30, 0x85, 0, 0, 0, 0, 0])]
    #[case::length_cut(&[0x30, 0x82, 0])]
    #[case::content_cut(&[0x30, 2, 0])]
    fn what_is_not_whole_is_no_element(#[case] der: &[u8]) {
        assert_eq!(element(der), None);
    }
}
