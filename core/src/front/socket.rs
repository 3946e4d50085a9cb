//! The socket of a client: three things that hyper leaves to whoever owns it.
//!
//! - A client that takes nothing for too long is given up.
//! - A connection whose request was not read to its end is closed only when the client has seen the answer, or a moment later: closed at
//!   once, the kernel would answer what still comes with a reset, and the client could lose the answer.
//! - An answer on HTTP/1.0 that breaks off ends with a reset: there, a plain end would say that it is whole.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// How long a client may go on sending what nobody reads.
const LINGER: Duration = Duration::from_secs(1);

/// What the requests of a connection tell its socket.
#[derive(Debug)]
pub(super) struct Link {
    unread: AtomicBool,
    broken: AtomicBool,
    /// How many requests are under way.
    under_way: watch::Sender<usize>,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            unread: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            under_way: watch::Sender::new(0),
        }
    }

    /// The body of a request is not read to its end.
    pub(super) fn has_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// The answer broke off, and only a reset can say so.
    pub(super) fn is_broken(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn begin(&self) {
        self.under_way.send_modify(|number| *number += 1);
    }

    pub(super) fn end(&self) {
        self.under_way.send_modify(|number| *number -= 1);
    }

    /// Watches how many requests are under way.
    pub(super) fn under_way(&self) -> watch::Receiver<usize> {
        self.under_way.subscribe()
    }
}

/// The socket of a client.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    /// What was read before hyper began to.
    before: Bytes,
    link: std::sync::Arc<Link>,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        before: Bytes,
        link: std::sync::Arc<Link>,
        stall: Duration,
    ) -> Self {
        Self {
            stream,
            before,
            link,
            stall,
            stalled: None,
            lingering: None,
        }
    }

    /// Passes on how a write went, unless it has waited too long.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before[..length]);
        self.before.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.link.unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        let Self {
            stream, lingering, ..
        } = &mut *self;
        let lingering = lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        let mut scratch = [0; 8192];
        loop {
            if lingering.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.link.broken.load(Ordering::Relaxed) {
            // Where it cannot be set, the connection is gone already.
            let _ = self.stream.set_zero_linger();
        }
    }
}
