//! The handshake: the first line that a plugin writes to stdout, and nothing else.
//!
//! `CORE "|" APP "|" NETWORK "|" ADDRESS ["|" PROTOCOL ["|" CERT ["|" MUX ["|" anything…]]]] LF`
//!
//! [`scan`] finds the line in the bytes, [`line`](mod@line) judges it, [`address`] knows Go's rules for addresses. All of it is pure
//! but [`Address::resolve`]. The rules are those of go-plugin `client.go` for a host that allows only gRPC, uses no broker
//! multiplexing, and speaks application protocol 1. Whether it uses AutoMTLS is up to whoever asks.

pub mod address;
pub mod escape;
pub mod line;
pub mod scan;

mod certificate;
pub(crate) mod der;
mod error;

use std::time::Duration;

pub use address::{Address, AddressError};
pub use error::LineError;
pub use escape::Raw;

/// The core protocol version of go-plugin.
pub const CORE_VERSION: i64 = 1;

/// The application protocol version of Mattermost's plugins.
pub const APP_VERSION: i64 = 1;

/// What an acceptable handshake line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The application protocol version, which is [`APP_VERSION`].
    pub app_version: i64,
    /// Where the plugin listens.
    pub address: Address,
    /// The certificate that it serves, as DER; there if, and only if, the host asked for AutoMTLS.
    pub certificate: Option<Vec<u8>>,
}

/// Why there was no acceptable handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No whole line within the budget.
    #[error("the plugin wrote no complete line to stdout within {budget:?}")]
    Timeout {
        /// The time it had.
        budget: Duration,
    },
    /// A line, or the end of stdout, that is no handshake.
    #[error(transparent)]
    Line(#[from] LineError),
}

impl HandshakeError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "handshake.timeout",
            Self::Line(error) => error.kind(),
        }
    }

    /// What a Go host says; without the notes about the program's file, which depend on the machine.
    pub fn go_wording(&self) -> String {
        match self {
            Self::Timeout { .. } => "timeout while waiting for plugin to start".to_owned(),
            Self::Line(error) => error.go_wording(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_line_speaks_for_itself_and_a_silent_plugin_has_words_of_its_own() {
        let timeout = HandshakeError::Timeout {
            budget: Duration::from_secs(60),
        };
        assert_eq!(timeout.kind(), "handshake.timeout");
        assert_eq!(
            timeout.go_wording(),
            "timeout while waiting for plugin to start"
        );
        let line = HandshakeError::from(LineError::Netrpc);
        assert_eq!(line.kind(), "handshake.netrpc");
        assert_eq!(line.go_wording(), LineError::Netrpc.go_wording());
        assert_eq!(line.to_string(), LineError::Netrpc.to_string());
    }
}
