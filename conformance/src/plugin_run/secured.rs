//! Who connects to a plugin with AutoMTLS: the host that started it, and strangers of every kind.
//!
//! What is judged by them is the scenario's; here is only how each of them behaves.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plugin_host::process::Launch;
use plugin_host::process::environment::CLIENT_CERT;
use plugin_host::tls::{AutoMtls, Curve, Identity, PrepareTls, Secured, TlsSetupError};
use plugin_proto::dial::{Peer, Stream, Target, Wrap, Wrapping};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::launch::set;

/// A host that uses AutoMTLS, for one start of a plugin.
#[derive(Debug)]
pub struct Host(Identity);

/// Somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It shows no certificate.
    Bare,
    /// It shows a certificate of its own, which names the same as the host's.
    Other,
    /// It shows the host's certificate, and signs with a key of its own.
    Thief,
    /// It does not encrypt.
    Plain,
    /// It speaks TLS 1.1 and nothing later.
    Old,
}

impl Stranger {
    /// All of them.
    pub const ALL: [Stranger; 5] = [
        Stranger::Bare,
        Stranger::Other,
        Stranger::Thief,
        Stranger::Plain,
        Stranger::Old,
    ];
}

impl Host {
    /// With a key and a certificate of its own.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn fresh(curve: Curve) -> Result<Host, TlsSetupError> {
        Identity::on(curve).map(Host)
    }

    /// Tells the plugin that is about to be started its certificate.
    pub fn tell(&self, launch: &mut Launch) {
        set(launch, CLIENT_CERT, self.0.pem());
    }

    /// Its way to the plugin at this address that announced this certificate.
    ///
    /// # Errors
    /// When its own key cannot be used.
    pub fn peer(&self, target: &Target, announced: &[u8]) -> Result<Peer, TlsSetupError> {
        secured(&self.0, target, announced, None)
    }

    /// A stranger's way. Whether a bare one is asked for a certificate is noted.
    ///
    /// # Errors
    /// When its key cannot be made or used.
    pub fn stranger(
        &self,
        who: Stranger,
        target: &Target,
        announced: &[u8],
        asked: &Asked,
    ) -> Result<Peer, TlsSetupError> {
        match who {
            Stranger::Bare => {
                let asked = asked.clone();
                let bare: PrepareTls = Arc::new(move |_, config| {
                    config.client_auth_cert_resolver = Arc::new(asked.clone());
                });
                secured(&self.0, target, announced, Some(bare))
            }
            Stranger::Other => secured(&Identity::fresh()?, target, announced, None),
            Stranger::Thief => {
                let certificate = self.0.certificate().clone();
                let thief: PrepareTls = Arc::new(move |_, config| {
                    config.client_auth_cert_resolver = Arc::new(Stolen {
                        certificate: certificate.clone(),
                        own: Arc::clone(&config.client_auth_cert_resolver),
                    });
                });
                secured(&Identity::fresh()?, target, announced, Some(thief))
            }
            Stranger::Plain => Ok(target.into()),
            Stranger::Old => Ok(Peer {
                target: target.clone(),
                wrap: Some(Arc::new(OldVersion)),
            }),
        }
    }
}

fn secured(
    identity: &Identity,
    target: &Target,
    announced: &[u8],
    prepare: Option<PrepareTls>,
) -> Result<Peer, TlsSetupError> {
    let announced = CertificateDer::from(announced.to_vec());
    let secured = Secured::new(identity, announced, &AutoMtls { prepare })?;
    Ok(Peer {
        target: target.clone(),
        wrap: Some(Arc::new(secured)),
    })
}

