//! Bytes to the first line: partial reads, the limit, the end of the stream. Pure.
//!
//! ```text
//!  Open --LF--> Line
//!  Open --65,536 bytes without LF--> Overlong
//!  Open --end, some bytes--> Line          (a line need not end in LF if stdout ends)
//!  Open --end, no bytes--> Closed
//! ```

use super::LineError;

/// The longest first line, without its LF. A Go host's scanner holds 65,536 bytes, LF included.
pub const LINE_MAX: usize = 65_535;

/// How the first line ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstLine {
    /// A line, without LF. It may be empty.
    Line(Vec<u8>),
    /// More than [`LINE_MAX`] bytes without LF; these are the first of them.
    Overlong(Vec<u8>),
    /// Stdout ended before its first byte.
    Closed,
}

impl FirstLine {
    /// The line to judge, or the refusal that needs no judging.
    pub fn line(&self) -> Result<&[u8], LineError> {
        match self {
            Self::Line(line) => Ok(line),
            Self::Overlong(_) => Err(LineError::Overlong { limit: LINE_MAX }),
            Self::Closed => Err(LineError::Closed),
        }
    }

    /// What there is to show of it.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Line(bytes) | Self::Overlong(bytes) => Some(bytes),
            Self::Closed => None,
        }
    }
}

/// Collects bytes until the first line is complete.
#[derive(Debug, Default)]
pub struct Scan {
    bytes: Vec<u8>,
}

impl Scan {
    /// Takes what one read gave. With the first line complete, the bytes after its LF come back with it.
    pub fn push<'a>(&mut self, read: &'a [u8]) -> Option<(FirstLine, &'a [u8])> {
        let room = LINE_MAX - self.bytes.len();
        let window = &read[..read.len().min(room + 1)];
        if let Some(end) = window.iter().position(|b| *b == b'\n') {
            self.bytes.extend_from_slice(&read[..end]);
            return Some((
                FirstLine::Line(std::mem::take(&mut self.bytes)),
                &read[end + 1..],
            ));
        }
        if read.len() > room {
            self.bytes.extend_from_slice(&read[..room]);
            return Some((
                FirstLine::Overlong(std::mem::take(&mut self.bytes)),
                &read[room..],
            ));
        }
        self.bytes.extend_from_slice(read);
        None
    }

    /// What the first line is if stdout ends here.
    pub fn end(self) -> FirstLine {
        if self.bytes.is_empty() {
            FirstLine::Closed
        } else {
            FirstLine::Line(self.bytes)
        }
    }

    /// What was read so far of a line that is not complete.
    pub fn so_far(&self) -> &[u8] {
        &self.bytes
    }
}

/// Go's `strings.TrimSpace`: Unicode white space goes, bytes that are not UTF-8 stay.
pub fn trim(line: &[u8]) -> &[u8] {
    let mut rest = line;
    while let Some(size) = blank_at(rest, |bytes, size| bytes.get(..size)) {
        rest = &rest[size..];
    }
    while let Some(size) = blank_at(rest, |bytes, size| {
        bytes.get(bytes.len().checked_sub(size)?..)
    }) {
        rest = &rest[..rest.len() - size];
    }
    rest
}

