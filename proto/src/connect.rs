//! Connects to a plugin and tells whether it answers in HTTP/2.
//!
//! A connection that stands says little: the kernel accepts it for a program that never looks, and a client may send at
//! once. Only the peer's SETTINGS frame shows that a server is there, so the first bytes that come back are looked at
//! as they pass by. Calls need not wait for that: they can be sent meanwhile.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tonic::transport::Channel;

use crate::corked::Corked;
use crate::dial::{Connector, Peer, Stream, Target, endpoint, socket_path};

/// Length of the header of an HTTP/2 frame.
const FRAME_HEADER: usize = 9;
/// Type of the frame that a server sends first.
const SETTINGS: u8 = 4;

/// Why there is no usable connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there, or the address is none.
    #[error("cannot connect to {target}: {source}")]
    Refused {
        /// Where to.
        target: Target,
        /// What the system said.
        source: io::Error,
    },
    /// The connection stands, but nothing came back in time.
    #[error("{target} accepts connections but did not answer within {within:?}")]
    Mute {
        /// Where to.
        target: Target,
        /// The whole time allowed.
        within: Duration,
    },
    /// The peer closed the connection before it had answered.
    #[error("{target} closed the connection without an answer")]
    Closed {
        /// Where to.
        target: Target,
    },
    /// The peer answered with something that is no HTTP/2.
    #[error("{target} does not speak HTTP/2: its answer begins with \"{}\"", first.escape_ascii())]
    NotHttp2 {
        /// Where to.
        target: Target,
        /// The first bytes of the answer.
        first: Vec<u8>,
    },
    /// What lies between the socket and HTTP/2 could not be agreed upon, or did not last until the answer.
    #[error("no secure connection to {target}: {source}")]
    Unsecured {
        /// Where to.
        target: Target,
        /// What the wrapping said.
        source: io::Error,
    },
}

/// The peer's first answer, still to come.
#[derive(Debug)]
pub struct Preface {
    target: Target,
    within: Duration,
    until: Instant,
    first: oneshot::Receiver<First>,
}

/// What came back first.
#[derive(Debug)]
enum First {
    Settings,
    Closed,
    Failed(io::Error),
    Other(Vec<u8>),
}

/// Connects at once; a connection that is lost later is made anew at the next call, through the same wrapping.
///
/// # Errors
/// When the connection cannot be made within `within`, which is also the time that the peer's answer may take.
pub async fn connect(
    peer: impl Into<Peer>,
    within: Duration,
) -> Result<(Channel, Preface), ConnectError> {
    let peer = peer.into();
    let target = peer.target.clone();
    let until = Instant::now() + within;
    let refused = |source| ConnectError::Refused {
        target: target.clone(),
        source,
    };
    let socket = timeout_at(until, socket(target.clone()))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(refused)?;
    let stream = match timeout_at(until, wrapped(&peer, socket)).await {
        Ok(wrapped) => wrapped.map_err(|error| unsecured(target.clone(), error))?,
        Err(_) => return Err(ConnectError::Mute { target, within }),
    };
    let (sender, first) = oneshot::channel();
    let ready = Arc::new(Mutex::new(Some(Watched::new(stream, Some(sender)))));
    let (scheme, authority) = peer.origin();
    let connector = Connector(move |_| {
        let ready = ready.lock().unwrap_or_else(PoisonError::into_inner).take();
        let again = peer.clone();
        async move {
            Ok(TokioIo::new(Corked::new(match ready {
                Some(stream) => stream,
                None => Watched::new(open(&again).await?, None),
            })))
        }
    });
    let origin = Uri::builder().scheme(scheme).authority(authority);
    let origin = origin.path_and_query("/").build();
    let channel = endpoint()
        .origin(origin.expect("a scheme, a name and a path are a URI"))
        .connect_timeout(within)
        .connect_with_connector(connector)
        .await
        .map_err(|error| refused(io::Error::other(error)))?;
    let preface = Preface {
        target,
        within,
        until,
        first,
    };
    Ok((channel, preface))
}

/// What an error of a wrapped connection means: the wrapping's own have an inner error, and the others are the socket's.
fn unsecured(target: Target, source: io::Error) -> ConnectError {
    match source.get_ref() {
        Some(_) => ConnectError::Unsecured { target, source },
        None => ConnectError::Closed { target },
    }
}

