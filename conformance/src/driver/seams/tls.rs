//! Faults of AutoMTLS: the right settings with one thing left out, and lines that are read as if nothing had been asked for.

use std::ffi::OsString;
use std::sync::{Arc, OnceLock};

use fake_interpreters::base64;
use plugin_host::handshake::{Handshake, LineError, line};
use plugin_host::options::{HostOptions, PrepareLaunch};
use plugin_host::process::environment::CLIENT_CERT;
use plugin_host::tls::pinned::Pinned;
use plugin_host::tls::{AutoMtls, PrepareTls, SERVER_NAME};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::line::with_field;
use crate::driver::fault::Fault;

/// Switches AutoMTLS on, with the fault if it is one of this seam.
pub(super) fn switch_on(fault: Option<Fault>, options: &mut HostOptions) {
    options.auto_mtls = Some(AutoMtls {
        prepare: fault.and_then(settings),
    });
    let Some(fault) = fault else { return };
    if let Some(prepare) = launch(fault) {
        options.prepare = Some(prepare);
    }
    options.read_handshake = Some(Arc::new(move |bytes| read(fault, bytes)));
}

fn read(fault: Fault, bytes: &[u8]) -> Result<Handshake, LineError> {
    let right = line::parse_secured(bytes);
    match fault {
        Fault::SpeaksPlainText => right.map(|handshake| Handshake {
            certificate: None,
            ..handshake
        }),
        Fault::FallsBackToPlainText => match right {
            Err(
                LineError::CertificateMissing
                | LineError::CertificateMalformed
                | LineError::CertificateEncoding { .. },
            ) => line::parse(&with_field(bytes, 5, b"")),
            right => right,
        },
        _ => right,
    }
}

fn launch(fault: Fault) -> Option<PrepareLaunch> {
    match fault {
        Fault::SendsBareCertificate => Some(Arc::new(|launch| {
            if let Some(pem) = launch.environment.get_mut(&OsString::from(CLIENT_CERT)) {
                let text = pem.to_string_lossy().into_owned();
                let digits: String = text.lines().filter(|line| !line.contains('-')).collect();
                *pem = digits.into();
            }
        })),
        Fault::TellsOtherName => Some(Arc::new(|launch| {
            if let Some(pem) = launch.environment.get_mut(&OsString::from(CLIENT_CERT)) {
                *pem = for_another_name(&pem.to_string_lossy()).into();
            }
        })),
        Fault::OneCertificateForAll => Some(Arc::new(|launch| {
            static FIRST: OnceLock<OsString> = OnceLock::new();
            if let Some(pem) = launch.environment.get_mut(&OsString::from(CLIENT_CERT)) {
                pem.clone_from(FIRST.get_or_init(|| pem.clone()));
            }
        })),
        _ => None,
    }
}

/// The certificate with another name of the same length in it. Nobody could sign that, and nobody has to: it is only told.
fn for_another_name(pem: &str) -> String {
    let frame = |line: &&str| line.contains('-');
    let digits: String = pem.lines().filter(|line| !frame(line)).collect();
    let Some(mut der) = base64::decode(&digits) else {
        return pem.to_owned();
    };
    let name = SERVER_NAME.as_bytes();
    let found = |der: &[u8]| der.windows(name.len()).position(|part| part == name);
    while let Some(at) = found(&der) {
        der[at..at + name.len()].reverse();
    }
    let digits = base64::encode(&der);
    let lines = digits.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    let frames: Vec<&str> = pem.lines().filter(frame).collect();
    match frames.as_slice() {
        [begin, end] => format!("{begin}\n{}\n{end}\n", lines.join("\n")),
        _ => pem.to_owned(),
    }
}

fn settings(fault: Fault) -> Option<PrepareTls> {
    let verifier = |skips: Skips| -> Option<PrepareTls> {
        Some(Arc::new(move |announced, config| {
            let lax = Lax {
                announced: announced.clone(),
                right: Pinned::new(announced.clone()),
                skips,
            };
            verify_by(config, Arc::new(lax));
        }))
    };
    match fault {
        Fault::TakesAnyCertificate => verifier(Skips::Certificate),
        Fault::TakesUnfitCertificates => verifier(Skips::Fitness),
        Fault::SkipsSignatures => verifier(Skips::Signatures),
        Fault::RefusesCaAsLeaf => Some(Arc::new(|announced, config| {
            if let Some(verifier) = strict(announced) {
                verify_by(config, verifier);
            }
        })),
        Fault::AgreesOnNothing => Some(Arc::new(|_, config| config.alpn_protocols.clear())),
        Fault::NamesNobody => Some(Arc::new(|_, config| config.enable_sni = false)),
        Fault::ShowsNoCertificate => Some(Arc::new(|_, config| {
            config.client_auth_cert_resolver = Arc::new(NoCertificate);
        })),
        _ => None,
    }
}

fn verify_by(config: &mut ClientConfig, verifier: Arc<dyn ServerCertVerifier>) {
    config.dangerous().set_certificate_verifier(verifier);
}

/// What web browsers ask of a server's certificate; none for a certificate that cannot be trusted at all.
fn strict(announced: &CertificateDer<'static>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add(announced.clone()).ok()?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .ok()
}

/// What a lax verifier leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skips {
    /// Whether it is the announced certificate.
    Certificate,
    /// Whether the announced certificate is any good.
    Fitness,
    /// Whether the peer has its key.
    Signatures,
}

#[derive(Debug)]
struct Lax {
    announced: CertificateDer<'static>,
    right: Pinned,
    skips: Skips,
}

impl ServerCertVerifier for Lax {
    fn verify_server_cert(
        &self,
        served: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.skips {
            Skips::Certificate => Ok(ServerCertVerified::assertion()),
            Skips::Fitness if *served == self.announced => Ok(ServerCertVerified::assertion()),
            Skips::Fitness => Err(CertificateError::UnknownIssuer.into()),
            Skips::Signatures => self
                .right
                .verify_server_cert(served, others, name, ocsp, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.skips == Skips::Signatures {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.right
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.skips == Skips::Signatures {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.right
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.right.supported_verify_schemes()
    }
}

/// A host without a certificate of its own.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
