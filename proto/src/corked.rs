//! A connection that waits one round of the runtime before it writes, so that what other tasks add meanwhile leaves in the same write.
//!
//! hyper hands the head of a call to its connection and the message only when the head was taken. Written one by one they cost a system call
//! more, and the peer wakes up for a head that it can do nothing with.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The connection.
#[derive(Debug)]
pub(crate) struct Corked<S> {
    stream: S,
    /// Whether what is being written has waited; it does so once.
    waited: bool,
}

impl<S> Corked<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            waited: false,
        }
    }

    /// Whether it waits now. It is woken behind all the tasks that are ready.
    fn waits(&mut self, context: &Context<'_>) -> bool {
        if self.waited {
            return false;
        }
        self.waited = true;
        context.waker().wake_by_ref();
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Corked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Corked<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.waits(context) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.waits(context) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// What comes after it waits anew.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.waited = false;
        Poll::Ready(Ok(()))
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
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::net::TcpListener;
    use tonic::Request;

    use crate::connect::connect;
    use crate::dial::{Peer, Stream, Target, Wrap, Wrapping};
    use crate::serve::{Listener, start};
    use crate::{Methods, call};

    /// Counts the writes that reach the socket.
    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl Wrap for Counting {
        fn wrap(&self, stream: Box<dyn Stream>) -> Wrapping {
            let count = Arc::clone(&self.0);
            Box::pin(async move {
                let stream: Box<dyn Stream> = Box::new(Counted { stream, count });
                Ok(stream)
            })
        }
    }

    struct Counted {
        stream: Box<dyn Stream>,
        count: Arc<AtomicUsize>,
    }

    impl AsyncRead for Counted {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Counted {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.count.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut self.stream).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    }

    #[tokio::test]
    async fn head_and_message_of_a_call_leave_in_one_write() {
        const PATH: &str = "/a.B/C";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::Tcp(listener.local_addr().unwrap().to_string());
        let mut methods = Methods::new();
        methods.unary(PATH, |request| async move { Ok(request.message) });
        let _serving = start(Listener::Tcp(listener), methods.into_service());
        let writes = Arc::default();
        let peer = Peer {
            target,
            wrap: Some(Arc::new(Counting(Arc::clone(&writes)))),
        };
        let (channel, _preface) = connect(peer, Duration::from_secs(10)).await.unwrap();
        let call = async || {
            let message = Bytes::from_static(b"\x0a\x05hello");
            let answer = call::call_raw(&channel, PATH, Request::new(message.clone()));
            assert_eq!(answer.await.unwrap(), message);
        };
        // The settings of both sides are through.
        call().await;
        let before = writes.load(Ordering::Relaxed);
        let calls = 20;
        for _ in 0..calls {
            call().await;
        }
        let writes = writes.load(Ordering::Relaxed) - before;
        // A window update or an answer to a ping may be among them.
        assert!(
            (calls..calls + calls / 2).contains(&writes),
            "{writes} writes for {calls} calls"
        );
    }
}
