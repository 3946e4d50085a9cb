//! A connection that counts what is written to it, so that an end can wait until answers have left. A write can be spoilt: other bytes
//! take its place.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stage::{Stage, lock};

/// What a listener accepts.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}
impl<C: AsyncRead + AsyncWrite + Unpin + Send> Connection for C {}

/// A connection whose writes the stage counts.
pub(crate) struct Counted {
    connection: Box<dyn Connection>,
    stage: Arc<Stage>,
}

impl Counted {
    pub(crate) fn new(connection: Box<dyn Connection>, stage: Arc<Stage>) -> Self {
        Self { connection, stage }
    }

    /// Writes the bytes that are to take the place of `length` others, if there are any.
    fn spoil(
        &mut self,
        context: &mut Context<'_>,
        length: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        let mut spoilt = lock(&self.stage.spoilt);
        let bytes = spoilt.as_ref()?;
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        if written.is_ready() {
            *spoilt = None;
        }
        // The few bytes find room in any socket that has some.
        Some(written.map_ok(|_| length))
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(_)) = written {
            self.stage.writes.fetch_add(1, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(written) = self.spoil(context, bytes.len()) {
            return written;
        }
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = bytes.iter().map(|slice| slice.len()).sum();
        if let Some(written) = self.spoil(context, length) {
            return written;
        }
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, bytes);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
