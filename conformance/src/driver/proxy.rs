//! A gRPC peer between the host and a plugin: the seam for faults in what the host sends and takes.
//!
//! The host is given the proxy's address in place of the plugin's. Everything passes through unchanged but for the one fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use plugin_host::handshake::{Address, Handshake, LineError, Raw};
use plugin_proto::dial::{Target, dial};
use plugin_proto::goplugin::{SHUTDOWN, STREAM_STDIO};
use plugin_proto::health::CHECK;
use plugin_proto::pb::{ImplementedResponse, OnConfigurationChangeResponse};
use plugin_proto::serve::{Listener, start};
use plugin_proto::{Call, InBandError, Methods, Rpc, call, find_hook, hook};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::fault::Fault;

/// go-plugin's broker.
const START_STREAM: &str = "/plugin.GRPCBroker/StartStream";

/// Whether a fault needs the proxy.
pub(super) fn is_on_the_wire(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::AsksImplementedTwice
            | Fault::ListsEveryHook
            | Fault::IgnoresSpelling
            | Fault::RefusesUnknownHooks
            | Fault::IgnoresImplementedError
            | Fault::ConfigurationErrorIsFatal
            | Fault::IgnoresActivationError
            | Fault::ActivatesFirst
            | Fault::SkipsStdio
            | Fault::ChecksNoService
            | Fault::NoFirstCheck
            | Fault::LeavesSockets
            | Fault::SkipsOnDeactivate
            | Fault::SkipsShutdown
            | Fault::TakesShutdownForAnswered
            | Fault::OneCheckAtATime
            | Fault::SkipsConfiguration
            | Fault::FourMibAnswers
            | Fault::FourMibRequests
            | Fault::ChokesOnLongLists
            | Fault::ConfiguresBeforeAsking
            | Fault::DemandsHealth
            | Fault::DemandsBroker
            | Fault::ChecksBeforeActivation
            | Fault::CallsBeforeActivation
            | Fault::CallsHooksTwice
    )
}

/// Puts a proxy between: the handshake with the proxy's address. It lives as long as the driver.
pub(super) fn between(fault: Fault, handshake: Handshake) -> Result<Handshake, LineError> {
    let failed = |error: std::io::Error| LineError::NoSuchHost {
        host: Raw::new(error.to_string().as_bytes()),
    };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let listener = TcpListener::from_std(listener).map_err(failed)?;
    let target = match &handshake.address {
        Address::Tcp { host, port } => Target::Tcp(format!("{host}:{port}")),
        Address::Unix { path } => Target::Unix(path.into()),
    };
    let proxy = Arc::new(Proxy {
        fault,
        target,
        channel: OnceCell::new(),
        checks: AtomicU64::new(0),
        kept: Mutex::new(None),
    });
    let serving = start(Listener::Tcp(listener), proxy.methods().into_service());
    tokio::spawn(async move {
        // The server ends when this is dropped, and that is never.
        let _serving = serving;
        std::future::pending::<()>().await;
    });
    Ok(Handshake {
        address: Address::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        ..handshake
    })
}

struct Proxy {
    fault: Fault,
    target: Target,
    channel: OnceCell<Channel>,
    /// How many calls of the one kind that its fault is about there were.
    checks: AtomicU64,
    /// An answer for a later call, or a failure that a later call has to show.
    kept: Mutex<Option<Result<Bytes, Status>>>,
}

type Answer = Result<Bytes, Status>;

impl Proxy {
    fn methods(self: Arc<Proxy>) -> Methods {
        let mut methods = Methods::new();
        let proxy = Arc::clone(&self);
        methods.streaming(STREAM_STDIO, move |_| {
            let proxy = Arc::clone(&proxy);
            async move {
                if proxy.fault == Fault::SkipsStdio {
                    return Err(Status::unimplemented("not asked for"));
                }
                let stream = call::server_stream(
                    proxy.channel().await?,
                    STREAM_STDIO,
                    Request::new(Bytes::new()),
                )
                .await?;
                Ok(stream.boxed() as plugin_proto::methods::ByteStream)
            }
        });
        methods.fallback(move |call| {
            let proxy = Arc::clone(&self);
            async move { proxy.pass(call).await }
        });
        methods
    }

