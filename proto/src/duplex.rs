//! One exchange in which messages flow both ways at once: a stream of bytes out, a stream of bytes back, every breach of the protocol named.
//!
//! No task and no buffer of our own: the connection asks for the next request when it has room for it, and the answer is read when the
//! caller asks for it. What it does not do: give meaning to a message, or wait with a deadline.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HeaderMap;
use http::uri::PathAndQuery;
use http_body::{Body as _, Frame};
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;

use crate::frames::{Breach, ManyMessages};
use crate::unary::{Outgoing, begin_again, check_head, refusal, status_of};

/// Why a stream of requests broke off.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens a method both sides of which stream. Messages of the answer have at most `limit` bytes.
///
/// A request that is an error resets the stream, and so does dropping the answer before the requests have ended: the other side never
/// takes what it got for the whole.
///
/// # Errors
/// The status of the call, where it arrives before the first message; UNAVAILABLE when the connection is lost.
pub async fn duplex<S>(
    channel: &Channel,
    path: &'static str,
    requests: S,
    limit: usize,
) -> Result<Answer, Status>
where
    S: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
{
    let (wanted, dropped) = oneshot::channel();
    let requests = Arc::new(Mutex::new(Source {
        requests: Box::pin(requests),
        dropped,
        framed: Outgoing::nothing(),
        ended: false,
    }));
    let body = || Body::new(Requests(Arc::clone(&requests)));
    let path = PathAndQuery::from_static(path);
    let answer = begin_again(channel, path, HeaderMap::new(), body).await?;
    let (head, body) = answer.into_parts();
    let said_at_once = check_head(&head)?;
    Ok(Answer {
        body,
        messages: ManyMessages::new(limit),
        ended: said_at_once,
        wanted: Some(wanted),
    })
}

/// The messages of an answer.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    messages: ManyMessages,
    ended: bool,
    /// Dropped, it breaks the requests off; used, it ends them.
    wanted: Option<oneshot::Sender<()>>,
}

impl Answer {
    /// Sends no more requests: their stream ends here, also while the next one lets wait.
    pub fn end_requests(&mut self) {
        if let Some(wanted) = self.wanted.take() {
            // Requests that have ended by themselves are gone.
            let _ = wanted.send(());
        }
    }

    /// The next message; nothing after the last one of an answer whose status is OK. Dropping the wait loses nothing.
    ///
    /// # Errors
    /// The status of the call, a breach of the protocol, or how the connection broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.messages.next()? {
                return Ok(Some(message));
            }
            if self.ended {
                return Ok(None);
            }
            let body = &mut self.body;
            let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
            match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(chunk)) => self.messages.push(chunk),
                Some(Err(frame)) => {
                    let Ok(trailers) = frame.into_trailers() else {
                        continue;
                    };
                    let status = status_of(&trailers)?.ok_or(Breach::NoStatus)?;
                    if let Some(refusal) = refusal(status) {
                        return Err(refusal);
                    }
                    self.messages.end()?;
                    self.ended = true;
                }
                None => return Err(Breach::NoStatus.into()),
            }
        }
    }
}

/// Nobody wants the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody wants the answer any more")]
struct Unwanted;

struct Source<S: ?Sized> {
    dropped: oneshot::Receiver<()>,
    framed: Outgoing,
    ended: bool,
    requests: Pin<Box<S>>,
}

/// The requests as the body of the call. Shared only so that a call that never left can be begun again.
struct Requests<S>(Arc<Mutex<Source<S>>>);

impl<S> http_body::Body for Requests<S>
where
    S: Stream<Item = Result<Bytes, BoxError>> + Send,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = &mut *source;
        loop {
            if let Some(bytes) = source.framed.next() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if source.ended {
                return Poll::Ready(None);
            }
            if let Poll::Ready(end) = Pin::new(&mut source.dropped).poll(context) {
                source.ended = true;
                return Poll::Ready(end.err().map(|_| Err(Unwanted.into())));
            }
            match std::task::ready!(source.requests.as_mut().poll_next(context)) {
                Some(Ok(message)) => source.framed = Outgoing::message(message),
                Some(Err(error)) => {
                    source.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => source.ended = true,
            }
        }
    }
}
