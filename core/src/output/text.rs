//! Levels of lines that are plain text. Pure.
//!
//! A tag counts only at the first column and in exactly this case, as in go-plugin `client.go`.

use crate::event::Level;

const TAGS: [(&str, Level); 5] = [
    ("[TRACE]", Level::Trace),
    ("[DEBUG]", Level::Debug),
    ("[INFO]", Level::Info),
    ("[WARN]", Level::Warn),
    ("[ERROR]", Level::Error),
];

/// What a Go program writes when it is about to die; everything untagged that follows belongs to it.
const PANIC: [&str; 2] = ["panic: ", "fatal error: "];

/// What Python writes about exceptions that nobody caught, on lines of their own before the traceback.
const PYTHON_NOTICE: [&str; 3] = [
    "Exception in thread ",
    "Exception ignored in",
    "Fatal Python error: ",
];

/// What a line of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It names its level.
    Tagged(Level),
    /// A Go program dies.
    Panic,
    /// Python announces a traceback.
    PythonNotice,
    /// Anything else.
    Plain,
}

/// Reads one line.
pub fn read(line: &str) -> Reading {
    let begins_with = |start: &&str| line.starts_with(*start);
    if let Some((_, level)) = TAGS.iter().find(|(tag, _)| line.starts_with(tag)) {
        Reading::Tagged(*level)
    } else if PANIC.iter().any(begins_with) {
        Reading::Panic
    } else if PYTHON_NOTICE.iter().any(begins_with) {
        Reading::PythonNotice
    } else {
        Reading::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("[TRACE] x", Reading::Tagged(Level::Trace))]
    #[case("[DEBUG]x", Reading::Tagged(Level::Debug))]
    #[case("[INFO]", Reading::Tagged(Level::Info))]
    #[case("[WARN] x", Reading::Tagged(Level::Warn))]
    #[case("[ERROR] x", Reading::Tagged(Level::Error))]
    #[case("[ERR] x", Reading::Plain)]
    #[case("[error] x", Reading::Plain)]
    #[case(" [INFO] x", Reading::Plain)]
    #[case("panic: x", Reading::Panic)]
    #[case("fatal error: x", Reading::Panic)]
    #[case("panic:x", Reading::Plain)]
    #[case("a panic: x", Reading::Plain)]
    #[case("Exception in thread Thread-1 (run):", Reading::PythonNotice)]
    #[case("", Reading::Plain)]
    fn line_is(#[case] line: &str, #[case] expect: Reading) {
        assert_eq!(read(line), expect, "{line:?}");
    }
}
