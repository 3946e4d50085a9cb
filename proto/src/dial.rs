//! Connects to a plugin or to a plugin API, over TCP or a unix socket, in clear text.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
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
