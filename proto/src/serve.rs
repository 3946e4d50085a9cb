//! A gRPC server that can be ended: its listener, its connections and its handlers, each within a bound.
//!
//! tonic's graceful stop waits for every connection; here one task owns the listener, and when it ends, what still runs is
//! dropped. Handlers that block a thread cannot be dropped, but the port is gone all the same.

use std::io;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;

use crate::dial::MAX_FRAME;
use crate::ending::{Ending, Tasks};
use crate::fair::Fair;
use crate::methods::MethodsService;

/// How much of one request may be under way; half of it costs a fifth of the speed.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// How much of all requests of one connection may be under way: far more than of one, so that a handler that takes nothing does not stop
/// the others.
const CONNECTION_WINDOW: u32 = 256 * STREAM_WINDOW;

/// Where a server listens.
#[derive(Debug)]
pub enum Listener {
    /// A TCP listener.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// A running server. Dropping it closes everything at once.
#[derive(Debug)]
pub struct Serving {
    ending: Ending,
    accepting: Option<JoinHandle<()>>,
}

/// Serves until it is stopped.
#[must_use]
pub fn start(listener: Listener, service: MethodsService) -> Serving {
    let (ending, tasks) = Ending::new();
    let accepting = tokio::spawn(accept(listener, service, tasks));
    Serving {
        ending,
        accepting: Some(accepting),
    }
}

impl Serving {
    /// Takes no more connections and frees the port; connections and calls go on.
    pub async fn close_listener(&mut self) {
        if let Some(task) = self.accepting.take() {
            task.abort();
            // An aborted task answers with an error, which says nothing new.
            let _ = task.await;
        }
    }

    /// Ends: no new connections or calls, at most `within` for the running ones, then whatever is left is dropped.
    /// Answers whether all calls had ended by themselves.
    pub async fn stop(mut self, within: Duration) -> bool {
        self.close_listener().await;
        self.ending.stop(within).await
    }

    /// Drops every connection and every handler now; the listener too.
    pub async fn abort(self) {
        self.stop(Duration::ZERO).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(task) = self.accepting.take() {
            task.abort();
        }
    }
}

async fn accept(listener: Listener, service: MethodsService, tasks: Tasks) {
    loop {
        let accepted: io::Result<()> = async {
            match &listener {
                Listener::Tcp(tcp) => {
                    let (stream, _) = tcp.accept().await?;
                    stream.set_nodelay(true)?;
                    tokio::spawn(connection(stream, service.clone(), tasks.clone()));
                }
                Listener::Unix(unix) => {
                    let (stream, _) = unix.accept().await?;
                    tokio::spawn(connection(stream, service.clone(), tasks.clone()));
                }
            }
            Ok(())
        }
        .await;
        if accepted.is_err() {
            // Out of descriptors, or a peer that left at once: give others the time to end.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn connection<S>(stream: S, service: MethodsService, tasks: Tasks)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut draining, mut closed) = (tasks.clone(), tasks.clone());
    let serving = http2::Builder::new(tasks)
        .timer(TokioTimer::new())
        .max_frame_size(MAX_FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(
            TokioIo::new(Fair::new(stream)),
            TowerToHyperService::new(service),
        );
    tokio::pin!(serving);
    tokio::select! {
        _ = &mut serving => return,
        () = draining.draining() => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = &mut serving => {}
        () = closed.closed() => {}
    }
}
