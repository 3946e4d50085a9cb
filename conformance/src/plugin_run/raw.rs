//! A plugin's process, started exactly as a host starts it and no further: the scenario reads the first line, speaks to the services by
//! hand and decides how it ends.

use std::ffi::OsString;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use plugin_host::api::{ApiServer, ApiSetting, Journal};
use plugin_host::event::{EventSink, PluginEvents};
use plugin_host::guard::GuardHandle;
use plugin_host::handshake::{Address, Handshake, HandshakeError, LineError, line};
use plugin_host::ids::PluginId;
use plugin_host::manifest::Manifest;
use plugin_host::metrics::Metrics;
use plugin_host::options::{ApiOptions, ReadHandshake};
use plugin_host::policy::Policy;
use plugin_host::process::{
    Asked, Child, ChildSetting, Diagnosis, Exit, Launch, ProcessStop, SpawnError,
};
use plugin_host::timing::Timing;
use plugin_proto::connect::{ConnectError, connect};
use plugin_proto::dial::{Peer, Target};
use plugin_proto::health::{CHECK, HealthCheckRequest, HealthCheckResponse, ServingStatus};
use plugin_proto::lane::Lane;
use plugin_proto::method::Form;
use plugin_proto::{Method, Rpc, call, goplugin};
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::backend::Recorder;
use super::launch::{PrepareError, Prepared};
use super::message::{answered, on_the_wire};
use super::seen::Seen;
use crate::case::Case;
use crate::case::timeline::{Source, Timeline};
use crate::case::words::Words as _;
use crate::scenario::Interruption;

/// The time a plugin has for its handshake, as Mattermost's `plugin/python_supervisor.go` sets it.
pub const START: Duration = Duration::from_secs(10);
/// The time that any one call has which is expected to be answered at once.
pub const CALL: Duration = Duration::from_secs(10);

/// How long an answer to the opening of the stdio stream is waited for; there need not be any.
const STDIO: Duration = Duration::from_millis(300);

/// The first line of stdout.
#[derive(Debug, Default)]
struct Line {
    bytes: Option<Vec<u8>>,
    handshake: Option<Handshake>,
}

/// A process of the plugin under test.
#[derive(Debug)]
pub struct Raw {
    /// What it does.
    pub seen: Seen,
    /// The API that it was given.
    pub api: Recorder,
    /// Its id.
    pub plugin: PluginId,
    child: Child,
    server: Mutex<Option<ApiServer>>,
    line: Arc<Mutex<Line>>,
    timeline: Timeline,
    scale: f64,
}

/// What a start needs to know of whoever wants it.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Where everything that happens is noted.
    pub timeline: Timeline,
    /// The mark of the run.
    pub mark: String,
    /// The factor for every time that is allowed.
    pub scale: f64,
    /// Who cleans up if this process dies.
    pub guard: Option<GuardHandle>,
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no command.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The system did not start it.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// There is no port for the API.
    #[error("opening the API: {0}")]
    Api(std::io::Error),
}

impl Raw {
    /// Starts the plugin in a folder by a command that `change` may alter first.
    pub async fn start(
        case: &Case,
        folder: &Path,
        change: impl FnOnce(&mut Launch),
    ) -> Result<Raw, Interruption> {
        let scale = case.scaled(Duration::from_secs(1)).as_secs_f64();
        let ground = Ground {
            timeline: case.timeline(),
            mark: case.mark().to_owned(),
            scale,
            guard: None,
        };
        match Raw::start_on(&ground, folder, change).await {
            Ok(raw) => {
                case.spawned(raw.pid());
                Ok(raw)
            }
            Err(StartError::Api(error)) => Err(error.into()),
            Err(error) => Err(Interruption::broken_off(format!(
                "the plugin cannot be started: {error}"
            ))),
        }
    }

