//! The messages of a request, as a handler reads them: the head, then the body piece by piece, to an end that was said to be one.

use std::collections::VecDeque;

use bytes::Bytes;
use plugin_proto::pb::{ServeHttpRequest, ServeHttpRequestInit};
use prost::Message as _;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::spoiler::{Spoiler, Spoils};
use crate::fault::Fault;

/// Messages up to this size are taken with the fault that refuses larger ones.
const FOUR_MIB: usize = 4 * 1024 * 1024;
/// The same for pieces.
const PIECE: usize = 64 * 1024;

/// What came first on a stream, and the stream.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) first: Result<Option<Bytes>, Status>,
    pub(crate) stream: Streaming<Bytes>,
}

/// Where the messages are.
#[derive(Debug)]
enum Source {
    Stream {
        first: Option<Result<Option<Bytes>, Status>>,
        stream: Box<Streaming<Bytes>>,
    },
    /// Read already, for the fault that hoards them.
    Hoard(mpsc::UnboundedReceiver<Result<Bytes, Status>>),
}

/// A request that is being read.
#[derive(Debug)]
pub(super) struct Body {
    source: Source,
    fault: Option<Fault>,
    spoiler: Spoiler,
    ready: VecDeque<Bytes>,
    complete: bool,
}

impl Body {
    pub(super) fn new(incoming: Incoming, fault: Option<Fault>) -> Self {
        let spoils = match fault {
            Some(Fault::HttpRequestPieceDropped) => Some(Spoils::Drops),
            Some(Fault::HttpRequestPieceDuplicated) => Some(Spoils::Repeats),
            Some(Fault::HttpRequestPiecesSwapped) => Some(Spoils::Swaps),
            Some(Fault::HttpRequestPieceTruncated) => Some(Spoils::Cuts),
            Some(Fault::HttpRequestBorderOffByOne) => Some(Spoils::Border),
            _ => None,
        };
        let source = if fault == Some(Fault::HttpRequestHoarded) {
            Source::Hoard(hoard(incoming))
        } else {
            Source::Stream {
                first: Some(incoming.first),
                stream: Box::new(incoming.stream),
            }
        };
        Self {
            source,
            fault,
            spoiler: Spoiler::new(spoils),
            ready: VecDeque::new(),
            complete: false,
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The head, to be read first.
    pub(super) async fn head(&mut self) -> Result<ServeHttpRequestInit, Status> {
        let first = self.message().await?;
        let mut first = first
            .ok_or_else(|| Status::invalid_argument("the stream ended before its first message"))?;
        let head = match first.init.take() {
            Some(head) => head,
            None if self.has(Fault::HttpMissingInitTaken) => ServeHttpRequestInit::default(),
            None => return Err(Status::invalid_argument("the first message has no init")),
        };
        if self.has(Fault::HttpRequestFirstPieceLost) {
            first.body_chunk.clear();
        }
        self.take(first).await?;
        if self.has(Fault::HttpWholeBodyFirst) {
            let mut all = VecDeque::new();
            while let Some(piece) = self.piece().await? {
                all.push_back(piece);
            }
            self.ready = all;
        }
        Ok(head)
    }

    /// The next piece that is not empty; nothing once the body is complete. A request that ends before that is an error.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            match self.ready.pop_front() {
                Some(piece) if piece.is_empty() => continue,
                Some(piece) => return Ok(Some(piece)),
                None if self.complete => return Ok(None),
                None => {}
            }
            match self.message().await? {
                None if self.has(Fault::HttpHalfCloseTaken) => self.complete = true,
                None => {
                    return Err(Status::aborted(
                        "the request ended before its body was complete",
                    ));
                }
                Some(message)
                    if message.init.is_some() && !self.has(Fault::HttpSecondInitTaken) =>
                {
                    return Err(Status::invalid_argument("a later message has an init"));
                }
                Some(message) => {
                    let empty = message.body_chunk.is_empty();
                    self.take(message).await?;
                    self.complete |= empty && self.has(Fault::HttpEmptyPieceEnds);
                }
            }
        }
    }

    async fn take(&mut self, message: ServeHttpRequest) -> Result<(), Status> {
        let mut piece = message.body_chunk;
        if piece.len() > PIECE && self.has(Fault::HttpLargePieceRefused) {
            return Err(Status::resource_exhausted("a piece of more than 64 KiB"));
        }
        if message.body_complete && self.has(Fault::HttpRequestLastPieceLost) {
            piece.clear();
        }
        if self.has(Fault::HttpPiecesAsText) {
            piece = String::from_utf8_lossy(&piece).into_owned().into();
        }
        self.ready.extend(self.spoiler.pass(piece));
        self.complete = message.body_complete;
        if self.complete && self.has(Fault::HttpLateDataTaken) {
            while let Some(message) = self.message().await? {
                self.ready.push_back(message.body_chunk);
            }
        }
        if self.complete {
            self.ready.extend(self.spoiler.rest());
        }
        Ok(())
    }

    async fn message(&mut self) -> Result<Option<ServeHttpRequest>, Status> {
        let message = match &mut self.source {
            Source::Hoard(hoard) => hoard.recv().await.transpose()?,
            Source::Stream { first, stream } => match first.take() {
                Some(first) => first?,
                None => stream.message().await?,
            },
        };
        let Some(message) = message else {
            return Ok(None);
        };
        if message.len() > FOUR_MIB && self.has(Fault::HttpFourMibRefused) {
            return Err(Status::resource_exhausted(
                "Received message larger than max",
            ));
        }
        ServeHttpRequest::decode(message)
            .map(Some)
            .map_err(|error| Status::invalid_argument(format!("no message: {error}")))
    }
}

/// Reads all there is, as fast as it comes.
fn hoard(mut incoming: Incoming) -> mpsc::UnboundedReceiver<Result<Bytes, Status>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut next = incoming.first;
        while let Some(message) = next.transpose() {
            let over = message.is_err();
            if sender.send(message).is_err() || over {
                return;
            }
            next = incoming.stream.message().await;
        }
    });
    receiver
}
