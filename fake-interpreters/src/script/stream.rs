//! Steps that concern the standard streams: what is written, where to and in which pieces.

use serde::{Deserialize, Serialize};

use super::ScriptError;
use crate::hex;

/// A standard stream of the fake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// File descriptor 1: the handshake goes here.
    #[default]
    Stdout,
    /// File descriptor 2: logs and evidence go here.
    Stderr,
}

/// Bytes to one stream. `{port}`, `{address}` and `{socket}` in `text` stand for what the fake listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Where to.
    #[serde(default)]
    pub to: Stream,
    /// Text; the newline must be written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Bytes in hexadecimal digits, for what is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// A text many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// In how many writes; default one.
    #[serde(default = "one_piece")]
    pub pieces: usize,
    /// Pause between two pieces.
    #[serde(default)]
    pub pause_ms: u64,
}

/// A text many times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// The text.
    pub text: String,
    /// How many times.
    pub times: usize,
}

/// Many lines to one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// Where to.
    #[serde(default)]
    pub to: Stream,
    /// How many bytes in all, newlines included.
    pub bytes: usize,
    /// Bytes of one line, newline included; 0 for no newline at all.
    #[serde(default = "eighty")]
    pub line_length: usize,
}

/// The bytes of a write step, before placeholders are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text in which placeholders are filled in.
    Text(String),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

impl Write {
    /// The one source of bytes that this step names.
    pub fn content(&self) -> Result<Content, ScriptError> {
        let sources = usize::from(self.text.is_some())
            + usize::from(self.hex.is_some())
            + usize::from(self.repeat.is_some());
        match (&self.text, &self.hex, &self.repeat) {
            (Some(text), None, None) => Ok(Content::Text(text.clone())),
            (None, Some(digits), None) => hex::decode(digits)
                .map(Content::Bytes)
                .ok_or_else(|| ScriptError::Hex(digits.clone())),
            (None, None, Some(repeat)) => Ok(Content::Bytes(
                repeat.text.repeat(repeat.times).into_bytes(),
            )),
            _ => Err(ScriptError::Content(sources)),
        }
    }
}

impl Flood {
    /// The bytes of the flood.
    pub fn content(&self) -> Vec<u8> {
        (1..=self.bytes)
            .map(|at| {
                if self.line_length > 0 && at.is_multiple_of(self.line_length) {
                    b'\n'
                } else {
                    b'~'
                }
            })
            .collect()
    }
}

fn one_piece() -> usize {
    1
}

fn eighty() -> usize {
    80
}
