//! The certificate in the sixth field. Pure.
//!
//! The bytes are checked as far as a Go host checks them before it uses the certificate: unpadded standard base64 of
//! one DER certificate. Whether its names and dates are any good, and who has its key, shows when it is served.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::LineError;
use super::der::{BIT_STRING, SEQUENCE, element};

/// The certificate of a field that is long enough to be one.
pub(super) fn read(field: &[u8]) -> Result<Vec<u8>, LineError> {
    let der = decode(field).map_err(|position| LineError::CertificateEncoding {
        position,
        padding: field.get(position) == Some(&b'='),
    })?;
    if is_certificate(&der) {
        Ok(der)
    } else {
        Err(LineError::CertificateMalformed)
    }
}

/// Whether there is sense in every part of it. Only where it is to be used: of others the outline is enough to say what they are.
pub(super) fn is_readable(der: &[u8]) -> bool {
    EndEntityCert::try_from(&CertificateDer::from(der)).is_ok()
}

/// Go's `base64.RawStdEncoding`: the decoded bytes, or the offset that Go reports as illegal.
fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    if let Some(position) = text.iter().position(|b| value(*b).is_none()) {
        return Err(position);
    }
    if text.len() % 4 == 1 {
        return Err(text.len() - 1);
    }
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.chunks(4) {
        let bits = group
            .iter()
            .filter_map(|b| value(*b))
            .fold(0_u32, |bits, six| bits << 6 | u32::from(six));
        let aligned = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(&aligned[1..group.len()]);
    }
    Ok(bytes)
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// `SEQUENCE { SEQUENCE tbs, SEQUENCE algorithm, BIT STRING signature }` and not a byte more.
fn is_certificate(der: &[u8]) -> bool {
    let Some((SEQUENCE, mut inside, [])) = element(der) else {
        return false;
    };
    for wanted in [SEQUENCE, SEQUENCE, BIT_STRING] {
        match element(inside) {
            Some((tag, _, rest)) if tag == wanted => inside = rest,
            _ => return false,
        }
    }
    inside.is_empty()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing(b"", b"")]
    #[case::one_byte(b"+g", b"\xfa")]
    #[case::two_bytes(b"Zm8", b"fo")]
    #[case::three_bytes(b"Zm9v", b"foo")]
    #[case::four_bytes(b"Zm9vYg", b"foob")]
    #[case::the_ends_of_the_alphabet(b"AZaz09+/", b"\x01\x96\xb3\xd3\xdf\xbf")]
    fn base64_without_padding(#[case] text: &[u8], #[case] bytes: &[u8]) {
        assert_eq!(decode(text).unwrap(), bytes);
    }

    #[rstest]
    #[case::padding(b"Zm8=", 3)]
    #[case::url_alphabet(b"Zm-_", 2)]
    #[case::one_too_many(b"Zm9vY", 4)]
    #[case::beside_the_alphabet(b"Zm9@", 3)]
    fn what_is_no_base64_is_named_by_its_place(#[case] text: &[u8], #[case] place: usize) {
        assert_eq!(decode(text), Err(place));
    }

    #[rstest]
    #[case::outline(&[0x30, 6, 0x30, 0, 0x30, 0, 0x03, 0], true)]
    #[case::no_sequence(&[0x31, 6, 0x30, 0, 0x30, 0, 0x03, 0], false)]
    #[case::more_behind(&[0x30, 6, 0x30, 0, 0x30, 0, 0x03, 0, 0], false)]
    #[case::more_inside(&[0x30, 8, 0x30, 0, 0x30, 0, 0x03, 0, 0x03, 0], false)]
    #[case::no_signature(&[0x30, 4, 0x30, 0, 0x30, 0], false)]
    #[case::no_string_of_bits(&[0x30, 6, 0x30, 0, 0x30, 0, 0x04, 0], false)]
    fn the_outline_of_a_certificate(#[case] der: &[u8], #[case] expect: bool) {
        assert_eq!(is_certificate(der), expect);
        assert!(!is_readable(der), "an outline has no sense inside");
    }

    #[test]
    fn a_certificate_is_readable() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        assert!(is_readable(made.cert.der()));
    }
}