impl Preface {
    /// Waits for the answer.
    ///
    /// # Errors
    /// When it does not come in time, or is none.
    pub async fn answered(self) -> Result<(), ConnectError> {
        let target = self.target;
        match timeout_at(self.until, self.first).await {
            Ok(Ok(First::Settings)) => Ok(()),
            Ok(Ok(First::Failed(error))) => Err(unsecured(target, error)),
            Ok(Ok(First::Other(first))) => Err(ConnectError::NotHttp2 { target, first }),
            // A sender that was dropped went with its connection.
            Ok(Ok(First::Closed) | Err(_)) => Err(ConnectError::Closed { target }),
            Err(_) => Err(ConnectError::Mute {
                target,
                within: self.within,
            }),
        }
    }
}

/// A connection that is ready for HTTP/2.
pub(crate) async fn open(peer: &Peer) -> io::Result<Box<dyn Stream>> {
    wrapped(peer, socket(peer.target.clone()).await?).await
}

async fn wrapped(peer: &Peer, socket: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
    match &peer.wrap {
        None => Ok(socket),
        Some(wrap) => wrap.wrap(socket).await,
    }
}

async fn socket(target: Target) -> io::Result<Box<dyn Stream>> {
    Ok(match target {
        Target::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        Target::Unix(path) => Box::new(UnixStream::connect(socket_path(path)).await?),
    })
}

/// A stream whose first incoming frame header is reported.
struct Watched {
    stream: Box<dyn Stream>,
    report: Option<oneshot::Sender<First>>,
    seen: Vec<u8>,
}

impl Watched {
    fn new(stream: Box<dyn Stream>, report: Option<oneshot::Sender<First>>) -> Self {
        Self {
            stream,
            report,
            seen: Vec::new(),
        }
    }

    /// Takes note of what one read brought; nothing means the end.
    fn note(&mut self, fresh: &[u8]) {
        let missing = FRAME_HEADER - self.seen.len();
        self.seen
            .extend_from_slice(&fresh[..fresh.len().min(missing)]);
        let verdict = match self.seen.get(3) {
            _ if fresh.is_empty() => First::Closed,
            Some(kind) if *kind != SETTINGS => {
                let mut first = std::mem::take(&mut self.seen);
                first.extend_from_slice(&fresh[fresh.len().min(missing)..fresh.len().min(64)]);
                First::Other(first)
            }
            Some(_) if self.seen.len() == FRAME_HEADER => First::Settings,
            _ => return,
        };
        self.tell(verdict);
    }

    fn tell(&mut self, verdict: First) {
        if let Some(report) = self.report.take() {
            // Whoever no longer waits does not want to know.
            let _ = report.send(verdict);
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.report.is_none() {
            return polled;
        }
        match polled {
            Poll::Ready(Ok(())) => self.note(&buffer.filled()[before..]),
            Poll::Ready(Err(error)) => {
                let again = io::Error::new(error.kind(), error.to_string());
                self.tell(First::Failed(error));
                return Poll::Ready(Err(again));
            }
            Poll::Pending => {}
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    async fn check(answer: &'static [u8], close: bool) -> Result<(), ConnectError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::Tcp(listener.local_addr().unwrap().to_string());
        let within = Duration::from_millis(if close { 10_000 } else { 30 });
        let (connected, accepted) = tokio::join!(connect(&target, within), listener.accept());
        let (_channel, preface) = connected.unwrap();
        let mut stream = accepted.unwrap().0;
        stream.write_all(answer).await.unwrap();
        if close {
            stream.shutdown().await.unwrap();
        }
        preface.answered().await
    }

    #[tokio::test]
    async fn only_settings_are_an_answer() {
        check(b"\0\0\0\x04\0\0\0\0\0", true).await.unwrap();
        let error = check(b"HTTP/1.1 400 Bad Request\r\n", true)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, ConnectError::NotHttp2 { first, .. } if first.starts_with(b"HTTP/1.1 400")),
            "{error}"
        );
        let error = check(b"", true).await.unwrap_err();
        assert!(matches!(error, ConnectError::Closed { .. }), "{error}");
        let error = check(b"\0\0\0", true).await.unwrap_err();
        assert!(matches!(error, ConnectError::Closed { .. }), "{error}");
        let error = check(b"", false).await.unwrap_err();
        assert!(matches!(error, ConnectError::Mute { .. }), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_abstract_socket_is_named_by_an_at_sign_or_by_a_nul() {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::{SocketAddr, UnixListener};
        let name = format!("plugin-proto-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let _listener = UnixListener::bind_addr(&address).unwrap();
        for first in ['@', '\0'] {
            let target = Target::Unix(format!("{first}{name}").into());
            connect(&target, Duration::from_secs(10)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_port_without_a_listener_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::Tcp(listener.local_addr().unwrap().to_string());
        drop(listener);
        let error = connect(&target, Duration::from_secs(10)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    }
}