    /// The same without a case.
    pub async fn start_on(
        ground: &Ground,
        folder: &Path,
        change: impl FnOnce(&mut Launch),
    ) -> Result<Raw, StartError> {
        let timeline = ground.timeline.clone();
        let (seen, sender) = Seen::start(timeline.clone());
        let sink = EventSink::new(Some(sender));
        let api = Recorder::default();
        // The id is known only from the manifest, which the command is built from; the server must be there before the command.
        let plugin = Manifest::find(folder).map_err(PrepareError::from)?.id;
        let events = sink.of(&plugin);
        let setting = ApiSetting {
            options: ApiOptions::default(),
            // Whatever the plugin shows is let in and written down.
            token: None,
            journal: Journal::new(),
            metrics: Metrics::default().of(events.plugin()),
            events: events.clone(),
            guard: ground.guard.clone(),
        };
        let server = ApiServer::start(&api, setting)
            .await
            .map_err(StartError::Api)?;
        let mut prepared = Prepared::new(folder, &ground.mark, server.address())?;
        change(&mut prepared.launch);
        let child = spawn(&prepared, events, ground.guard.clone())?;
        Ok(Raw {
            seen,
            api,
            plugin,
            child,
            server: Mutex::new(Some(server)),
            line: Arc::default(),
            timeline,
            scale: ground.scale,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Waits for the first line of stdout and reads it as a host does.
    pub async fn handshake(&self, budget: Duration) -> Result<Handshake, HandshakeError> {
        self.handshake_by(line::parse, budget).await
    }

    /// The same as a host reads it that has asked for AutoMTLS.
    pub async fn handshake_secured(&self, budget: Duration) -> Result<Handshake, HandshakeError> {
        self.handshake_by(line::parse_secured, budget).await
    }

    async fn handshake_by(
        &self,
        parse: fn(&[u8]) -> Result<Handshake, LineError>,
        budget: Duration,
    ) -> Result<Handshake, HandshakeError> {
        let keep = Arc::clone(&self.line);
        let read: ReadHandshake = Arc::new(move |bytes| {
            let read = parse(bytes);
            let handshake = read.as_ref().ok().cloned();
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Line {
                bytes: Some(bytes.to_vec()),
                handshake,
            };
            read.map(|handshake| Handshake {
                address: hidden(handshake.address),
                ..handshake
            })
        });
        let accepted = self
            .child
            .handshake(&read, budget.mul_f64(self.scale))
            .await?;
        Ok(self.announced().unwrap_or(accepted))
    }

    /// The handshake as it was announced.
    fn announced(&self) -> Option<Handshake> {
        self.line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .handshake
            .clone()
    }

    /// The bytes of the first line, once [`Raw::handshake`] has seen it.
    pub fn first_line(&self) -> Option<Vec<u8>> {
        self.line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
            .clone()
    }

    /// How many bytes it wrote to stdout so far.
    pub fn stdout_bytes(&self) -> u64 {
        self.child.stdout_bytes()
    }

    /// How it ended, if it does so within the time.
    pub async fn exit_within(&self, within: Duration) -> Option<Exit> {
        tokio::time::timeout(within.mul_f64(self.scale), self.child.wait_exit())
            .await
            .ok()
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.child.exit()
    }

    /// Waits for the handshake and connects; a plugin of which neither can be had breaks the scenario off.
    pub async fn up(&self) -> Result<(Handshake, Services), Interruption> {
        fn broken_off(error: &dyn std::error::Error) -> Interruption {
            Interruption::broken_off(error.to_string())
        }
        let handshake = self.handshake(START).await;
        let handshake = handshake.map_err(|error| broken_off(&error))?;
        let services = self.connect(&handshake).await;
        let services = services.map_err(|error| broken_off(&error))?;
        Ok((handshake, services))
    }

    /// Connects to the announced address and waits until the peer speaks HTTP/2.
    pub async fn connect(&self, handshake: &Handshake) -> Result<Services, ConnectError> {
        self.connect_to(&target_of(&handshake.address)).await
    }

    /// The same for an address that the scenario has read for itself, or through what it brings.
    pub async fn connect_to(&self, peer: impl Into<Peer>) -> Result<Services, ConnectError> {
        let peer = peer.into();
        let within = CALL.mul_f64(self.scale);
        let (channel, preface) = connect(peer.clone(), within).await?;
        preface.answered().await?;
        self.timeline
            .note(Source::Rpc, "connected, the plugin answers in HTTP/2");
        Ok(Services {
            channel,
            lane: Arc::new(Lane::new(peer, within)),
            within,
            timeline: self.timeline.clone(),
        })
    }

    /// Gives it up, and says what there is to say about a start that failed.
    pub async fn abandon(self, budget: Duration) -> (Diagnosis, ProcessStop) {
        let given_up = self.child.abandon(budget.mul_f64(self.scale)).await;
        self.close_api().await;
        given_up
    }

    /// Ends it without ceremony, and says what was left of it.
    pub async fn end(self) -> ProcessStop {
        let stop = self.child.stop(Asked::Abandoned).await;
        if let Some(Handshake {
            address: Address::Unix { path },
            ..
        }) = self.announced()
        {
            remove_socket(Path::new(&path));
        }
        self.close_api().await;
        stop
    }

    /// Takes the API away: its port is free, and calls that are under way break off.
    pub async fn close_api(&self) {
        let server = self.server.lock();
        let server = server.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            self.timeline
                .note(Source::Fault, "the API server is closed");
            server.close(Duration::ZERO).await;
        }
    }
}

/// The gRPC services of a plugin, called by hand.
#[derive(Clone, Debug)]
pub struct Services {
    channel: Channel,
    /// For streams, opened with the first one.
    pub(super) lane: Arc<Lane>,
    pub(super) within: Duration,
    pub(super) timeline: Timeline,
}

impl Services {
    /// The same with another time for each call.
    #[must_use]
    pub fn within(self, within: Duration) -> Services {
        Services { within, ..self }
    }

    /// The health of a service, by its status or by the status of the call.
    pub async fn health(&self, service: &str) -> Result<String, Status> {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer: Result<HealthCheckResponse, Status> = self
            .bounded(call::call_message(
                &self.channel,
                CHECK,
                Request::new(request),
            ))
            .await;
        let answer = answer.map(|answer| match ServingStatus::try_from(answer.status) {
            Ok(status) => status.name().to_owned(),
            Err(_) => format!("status {}", answer.status),
        });
        self.timeline.note(
            Source::Rpc,
            format!("health of {}: {}", service.words(), answer.words()),
        );
        answer
    }

    /// A hook with its own types.
    pub async fn hook<R: Rpc>(&self, request: R::Request) -> Result<R::Response, Status> {
        let answer = self
            .bounded(call::call::<R>(&self.channel, Request::new(request)))
            .await;
        self.timeline.note(
            Source::Rpc,
            format!("{}: {}", R::METHOD.name, answered::<R>(&answer)),
        );
        answer
    }

    /// Any unary method with an empty message.
    pub async fn empty(&self, path: &str) -> Result<Bytes, Status> {
        self.message(path, Bytes::new()).await
    }

    /// Any unary method with these bytes as its message.
    pub async fn message(&self, path: &str, message: Bytes) -> Result<Bytes, Status> {
        let call = call::call_raw(&self.channel, path, Request::new(message));
        let answer = self.bounded(call).await;
        self.timeline
            .note(Source::Rpc, format!("{path}: {}", answer.words()));
        answer
    }

    /// A hook with the bytes of its message.
    pub async fn call(&self, hook: &'static Method, message: Bytes) -> Result<Bytes, Status> {
        let sent = on_the_wire(hook, Form::Request, &message);
        self.timeline
            .note(Source::Rpc, format!("{} is called: {sent}", hook.name));
        let answer = self
            .bounded(call::call_raw(
                &self.channel,
                hook.path,
                Request::new(message),
            ))
            .await;
        let came = match &answer {
            Ok(answer) => on_the_wire(hook, Form::Response, answer),
            Err(status) => status.words(),
        };
        self.timeline
            .note(Source::Rpc, format!("{} answers: {came}", hook.name));
        answer
    }

    /// Any unary method with these bytes as the whole stream, message or not.
    pub async fn stream(&self, path: &str, stream: Bytes) -> Result<Bytes, Status> {
        let answer = self
            .bounded(call::call_stream(&self.channel, path, stream))
            .await;
        self.timeline
            .note(Source::Rpc, format!("{path}, by hand: {}", answer.words()));
        answer
    }

    /// go-plugin's request to end. Its answer says little: many servers stop before they have sent it.
    pub async fn shutdown(&self) -> Result<(), Status> {
        self.empty(goplugin::SHUTDOWN).await.map(|_| ())
    }

    /// Opens the stream that hosts open first, and says in words what came of it. It ends with the returned value.
    pub async fn stdio(&self) -> String {
        let opened = call::server_stream(
            &self.channel,
            goplugin::STREAM_STDIO,
            Request::new(Bytes::new()),
        );
        // A stream that is served and has nothing to say answers nothing, not even its headers.
        match tokio::time::timeout(STDIO, opened).await {
            Err(_) => "open, nothing on it".to_owned(),
            Ok(Ok(_)) => "open".to_owned(),
            Ok(Err(status)) => status.code().words(),
        }
    }

    async fn bounded<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        match tokio::time::timeout(self.within, call).await {
            Ok(answer) => answer,
            Err(_) => Err(Status::deadline_exceeded(format!(
                "no answer within {} ms",
                self.within.as_millis()
            ))),
        }
    }
}

/// Where a handshake sends its host.
pub fn target_of(address: &Address) -> Target {
    match address {
        Address::Tcp { host, port } if host.contains(':') => {
            Target::Tcp(format!("[{host}]:{port}"))
        }
        Address::Tcp { host, port } if host.is_empty() => Target::Tcp(format!("127.0.0.1:{port}")),
        Address::Tcp { host, port } => Target::Tcp(format!("{host}:{port}")),
        Address::Unix { path } => Target::Unix(path.into()),
    }
}

/// The host's own child removes the socket file that a plugin announced; here it is to be seen whether the plugin does.
fn hidden(address: Address) -> Address {
    match address {
        Address::Unix { .. } => Address::Unix {
            path: OsString::new(),
        },
        tcp @ Address::Tcp { .. } => tcp,
    }
}

/// A plugin that was killed could not do it itself. What is no socket is not the plugin's to name.
fn remove_socket(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        // It may be gone by now, and that is all that is wanted.
        let _ = std::fs::remove_file(path);
    }
}

fn spawn(
    prepared: &Prepared,
    events: PluginEvents,
    guard: Option<GuardHandle>,
) -> Result<Child, SpawnError> {
    let setting = ChildSetting {
        timing: Timing::default(),
        policy: Policy::default(),
        events,
        guard,
        session_mark: prepared.session_mark.clone(),
    };
    Child::spawn(&prepared.launch, setting)
}
