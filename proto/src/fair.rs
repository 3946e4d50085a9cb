//! A connection that gives way: once it has moved so much in one go, all else that the runtime has to do comes first.
//!
//! A connection with a stream on it always has something to do. tokio lets it go on for 128 reads or writes before it looks at other tasks, and
//! looks at other sockets only when it has no task to run: a call on another connection would wait for megabytes.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much it may move in one go: one frame of large messages, or some 30 microseconds.
const TURN: usize = 128 * 1024;

/// The connection.
#[derive(Debug)]
pub(crate) struct Fair<S> {
    stream: S,
    /// Since it last gave way.
    moved: usize,
}

impl<S> Fair<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, moved: 0 }
    }

    /// Whether others come first now; they do so once.
    fn gives_way(&mut self, context: &mut Context<'_>) -> bool {
        if self.moved < TURN {
            return false;
        }
        self.moved = 0;
        // It comes back when the runtime has looked at its sockets.
        let polled = pin!(tokio::task::yield_now()).poll(context);
        polled.is_pending()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fair<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.gives_way(context) {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.moved += buffer.filled().len() - before;
        polled
    }
}

impl<S: AsyncWrite + Unpin> Fair<S> {
    fn count(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(size)) = &written {
            self.moved += size;
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fair<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gives_way(context) {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.gives_way(context) {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(written)
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// While one task copies without a pause, another that is always ready has its turn for each of its goes.
    #[tokio::test]
    async fn others_have_their_turn() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let goes = 20;
        let mut source = Fair::new(tokio::io::repeat(7));
        let mut target = Fair::new(tokio::io::sink());
        let mut piece = vec![0; TURN];
        for _ in 0..goes {
            source.read_exact(&mut piece).await.unwrap();
            target.write_all(&piece).await.unwrap();
        }
        other.abort();
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns >= goes - 1, "{turns} turns");
    }
}