    async fn channel(&self) -> Result<&Channel, Status> {
        let dialled = self
            .channel
            .get_or_try_init(|| dial(&self.target, Duration::from_secs(5)))
            .await;
        dialled.map_err(|error| Status::unavailable(error.to_string()))
    }

    /// To the plugin and back.
    async fn forward(&self, call: Call) -> Answer {
        let request =
            Request::from_parts(call.metadata, tonic::Extensions::default(), call.message);
        call::call_raw(self.channel().await?, &call.path, request).await
    }

    async fn pass(&self, call: Call) -> Answer {
        let path = Arc::clone(&call.path);
        match (self.fault, &*path) {
            (Fault::AsksImplementedTwice, IMPLEMENTED) => {
                self.forward(call.clone()).await?;
                self.forward(call).await
            }
            (Fault::ConfiguresBeforeAsking, IMPLEMENTED) => {
                // Whatever comes of it.
                let _ = self.beside(CONFIGURATION, Bytes::new()).await;
                self.forward(call).await
            }
            (Fault::DemandsHealth, IMPLEMENTED) => match self.beside(CHECK, PLUGIN).await {
                Ok(_) => self.forward(call).await,
                Err(status) => Err(Status::internal(status.message())),
            },
            (Fault::DemandsBroker, IMPLEMENTED) => {
                let stream = self.beside(START_STREAM, Bytes::new());
                match timeout(Duration::from_secs(1), stream).await {
                    Ok(Err(status)) => Err(Status::internal(status.message())),
                    // A broker that says nothing is one.
                    Ok(Ok(_)) | Err(_) => self.forward(call).await,
                }
            }
            (Fault::ChecksBeforeActivation, ACTIVATE) => {
                // Whatever comes of it.
                let _ = self.beside(CHECK, PLUGIN).await;
                self.forward(call).await
            }
            (Fault::CallsBeforeActivation, ACTIVATE) => {
                let hook = hook::MessageWillBePosted::METHOD.path;
                // Whatever comes of it.
                let _ = self.beside(hook, Bytes::new()).await;
                self.forward(call).await
            }
            (Fault::CallsHooksTwice, path) if path != IMPLEMENTED && is_hook(path) => {
                // Side by side: whoever has seen the one has the other coming.
                let (first, _again) = tokio::join!(self.forward(call.clone()), self.forward(call));
                first
            }
            (Fault::ListsEveryHook, IMPLEMENTED) => {
                self.forward(call).await?;
                let every = plugin_proto::HOOKS.iter().map(|hook| hook.name.to_owned());
                Ok(announce(every.collect()))
            }
            (Fault::IgnoresSpelling, IMPLEMENTED) => Ok(announce(
                self.announced(call)
                    .await?
                    .iter()
                    .map(|name| respelt(name))
                    .collect(),
            )),
            (Fault::RefusesUnknownHooks, IMPLEMENTED) => {
                let names = self.announced(call).await?;
                match names.iter().find(|name| find_hook(name).is_none()) {
                    Some(unknown) => Err(Status::internal(format!("unknown hook {unknown:?}"))),
                    None => Ok(announce(names)),
                }
            }
            (Fault::IgnoresImplementedError, IMPLEMENTED) => {
                Ok(announce(self.announced(call).await.unwrap_or_default()))
            }
            (Fault::ConfigurationErrorIsFatal, CONFIGURATION) => self.remember_failure(call).await,
            (Fault::ConfigurationErrorIsFatal, ACTIVATE) => match self.kept.lock().await.take() {
                Some(failure) => failure,
                None => self.forward(call).await,
            },
            (Fault::IgnoresActivationError, ACTIVATE) => {
                // Whatever came of it.
                let _ = self.forward(call).await;
                Ok(Bytes::new())
            }
            (Fault::ActivatesFirst, CONFIGURATION) => {
                let activate = Call {
                    path: ACTIVATE.into(),
                    message: Bytes::new(),
                    metadata: call.metadata.clone(),
                };
                *self.kept.lock().await = Some(self.forward(activate).await);
                self.forward(call).await
            }
            (Fault::ActivatesFirst, ACTIVATE) => match self.kept.lock().await.take() {
                Some(answer) => answer,
                None => self.forward(call).await,
            },
            (Fault::ChecksNoService, CHECK) => {
                self.forward(Call {
                    message: Bytes::new(),
                    ..call
                })
                .await
            }
            (Fault::NoFirstCheck, CHECK) if self.checks.fetch_add(1, Ordering::Relaxed) == 0 => {
                Ok(Bytes::from_static(&[0x08, 0x01]))
            }
            (Fault::OneCheckAtATime, CHECK) => {
                let _turn = CHECKING.lock().await;
                self.forward(call).await
            }
            (Fault::SkipsConfiguration, CONFIGURATION)
                if self.checks.fetch_add(1, Ordering::Relaxed) > 0 =>
            {
                Ok(Bytes::new())
            }
            (Fault::FourMibAnswers, _) => small(self.forward(call).await?),
            (Fault::FourMibRequests, _) => {
                small(call.message.clone())?;
                self.forward(call).await
            }
            (Fault::ChokesOnLongLists, IMPLEMENTED) => {
                let answer = self.forward(call).await?;
                if answer.len() > 64 * 1024 {
                    std::future::pending::<()>().await;
                }
                Ok(answer)
            }
            (Fault::SkipsOnDeactivate, DEACTIVATE) => Ok(Bytes::new()),
            (Fault::SkipsShutdown, SHUTDOWN) => Err(Status::unimplemented("not asked for")),
            (Fault::TakesShutdownForAnswered, SHUTDOWN) => {
                // Whatever came of it.
                let _ = self.forward(call).await;
                Ok(Bytes::new())
            }
            _ => self.forward(call).await,
        }
    }