/// Size of the white space character at one end of the bytes; `cut` takes that many bytes from the end in question.
fn blank_at(bytes: &[u8], cut: impl Fn(&[u8], usize) -> Option<&[u8]>) -> Option<usize> {
    (1..=3).find(|size| {
        let text = cut(bytes, *size).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.is_some_and(|text| text.chars().count() == 1 && text.chars().all(char::is_whitespace))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn scan(reads: &[impl AsRef<[u8]>]) -> FirstLine {
        let mut scan = Scan::default();
        for read in reads {
            if let Some((line, _)) = scan.push(read.as_ref()) {
                return line;
            }
        }
        scan.end()
    }

    #[rstest]
    #[case::whole(&["a|b\nrest"], FirstLine::Line(b"a|b".to_vec()))]
    #[case::pieces(&["a", "|b", "\n"], FirstLine::Line(b"a|b".to_vec()))]
    #[case::no_newline(&["a|b"], FirstLine::Line(b"a|b".to_vec()))]
    #[case::empty_line(&["\na|b\n"], FirstLine::Line(Vec::new()))]
    #[case::nothing(&[], FirstLine::Closed)]
    #[case::lone_carriage_return(&["a\rb"], FirstLine::Line(b"a\rb".to_vec()))]
    fn first_line_is(#[case] reads: &[&str], #[case] expect: FirstLine) {
        assert_eq!(scan(reads), expect);
    }

    #[rstest]
    #[case::longest_with_newline(65_535, true, false)]
    #[case::one_more_with_newline(65_536, true, true)]
    #[case::longest_at_end(65_535, false, false)]
    #[case::one_more_at_end(65_536, false, true)]
    fn limit_is_65535(#[case] length: usize, #[case] newline: bool, #[case] overlong: bool) {
        let mut bytes = vec![b'x'; length];
        if newline {
            bytes.push(b'\n');
        }
        let line = scan(&[&bytes]);
        assert_eq!(
            matches!(line, FirstLine::Overlong(_)),
            overlong,
            "{length} {newline}"
        );
        assert_eq!(line.bytes().unwrap().len(), 65_535);
    }

    #[test]
    fn the_limit_is_that_of_all_reads_together() {
        let mut scan = Scan::default();
        assert_eq!(scan.push(&[b'x'; 65_000]), None);
        assert_eq!(scan.so_far().len(), 65_000);
        let (line, rest) = scan.push(&[b'y'; 1_000]).unwrap();
        assert_eq!(line.line(), Err(LineError::Overlong { limit: LINE_MAX }));
        assert_eq!(line.bytes().unwrap().len(), 65_535);
        assert_eq!(rest.len(), 465);
    }

    #[test]
    fn the_line_to_judge_or_why_there_is_none() {
        let line = FirstLine::Line(b"a|b".to_vec());
        assert_eq!(
            (line.line(), line.bytes()),
            (Ok(&b"a|b"[..]), Some(&b"a|b"[..]))
        );
        let closed = FirstLine::Closed;
        assert_eq!(
            (closed.line(), closed.bytes()),
            (Err(LineError::Closed), None)
        );
    }

    #[rstest]
    #[case(b" \t1|1\r", b"1|1")]
    #[case("\u{a0}\u{2003}1|1\u{3000}\u{85}".as_bytes(), b"1|1")]
    #[case(b"\xa01|1\x85", b"\xa01|1\x85")]
    #[case("\u{feff}1".as_bytes(), "\u{feff}1".as_bytes())]
    #[case(b" \r\n", b"")]
    fn trimmed(#[case] line: &[u8], #[case] expect: &[u8]) {
        assert_eq!(trim(line), expect);
    }

    proptest! {
        #[test]
        fn splitting_reads_changes_nothing(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300), cuts in proptest::collection::vec(0_usize..300, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(scan(&pieces), scan(&[&bytes]));
        }

        #[test]
        fn nothing_after_the_line_is_lost(line in "[a-z]{0,20}", rest in proptest::collection::vec(any::<u8>(), 0..50)) {
            let bytes = [line.as_bytes(), b"\n", &rest].concat();
            let mut scan = Scan::default();
            let (found, after) = scan.push(&bytes).unwrap();
            prop_assert_eq!(found, FirstLine::Line(line.into_bytes()));
            prop_assert_eq!(after, &rest[..]);
        }

        #[test]
        fn utf8_is_trimmed_as_by_the_standard_library(text in "\\PC{0,20}|[ \t\u{a0}\u{2003}x]{0,12}") {
            prop_assert_eq!(trim(text.as_bytes()), text.trim().as_bytes());
        }
    }
}
