//! What leaves the server in place of an answer that breaks the rules of gRPC or HTTP/2.
//!
//! A handler can only answer a message or a status, so it answers a status with a mark, and the mark is exchanged here for the response
//! that was meant. What a server library would never write is put into the connection past it: see [`bytes`].

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use plugin_proto::reply::Reply;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error;
use tonic::body::Body;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::script::Wire;

const MARK: &str = "fake-interpreter-wire";
const GRPC: &str = "application/grpc";

/// The status that stands for this answer until it leaves.
pub(crate) fn marked(wire: Wire) -> Status {
    let mut metadata = MetadataMap::new();
    let word = serde_json::to_value(wire).unwrap_or_default();
    if let Ok(word) = MetadataValue::try_from(word.as_str().unwrap_or_default()) {
        metadata.insert(MARK, word);
    }
    Status::with_metadata(Code::Internal, "exchanged on its way", metadata)
}

/// What goes into the connection in place of the next write, if the answer is none of HTTP/2.
pub(crate) fn bytes(wire: Wire) -> Option<Vec<u8>> {
    match wire {
        // A frame of type 7 with the last stream 0 and the error ENHANCE_YOUR_CALM.
        Wire::GoAway => Some(vec![0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]),
        // A frame of 16 MiB, which nobody has allowed.
        Wire::Garbage => Some(vec![0xff; 64]),
        _ => None,
    }
}

/// The response that was meant by a marked status; any other as it is.
pub(crate) fn exchange(response: Response<Reply>) -> Response<Reply> {
    let word = response.headers().get(MARK).map(HeaderValue::to_str);
    let Some(Ok(word)) = word else {
        return response;
    };
    let named: Result<Wire, Error> = Wire::deserialize(word.into_deserializer());
    named.map_or(response, |wire| broken(wire).map(Reply::from))
}

/// Whether the server itself has refused a call whose stream is no message: no handler answers with these words.
pub(crate) fn refuses_stream(response: &Response<Reply>) -> bool {
    let message = response.headers().get("grpc-message");
    let text = message.and_then(|text| text.to_str().ok()).unwrap_or("");
    ["compress", "message%20length", "Missing%20request"]
        .iter()
        .any(|word| text.contains(word))
}

fn broken(wire: Wire) -> Response<Body> {
    match wire {
        Wire::Compressed => frame(&[1, 0, 0, 0, 3, 0x1f, 0x8b, 8]),
        Wire::OddFlag => frame(&[7, 0, 0, 0, 0]),
        Wire::Short => frame(&[0, 0, 0, 0, 100, 0x0a, 1]),
        Wire::Huge => frame(&[0, 0xff, 0xff, 0xff, 0xff]),
        Wire::Trailing => frame(&[0, 0, 0, 0, 0, 0xff, 0xff]),
        Wire::NoMessage => frame(&[]),
        Wire::OddStatus => {
            let headers = [("content-type", GRPC), ("grpc-status", "banana")];
            response(200, &headers, Body::new(Empty::new()))
        }
        Wire::Page => {
            let page = Bytes::from_static(b"<html>It works!</html>");
            let headers = [("content-type", "text/html")];
            response(200, &headers, Body::new(Full::new(page)))
        }
        Wire::Http503 => response(503, &[], Body::new(Empty::new())),
        Wire::BigHeaders => {
            let (mut answer, big) = (frame(&[0, 0, 0, 0, 0]), "x".repeat(60_000));
            if let Ok(value) = HeaderValue::from_str(&big) {
                answer
                    .headers_mut()
                    .insert(HeaderName::from_static("big"), value);
            }
            answer
        }
        Wire::Reset => {
            let failing = stream::iter([Err(Status::internal("reset"))]);
            response(
                200,
                &[("content-type", GRPC)],
                Body::new(StreamBody::new(failing)),
            )
        }
        // These leave by another way.
        Wire::GoAway | Wire::Garbage => frame(&[]),
    }
}

/// These bytes as the whole stream of messages, and the status OK after them.
fn frame(bytes: &[u8]) -> Response<Body> {
    let trailers = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(Bytes::copy_from_slice(bytes))
        .with_trailers(std::future::ready(Some(Ok(trailers))));
    response(200, &[("content-type", GRPC)], Body::new(body))
}

fn response(status: u16, headers: &[(&'static str, &'static str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    if let Ok(status) = http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(*name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_breach_is_exchanged_for_something_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for wire in Wire::ALL {
            if let Some(bytes) = bytes(*wire) {
                assert!(seen.insert(format!("{bytes:?}")), "{wire:?}");
                continue;
            }
            let answer = exchange(marked(*wire).into_http());
            assert!(!answer.headers().contains_key(MARK), "{wire:?}");
        }
        let status = exchange(Status::not_found("no").into_http());
        assert_eq!(status.headers()["grpc-status"], "5");
    }
}
