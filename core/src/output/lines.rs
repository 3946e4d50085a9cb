//! Bytes to lines, none longer than a Go host's buffer. Pure.
//!
//! Invariant: no byte is lost or made up. The pieces in order, with an LF after each that is ended by one, are the input.

/// The buffer of a Go host's stderr reader. A line that fills it is cut into pieces of this size.
pub const BUFFER: usize = 65_536;

/// A line, or a piece of one that is too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The bytes, without LF.
    pub bytes: Vec<u8>,
    /// Whether this is a piece of a line that filled the buffer.
    pub is_piece: bool,
    /// Whether an LF followed.
    pub is_ended: bool,
}

/// Collects bytes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
    in_long_line: bool,
}

impl Lines {
    /// Takes what one read gave, and gives every line that it completes to `each`.
    pub fn push(&mut self, read: &[u8], mut each: impl FnMut(Line)) {
        let mut rest = read;
        while !rest.is_empty() {
            let room = BUFFER - self.partial.len();
            let window = &rest[..rest.len().min(room)];
            match window.iter().position(|b| *b == b'\n') {
                Some(end) => {
                    self.partial.extend_from_slice(&window[..end]);
                    rest = &rest[end + 1..];
                    each(self.take(true));
                    self.in_long_line = false;
                }
                None => {
                    self.partial.extend_from_slice(window);
                    rest = &rest[window.len()..];
                    if self.partial.len() == BUFFER {
                        self.in_long_line = true;
                        each(self.take(false));
                    }
                }
            }
        }
    }

    /// The line that the end of the stream ends, if there is one.
    pub fn end(mut self) -> Option<Line> {
        (!self.partial.is_empty()).then(|| self.take(false))
    }

    fn take(&mut self, is_ended: bool) -> Line {
        Line {
            bytes: std::mem::take(&mut self.partial),
            is_piece: self.in_long_line,
            is_ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn lines(reads: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for read in reads {
            lines.push(read, |line| found.push(line));
        }
        found.extend(lines.end());
        found
    }

    fn joined(lines: &[Line]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend_from_slice(&line.bytes);
            if line.is_ended {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    #[rstest]
    #[case::longest_line(BUFFER - 1, &[(BUFFER - 1, false)])]
    #[case::exactly_the_buffer(BUFFER, &[(BUFFER, true), (0, true)])]
    #[case::one_more(BUFFER + 1, &[(BUFFER, true), (1, true)])]
    #[case::two_buffers(2 * BUFFER, &[(BUFFER, true), (BUFFER, true), (0, true)])]
    fn long_lines_are_cut(#[case] length: usize, #[case] expect: &[(usize, bool)]) {
        let bytes = [vec![b'x'; length], b"\nnext\n".to_vec()].concat();
        let found: Vec<(usize, bool)> = lines(&[&bytes])
            .iter()
            .map(|l| (l.bytes.len(), l.is_piece))
            .collect();
        assert_eq!(found, [expect, &[(4, false)]].concat());
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_made_up(reads in proptest::collection::vec(proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..80), 0..8)) {
            let slices: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(joined(&lines(&slices)), reads.concat());
        }

    }

    proptest! {
        // Each case is half a megabyte.
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn long_lines_keep_their_bytes(lengths in proptest::collection::vec(0_usize..150_000, 1..4)) {
            let input: Vec<u8> = lengths.iter().flat_map(|n| [vec![b'y'; *n], b"\n".to_vec()].concat()).collect();
            prop_assert_eq!(joined(&lines(&input.chunks(10_007).collect::<Vec<_>>())), input);
        }
    }
}
