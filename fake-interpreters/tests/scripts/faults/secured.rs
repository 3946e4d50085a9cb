//! What a host that uses AutoMTLS sees of a testee, and what strangers do who come to the same address.

use std::sync::{Arc, Mutex};

use fake_interpreters::{Script, base64};
use plugin_proto::dial::Target;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::talk::{GOOD, PATIENCE, Seen, target, waited_for};
use crate::run::Fake;

/// How an HTTP/2 client begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// How a client of TLS 1.1 begins.
const OLD_HELLO: &[u8] = &[22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 2];
/// What certificates for servers have in them.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// The alternative name, as a certificate has it.
const LOCALHOST: &[u8] = b"\x82\x09localhost";

/// A testee that is told a certificate, and started twice in the same folder.
pub(crate) fn secured(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    let (host, pem) = pair();
    let mut seen = Seen::new();
    let mut certificates = Vec::new();
    for start in 0..2 {
        let running = fake.start_with(&[GOOD, ("PLUGIN_CLIENT_CERT", &pem)]);
        let line = running.stdout_within(PATIENCE).unwrap_or_default();
        let (plain, field) = match line.trim_end().match_indices('|').nth(4) {
            Some((at, _)) => (&line[..at], &line.trim_end()[at + 1..]),
            None => (line.as_str(), ""),
        };
        let padded = field.contains('=');
        let certificate = base64::decode(field).unwrap_or_default();
        seen.push(format!("padded: {padded}; {}", looks(&certificate)));
        if let (0, Some(Target::Tcp(address))) = (start, target(plain)) {
            let knocks = strangers(&address, &host, &certificate);
            seen.extend(waited_for(knocks));
        }
        certificates.push(CertificateDer::from(certificate));
    }
    let key = |certificate| {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(parsed.subject_public_key_info().to_vec())
    };
    let same = certificates[0] == certificates[1];
    let same_key = key(&certificates[0]) == key(&certificates[1]);
    seen.push(format!("same certificate: {same}, same key: {same_key}"));
    seen
}

/// What there is to see in a certificate.
fn looks(certificate: &[u8]) -> String {
    let has = |part: &[u8]| certificate.windows(part.len()).any(|window| window == part);
    // Two dates of thirteen digits, one behind the other.
    let dates = certificate
        .windows(30)
        .find(|window| window.starts_with(&[0x17, 13]) && window[15..].starts_with(&[0x17, 13]));
    let long = dates.map(|dates| day(&dates[17..]) - day(&dates[2..]) > 100);
    format!(
        "sequence: {}, for localhost: {}, for servers: {}, lasts long: {long:?}",
        certificate.first() == Some(&0x30),
        has(LOCALHOST),
        has(SERVER_AUTH)
    )
}

/// About how many days lie before a date.
fn day(date: &[u8]) -> i32 {
    let number = |at: usize| {
        let digits = std::str::from_utf8(&date[at..at + 2]).unwrap();
        digits.parse::<i32>().unwrap()
    };
    number(0) * 372 + number(2) * 31 + number(4)
}

async fn strangers(address: &str, host: &Arc<CertifiedKey>, announced: &[u8]) -> Seen {
    let (other, _) = pair();
    let chain = host.cert.clone();
    let thief = Arc::new(CertifiedKey::new(chain, Arc::clone(&other.key)));
    let mut seen = Seen::new();
    for (who, shown) in [
        ("the host", Some(Arc::clone(host))),
        ("nobody", None),
        ("another", Some(other)),
        ("a thief", Some(thief)),
        ("the host again", Some(Arc::clone(host))),
    ] {
        let knocked = timeout(PATIENCE, knock(address, shown, announced)).await;
        let answer = knocked.ok().and_then(Result::ok);
        seen.push(format!("{who}: {answer:?}"));
    }
    for (who, hello) in [("plain text", PREFACE), ("TLS 1.1", OLD_HELLO)] {
        let first = timeout(PATIENCE, async {
            answer(TcpStream::connect(address).await?, hello).await
        });
        let first = first.await.ok().and_then(Result::ok);
        seen.push(format!("{who}: {first:?}"));
    }
    seen
}

/// Whether somebody with this certificate has an answer, and what was seen on the way.
async fn knock(
    address: &str,
    shown: Option<Arc<CertifiedKey>>,
    announced: &[u8],
) -> std::io::Result<String> {
    let served = Arc::new(Served::default());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&served) as Arc<dyn ServerCertVerifier>)
        .with_client_cert_resolver(Arc::new(Shows(shown)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let first = answer(stream, PREFACE).await?;
    let as_announced = served.0.lock().unwrap().as_deref() == Some(announced);
    Ok(format!(
        "{first}, protocol {protocol:?}, as announced: {as_announced}"
    ))
}

/// The first byte that comes back.
async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    hello: &[u8],
) -> std::io::Result<u8> {
    stream.write_all(hello).await?;
    stream.flush().await?;
    stream.read_u8().await
}

/// A key on P-521 with its certificate, and that as PEM.
fn pair() -> (Arc<CertifiedKey>, String) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let digits = base64::encode(certificate.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{digits}\n-----END CERTIFICATE-----\n");
    let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let chain = vec![certificate.der().clone()];
    (Arc::new(CertifiedKey::new(chain, key)), pem)
}

/// Shows one certificate, or none.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Takes any certificate, whose key its server must have, and keeps it to be looked at.
#[derive(Debug, Default)]
struct Served(Mutex<Option<CertificateDer<'static>>>);

impl ServerCertVerifier for Served {
    fn verify_server_cert(
        &self,
        served: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap() = Some(served.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
