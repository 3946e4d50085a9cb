//! One exchange in which messages flow both ways at once: a stream of messages out, a stream of bytes back, every breach of the protocol
//! named.
//!
//! No buffer of our own: the next request is asked for when the connection has room for it, and the answer is read when the caller asks for
//! it. Requests that cannot leave at once have a task, which ends with the exchange: a plugin that takes nothing, and a client that sends
//! nothing, hold nobody up.
//!
//! What it does not do: give meaning to a message, or wait with a deadline.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use tokio::sync::oneshot;
use tokio_stream::Stream;
use tonic::Status;

use crate::frames::{Breach, ManyMessages};
use crate::gathered::{Gathered, Gathering};
use crate::lane::{Lane, broken, is_no_error};
use crate::unary::{check_head, refusal, status_of};

/// Why a stream of requests broke off.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One message of the requests, in two parts that need not be copied together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// How it begins.
    pub before: Bytes,
    /// How it goes on.
    pub after: Bytes,
    /// No other follows it.
    pub last: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DuplexError {
    /// There is no connection; nothing of the call was sent.
    #[error("nothing was sent: {0}")]
    NotSent(Status),
    /// How the call ended.
    #[error(transparent)]
    Ended(#[from] Status),
}

/// Opens a method both sides of which stream. Messages of the answer have at most `limit` bytes.
///
/// A request that is an error resets the stream, and so does dropping the answer before its end: the other side never takes what it got
/// for the whole.
///
/// # Errors
/// The status of the call, where it arrives before the first message; UNAVAILABLE when the connection is lost.
pub async fn duplex<S>(
    lane: &Lane,
    path: &'static str,
    requests: S,
    limit: usize,
) -> Result<Answer, DuplexError>
where
    S: Stream<Item = Result<Message, BoxError>> + Send + 'static,
{
    let begun = lane.begin(path).await;
    let (response, stream) = begun.map_err(DuplexError::NotSent)?;
    let (wanted, unwanted) = oneshot::channel();
    let mut sending = Box::pin(Sending {
        requests: Some(Box::pin(requests)),
        stream,
        waiting: Gathering::default(),
        end: None,
        unwanted,
    });
    // Most requests are there at once, and need no task.
    let sent = poll_fn(|context| Poll::Ready(sending.as_mut().poll(context).is_ready())).await;
    if !sent {
        tokio::spawn(sending);
    }
    let (head, body) = response.await.map_err(broken)?.into_parts();
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
    body: RecvStream,
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
            match poll_fn(|context| body.poll_data(context)).await {
                Some(Ok(chunk)) => {
                    // A stream that is reset has no window to give back to, and says so at the next turn.
                    let _ = body.flow_control().release_capacity(chunk.len());
                    self.messages.push(chunk);
                }
                Some(Err(error)) if !is_no_error(&error) => return Err(broken(error)),
                Some(Err(_)) | None => self.end().await?,
            }
        }
    }

    /// What stands after the last message.
    async fn end(&mut self) -> Result<(), Status> {
        let body = &mut self.body;
        let trailers = match poll_fn(|context| body.poll_trailers(context)).await {
            Ok(trailers) => trailers.unwrap_or_default(),
            Err(error) if is_no_error(&error) => return Err(Breach::NoStatus.into()),
            Err(error) => return Err(broken(error)),
        };
        let status = status_of(&trailers)?.ok_or(Breach::NoStatus)?;
        if let Some(refusal) = refusal(status) {
            return Err(refusal);
        }
        self.messages.end()?;
        self.ended = true;
        Ok(())
    }
}

/// The requests on their way.
struct Sending<S> {
    requests: Option<Pin<Box<S>>>,
    stream: SendStream<Gathered>,
    /// Messages that wait for room.
    waiting: Gathering,
    /// How the requests ended that are waiting.
    end: Option<End>,
    unwanted: oneshot::Receiver<()>,
}

/// How requests end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The message before was said to be the last.
    Said,
    /// There are no more.
    Over,
    /// They broke off, or nobody wants the answer.
    Broken,
    /// The other side takes no more, or is gone.
    Refused,
}

impl<S> Sending<S>
where
    S: Stream<Item = Result<Message, BoxError>> + Send,
{
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            if self.stream.poll_reset(context).is_ready() {
                return Poll::Ready(End::Refused);
            }
            if let Poll::Ready(wanted) = Pin::new(&mut self.unwanted).poll(context) {
                return Poll::Ready(wanted.map_or(End::Broken, |()| End::Over));
            }
            if self.waiting.is_empty() {
                if let Some(end) = self.end {
                    return Poll::Ready(end);
                }
                ready!(self.poll_next(context));
                self.stream.reserve_capacity(self.waiting.len());
                continue;
            }
            // The last message waits within the connection: a request of one leaves together with its head, before which there is no room.
            let last = self.end == Some(End::Said);
            while !last && self.stream.capacity() == 0 {
                match ready!(self.stream.poll_capacity(context)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(End::Refused),
                }
            }
            // There is room, so whatever else is there leaves in the same frame. Asked for any sooner, it would wait here for a plugin that
            // takes nothing, and look like something that the client has yet to send.
            while self.end.is_none() && !self.waiting.is_full() {
                if self.poll_next(context).is_pending() {
                    break;
                }
            }
            let last = self.end == Some(End::Said);
            // What goes beyond the window waits within the connection: the rest of one frame.
            if self.stream.send_data(self.waiting.take(), last).is_err() {
                return Poll::Ready(End::Refused);
            }
        }
    }

    /// Takes the next message, or how they end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next = match &mut self.requests {
            Some(requests) => ready!(requests.as_mut().poll_next(context)),
            None => None,
        };
        match next {
            Some(Ok(message)) => {
                self.waiting.push(&message.before, message.after);
                self.end = message.last.then_some(End::Said);
            }
            Some(Err(_)) => self.end = Some(End::Broken),
            None => self.end = Some(End::Over),
        }
        Poll::Ready(())
    }
}

impl<S> Future for Sending<S>
where
    S: Stream<Item = Result<Message, BoxError>> + Send,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match ready!(self.poll_end(context)) {
            End::Said | End::Refused => {}
            End::Over => {
                // Where that cannot be sent any more, the stream is over already.
                let _ = self.stream.send_data(Gathered::default(), true);
            }
            End::Broken => self.stream.send_reset(Reason::CANCEL),
        }
        // Whoever gives the body sees at once that no more of it is wanted.
        self.requests = None;
        Poll::Ready(())
    }
}
