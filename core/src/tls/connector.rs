//! Makes the connections to one plugin: TLS with the host's certificate, the plugin's pinned, and HTTP/2 agreed upon.

use std::fmt;
use std::io;
use std::sync::Arc;

use plugin_proto::dial::{Stream, Wrap, Wrapping};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, Error};
use tokio_rustls::TlsConnector;

use super::pinned::Pinned;
use super::{ALPN, AutoMtls, Identity, SERVER_NAME, TlsError, TlsSetupError};

/// The way to one plugin.
#[derive(Clone)]
pub struct Secured {
    connector: TlsConnector,
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").finish_non_exhaustive()
    }
}

impl Secured {
    /// The way to the plugin that announced this certificate.
    ///
    /// # Errors
    /// When the host's own key does not fit its certificate.
    pub fn new(
        identity: &Identity,
        announced: CertificateDer<'static>,
        options: &AutoMtls,
    ) -> Result<Self, TlsSetupError> {
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned::new(announced.clone())))
                .with_client_auth_cert(vec![identity.certificate().clone()], identity.key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Each connection proves everything anew.
        config.resumption = Resumption::disabled();
        if let Some(prepare) = &options.prepare {
            prepare(&announced, &mut config);
        }
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }
}

impl Wrap for Secured {
    fn wrap(&self, stream: Box<dyn Stream>) -> Wrapping {
        let connector = self.connector.clone();
        Box::pin(async move {
            let name = ServerName::try_from(SERVER_NAME).expect("the constant is a DNS name");
            let stream = connector
                .connect(name, stream)
                .await
                .map_err(in_our_words)?;
            let offered = &connector.config().alpn_protocols;
            let agreed = stream.get_ref().1.alpn_protocol();
            // What an application does not offer, it cannot ask for.
            if !offered.is_empty() && agreed != Some(ALPN) {
                return Err(io::Error::other(TlsError::Alpn));
            }
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// An error of the handshake as ours; one of the socket as it is.
fn in_our_words(error: io::Error) -> io::Error {
    match explained(&error) {
        Some(error) => io::Error::other(error),
        None => error,
    }
}

/// What an error of a secured connection means, if it is not the socket's.
pub fn explained(error: &io::Error) -> Option<TlsError> {
    let inner = error.get_ref();
    if let Some(ours) = inner.and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return Some(ours.clone());
    }
    if let Some(rustls) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        return Some(rustls.into());
    }
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    )
    .then_some(TlsError::Closed)
}
