//! `ServeHTTP`: plays the script's steps on the stream of a request, and writes down what the request was.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use plugin_proto::hook::ServeHTTP;
use plugin_proto::methods::ByteStream;
use plugin_proto::pb::{HttpHeader, ServeHttpRequest, ServeHttpResponse, ServeHttpResponseInit};
use plugin_proto::{Call, Rpc as _};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tonic::{Request, Status, Streaming};

use super::{Seen, Server, answer};
use crate::apiclient;
use crate::fault::Fault;
use crate::hex;
use crate::journal::Event;
use crate::script::{HttpMessage, HttpStep};
use crate::testee::http::Incoming;

/// The path of the hook.
pub(super) const PATH: &str = ServeHTTP::METHOD.path;

/// How many messages may wait to be sent.
const WAITING: usize = 4;

/// Why an answer is at its end before it is whole.
#[derive(Debug)]
pub(crate) enum Over {
    /// Nobody takes the answer any more.
    Gone,
    /// The stream ends with this status.
    Status(Status),
}

impl Server {
    /// Plays the steps beside the stream, so that both directions go on at once.
    pub(super) fn serve_http(self: &Arc<Self>, request: Request<Streaming<Bytes>>) -> ByteStream {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(Arc::clone(self).play_http(request, sender));
        Box::pin(stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        }))
    }

    async fn play_http(
        self: Arc<Self>,
        request: Request<Streaming<Bytes>>,
        sender: mpsc::Sender<Result<Bytes, Status>>,
    ) {
        let (metadata, _, mut incoming) = request.into_parts();
        let first = incoming.message().await;
        let message = match &first {
            Ok(Some(message)) => message.clone(),
            // It is written down that the call came, whatever came with it.
            Ok(None) | Err(_) => Bytes::new(),
        };
        let call = Call {
            path: PATH.into(),
            metadata,
            message,
        };
        let seen = Seen::new(&self.stage, &call, self.has(Fault::HttpCancelKills));
        let mut sent = 0;
        let answered = async {
            if let (Some(testee), None) = (&self.testee, &self.serve.http) {
                let stream = incoming;
                return testee.serve_http(Incoming { first, stream }, &sender).await;
            }
            let mut exchange = Exchange {
                server: &self,
                first: Some(first),
                incoming,
                sender: &sender,
                sent: &mut sent,
            };
            let hook = self.hook_of(&call);
            apiclient::within(hook, exchange.play()).await
        };
        let played = tokio::select! {
            played = answered => played,
            () = sender.closed() => Err(Over::Gone),
        };
        let sent = Bytes::from(vec![0; sent]);
        match played {
            Ok(()) => seen.answered(&Ok(sent)),
            Err(Over::Status(status)) => {
                // Nobody there is as good as a status that nobody reads.
                let _ = sender.send(Err(status.clone())).await;
                seen.answered(&Err(status));
            }
            Err(Over::Gone) => drop(seen),
        }
    }
}

/// One request with its answer.
struct Exchange<'a> {
    server: &'a Server,
    first: Option<Result<Option<Bytes>, Status>>,
    incoming: Streaming<Bytes>,
    sender: &'a mpsc::Sender<Result<Bytes, Status>>,
    /// Bytes so far.
    sent: &'a mut usize,
}

impl Exchange<'_> {
    async fn play(&mut self) -> Result<(), Over> {
        let Some(http) = &self.server.serve.http else {
            return Ok(());
        };
        let stage = &self.server.stage;
        for step in &http.steps {
            match step {
                HttpStep::Read {} => self.read(false).await?,
                HttpStep::Echo {} => self.read(true).await?,
                HttpStep::Send(message) => self.send(response(message)).await?,
                HttpStep::Api(order) => apiclient::obey(stage, &self.server.api, order).await,
                HttpStep::Sleep { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
                HttpStep::Exit { code } => stage.exit(*code, "http"),
                HttpStep::Raise { signal } => {
                    stage.raise(*signal);
                    std::future::pending().await
                }
                HttpStep::Hang {} => std::future::pending().await,
                HttpStep::Close {} => {
                    stage.cuts.send_modify(|cuts| *cuts += 1);
                    std::future::pending().await
                }
                HttpStep::Status(refused) => {
                    return Err(Over::Status(answer::status(refused)));
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, message: ServeHttpResponse) -> Result<(), Over> {
        let before = self.server.stage.written();
        let message = Bytes::from(message.encode_to_vec());
        let size = message.len();
        let sent = self.sender.send(Ok(message)).await;
        sent.map_err(|_| Over::Gone)?;
        *self.sent += size;
        // What a later step breaks off has left by then.
        self.server.stage.leaves(before).await;
        Ok(())
    }

    /// Reads the request to its end.
    async fn read(&mut self, echo: bool) -> Result<(), Over> {
        let mut digest = Sha256::new();
        let (mut messages, mut inits, mut bytes, mut largest) = (0, 0, 0, 0);
        let mut complete = false;
        let mut head = echo.then(ServeHttpResponseInit::default);
        loop {
            let next = match self.first.take() {
                Some(first) => first,
                None => self.incoming.message().await,
            };
            let Some(message) = next.map_err(Over::Status)? else {
                break;
            };
            let message = ServeHttpRequest::decode(message)
                .map_err(|error| Over::Status(Status::invalid_argument(error.to_string())))?;
            messages += 1;
            inits += usize::from(message.init.is_some());
            bytes += message.body_chunk.len();
            largest = largest.max(message.body_chunk.len());
            digest.update(&message.body_chunk);
            complete = message.body_complete;
            if echo {
                let (init, body_complete) = (head.take(), message.body_complete);
                let body_chunk = message.body_chunk;
                let piece = ServeHttpResponse {
                    init,
                    body_chunk,
                    body_complete,
                    flush: false,
                };
                self.send(piece).await?;
            }
        }
        let stage = &self.server.stage;
        stage.journal.note(Event::HttpRequest {
            messages,
            inits,
            bytes,
            largest,
            sha256: hex::encode(digest.finalize().as_slice()),
            complete,
        });
        stage.happened("http_request");
        Ok(())
    }
}

fn response(message: &HttpMessage) -> ServeHttpResponse {
    let init = message.init.as_ref().map(|head| ServeHttpResponseInit {
        status_code: head.status,
        headers: head
            .headers
            .iter()
            .map(|(key, values)| HttpHeader {
                key: key.clone(),
                values: values.clone(),
            })
            .collect(),
    });
    ServeHttpResponse {
        init,
        body_chunk: message.text.repeat(message.times).into(),
        body_complete: message.complete,
        flush: message.flush,
    }
}
