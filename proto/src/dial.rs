//! Connects to a plugin API, over TCP or a unix socket, in clear text; and where a plugin is, and what lies between its socket and HTTP/2.
//!
//! What it does not do: encrypt. Whoever has to brings its own [`Wrap`].

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tonic::transport::{Channel, Endpoint};

/// Largest HTTP/2 frame that we take, in bytes; the receiver's setting is what speeds a stream.
pub(crate) const MAX_FRAME: u32 = 1024 * 1024;

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// `host:port`; names are resolved.
    Tcp(String),
    /// Path of a socket; on Linux a leading `@` means an abstract one.
    Unix(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(out, "tcp {address}"),
            Self::Unix(path) => write!(out, "unix {}", path.display()),
        }
    }
}

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What becomes of a connection before it is used.
pub type Wrapping = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// What lies between a socket and HTTP/2: encryption.
///
/// An error of the wrapping's own has an inner error; one without is the socket's.
pub trait Wrap: fmt::Debug + Send + Sync {
    /// Makes the stream for HTTP/2 of a fresh connection.
    fn wrap(&self, stream: Box<dyn Stream>) -> Wrapping;
}

/// Somebody to connect to: where, and through what.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where.
    pub target: Target,
    /// Through what; `None` is clear text.
    pub wrap: Option<Arc<dyn Wrap>>,
}

impl From<Target> for Peer {
    fn from(target: Target) -> Self {
        Self { target, wrap: None }
    }
}

impl From<&Target> for Peer {
    fn from(target: &Target) -> Self {
        target.clone().into()
    }
}

impl Peer {
    /// Scheme and authority of calls, as go-plugin sends them: with TLS the authority is the name in its certificates.
    pub(crate) fn origin(&self) -> (&'static str, &'static str) {
        match self.wrap {
            None => ("http", "unused"),
            Some(_) => ("https", "localhost"),
        }
    }
}

/// Connects at once; a connection that is lost later is made anew at the next call.
///
/// The authority is `unused`, as go-plugin sends it.
///
/// # Errors
/// When the connection cannot be made within `within`.
pub async fn dial(target: &Target, within: Duration) -> Result<Channel, tonic::transport::Error> {
    let endpoint = endpoint().connect_timeout(within);
    match target.clone() {
        Target::Tcp(address) => {
            endpoint
                .connect_with_connector(Connector(move |_| {
                    let address = address.clone();
                    async move {
                        let stream = TcpStream::connect(address).await?;
                        stream.set_nodelay(true)?;
                        Ok(TokioIo::new(stream))
                    }
                }))
                .await
        }
        Target::Unix(path) => {
            endpoint
                .connect_with_connector(Connector(move |_| {
                    let path = path.clone();
                    async move { Ok(TokioIo::new(UnixStream::connect(socket_path(path)).await?)) }
                }))
                .await
        }
    }
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::from_static("http://unused").max_frame_size(MAX_FRAME)
}

/// tokio names an abstract socket by a leading NUL, Go by a leading `@`.
pub(crate) fn socket_path(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix('@')) {
        Some(name) if cfg!(target_os = "linux") => PathBuf::from(format!("\0{name}")),
        _ => path,
    }
}

/// A function as tonic's connector.
#[derive(Clone)]
pub(crate) struct Connector<F>(pub(crate) F);

impl<F, A, S> tower_service::Service<Uri> for Connector<F>
where
    F: Fn(Uri) -> A,
    A: Future<Output = std::io::Result<S>>,
{
    type Response = S;
    type Error = std::io::Error;
    type Future = A;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> A {
        (self.0)(uri)
    }
}
