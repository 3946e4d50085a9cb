//! An answer on its way out: the head with the first message, pieces of at most 64 KiB, a last message that says so.
//!
//! Nothing is gathered: a write waits until its pieces are taken.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use plugin_proto::pb::{HttpHeader, ServeHttpResponse, ServeHttpResponseInit};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tonic::Status;

use super::spoiler::{Spoiler, Spoils};
use crate::fault::Fault;
use crate::serve::Over;
use crate::stage::lock;

/// The largest piece.
const PIECE: usize = 64 * 1024;
/// Where the fault that cuts long values of headers cuts them.
pub(super) const LONG_VALUE: usize = 8 * 1024;

/// Takes the messages of an answer.
pub(crate) type Sender = mpsc::Sender<Result<Bytes, Status>>;

/// The answers to the requests that are open.
pub(crate) type Open = Arc<Mutex<Vec<mpsc::WeakSender<Result<Bytes, Status>>>>>;

/// Why the head of an answer cannot be what the handler wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

/// An answer that is being written.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    sender: &'a Sender,
    /// Takes the pieces in place of the sender, for the faults that send them elsewhere.
    elsewhere: Option<Elsewhere>,
    fault: Option<Fault>,
    spoiler: Spoiler,
    status: Option<i32>,
    headers: Vec<(String, Vec<String>)>,
    begun: bool,
    /// Written and not sent, for the fault that holds a flush back.
    kept: Vec<u8>,
}

#[derive(Debug)]
enum Elsewhere {
    /// A store without a bound, and who empties it.
    Hoard(mpsc::UnboundedSender<ServeHttpResponse>, JoinHandle<()>),
    /// The answers to the requests that are open.
    Others(Open),
}

