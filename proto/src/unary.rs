//! One unary exchange over a channel: a message of bytes out, a message of bytes back, every breach of the protocol named.
//!
//! tonic's own client stops looking once it has a message; here the answer is read to its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri, Version};
use http_body::{Body as _, Frame};
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tower_service::Service as _;

use crate::frames::{Breach, OneMessage, PREFIX};
use crate::gathered::COPIED;

pub(crate) const GRPC: &str = "application/grpc";
const GRPC_STATUS: &str = "grpc-status";

/// How often a call is begun again that never left: each time the connection that it was given was about to end.
pub(crate) const BEGUN_AGAIN: usize = 3;

/// The status of the call, or the message of its answer.
pub(crate) async fn exchange(
    channel: &Channel,
    path: PathAndQuery,
    request: Request<Bytes>,
) -> Result<Bytes, Status> {
    let (metadata, _, message) = request.into_parts();
    let body = || Body::new(Outgoing::message(message.clone()));
    exchange_body(channel, path, metadata.into_headers(), body).await
}

/// The same with these bytes as the whole stream of the request, whatever they are.
pub(crate) async fn exchange_stream(
    channel: &Channel,
    path: PathAndQuery,
    bytes: Bytes,
) -> Result<Bytes, Status> {
    let body = || Body::new(Outgoing::bytes(bytes.clone()));
    exchange_body(channel, path, HeaderMap::new(), body).await
}

async fn exchange_body(
    channel: &Channel,
    path: PathAndQuery,
    headers: HeaderMap,
    body: impl Fn() -> Body,
) -> Result<Bytes, Status> {
    read(begin_again(channel, path, headers, body).await?).await
}

/// Begins a call, once more where it never left; the head of its answer, and the rest to be read.
async fn begin_again(
    channel: &Channel,
    path: PathAndQuery,
    mut headers: HeaderMap,
    body: impl Fn() -> Body,
) -> Result<http::Response<Body>, Status> {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    let uri = Uri::from(path);
    let mut channel = channel.clone();
    for _ in 0..=BEGUN_AGAIN {
        let call = call_of(uri.clone(), headers.clone(), body());
        match begin(&mut channel, call).await {
            Err(Begun::Never) => {}
            Err(Begun::Failed(status)) => return Err(status),
            Ok(answer) => return Ok(answer),
        }
    }
    let text = "each connection had ended before the call could leave";
    Err(Status::unavailable(text))
}

/// Why a call has no answer.
enum Begun {
    /// Nothing of it has left.
    Never,
    Failed(Status),
}

async fn begin(
    channel: &mut Channel,
    call: http::Request<Body>,
) -> Result<http::Response<Body>, Begun> {
    poll_fn(|context| channel.poll_ready(context))
        .await
        .map_err(|error| Begun::Failed(Status::unavailable(crate::call::describe(&error))))?;
    let answer = channel.call(call).await;
    answer.map_err(|error| match never_left(&error) {
        true => Begun::Never,
        false => Begun::Failed(Status::from_error(Box::new(error))),
    })
}

/// Whether a call was taken back from a connection that had ended by the time of its turn.
fn never_left(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_canceled();
        }
        cause = error.source();
    }
    false
}

fn call_of(uri: Uri, headers: HeaderMap, body: Body) -> http::Request<Body> {
    let mut call = http::Request::new(body);
    *call.method_mut() = Method::POST;
    *call.version_mut() = Version::HTTP_2;
    *call.uri_mut() = uri;
    *call.headers_mut() = headers;
    call
}

async fn read(answer: http::Response<Body>) -> Result<Bytes, Status> {
    let (head, mut body) = answer.into_parts();
    if check_head(&head)? {
        return Err(Breach::NoMessage.into());
    }
    let mut message = OneMessage::default();
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        match frame.transpose()?.map(Frame::into_data) {
            Some(Ok(chunk)) => message.push(chunk)?,
            Some(Err(frame)) => {
                let Ok(trailers) = frame.into_trailers() else {
                    continue;
                };
                let status = status_of(&trailers)?.ok_or(Breach::NoStatus)?;
                return match refusal(status) {
                    Some(refusal) => Err(refusal),
                    None => Ok(message.end()?),
                };
            }
            None => return Err(Breach::NoStatus.into()),
        }
    }
}

/// Refuses a head that is none of gRPC, or that says that the call failed. True if everything was said at once, without a message.
pub(crate) fn check_head(head: &http::response::Parts) -> Result<bool, Status> {
    if let Some(status) = status_of(&head.headers)? {
        return refusal(status).map_or(Ok(true), Err);
    }
    if head.status != StatusCode::OK {
        let text = format!("the answer is HTTP {} and no gRPC", head.status);
        return Err(Status::new(code_of(head.status), text));
    }
    if let Some(kind) = head.headers.get(CONTENT_TYPE)
        && !kind.as_bytes().starts_with(GRPC.as_bytes())
    {
        let kind = String::from_utf8_lossy(kind.as_bytes()).into_owned();
        return Err(Breach::ContentType(kind).into());
    }
    Ok(false)
}

/// The status in headers or trailers, if there is one.
pub(crate) fn status_of(headers: &HeaderMap) -> Result<Option<Status>, Breach> {
    let Some(number) = headers.get(GRPC_STATUS) else {
        return Ok(None);
    };
    let is_number = !number.is_empty() && number.as_bytes().iter().all(u8::is_ascii_digit);
    if !is_number {
        let text = String::from_utf8_lossy(number.as_bytes()).into_owned();
        return Err(Breach::OddStatus(text));
    }
    if number == "0" {
        // The usual end; what else is said beside it, nobody asks.
        return Ok(Some(Status::ok("")));
    }
    Ok(Status::from_header_map(headers))
}

pub(crate) fn refusal(status: Status) -> Option<Status> {
    (status.code() != Code::Ok).then_some(status)
}

/// The code for an HTTP status without one of gRPC, as the gRPC project maps them.
fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The bytes of a request's stream, of one message at most.
struct Outgoing {
    first: Option<Bytes>,
    second: Option<Bytes>,
}

impl Outgoing {
    fn bytes(bytes: Bytes) -> Self {
        Self {
            first: Some(bytes),
            second: None,
        }
    }

    /// One message.
    fn message(message: Bytes) -> Self {
        let copied = if message.len() <= COPIED {
            message.len()
        } else {
            0
        };
        let mut first = BytesMut::with_capacity(PREFIX + copied);
        first.put_u8(0);
        first.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        first.put_slice(&message[..copied]);
        Self {
            first: Some(first.freeze()),
            second: (copied < message.len()).then_some(message),
        }
    }
}

impl Outgoing {
    /// What goes out next.
    fn next(&mut self) -> Option<Bytes> {
        self.first.take().or_else(|| self.second.take())
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.second.is_none()
    }
}
