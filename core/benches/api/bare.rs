//! What calls of the API are held against: tonic's own server, typed messages, answers that are there.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Ready;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use plugin_proto::{Rpc, call};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::play::Result;

type Answered = Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;
type Handler = Arc<dyn Fn(http::Request<Body>) -> Answered + Send + Sync>;

/// The server, as far as it has learnt answers.
#[derive(Default, Clone)]
pub(crate) struct Bare {
    handlers: HashMap<&'static str, Handler>,
}

/// The method of one path, as generated code has it.
struct Prepared<R: Rpc>(R::Response);

impl<R: Rpc> UnaryService<R::Request> for Prepared<R>
where
    R::Response: Clone,
{
    type Response = R::Response;
    type Future = Ready<std::result::Result<Response<R::Response>, Status>>;

    fn call(&mut self, _: Request<R::Request>) -> Self::Future {
        std::future::ready(Ok(Response::new(self.0.clone())))
    }
}

impl Bare {
    /// Answers from now on as the API answers now.
    pub(crate) async fn learn<R: Rpc>(&mut self, api: &Channel, request: R::Request) -> Result<()>
    where
        R::Response: Clone,
    {
        let answer = call::call::<R>(api, Request::new(request)).await?;
        let handler: Handler = Arc::new(move |request| {
            let method = Prepared::<R>(answer.clone());
            Box::pin(async move {
                let codec = ProstCodec::<R::Response, R::Request>::default();
                Grpc::new(codec).unary(method, request).await
            })
        });
        self.handlers.insert(R::METHOD.path, handler);
        Ok(())
    }

    /// Serves until the process ends; where.
    pub(crate) async fn serve(self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(Server::builder().serve_with_incoming(self, incoming));
        Ok(address)
    }
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answered = match self.handlers.get(request.uri().path()) {
            Some(handler) => handler(request),
            None => Box::pin(async { Status::unimplemented("not learnt").into_http() }),
        };
        Box::pin(async { Ok(answered.await) })
    }
}
