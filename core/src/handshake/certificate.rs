//! What a certificate in the sixth field leads to: always a refusal, but the right one. Pure.
//!
//! The bytes are checked as far as a Go host checks them before it would use the certificate: unpadded standard base64 of
//! one DER certificate. Whether its signature, names and dates are any good is not looked at: the host has no TLS.

use super::LineError;

/// The error for a field that is long enough to be a certificate.
pub(super) fn judge(field: &[u8]) -> LineError {
    match decode(field) {
        Err(position) => LineError::CertificateEncoding {
            position,
            padding: field.get(position) == Some(&b'='),
        },
        Ok(der) if is_certificate(&der) => LineError::AutoMtls,
        Ok(_) => LineError::CertificateMalformed,
    }
}

/// Go's `base64.RawStdEncoding`: the decoded bytes, or the offset that Go reports as illegal.
fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    if let Some(position) = text.iter().position(|b| value(*b).is_none()) {
        return Err(position);
    }
    if text.len() % 4 == 1 {
        return Err(text.len() - 1);
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
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

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// `SEQUENCE { SEQUENCE tbs, SEQUENCE algorithm, BIT STRING signature }` and not a byte more.
fn is_certificate(der: &[u8]) -> bool {
    let Some((mut inside, [])) = element(der, SEQUENCE) else {
        return false;
    };
    for tag in [SEQUENCE, SEQUENCE, BIT_STRING] {
        match element(inside, tag) {
            Some((_, rest)) => inside = rest,
            None => return false,
        }
    }
    inside.is_empty()
}

/// One DER element with the given tag: its content and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
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
    if found != tag {
        return None;
    }
    rest.split_at_checked(length)
}