    /// A call of the proxy's own.
    async fn beside(&self, path: &'static str, message: Bytes) -> Answer {
        call::call_raw(self.channel().await?, path, Request::new(message)).await
    }

    /// The names that the plugin announces.
    async fn announced(&self, call: Call) -> Result<Vec<String>, Status> {
        let answer = ImplementedResponse::decode(self.forward(call).await?)
            .map_err(|error| Status::internal(error.to_string()))?;
        match answer.error {
            Some(error) => Err(Status::internal(error.message)),
            None => Ok(answer.hooks),
        }
    }

    /// Forwards, and keeps an error for the call after it.
    async fn remember_failure(&self, call: Call) -> Answer {
        let answer = self.forward(call).await;
        let failure = match &answer {
            Err(status) => Some(status.clone()),
            Ok(bytes) => {
                let answer =
                    OnConfigurationChangeResponse::decode(bytes.clone()).unwrap_or_default();
                answer
                    .in_band_error()
                    .map(|error| Status::internal(error.message.clone()))
            }
        };
        *self.kept.lock().await = failure.map(Err);
        answer
    }
}

/// Held by the check that has its turn.
static CHECKING: Mutex<()> = Mutex::const_new(());

/// A health check of the service `plugin`.
const PLUGIN: Bytes = Bytes::from_static(b"\x0a\x06plugin");

const IMPLEMENTED: &str = hook::Implemented::METHOD.path;
const CONFIGURATION: &str = hook::OnConfigurationChange::METHOD.path;
const ACTIVATE: &str = hook::OnActivate::METHOD.path;
const DEACTIVATE: &str = hook::OnDeactivate::METHOD.path;

/// Whether a path is that of a hook.
fn is_hook(path: &str) -> bool {
    plugin_proto::HOOKS.iter().any(|hook| hook.path == path)
}

/// What a client or a server takes that nobody has told otherwise.
fn small(message: Bytes) -> Answer {
    if message.len() > 4 << 20 {
        return Err(Status::resource_exhausted(
            "grpc: received message larger than max",
        ));
    }
    Ok(message)
}

fn announce(hooks: Vec<String>) -> Bytes {
    ImplementedResponse { error: None, hooks }
        .encode_to_vec()
        .into()
}

/// The known name that a careless reader would see.
fn respelt(name: &str) -> String {
    let same = |hook: &&plugin_proto::Method| hook.name.eq_ignore_ascii_case(name.trim());
    plugin_proto::HOOKS
        .iter()
        .find(same)
        .map_or_else(|| name.to_owned(), |hook| hook.name.to_owned())
}
