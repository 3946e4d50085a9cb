//! A connection of its own for streams: opened when the first one needs it, kept, and opened anew when it was lost.
//!
//! On a shared connection a running stream makes every unary call wait for its turn on the wire, 7 to 11 times as long as without. So calls
//! have one connection and streams another to the same address.
//!
//! What it does not do: notice a plugin that says nothing. Whoever opens a stream has deadlines.

use std::time::Duration;

use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, Request, Version, header};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::Status;

use crate::connect::open;
use crate::dial::{MAX_FRAME, Peer};
use crate::fair::Fair;
use crate::gathered::Gathered;
use crate::unary::{BEGUN_AGAIN, GRPC};

/// How much of one answer may be under way. Half of it costs a fifth of the speed, twice as much gains nothing; and it is what a caller who
/// takes nothing makes the host keep.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;

/// How much of all answers may be under way: in effect no limit, so that those whose callers take nothing do not stop all the others.
const CONNECTION_WINDOW: u32 = 1024 * 1024 * 1024;

/// How much of a request waits within the connection. Two messages keep it busy.
const SEND_BUFFER: usize = 256 * 1024;

/// The connection, if there is one.
#[derive(Debug)]
pub struct Lane {
    peer: Peer,
    within: Duration,
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    /// Which one it is, so that nobody gives up a younger one.
    number: u64,
    sender: Option<SendRequest<Gathered>>,
}

impl Lane {
    /// Nothing is opened yet; when it is, it may take this long.
    #[must_use]
    pub fn new(peer: impl Into<Peer>, within: Duration) -> Self {
        Self {
            peer: peer.into(),
            within,
            current: Mutex::default(),
        }
    }

    /// Sends the head of a call. Where its connection had been lost before, on a new one.
    pub(crate) async fn begin(
        &self,
        path: &'static str,
    ) -> Result<(ResponseFuture, SendStream<Gathered>), Status> {
        for _ in 0..=BEGUN_AGAIN {
            let (number, sender) = self.sender().await?;
            if let Ok(mut sender) = sender.ready().await
                && let Ok(begun) = sender.send_request(self.head(path), false)
            {
                return Ok(begun);
            }
            let mut current = self.current.lock().await;
            if current.number == number {
                current.sender = None;
            }
        }
        let text = "each connection had ended before the stream could begin";
        Err(Status::unavailable(text))
    }

    /// The connection that there is, or a new one. Nobody waits for the lock longer than a connection may take.
    async fn sender(&self) -> Result<(u64, SendRequest<Gathered>), Status> {
        let mut current = self.current.lock().await;
        if let Some(sender) = &current.sender {
            return Ok((current.number, sender.clone()));
        }
        let sender = timeout(self.within, connect(&self.peer)).await;
        let sender = sender.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.within)));
        let sender = sender.map_err(|error| {
            let target = &self.peer.target;
            Status::unavailable(format!("cannot connect to {target} for a stream: {error}"))
        })?;
        current.number += 1;
        current.sender = Some(sender.clone());
        Ok((current.number, sender))
    }

    fn head(&self, path: &'static str) -> Request<()> {
        let (scheme, authority) = self.peer.origin();
        let mut head = Request::new(());
        *head.method_mut() = Method::POST;
        *head.version_mut() = Version::HTTP_2;
        let uri = http::Uri::builder()
            .scheme(scheme)
            .authority(Authority::from_static(authority))
            .path_and_query(PathAndQuery::from_static(path))
            .build();
        *head.uri_mut() = uri.expect("the paths of the contract are paths");
        let headers = head.headers_mut();
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
        head
    }
}

async fn connect(peer: &Peer) -> Result<SendRequest<Gathered>, String> {
    let stream = open(peer).await.map_err(|error| error.to_string())?;
    let (sender, connection) = Builder::new()
        .enable_push(false)
        .max_frame_size(MAX_FRAME)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake::<_, Gathered>(Fair::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // It ends with the last stream after the last sender, or with its socket, and then says so to each of its streams.
    tokio::spawn(async move {
        drop(connection.await);
    });
    Ok(sender)
}

/// The status of a call whose connection or stream broke.
pub(crate) fn broken(error: h2::Error) -> Status {
    Status::from_error(Box::new(error))
}

/// Whether a stream was reset only because nothing more is wanted of it: what was said before counts.
pub(crate) fn is_no_error(error: &h2::Error) -> bool {
    error.is_reset() && error.reason() == Some(Reason::NO_ERROR)
}
