//! A table from gRPC path to erased handler, and the service that serves it.
//!
//! Handlers stay typed where they want to be ([`Methods::typed`]); a path that nobody registered goes to the fallback, or
//! is answered UNIMPLEMENTED.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use prost::Message as _;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status, Streaming};

use crate::codec::{BytesCodec, MAX_MESSAGE, check_size};
use crate::method::Rpc;
pub use crate::reply::ByteStream;
use crate::reply::{self, Reply};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One unary call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// gRPC path.
    pub path: Arc<str>,
    /// The headers of the call.
    pub metadata: MetadataMap,
    /// The request, undecoded.
    pub message: Bytes,
}

type UnaryHandler = Arc<dyn Fn(Call) -> Boxed<Result<Bytes, Status>> + Send + Sync>;
type DuplexHandler = Arc<DuplexFn>;
type DuplexFn =
    dyn Fn(Request<Streaming<Bytes>>) -> Boxed<Result<ByteStream, Status>> + Send + Sync;

#[derive(Clone)]
enum Handler {
    Unary(UnaryHandler),
    Streaming(DuplexHandler),
}

/// Handlers by path, to be served by [`crate::serve`].
#[derive(Default, Clone)]
pub struct Methods {
    handlers: HashMap<Arc<str>, Handler>,
    fallback: Option<Handler>,
}

impl std::fmt::Debug for Methods {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.handlers.keys()).finish()
    }
}

impl Methods {
    /// No handlers: everything is UNIMPLEMENTED.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the unary method at `path`. A later registration replaces an earlier one.
    pub fn unary<F, A>(&mut self, path: &str, handler: F)
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Bytes, Status>> + Send + 'static,
    {
        self.handlers.insert(path.into(), erase(handler));
    }

    /// Answers one method of the contract with its own types. Bytes that do not decode are INVALID_ARGUMENT.
    pub fn typed<R: Rpc, F, A>(&mut self, handler: F)
    where
        F: Fn(R::Request) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R::Response, Status>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.unary(R::METHOD.path, move |call| {
            let handler = handler.clone();
            async move {
                let request = R::Request::decode(call.message).map_err(|error| {
                    Status::invalid_argument(format!(
                        "{} does not decode: {error}",
                        R::METHOD.request
                    ))
                })?;
                Ok(handler(request).await?.encode_to_vec().into())
            }
        });
    }

    /// Answers the streaming method at `path`, whichever sides of it stream.
    pub fn streaming<F, A>(&mut self, path: &str, handler: F)
    where
        F: Fn(Request<Streaming<Bytes>>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<ByteStream, Status>> + Send + 'static,
    {
        self.handlers.insert(
            path.into(),
            Handler::Streaming(Arc::new(move |request| Box::pin(handler(request)))),
        );
    }

    /// Answers every unary call that no other handler takes.
    pub fn fallback<F, A>(&mut self, handler: F)
    where
        F: Fn(Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Bytes, Status>> + Send + 'static,
    {
        self.fallback = Some(erase(handler));
    }

    /// Whether a handler of its own stands at `path`.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.handlers.contains_key(path)
    }

    /// The answer that the served table would give to a unary call. A streaming method is UNIMPLEMENTED here.
    ///
    /// With it a table can be put in front of another one: to record calls, or to survive their panics.
    pub async fn dispatch(&self, call: Call) -> Result<Bytes, Status> {
        let handler = self.handlers.get(&call.path);
        match handler.or(self.fallback.as_ref()) {
            Some(Handler::Unary(handler)) => handler(call).await,
            Some(Handler::Streaming(_)) | None => Err(Status::unimplemented(format!(
                "unknown method {}",
                call.path
            ))),
        }
    }

    /// The service over this table.
    #[must_use]
    pub fn into_service(self) -> MethodsService {
        MethodsService {
            methods: Arc::new(self),
        }
    }
}

fn erase<F, A>(handler: F) -> Handler
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    Handler::Unary(Arc::new(move |call| Box::pin(handler(call))))
}

/// Serves [`Methods`] as a tower service; cheap to clone.
#[derive(Debug, Clone)]
pub struct MethodsService {
    methods: Arc<Methods>,
}

impl<B> tower_service::Service<http::Request<B>> for MethodsService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    type Response = http::Response<Reply>;
    type Error = Infallible;
    type Future = Boxed<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let path: Arc<str> = request.uri().path().into();
        let handler = self
            .methods
            .handlers
            .get(&path)
            .or(self.methods.fallback.as_ref())
            .cloned();
        Box::pin(async move {
            let mut grpc = Grpc::new(BytesCodec)
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE);
            Ok(match handler {
                Some(Handler::Unary(handler)) => {
                    let answer = grpc.unary(Unary { path, handler }, request).await;
                    answer.map(Reply::from)
                }
                Some(Handler::Streaming(handler)) => match requests(request) {
                    Ok(requests) => match handler(requests).await {
                        Ok(messages) => reply::messages(messages),
                        Err(status) => status.into_http(),
                    },
                    Err(status) => status.into_http(),
                },
                None => Status::unimplemented(format!("unknown method {path}")).into_http(),
            })
        })
    }
}

struct Unary {
    path: Arc<str>,
    handler: UnaryHandler,
}

impl UnaryService<Bytes> for Unary {
    type Response = Bytes;
    type Future = Boxed<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (metadata, _, message) = request.into_parts();
        let answer = (self.handler)(Call {
            path: self.path.clone(),
            metadata,
            message,
        });
        Box::pin(async move {
            let answer = answer.await?;
            check_size(&answer, "the answer")?;
            Ok(Response::new(answer))
        })
    }
}

/// The messages of a request that streams.
fn requests<B>(request: http::Request<B>) -> Result<Request<Streaming<Bytes>>, Status>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    const ENCODING: &str = "grpc-encoding";
    if let Some(encoding) = request.headers().get(ENCODING)
        && encoding != "identity"
    {
        let mut status = Status::unimplemented(format!(
            "the messages are compressed with {encoding:?}, which is not supported"
        ));
        status.metadata_mut().insert(
            "grpc-accept-encoding",
            MetadataValue::from_static("identity"),
        );
        return Err(status);
    }
    let limit = Some(MAX_MESSAGE);
    let request = request.map(|body| Streaming::new_request(BytesCodec, body, None, limit));
    Ok(Request::from_http(request))
}
