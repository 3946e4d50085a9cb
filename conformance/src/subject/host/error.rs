//! What can be wrong with a driver, in the words that its author needs: the order, the line, and the page that says how it should be.
//!
//! Each text is whole, since scenarios show it alone: what the system or the parser said is in it, and is no source that would follow again.

use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::Value;

/// The page about the protocol.
pub(super) const PAGE: &str = "conformance/HOST.md";

/// More of a line than this says nothing to a reader.
const MOST: usize = 200;

/// A line of a driver's stdout that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMessage {
    /// Which line it is, from 1.
    pub number: usize,
    /// The beginning of it, escaped.
    pub line: String,
    /// What is wrong with it.
    pub why: String,
}

impl NoMessage {
    /// A line that is no message.
    pub(super) fn new(number: usize, line: &[u8], why: impl Into<String>) -> NoMessage {
        let shown = &line[..line.len().min(MOST)];
        let rest = if line.len() > MOST { "…" } else { "" };
        NoMessage {
            number,
            line: format!("{}{rest}", shown.escape_ascii()),
            why: why.into(),
        }
    }
}

impl fmt::Display for NoMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} of its stdout is no message: {}: \"{}\" ({PAGE}, \"Lines\")",
            self.number, self.why, self.line
        )
    }
}

/// What its stderr shows of a driver that ended.
fn last_words(stderr: &str) -> String {
    if stderr.is_empty() {
        "it wrote nothing to stderr".to_owned()
    } else {
        format!("its stderr ends with {stderr:?}")
    }
}

/// Why a driver is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// It could not be started.
    #[error("cannot start the host {program}: {why}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        why: io::Error,
    },
    /// It closed its stdout before it had answered.
    #[error("the host ended before it answered {order:?}; {} ({PAGE}, \"Ends\")", last_words(.stderr))]
    Gone {
        /// The order's word.
        order: &'static str,
        /// The last of its stderr.
        stderr: String,
    },
    /// It wrote a line that is no message.
    #[error("the host did not answer {order:?}: {line}")]
    Garbage {
        /// The order's word.
        order: &'static str,
        /// The line.
        line: NoMessage,
    },
    /// It did not answer in time.
    #[error("the host did not answer {order:?} within {within:?} ({PAGE}, \"Ends\")")]
    Silent {
        /// The order's word.
        order: &'static str,
        /// The time it had.
        within: Duration,
    },
    /// It answered with something that the order does not have.
    #[error(
        "the host's answer to {order:?} is no such answer: {why}: {answer} ({PAGE}, \"Orders\")"
    )]
    Answer {
        /// The order's word.
        order: &'static str,
        /// The answer.
        answer: Value,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// It does not claim the order, so the order was not sent.
    #[error("the host's driver does not claim the order {order:?}")]
    NotClaimed {
        /// The order's word.
        order: &'static str,
    },
    /// It claims the order and does not know it.
    #[error(
        "the host's driver claims the order {order:?} and answers that it does not know it ({PAGE}, \"Claims\")"
    )]
    Dead {
        /// The order's word.
        order: &'static str,
    },
}
