//! The verifier of a plugin's certificate: it is the announced one, it is good, and the peer has its key.
//!
//! Comparing the certificates alone would let anybody in who has seen the handshake line; the signatures are what proves something.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::TlsError;
use super::judge::judge;

/// Trusts one certificate and no other.
#[derive(Debug)]
pub struct Pinned {
    announced: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    /// Trusts this one.
    #[must_use]
    pub fn new(announced: CertificateDer<'static>) -> Self {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Self {
            announced,
            algorithms,
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        served: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = if *served == self.announced {
            judge(served, now, &self.algorithms)
        } else {
            Err(TlsError::OtherCertificate)
        };
        verdict
            .map(|()| ServerCertVerified::assertion())
            .map_err(|error| {
                let error = OtherError(std::sync::Arc::new(error));
                Error::InvalidCertificate(CertificateError::Other(error))
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
