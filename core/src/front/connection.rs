//! Connections: accepted within their limit, told apart by their first bytes, served by hyper, and ended when the front ends.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use plugin_proto::ending::Tasks;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::front::gauges::Gauges;
use crate::front::handler::{Client, Handler};
use crate::front::options::Limits;
use crate::front::socket::{Link, Socket};
use crate::front::turn::Streams;

/// What HTTP/2 begins with, where it is spoken without being negotiated.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Larger than a piece of a body, so that one needs no more than one frame. HTTP/2's own default, 16 KiB, costs uploads a third of
/// their speed.
const FRAME: u32 = 256 * 1024;

/// A quiet HTTP/2 client is asked so often whether it is still there, and has as long to say so: one that vanished must not hold
/// streams of plugins for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The same for HTTP/1.1, where the kernel asks.
const KEEP_ALIVE_TCP: Duration = Duration::from_secs(60);

/// Accepts connections until it is dropped.
pub(super) async fn accept(listener: TcpListener, handler: Arc<Handler>, tasks: Tasks) {
    let free = Arc::new(Semaphore::new(handler.limits().connections.max(1)));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let held = Held::new(&handler.gauges, permit);
                let connection = Connection {
                    handler: Arc::clone(&handler),
                    peer,
                    tasks: tasks.clone(),
                    _held: held,
                };
                tokio::spawn(connection.serve(stream));
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                // Out of descriptors, or a peer that left at once: give others the time to end.
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// The place that a connection takes.
struct Held {
    gauges: Arc<Gauges>,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    fn new(gauges: &Arc<Gauges>, permit: OwnedSemaphorePermit) -> Self {
        gauges.connected();
        Self {
            gauges: Arc::clone(gauges),
            _permit: permit,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauges.disconnected();
    }
}

struct Connection {
    handler: Arc<Handler>,
    peer: SocketAddr,
    tasks: Tasks,
    _held: Held,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let (mut draining, mut closed) = (self.tasks.clone(), self.tasks.clone());
        let limits = self.handler.limits().clone();
        let greeting = async {
            stream.set_nodelay(true)?;
            let socket = &stream;
            rustix::net::sockopt::set_socket_keepalive(socket, true)?;
            rustix::net::sockopt::set_tcp_keepidle(socket, KEEP_ALIVE_TCP)?;
            greeting(&stream).await
        };
        let greeted = tokio::select! {
            greeted = timeout(limits.header_read, greeting) => greeted,
            () = draining.draining() => return,
        };
        // Who says nothing is not waited for, and who has left is not served.
        let Ok(Ok(Some((version, before)))) = greeted else {
            return;
        };
        let link = Arc::new(Link::new());
        let client = Client::new(self.peer, Arc::clone(&link));
        let socket = Socket::new(stream, before, Arc::clone(&link), limits.write_stall);
        let socket = TokioIo::new(socket);
        let handler = &self.handler;
        let service = service_fn(move |request| {
            // hyper moves it about before it polls it, and a box is moved faster than what a whole request needs.
            let answer = Box::pin(Arc::clone(handler).handle(client.clone(), request));
            async { Ok::<_, Infallible>(answer.await) }
        });
        let served = async {
            match version {
                Version::One => {
                    let connection = one(&limits).serve_connection(socket, service);
                    drive(connection, draining, None).await;
                }
                Version::Two => {
                    let tasks = self.tasks.clone();
                    let connection = two(&limits, tasks).serve_connection(socket, service);
                    drive(
                        connection,
                        draining,
                        Some((link.under_way(), limits.header_read)),
                    )
                    .await;
                }
            }
        };
        tokio::select! {
            () = served => {}
            () = closed.closed() => {}
        }
    }
}

/// Drives a connection to its end; told to end, or without a request for too long, it takes no new ones.
async fn drive<C>(
    connection: C,
    mut draining: Tasks,
    idle: Option<(watch::Receiver<usize>, Duration)>,
) where
    C: GracefulConnection,
{
    tokio::pin!(connection);
    // How a connection ended is said of its requests; beyond them it is nothing to know.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = draining.draining() => {}
        () = idle_for(idle.clone()) => {}
    }
    connection.as_mut().graceful_shutdown();
    // HTTP/2 asks the client to agree, and who says nothing may say nothing to that, too.
    tokio::select! {
        _ = connection => {}
        () = idle_for(idle) => {}
    }
}

/// Waits until no request has been under way for so long.
async fn idle_for(idle: Option<(watch::Receiver<usize>, Duration)>) {
    let Some((mut under_way, within)) = idle else {
        return std::future::pending().await;
    };
    loop {
        if under_way.wait_for(|number| *number == 0).await.is_err() {
            return std::future::pending().await;
        }
        // Any change begins the time anew.
        if timeout(within, under_way.changed()).await.is_err() {
            return;
        }
    }
}

fn one(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_headers(limits.headers)
        .max_header_size(limits.header_bytes as usize)
        .title_case_headers(true);
    builder
}

fn two(limits: &Limits, tasks: Tasks) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(Streams::new(tasks, limits.write_stall));
    builder
        .timer(TokioTimer::new())
        .max_frame_size(FRAME)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(2 * 1024 * 1024)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The version that first bytes speak; nothing while they may still become either.
fn version(first: &[u8]) -> Option<Version> {
    match first.len() < PREFACE.len() {
        true if PREFACE.starts_with(first) => None,
        false if first.starts_with(PREFACE) => Some(Version::Two),
        _ => Some(Version::One),
    }
}

/// Reads until the version is known, and answers what was read; nothing if the client has left before it said anything.
async fn greeting(stream: &TcpStream) -> io::Result<Option<(Version, Bytes)>> {
    let mut first = BytesMut::with_capacity(4096);
    loop {
        stream.readable().await?;
        match stream.try_read_buf(&mut first) {
            Ok(0) if first.is_empty() => return Ok(None),
            // Half a preface is no request either; hyper says so.
            Ok(0) => return Ok(Some((Version::One, first.freeze()))),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if let Some(version) = version(&first) {
            return Ok(Some((version, first.freeze())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"", None)]
    #[case(b"P", None)]
    #[case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None)]
    #[case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Version::Two))]
    #[case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Some(Version::Two))]
    #[case(b"PO", Some(Version::One))]
    #[case(b"GET / HTTP/1.1\r\n", Some(Version::One))]
    #[case(b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", Some(Version::One))]
    fn versions_by_first_bytes(#[case] first: &[u8], #[case] expected: Option<Version>) {
        assert_eq!(version(first), expected);
    }
}
