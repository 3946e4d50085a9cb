//! The end of a stream, for diagnoses. Pure and bounded.

use std::collections::VecDeque;

/// How many lines are remembered.
const LINES: usize = 60;

/// How much of each line is remembered.
const LINE_BYTES: usize = 1_000;

/// The last lines of a stream.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    /// Remembers a line, and forgets the oldest if there are too many.
    pub fn push(&mut self, line: &[u8]) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let kept = &line[..line.len().min(LINE_BYTES)];
        let mut text = String::from_utf8_lossy(kept).into_owned();
        if kept.len() < line.len() {
            text.push_str(&format!("… ({} bytes)", line.len()));
        }
        self.lines.push_back(text);
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines() {
        let mut tail = Tail::default();
        for number in 0..LINES + 5 {
            tail.push(number.to_string().as_bytes());
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.first().map(String::as_str), Some("5"));
        assert_eq!(lines.last().cloned(), Some((LINES + 4).to_string()));
    }

    #[test]
    fn shortens_long_lines_and_bears_any_bytes() {
        let mut tail = Tail::default();
        tail.push(&vec![b'x'; 5_000]);
        tail.push(b"\xff\xfe");
        let lines = tail.lines();
        assert!(lines[0].ends_with("… (5000 bytes)") && lines[0].len() < 1_100);
        assert_eq!(lines[1], "\u{fffd}\u{fffd}");
    }
}
