//! The host's own key pair and certificate: fresh for each start, and with the same settings as those of go-plugin `mtls.go`.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P521_SHA512, SanType, SerialNumber,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{SERVER_NAME, TlsSetupError};

/// How much earlier than now a certificate begins, for clocks that differ.
const EARLIER: Duration = Duration::from_secs(30);

/// How long it lasts: thirty years.
const LIFETIME: Duration = Duration::from_secs(262_980 * 3600);

/// Columns of base64 in PEM.
const PEM_COLUMNS: usize = 64;

/// The curve of a host's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// go-plugin's.
    P521,
    /// The one that every TLS library knows; some do not ask for signatures on P-521.
    P256,
}

/// A key pair with its certificate. Shown without the key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificate", &self.certificate.len())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Makes a new one: ECDSA on P-521, self-signed, a CA that is used as a leaf.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub fn fresh() -> Result<Self, TlsSetupError> {
        Self::on(Curve::P521)
    }

    /// The same on a curve of the caller's choice.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub fn on(curve: Curve) -> Result<Self, TlsSetupError> {
        let pair = KeyPair::generate_for(match curve {
            Curve::P521 => &PKCS_ECDSA_P521_SHA512,
            Curve::P256 => &PKCS_ECDSA_P256_SHA256,
        })?;
        let certificate = params()?.self_signed(&pair)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(pair.serialize_der()),
        })
    }

    /// The certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate as `PLUGIN_CLIENT_CERT` has it.
    pub fn pem(&self) -> String {
        let digits = BASE64_STANDARD.encode(&self.certificate);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in digits.as_bytes().chunks(PEM_COLUMNS) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem
    }

    /// The private key.
    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key().into()
    }
}

fn params() -> Result<CertificateParams, TlsSetupError> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, printable("HashiCorp")?);
    name.push(DnType::CommonName, printable(SERVER_NAME)?);
    params.distinguished_name = name;
    params.subject_alt_names = vec![SanType::DnsName(SERVER_NAME.try_into()?)];
    params.serial_number = Some(SerialNumber::from_slice(&serial()?));
    let now = SystemTime::now();
    params.not_before = (now - EARLIER).into();
    params.not_after = (now + LIFETIME).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
    ];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    Ok(params)
}

/// 127 random bits: positive, and less than 2^128.
fn serial() -> Result<[u8; 16], TlsSetupError> {
    let mut serial = [0; 16];
    let random = aws_lc_rs::default_provider().secure_random;
    random
        .fill(&mut serial)
        .map_err(|_| TlsSetupError::Random)?;
    serial[0] &= 0x7f;
    Ok(serial)
}

fn printable(text: &str) -> Result<DnValue, TlsSetupError> {
    Ok(DnValue::PrintableString(text.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one run of bytes lies within another.
    fn has(der: &[u8], part: &[u8]) -> bool {
        der.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn it_is_what_go_plugin_makes() {
        let identity = Identity::fresh().unwrap();
        let der = identity.certificate();
        let parts: [(&str, &[u8]); 8] = [
            ("secp521r1", &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23]),
            (
                "ecdsa-with-SHA512",
                &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
            ),
            ("O=HashiCorp", b"\x06\x03\x55\x04\x0a\x13\x09HashiCorp"),
            ("CN=localhost", b"\x06\x03\x55\x04\x03\x13\x09localhost"),
            ("SAN DNS:localhost alone", b"\x30\x0b\x82\x09localhost"),
            (
                "CA:TRUE, critical",
                &[
                    0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff,
                ],
            ),
            // Bits 0, 2, 4 and 5 of one byte: two are left over.
            (
                "key usages, critical",
                &[
                    0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x02, 0xac,
                ],
            ),
            ("subject key identifier", &[0x55, 0x1d, 0x0e]),
        ];
        for (what, bytes) in parts {
            assert!(has(der, bytes), "{what} in {}", identity.pem());
        }
        assert!((580..610).contains(&der.len()), "{} bytes", der.len());
        let other = Identity::fresh().unwrap();
        assert_ne!(der, other.certificate());
    }

    #[test]
    fn it_can_be_on_another_curve() {
        let identity = Identity::on(Curve::P256).unwrap();
        let curve = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        assert!(has(identity.certificate(), &curve), "{}", identity.pem());
    }

    #[test]
    fn pem_has_lines_and_the_certificate_and_nothing_of_the_key() {
        let identity = Identity::fresh().unwrap();
        let pem = identity.pem();
        let mut lines: Vec<&str> = pem.lines().collect();
        assert_eq!(lines.remove(0), "-----BEGIN CERTIFICATE-----");
        assert_eq!(lines.pop(), Some("-----END CERTIFICATE-----"));
        let last = lines.len() - 1;
        assert!(lines[..last].iter().all(|line| line.len() == 64), "{pem}");
        let der = BASE64_STANDARD.decode(lines.concat()).unwrap();
        assert_eq!(der, identity.certificate().as_ref());
        let shown = format!("{identity:?}");
        assert!(!shown.contains("key"), "{shown}");
    }
}
