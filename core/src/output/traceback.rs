//! Python's tracebacks, from their first line to the exception. Pure.
//!
//! ```text
//!  Frames --indented--> Frames --first column--> Ended --blank, "…the above exception…"--> Ended --"Traceback"--> Frames
//!     (an exception group is indented throughout: the first column ends it from outside)
//! ```

/// A block longer than this is given up as it is.
const LINES_MAX: usize = 1_000;

/// A block bigger than this is given up as it is.
const BYTES_MAX: usize = 256 * 1024;

const HEAD: &str = "Traceback (most recent call last):";
const GROUP_HEAD: &str = "+ Exception Group Traceback (most recent call last):";
/// Syntax errors of the script itself have no head.
const SYNTAX_HEAD: &str = "  File \"";
const CHAIN: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// A traceback that is being collected.
#[derive(Debug)]
pub(super) struct Traceback {
    lines: Vec<String>,
    bytes: usize,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between the head and the exception.
    Frames,
    /// Within an exception group, which has no line at the first column.
    Group,
    /// After the exception; another may follow that belongs to it.
    Ended,
}

impl Traceback {
    /// Begins a traceback if the line is its head.
    pub(super) fn begin(line: &str) -> Option<Self> {
        Some(Self {
            phase: phase_of_head(line)?,
            bytes: line.len(),
            lines: vec![line.to_owned()],
        })
    }

    /// Takes a line if it belongs to the traceback.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let Some(next) = self.next(line) else {
            return false;
        };
        if self.lines.len() >= LINES_MAX || self.bytes + line.len() > BYTES_MAX {
            return false;
        }
        self.phase = next;
        self.bytes += line.len();
        self.lines.push(line.to_owned());
        true
    }

    /// Whether it may end here: an exception was seen.
    pub(super) fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// All lines.
    pub(super) fn text(self) -> String {
        self.lines.join("\n")
    }

    fn next(&self, line: &str) -> Option<Phase> {
        let is_indented = line.starts_with([' ', '\t']);
        match self.phase {
            Phase::Frames if is_indented || line.is_empty() => Some(Phase::Frames),
            Phase::Frames => Some(Phase::Ended),
            Phase::Group if is_indented => Some(Phase::Group),
            Phase::Group => None,
            Phase::Ended if line.is_empty() || CHAIN.contains(&line) => Some(Phase::Ended),
            Phase::Ended => phase_of_head(line),
        }
    }
}

fn phase_of_head(line: &str) -> Option<Phase> {
    if line == HEAD || line.starts_with(SYNTAX_HEAD) {
        Some(Phase::Frames)
    } else if line.trim_start() == GROUP_HEAD {
        Some(Phase::Group)
    } else {
        None
    }
}
