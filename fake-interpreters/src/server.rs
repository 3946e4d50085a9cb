//! Listeners and the accept loop of the fake: plain HTTP/2 with TCP_NODELAY, connections that can be cut at any moment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use plugin_proto::MethodsService;
use plugin_proto::reply::Reply;
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tower_service::Service;

use crate::connection::{Connection, Counted};
use crate::fault::Fault;
use crate::journal::Event;
use crate::stage::Stage;
use crate::tls::Encryption;
use crate::wire;

/// The authority of a call travels to its handler under this name.
pub(crate) const AUTHORITY: HeaderName = HeaderName::from_static("fake-interpreter-authority");

/// Frames up to this size are taken.
const MAX_FRAME: u32 = 1024 * 1024;

/// How much of one request may be under way.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// How much of all requests of one connection may be: a request that a script does not read does not stop the others.
const CONNECTION_WINDOW: u32 = 256 * STREAM_WINDOW;

/// What every system takes as the path of a socket.
const LONGEST_SOCKET_PATH: usize = 100;

/// Something that accepts connections.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub(crate) async fn accept(&self) -> std::io::Result<Box<dyn Connection>> {
        match self {
            Self::Tcp(tcp) => {
                let (stream, _) = tcp.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(unix) => Ok(Box::new(unix.accept().await?.0)),
        }
    }
}

/// A TCP socket with an address on which it does not listen yet.
pub(crate) fn bind(ip: &str) -> std::io::Result<(TcpSocket, SocketAddr)> {
    let ip: IpAddr = ip
        .parse()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
    let socket = if ip.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(ip, 0))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Listens on a unix socket; without a path on a fresh one in the working directory, which a plugin folder's owner removes.
pub(crate) fn listen_unix(path: Option<&str>) -> std::io::Result<(UnixListener, PathBuf)> {
    let path = match path {
        Some(path) => PathBuf::from(path),
        None => {
            let name = format!("fake-{}.sock", std::process::id());
            let here = std::env::current_dir()?.join(&name);
            if here.as_os_str().len() <= LONGEST_SOCKET_PATH {
                here
            } else {
                std::env::temp_dir().join(name)
            }
        }
    };
    Ok((UnixListener::bind(&path)?, path))
}

/// Accepts connections and serves calls on them until the task is aborted.
pub(crate) async fn serve(
    listener: Listener,
    stage: Arc<Stage>,
    service: MethodsService,
    (encryption, fault): (Option<Encryption>, Option<Fault>),
) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                stage.journal.note(Event::Connected {});
                stage.happened("connection");
                tokio::spawn(connection(
                    stream,
                    Arc::clone(&stage),
                    service.clone(),
                    (encryption.clone(), fault),
                ));
            }
            Err(error) => {
                return stage.journal.note(Event::Trouble {
                    message: format!("cannot accept: {error}"),
                });
            }
        }
    }
}

/// Accepts connections and keeps them without a word.
pub(crate) async fn accept_mute(listener: Listener, stage: Arc<Stage>) {
    let mut kept = Vec::new();
    while let Ok(stream) = listener.accept().await {
        stage.journal.note(Event::Connected {});
        stage.happened("connection");
        kept.push(stream);
    }
}

async fn connection(
    stream: Box<dyn Connection>,
    stage: Arc<Stage>,
    service: MethodsService,
    (encryption, fault): (Option<Encryption>, Option<Fault>),
) {
    let mut cuts = stage.cuts.subscribe();
    // What is counted is what leaves.
    let counted = Counted::new(stream, Arc::clone(&stage));
    let stream: Box<dyn Connection> = match encryption {
        None => Box::new(counted),
        Some(encryption) => {
            let (stream, seen) = encryption.accept(counted).await;
            if let Some(event) = seen {
                stage.journal.note(event);
            }
            match stream {
                Some(stream) => stream,
                None if fault == Some(Fault::TlsStrangerKills) => stage.exit(1, "fault"),
                None => return,
            }
        }
    };
    let serving = http2::Builder::new(TokioExecutor::new())
        .max_frame_size(MAX_FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(WithAuthority {
                service,
                kills: (fault == Some(Fault::BadStreamKills)).then(|| Arc::clone(&stage)),
            }),
        );
    tokio::select! {
        // Either side may break a connection off; the journal has what was seen of it.
        ended = serving => {
            if ended.is_err() && fault == Some(Fault::BadConnectionKills) {
                stage.exit(1, "fault");
            }
        }
        _ = cuts.changed() => {}
    }
}

/// Hands the authority of each call to its handler, which sees headers only; and breaks the answers that are to be broken.
#[derive(Clone)]
struct WithAuthority {
    service: MethodsService,
    /// Ended by a stream that is no message.
    kills: Option<Arc<Stage>>,
}

impl<B> Service<Request<B>> for WithAuthority
where
    MethodsService: Service<Request<B>, Response = Response<Reply>>,
    <MethodsService as Service<Request<B>>>::Future: Send + 'static,
    <MethodsService as Service<Request<B>>>::Error: Send + 'static,
{
    type Response = Response<Reply>;
    type Error = <MethodsService as Service<Request<B>>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let authority = request
            .uri()
            .authority()
            .map_or("", http::uri::Authority::as_str);
        if let Ok(value) = HeaderValue::from_str(authority) {
            request.headers_mut().insert(AUTHORITY, value);
        }
        let (answered, kills) = (self.service.call(request), self.kills.clone());
        Box::pin(async move {
            let answer = answered.await?;
            if let Some(stage) = kills.filter(|_| wire::refuses_stream(&answer)) {
                stage.exit(1, "fault");
            }
            Ok(wire::exchange(answer))
        })
    }
}
