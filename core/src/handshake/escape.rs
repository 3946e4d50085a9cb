//! Bytes as readable text, in our form and in Go's. Pure.

use std::fmt;

/// Bytes that somebody else wrote; displayed with everything but printable ASCII escaped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(pub Vec<u8>);

impl Raw {
    /// A copy of the bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escape(&self.0))
    }
}

/// Printable ASCII as it is; `\n`, `\r`, `\t`, `\\`, and `\xNN` for the rest.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// Like [`escape`], but at most about `limit` bytes of it: the middle of long input is left out and counted.
pub fn escape_shortened(bytes: &[u8], limit: usize) -> String {
    if bytes.len() <= limit {
        return escape(bytes);
    }
    let half = limit / 2;
    format!(
        "{} … {} bytes left out … {}",
        escape(&bytes[..half]),
        bytes.len() - 2 * half,
        escape(&bytes[bytes.len() - half..])
    )
}

/// Go's `strconv.Quote` of a string that need not be UTF-8.
pub fn go_quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk
            .valid()
            .chars()
            .for_each(|c| push_go_char(&mut text, c));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

fn push_go_char(text: &mut String, c: char) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\x07' => text.push_str("\\a"),
        '\x08' => text.push_str("\\b"),
        '\x0c' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\x0b' => text.push_str("\\v"),
        c if is_go_printable(c) => text.push(c),
        c if c < ' ' || c == '\x7f' => text.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if u32::from(c) < 0x1_0000 => text.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => text.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII blank, as Go's `unicode.IsPrint`.
fn is_go_printable(c: char) -> bool {
    // A combining mark is escaped by the standard library only at the beginning of a text.
    let after_a_letter: String = ['a', c].iter().collect();
    after_a_letter.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"plain", "\"plain\"")]
    #[case(b"1 ", "\"1 \"")]
    #[case("\u{feff}1".as_bytes(), "\"\\ufeff1\"")]
    #[case(b"\0\xff\"\\", "\"\\x00\\xff\\\"\\\\\"")]
    #[case("\u{a0}\u{2003}é\u{301}".as_bytes(), "\"\\u00a0\\u2003é\u{301}\"")]
    #[case("\u{e0001}".as_bytes(), "\"\\U000e0001\"")]
    fn quoted_as_go_does(#[case] bytes: &[u8], #[case] text: &str) {
        assert_eq!(go_quote(bytes), text);
    }

    #[test]
    fn control_bytes_have_gos_short_names_or_their_numbers() {
        assert_eq!(
            go_quote(b"\x07\x08\x0c\n\r\t\x0b\x1f\x7f"),
            r#""\a\b\f\n\r\t\v\x1f\x7f""#
        );
        assert_eq!(
            go_quote("\u{200b}\u{ffff}\u{10000}".as_bytes()),
            "\"\\u200b\\uffff\u{10000}\""
        );
    }

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        let raw = Raw::new(b"a\n\r\t\\\0\x7f\xff ~");
        let text = r"a\n\r\t\\\x00\x7f\xff ~";
        assert_eq!(raw.to_string(), text);
        assert_eq!(format!("{raw:?}"), format!("\"{text}\""));
    }

    #[test]
    fn long_input_is_shortened_in_the_middle() {
        assert_eq!(
            escape_shortened(b"abcdefgh", 4),
            "ab … 4 bytes left out … gh"
        );
        assert_eq!(escape_shortened(b"abcd", 4), "abcd");
    }

    proptest! {
        #[test]
        fn escaped_text_is_printable_ascii(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(escape(&bytes).bytes().all(|b| (b' '..=b'~').contains(&b)));
        }

        #[test]
        fn escaping_loses_nothing(left in proptest::collection::vec(any::<u8>(), 0..8), right in proptest::collection::vec(any::<u8>(), 0..8)) {
            prop_assert_eq!(left == right, escape(&left) == escape(&right));
        }
    }
}
