//! Lines of text from a stream of bytes, as far as they are lines and text: what is not costs its line and nothing more.

use std::io::{self, BufRead, Read as _};

/// Longest line, in bytes: an order with the largest message that a hook takes, as JSON with room to spare.
pub(super) const LONGEST: usize = 256 * 1024 * 1024;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(String),
    /// A line that is longer than is borne; it was read past.
    TooLong,
    /// A line that is no UTF-8, with the place of its first wrong byte.
    NotText(usize),
}

/// The next line; nothing at the end of the stream.
///
/// # Errors
/// When the stream cannot be read.
pub(super) fn next(input: &mut impl BufRead, longest: usize) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(longest).unwrap_or(u64::MAX);
    input
        .by_ref()
        .take(limit.saturating_add(1))
        .read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    } else if bytes.len() > longest {
        skip_line(input)?;
        return Ok(Some(Line::TooLong));
    }
    Ok(Some(match String::from_utf8(bytes) {
        Ok(text) => Line::Text(text),
        Err(error) => Line::NotText(error.utf8_error().valid_up_to()),
    }))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                input.consume(end + 1);
                return Ok(());
            }
            None => {
                let all = available.len();
                input.consume(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn lines(bytes: &[u8], buffer: usize, longest: usize) -> Vec<Line> {
        let mut input = BufReader::with_capacity(buffer, bytes);
        std::iter::from_fn(|| next(&mut input, longest).unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn a_line_that_is_none_is_passed_over() {
        let read = lines(b"abcd\nabcde\na\xffb\n\nend", 3, 4);
        let expected = [
            text("abcd"),
            Line::TooLong,
            Line::NotText(1),
            text(""),
            text("end"),
        ];
        assert_eq!(read, expected);
        assert_eq!(lines(b"abcdefgh", 3, 4), [Line::TooLong]);
    }

    proptest! {
        #[test]
        fn buffers_and_garbage_do_not_shift_the_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), any::<u8>()], 0..200),
            buffer in 1_usize..50,
            longest in 0_usize..30,
        ) {
            let expected: Vec<Line> = bytes
                .split_inclusive(|byte| *byte == b'\n')
                .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
                .map(|line| match std::str::from_utf8(line) {
                    _ if line.len() > longest => Line::TooLong,
                    Ok(line) => text(line),
                    Err(error) => Line::NotText(error.valid_up_to()),
                })
                .collect();
            prop_assert_eq!(lines(&bytes, buffer, longest), expected);
        }
    }
}
