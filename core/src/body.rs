//! HTTP bodies on a `ServeHTTP` stream: frames, how bodies become frames, and how frames become bodies again. Pure.
//!
//! ```text
//!  init + piece ─> piece ─> … ─> piece + body_complete, and nothing after it
//! ```
//!
//! Both directions have this form. What this does not do: send or receive anything, or know HTTP beyond the range of a status.

pub mod chunker;

pub mod reassembler;

pub mod shrink;

pub mod split;

pub mod laws;

#[cfg(any(test, feature = "strategies"))]
pub mod strategy;

use bytes::Bytes;
use plugin_proto::pb::{
    ServeHttpRequest, ServeHttpRequestInit, ServeHttpResponse, ServeHttpResponseInit,
};

pub use chunker::Chunker;
pub use reassembler::{Part, Reassembler, Violation};

/// The largest piece that the host takes. Plugins are advised to send 64 KiB and may send more; this is what gRPC takes as
/// one message by default.
pub const LARGEST_PIECE: usize = 4 * 1024 * 1024;

/// One message of a stream, whichever way it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame<H> {
    /// The head, on the first frame alone.
    pub init: Option<H>,
    /// A piece of the body; may be empty.
    pub piece: Bytes,
    /// Whether this is the last frame.
    pub complete: bool,
    /// Whether what came so far is to be passed on at once; the plugin's side alone has it.
    pub flush: bool,
}

impl From<Frame<ServeHttpRequestInit>> for ServeHttpRequest {
    fn from(frame: Frame<ServeHttpRequestInit>) -> Self {
        Self {
            init: frame.init,
            body_chunk: frame.piece,
            body_complete: frame.complete,
        }
    }
}

impl From<ServeHttpResponse> for Frame<ServeHttpResponseInit> {
    fn from(message: ServeHttpResponse) -> Self {
        Self {
            init: message.init,
            piece: message.body_chunk,
            complete: message.body_complete,
            flush: message.flush,
        }
    }
}

/// The status that the number in a response's head stands for.
///
/// # Errors
/// When it is neither 0 nor within 100 to 999.
pub fn status(number: i32) -> Result<u16, Violation> {
    match u16::try_from(number) {
        Ok(0) => Ok(200),
        Ok(status @ 100..=999) => Ok(status),
        _ => Err(Violation::Status(number)),
    }
}

#[cfg(test)]
mod tests;