impl<'a> Writer<'a> {
    /// An answer; `open` knows those to other requests.
    pub(super) fn new(sender: &'a Sender, fault: Option<Fault>, open: &Open) -> Self {
        let spoils = match fault {
            Some(Fault::HttpAnswerPieceDropped) => Some(Spoils::Drops),
            Some(Fault::HttpAnswerPieceDuplicated) => Some(Spoils::Repeats),
            Some(Fault::HttpAnswerPiecesSwapped) => Some(Spoils::Swaps),
            Some(Fault::HttpAnswerPieceTruncated) => Some(Spoils::Cuts),
            Some(Fault::HttpAnswerBorderOffByOne) => Some(Spoils::Border),
            _ => None,
        };
        let elsewhere = match fault {
            Some(Fault::HttpAnswerHoarded) => Some(hoard(sender.clone())),
            Some(Fault::HttpWrongStreamAnswered) => {
                lock(open).push(sender.downgrade());
                Some(Elsewhere::Others(Arc::clone(open)))
            }
            _ => None,
        };
        Self {
            sender,
            elsewhere,
            fault,
            spoiler: Spoiler::new(spoils),
            status: None,
            headers: Vec::new(),
            begun: false,
            kept: Vec::new(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether anything of the answer has left.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Forgets the head that was wanted so far; nothing of it has left.
    pub(super) fn forget(&mut self) {
        (self.status, self.headers) = (None, Vec::new());
        self.kept.clear();
    }

    /// Chooses the status.
    pub(super) fn status(&mut self, status: i32) -> Result<(), Refused> {
        if !(100..=999).contains(&status) && !self.has(Fault::HttpStatusUnchecked) {
            return Err(Refused(format!("{status} is no status of HTTP")));
        }
        self.status = Some(status);
        Ok(())
    }

    /// Adds a value to a header.
    pub(super) fn header(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let forbidden = |text: &str| text.contains(['\r', '\n', '\0']);
        if (name.is_empty() || forbidden(name) || forbidden(value))
            && !self.has(Fault::HttpHeaderInjected)
        {
            return Err(Refused(format!("{name:?} with {value:?} is no header")));
        }
        let mut value = value.to_owned();
        if self.has(Fault::HttpAnswerHeaderCut) {
            value = value.chars().take(LONG_VALUE).collect();
        }
        let same = |(known, _): &&mut (String, _)| known.eq_ignore_ascii_case(name);
        match self.headers.iter_mut().find(same) {
            Some((_, values)) => values.push(value),
            None => self.headers.push((name.to_owned(), vec![value])),
        }
        Ok(())
    }

    /// Writes a part of the body.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Over> {
        if self.has(Fault::HttpFlushSwallowed) {
            self.kept.extend_from_slice(&bytes);
            return Ok(());
        }
        self.pieces(bytes).await
    }

    async fn pieces(&mut self, bytes: Bytes) -> Result<(), Over> {
        let largest = match self.fault {
            Some(Fault::HttpAnswerPieceLarge) => 1024 * 1024,
            Some(Fault::HttpAnswerUnsplit) => usize::MAX,
            _ => PIECE,
        };
        let mut left = bytes;
        while !left.is_empty() {
            let piece = left.split_to(left.len().min(largest));
            for body_chunk in self.spoiler.pass(piece) {
                self.piece(body_chunk).await?;
            }
        }
        Ok(())
    }

    async fn piece(&mut self, body_chunk: Bytes) -> Result<(), Over> {
        let early = !self.begun
            && matches!(
                self.fault,
                Some(Fault::HttpCompletionEarly | Fault::HttpCompletionMoved)
            );
        let init = self.init();
        self.send(ServeHttpResponse {
            init,
            body_chunk,
            body_complete: early,
            flush: false,
        })
        .await
    }

    /// Has everything leave that was written so far.
    pub(super) async fn flush(&mut self) -> Result<(), Over> {
        if self.has(Fault::HttpFlushSwallowed) {
            return Ok(());
        }
        let init = self.init();
        self.send(ServeHttpResponse {
            init,
            flush: !self.has(Fault::HttpFlushUnmarked),
            ..ServeHttpResponse::default()
        })
        .await
    }

    /// The end of a whole answer.
    pub(super) async fn finish(&mut self) -> Result<(), Over> {
        let kept = std::mem::take(&mut self.kept);
        self.pieces(kept.into()).await?;
        if let Some(piece) = self.spoiler.rest() {
            self.piece(piece).await?;
        }
        let only = !self.begun;
        let nothing = only && self.has(Fault::HttpEmptyAnswerLost);
        let mut last = ServeHttpResponse {
            init: self.init(),
            body_complete: match self.fault {
                Some(Fault::HttpCompletionLost) => false,
                Some(Fault::HttpCompletionMoved) => only,
                _ => true,
            },
            ..ServeHttpResponse::default()
        };
        if self.has(Fault::HttpAnswerInitTwice) {
            last.init = Some(self.head());
        }
        if !nothing {
            self.send(last.clone()).await?;
        }
        if self.has(Fault::HttpCompletionTwice) {
            last.init = None;
            self.send(last).await?;
        }
        self.left().await
    }

    /// Waits until all that was kept elsewhere has left.
    async fn left(&mut self) -> Result<(), Over> {
        if let Some(Elsewhere::Hoard(hoard, emptied)) = self.elsewhere.take() {
            drop(hoard);
            emptied.await.map_err(|_| Over::Gone)?;
        }
        Ok(())
    }

    /// The head, if it has not left yet; it has after this.
    fn init(&mut self) -> Option<ServeHttpResponseInit> {
        if std::mem::replace(&mut self.begun, true) || self.has(Fault::HttpAnswerInitLost) {
            return None;
        }
        Some(self.head())
    }

    fn head(&self) -> ServeHttpResponseInit {
        let status_code = match (self.fault, self.status) {
            (Some(Fault::HttpStatusLost), _) => 200,
            (Some(Fault::HttpDefaultStatusWrong), None) => 204,
            (_, status) => status.unwrap_or(200),
        };
        let values = |values: &[String]| match self.fault {
            Some(Fault::HttpHeaderMerged) => vec![values.join(", ")],
            Some(Fault::HttpHeaderReplaced) => values.last().cloned().into_iter().collect(),
            _ => values.to_vec(),
        };
        ServeHttpResponseInit {
            status_code,
            headers: self
                .headers
                .iter()
                .map(|(key, of)| HttpHeader {
                    key: key.clone(),
                    values: values(of),
                })
                .collect(),
        }
    }

    async fn send(&self, mut message: ServeHttpResponse) -> Result<(), Over> {
        match &self.elsewhere {
            Some(Elsewhere::Hoard(hoard, _)) => hoard.send(message).map_err(|_| Over::Gone),
            Some(Elsewhere::Others(open)) if !message.body_chunk.is_empty() => {
                let own = self.sender;
                let other = lock(open)
                    .iter()
                    .filter_map(mpsc::WeakSender::upgrade)
                    .find(|other| !other.same_channel(own) && !other.is_closed());
                let head = ServeHttpResponse {
                    init: message.init.take(),
                    ..ServeHttpResponse::default()
                };
                if head.init.is_some() {
                    post(own, &head).await?;
                }
                post(&other.unwrap_or_else(|| own.clone()), &message).await
            }
            _ => post(self.sender, &message).await,
        }
    }
}

async fn post(sender: &Sender, message: &ServeHttpResponse) -> Result<(), Over> {
    let sent = sender.send(Ok(message.encode_to_vec().into())).await;
    sent.map_err(|_| Over::Gone)
}

/// A store without a bound in front of a sender.
fn hoard(sender: Sender) -> Elsewhere {
    let (hoard, mut messages) = mpsc::unbounded_channel::<ServeHttpResponse>();
    let emptied = tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            if post(&sender, &message).await.is_err() {
                return;
            }
        }
    });
    Elsewhere::Hoard(hoard, emptied)
}