/// Has no certificate to show, and notes whether it was asked for one.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Whether it was.
    pub fn was(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Shows a certificate of which it does not have the key.
#[derive(Debug)]
struct Stolen {
    certificate: CertificateDer<'static>,
    own: Arc<dyn ResolvesClientCert>,
}

impl ResolvesClientCert for Stolen {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let own = self.own.resolve(issuers, schemes)?;
        let chain = vec![self.certificate.clone()];
        Some(Arc::new(CertifiedKey::new(chain, Arc::clone(&own.key))))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The answer of a server that takes TLS 1.1.
#[derive(Debug, thiserror::Error)]
#[error("it answers a ClientHello of TLS 1.1 with a ServerHello of version {}.{}", .0[0], .0[1])]
pub struct ServerHello([u8; 2]);

/// The answer of a server that does not.
#[derive(Debug, thiserror::Error)]
#[error("a ClientHello of TLS 1.1 is answered with \"{}\"", .0.escape_ascii())]
struct Refusal(Vec<u8>);

/// Begins as a client does that speaks TLS 1.1, and looks at the first answer. There is no way on from there.
#[derive(Debug)]
struct OldVersion;

/// A record of a handshake.
const HANDSHAKE: u8 = 22;
/// The message by which a server begins.
const SERVER_HELLO: u8 = 2;

impl Wrap for OldVersion {
    fn wrap(&self, mut stream: Box<dyn Stream>) -> Wrapping {
        Box::pin(async move {
            stream.write_all(&old_hello()).await?;
            // The head of a record, that of a message, and its version.
            let mut answer = Vec::new();
            (&mut stream).take(11).read_to_end(&mut answer).await?;
            Err(match answer.as_slice() {
                [] => io::ErrorKind::UnexpectedEof.into(),
                [HANDSHAKE, _, _, _, _, SERVER_HELLO, _, _, _, version @ ..] => {
                    let mut seen = [0; 2];
                    seen[..version.len()].copy_from_slice(version);
                    io::Error::other(ServerHello(seen))
                }
                other => io::Error::other(Refusal(other.to_vec())),
            })
        })
    }
}

/// A ClientHello with the suites, the curves and the form of points that a server with any key finds something in.
fn old_hello() -> Vec<u8> {
    const VERSION: [u8; 2] = [3, 2];
    // ECDHE with ECDSA and with RSA, then RSA alone; AES in CBC.
    const SUITES: [u8; 14] = [
        0, 12, 0xc0, 0x09, 0xc0, 0x0a, 0xc0, 0x13, 0xc0, 0x14, 0, 0x2f, 0, 0x35,
    ];
    // P-521, P-384, P-256; points uncompressed.
    const EXTENSIONS: [u8; 20] = [
        0, 18, 0, 10, 0, 8, 0, 6, 0, 25, 0, 24, 0, 23, 0, 11, 0, 2, 1, 0,
    ];
    let mut hello = VERSION.to_vec();
    hello.extend([0x11; 32]);
    // No session.
    hello.push(0);
    hello.extend(SUITES);
    // No compression.
    hello.extend([1, 0]);
    hello.extend(EXTENSIONS);
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("it is about 70 bytes long");
    let mut message = vec![1, 0, 0, length(&hello)];
    message.extend(hello);
    let mut record = vec![HANDSHAKE, 3, 1, 0, length(&message)];
    record.extend(message);
    record
}

/// Whether somebody who could not connect was let in all the same, as far as it goes.
pub fn was_taken(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut error = Some(error);
    while let Some(this) = error {
        if this.is::<ServerHello>() {
            return true;
        }
        let inner = this
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        error = match inner {
            Some(inner) => Some(inner),
            None => this.source(),
        };
    }
    false
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Stranger::Bare => "a client without a certificate",
            Stranger::Other => "a client with another certificate than the host's",
            Stranger::Thief => "a client with the host's certificate that does not have its key",
            Stranger::Plain => "a client that speaks plain text",
            Stranger::Old => "a client that speaks TLS 1.1",
        })
    }
}

#[cfg(test)]
mod tests {
    use plugin_proto::connect::{ConnectError, connect};
    use std::time::Duration;
    use tokio::net::TcpListener;

    use super::*;

    /// What somebody with TLS 1.1 makes of this answer.
    async fn answered(answer: &'static [u8]) -> ConnectError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Peer {
            target: Target::Tcp(listener.local_addr().unwrap().to_string()),
            wrap: Some(Arc::new(OldVersion)),
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = vec![0; old_hello().len()];
            stream.read_exact(&mut hello).await.unwrap();
            assert_eq!(hello, old_hello());
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let (connected, ()) = tokio::join!(connect(peer, Duration::from_secs(10)), server);
        connected.map(|_| ()).unwrap_err()
    }

    #[tokio::test]
    async fn only_a_server_hello_takes_an_old_version() {
        let taken = answered(&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, 0, 0]).await;
        assert!(was_taken(&taken), "{taken}");
        assert!(taken.to_string().contains("version 3.2"), "{taken}");
        for refusal in [
            &[21, 3, 1, 0, 2, 2, 70][..],
            b"",
            b"HTTP/1.1 400 Bad Request",
        ] {
            let refused = answered(refusal).await;
            assert!(!was_taken(&refused), "{refused}");
        }
    }

    #[test]
    fn the_lengths_in_an_old_hello_are_right() {
        let hello = old_hello();
        assert_eq!(usize::from(hello[4]), hello.len() - 5);
        assert_eq!(usize::from(hello[8]), hello.len() - 9);
    }
}
