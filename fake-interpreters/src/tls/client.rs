//! Whether the host that connects is the one that started this plugin: it has the key of the certificate in `PLUGIN_CLIENT_CERT`.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::script::Client;

/// The variable by which a host tells its certificate.
const CLIENT_CERT: &str = "PLUGIN_CLIENT_CERT";

/// The certificates of the host that started this process: one, or none if it did not ask for AutoMTLS.
pub(super) fn of_the_host() -> Vec<CertificateDer<'static>> {
    let pem = told().unwrap_or_default();
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .filter_map(Result::ok)
        .collect()
}

/// What the variable says, if there is one.
pub(super) fn told() -> Option<String> {
    std::env::var(CLIENT_CERT).ok()
}

/// Lets in who has one of these certificates, and its key; or a few more, or fewer.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) client: Client,
    pub(super) known: Vec<CertificateDer<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.client == Client::Any || self.known.iter().any(|known| known == shown) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn client_auth_mandatory(&self) -> bool {
        self.client != Client::Optional
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.client == Client::WithoutKey {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.client == Client::WithoutKey {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        if self.client == Client::NotP521 {
            schemes.retain(|scheme| *scheme != SignatureScheme::ECDSA_NISTP521_SHA512);
        }
        schemes
    }
}
