//! AutoMTLS, as go-plugin has it: the host makes a key pair for each start and tells the plugin its certificate, the plugin announces
//! its own in the handshake line, and each side trusts exactly the other's.
//!
//! - [`identity`]: the host's key pair and certificate;
//! - [`judge`]: what is wrong with an announced certificate; pure;
//! - [`pinned`]: whether a served certificate is the announced one, and whether the peer has its key;
//! - [`connector`]: the connections themselves;
//! - [`error`]: what can go wrong, each with its word and Go's.
//!
//! Invariant: a connection is used only after the peer has proved that it has the key of the announced certificate, and has agreed to
//! speak HTTP/2.
//! Invariant: the private key leaves neither the process nor the start that it was made for.

pub mod error;

pub mod identity;

pub mod judge;

pub mod pinned;

pub mod connector;

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

pub use connector::{Secured, explained};
pub use error::{TlsError, TlsSetupError};
pub use identity::{Curve, Identity};

/// The name in every certificate, and the one that hosts ask for.
pub const SERVER_NAME: &str = "localhost";

/// The protocol that both sides have to agree upon.
pub const ALPN: &[u8] = b"h2";

/// Adjusts the TLS settings for a plugin with this certificate, once go-plugin's are made.
pub type PrepareTls = Arc<dyn Fn(&CertificateDer<'static>, &mut ClientConfig) + Send + Sync>;

/// Plugins are asked for AutoMTLS, and those that do not speak it do not start.
#[derive(Clone, Default)]
pub struct AutoMtls {
    /// Adjusts the settings of the connections to a plugin: other versions, a key log.
    pub prepare: Option<PrepareTls>,
}

impl fmt::Debug for AutoMtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoMtls")
            .field("prepare", &self.prepare.is_some())
            .finish()
    }
}
