//! The TLS of a fake: a certificate of the kind that its script names, and connections that are secured with it, or that only seem so.
//!
//! - `certificate`: makes certificates and keys;
//! - `client`: lets the host's certificate in, or does not;
//! - `opening`: how a connection begins, for those that take more than TLS.
//!
//! An implementation of its own: with the host's, both would share every misunderstanding.

mod certificate;
mod client;
mod opening;

use std::io;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::base64;
use crate::connection::Connection;
use crate::journal::Event;
use crate::script::{Alpn, Client, Kept, Served, Tls, When, Written};
use certificate::Pair;
use client::Known;
use opening::Opening;

/// A fatal alert that says that the client's versions are not spoken.
const PROTOCOL_VERSION: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// What the connections of a serve step go through.
#[derive(Clone)]
pub(crate) struct Encryption {
    announced: String,
    behind: Behind,
}

#[derive(Clone)]
enum Behind {
    Tls(TlsAcceptor, Option<Also>),
    PlainText,
    OldVersion,
    Nothing,
    Mute,
}

/// What is taken beside TLS.
#[derive(Clone, Copy)]
enum Also {
    PlainText,
    OldVersion,
}

impl Encryption {
    /// Whether these settings mean encryption in this start.
    pub(crate) fn is_on(tls: &Tls) -> bool {
        let told = client::told();
        match tls.when {
            When::Always => true,
            When::Told => told.is_some_and(|pem| !pem.is_empty()),
            When::Set => told.is_some(),
        }
    }

    /// Makes the certificates and the settings for a serve step.
    pub(crate) fn new(tls: &Tls) -> io::Result<Self> {
        let announced = announced(tls)?;
        let digits = base64::encode(&announced.certificate);
        let digits = match tls.written {
            // go-plugin leaves the padding out.
            Written::Unpadded => digits.trim_end_matches('=').to_owned(),
            Written::Padded => digits,
            Written::Pem => {
                let pem =
                    format!("-----BEGIN CERTIFICATE-----\n{digits}\n-----END CERTIFICATE-----\n");
                let digits = base64::encode(pem.as_bytes());
                digits.trim_end_matches('=').to_owned()
            }
        };
        let behind = match tls.served {
            Served::PlainText => Behind::PlainText,
            Served::OldVersion => Behind::OldVersion,
            Served::Nothing => Behind::Nothing,
            Served::Mute => Behind::Mute,
            Served::Announced => Behind::Tls(acceptor(tls, announced.certified()?)?, None),
            Served::AlsoPlainText => {
                let also = Some(Also::PlainText);
                Behind::Tls(acceptor(tls, announced.certified()?)?, also)
            }
            Served::AlsoOldVersion => {
                let also = Some(Also::OldVersion);
                Behind::Tls(acceptor(tls, announced.certified()?)?, also)
            }
            Served::Other => {
                let other = Pair::fresh(tls.certificate)?;
                Behind::Tls(acceptor(tls, other.certified()?)?, None)
            }
            Served::WithoutKey => {
                let other = Pair::fresh(tls.certificate)?;
                let chain = vec![announced.certificate];
                let stolen = CertifiedKey::new(chain, other.certified()?.key);
                Behind::Tls(acceptor(tls, stolen)?, None)
            }
        };
        Ok(Self {
            announced: digits,
            behind,
        })
    }

    /// The sixth field of the handshake line.
    pub(crate) fn announced(&self) -> &str {
        &self.announced
    }

    /// Makes of a fresh connection the one on which calls come, and says what was seen of its host. `None` if that is all there is to it.
    pub(crate) async fn accept<C: Connection + 'static>(
        &self,
        mut stream: C,
    ) -> (Option<Box<dyn Connection>>, Option<Event>) {
        match &self.behind {
            Behind::PlainText => (Some(Box::new(stream)), None),
            Behind::Tls(acceptor, None) => secured(acceptor, stream).await,
            Behind::Tls(acceptor, Some(also)) => {
                let Ok(opening) = Opening::read(&mut stream).await else {
                    return (None, None);
                };
                match also {
                    Also::PlainText if !opening.is_tls() => {
                        (Some(Box::new(opening.before(stream))), None)
                    }
                    Also::OldVersion if opening.is_of_old_version() => {
                        // It is as far as this one goes.
                        let _ = stream.write_all(&opening::SERVER_HELLO).await;
                        let _ = stream.shutdown().await;
                        (None, None)
                    }
                    _ => secured(acceptor, opening.before(stream)).await,
                }
            }
            Behind::Mute => {
                // It stands until the host gives it up.
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                (None, None)
            }
            Behind::OldVersion | Behind::Nothing => {
                let mut first = [0; 4096];
                // Whatever it was, it is answered in the same way.
                let _ = stream.read(&mut first).await;
                if matches!(self.behind, Behind::OldVersion) {
                    let _ = stream.write_all(&PROTOCOL_VERSION).await;
                }
                let _ = stream.shutdown().await;
                (None, None)
            }
        }
    }
}

/// The pair whose certificate is announced.
fn announced(tls: &Tls) -> io::Result<Pair> {
    loop {
        let pair = Pair::shared(tls.certificate, tls.kept)?;
        // The length of a signature differs by a byte or two from one to the next.
        let is_padded = pair.certificate.len() % 3 != 0;
        if tls.written != Written::Padded || tls.kept != Kept::Nothing || is_padded {
            return Ok(pair);
        }
    }
}

/// Makes of a connection a secured one, if its other side is let in.
async fn secured<C: Connection + 'static>(
    acceptor: &TlsAcceptor,
    stream: C,
) -> (Option<Box<dyn Connection>>, Option<Event>) {
    match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => {
            let (_, session) = stream.get_ref();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let event = Event::Secured {
                version: session
                    .protocol_version()
                    .map(|version| format!("{version:?}")),
                server_name: session.server_name().map(str::to_owned),
                alpn: session.alpn_protocol().map(text),
                client_certificate: session.peer_certificates().is_some(),
            };
            (Some(Box::new(stream)), Some(event))
        }
        Err((error, mut stream)) => {
            let message = error.to_string();
            // What the host has sent meanwhile is read, since a connection that is closed on unread bytes is reset, and the alert that
            // tells the host why may be lost with it.
            tokio::spawn(async move {
                let _ = stream.shutdown().await;
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            });
            (None, Some(Event::NotSecured { message }))
        }
    }
}

fn acceptor(tls: &Tls, served: CertifiedKey) -> io::Result<TlsAcceptor> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: &[&SupportedProtocolVersion] = match tls.only_tls12 {
        true => &[&version::TLS12],
        false => &[&version::TLS12, &version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier(tls.client, &provider)?)
        .with_cert_resolver(Arc::new(Always(Arc::new(served))));
    config.alpn_protocols = match tls.alpn {
        Alpn::H2 => vec![b"h2".to_vec()],
        Alpn::Silent => Vec::new(),
        Alpn::Http1 => vec![b"http/1.1".to_vec()],
    };
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn verifier(client: Client, provider: &CryptoProvider) -> io::Result<Arc<dyn ClientCertVerifier>> {
    let known = match client {
        Client::NotAsked => return Ok(Arc::new(NoClientAuth)),
        Client::Refused => Vec::new(),
        Client::Announced
        | Client::Optional
        | Client::Any
        | Client::WithoutKey
        | Client::NotP521 => client::of_the_host(),
    };
    let algorithms = provider.signature_verification_algorithms;
    Ok(Arc::new(Known {
        client,
        known,
        algorithms,
    }))
}

/// Serves one certificate, whatever is asked for.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
