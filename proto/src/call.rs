//! One client for every method.

use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

use crate::codec::{BytesCodec, MAX_MESSAGE, check_size};
use crate::method::Rpc;
use crate::unary;

/// Calls a method of the contract with its own types.
///
/// # Errors
/// The status of the call; INTERNAL when the answer does not decode.
pub async fn call<R: Rpc>(
    channel: &Channel,
    request: Request<R::Request>,
) -> Result<R::Response, Status> {
    call_message(channel, R::METHOD.path, request).await
}

/// Calls any unary method with prost messages.
///
/// # Errors
/// The status of the call; INTERNAL when the answer does not decode.
pub async fn call_message<Q: Message, A: Message + Default>(
    channel: &Channel,
    path: &'static str,
    request: Request<Q>,
) -> Result<A, Status> {
    let request = request.map(|message| Bytes::from(message.encode_to_vec()));
    let answer = unary(channel, PathAndQuery::from_static(path), request).await?;
    A::decode(answer)
        .map_err(|error| Status::internal(format!("the answer of {path} does not decode: {error}")))
}

/// Calls any unary method with bytes.
///
/// # Errors
/// The status of the call; INVALID_ARGUMENT when `path` is no gRPC path, OUT_OF_RANGE when a message is larger than [`MAX_MESSAGE`].
pub async fn call_raw(
    channel: &Channel,
    path: &str,
    request: Request<Bytes>,
) -> Result<Bytes, Status> {
    unary(channel, parse(path)?, request).await
}

/// Calls a unary method with these bytes as the whole stream, prefix of the message included: what no well-behaved client sends.
///
/// # Errors
/// The status of the call; INVALID_ARGUMENT when `path` is no gRPC path.
pub async fn call_stream(channel: &Channel, path: &str, stream: Bytes) -> Result<Bytes, Status> {
    unary::exchange_stream(channel, parse(path)?, stream).await
}

fn parse(path: &str) -> Result<PathAndQuery, Status> {
    path.parse()
        .map_err(|error| Status::invalid_argument(format!("{path:?} is no gRPC path: {error}")))
}

/// Opens a method that answers with a stream.
///
/// # Errors
/// The status of the call, where it arrives before the first message.
pub async fn server_stream(
    channel: &Channel,
    path: &'static str,
    request: Request<Bytes>,
) -> Result<Streaming<Bytes>, Status> {
    let mut grpc = ready(channel).await?;
    let answer = grpc
        .server_streaming(request, PathAndQuery::from_static(path), BytesCodec)
        .await?;
    Ok(answer.into_inner())
}

async fn unary(
    channel: &Channel,
    path: PathAndQuery,
    request: Request<Bytes>,
) -> Result<Bytes, Status> {
    check_size(request.get_ref(), "the request")?;
    unary::exchange(channel, path, request).await
}

async fn ready(channel: &Channel) -> Result<Grpc<Channel>, Status> {
    let mut grpc = Grpc::new(channel.clone())
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(describe(&error)))?;
    Ok(grpc)
}

/// An error with its causes, outermost first.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
