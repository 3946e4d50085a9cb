//! A gRPC server that can be ended: its listener, its connections and its handlers, each within a bound.
//!
//! tonic's graceful stop waits for every connection; here one task owns the listener, and when it ends, what still runs is
//! dropped. Handlers that block a thread cannot be dropped, but the port is gone all the same.

use std::io;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::dial::MAX_FRAME;
use crate::methods::MethodsService;

/// How far a server has been told to end; later words include earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// No new connection; each connection takes no new call and ends when its calls have.
    Draining,
    Closed,
}

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
    phase: watch::Sender<Phase>,
    accepting: Option<JoinHandle<()>>,
    /// Closes when the last connection and the last handler have ended.
    alive: mpsc::Receiver<()>,
}

/// Serves until it is stopped.
#[must_use]
pub fn start(listener: Listener, service: MethodsService) -> Serving {
    let (phase, watching) = watch::channel(Phase::Open);
    let (holder, alive) = mpsc::channel(1);
    let tasks = Tasks {
        phase: watching,
        _holder: holder,
    };
    let accepting = tokio::spawn(accept(listener, service, tasks));
    Serving {
        phase,
        accepting: Some(accepting),
        alive,
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
        self.phase.send_replace(Phase::Draining);
        let drained = tokio::time::timeout(within, self.alive.recv())
            .await
            .is_ok();
        self.phase.send_replace(Phase::Closed);
        if !drained {
            self.alive.recv().await;
        }
        drained
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
        self.phase.send_replace(Phase::Closed);
    }
}

/// Spawns hyper's tasks so that closing the server ends them. Each holds the end of a channel: the last to go closes it.
#[derive(Debug, Clone)]
struct Tasks {
    phase: watch::Receiver<Phase>,
    _holder: mpsc::Sender<()>,
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut own = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                () = own.reached(Phase::Closed) => {}
            }
        });
    }
}

impl Tasks {
    async fn reached(&mut self, phase: Phase) {
        // An error means that the server was dropped, which closes it as well.
        let _ = self.phase.wait_for(|now| *now >= phase).await;
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
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(serving);
    tokio::select! {
        _ = &mut serving => return,
        () = draining.reached(Phase::Draining) => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = &mut serving => {}
        () = closed.reached(Phase::Closed) => {}
    }
}
