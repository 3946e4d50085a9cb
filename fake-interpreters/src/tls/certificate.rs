//! Certificates with their keys, of each kind that a script can name.

use std::io;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256, SanType, SignatureAlgorithm,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::script::{Certificate, Kept};

/// The file of a kept key, in the folder in which the process was started.
const KEY: &str = "tls.key";
/// The file of a kept certificate.
const CERTIFICATE: &str = "tls.crt";

const DAY: Duration = Duration::from_secs(86_400);

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Pair {
    pub(super) fn fresh(kind: Certificate) -> io::Result<Self> {
        let pair = KeyPair::generate_for(algorithm(kind)).map_err(io::Error::other)?;
        Self::of(kind, &pair)
    }

    /// One that shares with that of an earlier start what is kept, and is left for later ones.
    pub(super) fn shared(kind: Certificate, kept: Kept) -> io::Result<Self> {
        if kept == Kept::Nothing {
            return Self::fresh(kind);
        }
        let Ok(key) = std::fs::read(KEY) else {
            let first = Self::fresh(kind)?;
            std::fs::write(KEY, first.key.secret_pkcs8_der())?;
            std::fs::write(CERTIFICATE, &first.certificate)?;
            return Ok(first);
        };
        let key = PrivatePkcs8KeyDer::from(key);
        if kept == Kept::Certificate {
            let certificate = std::fs::read(CERTIFICATE)?.into();
            return Ok(Self { certificate, key });
        }
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, algorithm(kind))
            .map_err(io::Error::other)?;
        Self::of(kind, &pair)
    }

    fn of(kind: Certificate, pair: &KeyPair) -> io::Result<Self> {
        let certificate = params(kind)
            .and_then(|params| params.self_signed(pair))
            .map_err(io::Error::other)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(pair.serialize_der()),
        })
    }

    /// The pair as a server uses it.
    pub(super) fn certified(&self) -> io::Result<CertifiedKey> {
        let key = aws_lc_rs::sign::any_supported_type(&self.key.clone_key().into())
            .map_err(io::Error::other)?;
        Ok(CertifiedKey::new(vec![self.certificate.clone()], key))
    }
}

fn algorithm(kind: Certificate) -> &'static SignatureAlgorithm {
    match kind {
        Certificate::P256 => &PKCS_ECDSA_P256_SHA256,
        Certificate::P384 => &PKCS_ECDSA_P384_SHA384,
        Certificate::Rsa => &PKCS_RSA_SHA256,
        Certificate::Ed25519 => &PKCS_ED25519,
        _ => &PKCS_ECDSA_P521_SHA512,
    }
}

fn params(kind: Certificate) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "HashiCorp");
    name.push(DnType::CommonName, "localhost");
    params.distinguished_name = name;
    params.subject_alt_names = match kind {
        Certificate::NoName => Vec::new(),
        Certificate::OtherName => vec![SanType::DnsName("example.com".try_into()?)],
        Certificate::AddressOnly => vec![SanType::IpAddress([127, 0, 0, 1].into())],
        _ => vec![SanType::DnsName("localhost".try_into()?)],
    };
    params.is_ca = match kind {
        Certificate::P256 | Certificate::P384 | Certificate::ServerOnly => IsCa::NoCa,
        _ => IsCa::Ca(BasicConstraints::Unconstrained),
    };
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
    ];
    let (client, server) = (
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    );
    params.extended_key_usages = match kind {
        Certificate::AnyUsage => Vec::new(),
        Certificate::ServerOnly => vec![server],
        Certificate::ClientOnly => vec![client],
        _ => vec![client, server],
    };
    let now = SystemTime::now();
    let (from, to) = match kind {
        Certificate::Expired => (now - 2 * DAY, now - DAY),
        Certificate::NotYetValid => (now + DAY, now + 2 * DAY),
        _ => (now - DAY, now + 365 * DAY),
    };
    (params.not_before, params.not_after) = (from.into(), to.into());
    Ok(params)
}
