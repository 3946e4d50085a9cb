//! The gRPC side of a fake: every call comes through here, is written down, and is answered as the script says.

mod answer;
mod controller;
mod faulty;
mod health;
mod http;
mod stdio;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::goplugin::{SHUTDOWN, STREAM_STDIO};
use plugin_proto::{Call, Form, Method, Methods, MethodsService, find_path, hook, reflect};
use plugin_proto::{Rpc as _, health as checking};
use tokio::sync::watch;
use tonic::Status;
use tonic::metadata::KeyAndValueRef;

pub(crate) use answer::{in_band, play as play_answer};
pub(crate) use http::Over;

use crate::apiclient::{self, ApiClient};
use crate::fault::Fault;
use crate::journal::{Event, Payload};
use crate::play::{Place, watch_parent};
use crate::script::{Implemented, OtherHooks, Serve, SignalName, Stdio};
use crate::server::AUTHORITY;
use crate::stage::{Effect, Stage};
use crate::testee::Testee;

/// Answers calls as a serve step says.
struct Server {
    stage: Arc<Stage>,
    api: Arc<ApiClient>,
    serve: Serve,
    testee: Option<Testee>,
    address: String,
    /// Becomes true when the stream of standard output has been taken.
    stdio_taken: watch::Sender<bool>,
}

/// Makes the service of a serve step, and the watches that go with it.
pub(crate) fn start(
    stage: &Arc<Stage>,
    api: &Arc<ApiClient>,
    serve: &Serve,
    place: &Place,
) -> io::Result<MethodsService> {
    let serve = faulty::apply(serve.clone());
    stage.take_signal(SignalName::Term, Effect::Ends(0))?;
    if serve.watch_parent || (serve.testee && serve.fault != Some(Fault::OutlivesHost)) {
        let stage = Arc::clone(stage);
        tokio::spawn(async move {
            watch_parent(&stage).await;
            stage.exit(0, "parent");
        });
    }
    let testee = serve
        .testee
        .then(|| Testee::new(Arc::clone(stage), Arc::clone(api), serve.fault));
    let server = Arc::new(Server {
        stage: Arc::clone(stage),
        api: Arc::clone(api),
        testee,
        address: place.address.clone(),
        stdio_taken: watch::Sender::new(!matches!(serve.stdio, Stdio::MustBeRead(_))),
        serve,
    });
    Ok(methods(&server).into_service())
}

fn methods(server: &Arc<Server>) -> Methods {
    let mut methods = Methods::new();
    if server.serve.every_call.is_none()
        && (server.serve.stdio != Stdio::Unimplemented || server.has(Fault::StdioCrashes))
    {
        let server = Arc::clone(server);
        methods.streaming(STREAM_STDIO, move |request| {
            let server = Arc::clone(&server);
            async move { server.stream_stdio(&request) }
        });
    }
    if server.serve.every_call.is_none() && (server.serve.http.is_some() || server.testee.is_some())
    {
        let server = Arc::clone(server);
        methods.streaming(http::PATH, move |request| {
            let server = Arc::clone(&server);
            async move { Ok(server.serve_http(request)) }
        });
    }
    let server = Arc::clone(server);
    methods.fallback(move |call| {
        let server = Arc::clone(&server);
        async move { server.call(call).await }
    });
    methods
}

impl Server {
    fn has(&self, fault: Fault) -> bool {
        self.serve.fault == Some(fault)
    }

    /// One unary call, from its arrival to its answer.
    async fn call(&self, call: Call) -> Result<Bytes, Status> {
        let seen = Seen::new(&self.stage, &call, self.has(Fault::CancelKills));
        let answer = apiclient::within(self.hook_of(&call), self.answer(&call)).await;
        seen.answered(&answer);
        answer
    }

    /// The request id of a call, if calls of the API that are made in it are to name it.
    fn hook_of(&self, call: &Call) -> Option<String> {
        if !self.serve.names_hooks {
            return None;
        }
        let request =
            reflect::to_json(find_path(&call.path)?, Form::Request, &call.message).ok()?;
        let places = ["/context/request_id", "/init/plugin_context/request_id"];
        let id = places.iter().find_map(|place| request.pointer(place))?;
        Some(id.as_str()?.to_owned())
    }

    async fn answer(&self, call: &Call) -> Result<Bytes, Status> {
        let method = find_path(&call.path);
        if let Some(answer) = &self.serve.every_call {
            return play_answer(&self.stage, &self.api, method, answer).await;
        }
        if self.has(Fault::AuthorityRefused) && text_of(call, AUTHORITY.as_str()) != self.address {
            return Err(Status::invalid_argument("unexpected :authority"));
        }
        if let Some(answer) = self.serve.hooks.get(&*call.path) {
            return play_answer(&self.stage, &self.api, method, answer).await;
        }
        match &*call.path {
            checking::CHECK => self.check_health(&call.message).await,
            SHUTDOWN => self.shut_down().await,
            _ => self.answer_hook(call, method).await,
        }
    }

    async fn answer_hook(
        &self,
        call: &Call,
        method: Option<&'static Method>,
    ) -> Result<Bytes, Status> {
        let name = method.map_or(&*call.path, |method| method.name);
        if let Some(answer) = self.serve.hooks.get(name) {
            return play_answer(&self.stage, &self.api, method, answer).await;
        }
        if name == hook::Implemented::METHOD.name {
            return self.implemented(method).await;
        }
        // An error means that the sender is gone, and with it this server.
        let _ = self.stdio_taken.subscribe().wait_for(|taken| *taken).await;
        if let Some(testee) = &self.testee {
            return testee.answer(call, method).await;
        }
        match (self.serve.other_hooks, method) {
            (OtherHooks::Empty, Some(_)) => Ok(Bytes::new()),
            _ => Err(unknown(call)),
        }
    }

    async fn implemented(&self, method: Option<&'static Method>) -> Result<Bytes, Status> {
        let names = match &self.serve.implemented {
            Some(Implemented::Answer(answer)) => {
                return play_answer(&self.stage, &self.api, method, answer).await;
            }
            Some(Implemented::Names(names)) => names.clone(),
            None => self.serve.announced(),
        };
        let hooks = self
            .testee
            .as_ref()
            .map_or_else(|| names.clone(), |testee| testee.announce(names.clone()));
        let answer = plugin_proto::pb::ImplementedResponse { error: None, hooks };
        Ok(prost::Message::encode_to_vec(&answer).into())
    }
}

/// What a gRPC server says of a method that it does not have.
pub(crate) fn unknown(call: &Call) -> Status {
    Status::unimplemented(format!("unknown method {}", call.path))
}

/// A call in the journal: arrived, then answered or abandoned.
struct Seen<'a> {
    stage: &'a Stage,
    path: String,
    open: bool,
    /// Being abandoned ends the process.
    kills: bool,
}

impl<'a> Seen<'a> {
    fn new(stage: &'a Stage, call: &Call, kills: bool) -> Self {
        stage.journal.note(Event::Rpc {
            path: call.path.to_string(),
            message: Payload::of(&call.message),
            metadata: headers(call),
            authority: text_of(call, AUTHORITY.as_str()).to_owned(),
        });
        let seen = Self {
            stage,
            path: call.path.to_string(),
            open: true,
            kills,
        };
        stage.happened(&seen.event("hook"));
        match &*call.path {
            checking::CHECK => stage.happened("health"),
            SHUTDOWN => stage.happened("shutdown"),
            _ => {}
        }
        seen
    }

    fn event(&self, kind: &str) -> String {
        format!(
            "{kind}:{}",
            self.path.rsplit('/').next().unwrap_or_default()
        )
    }

    fn answered(mut self, answer: &Result<Bytes, Status>) {
        let (code, message, bytes) = match answer {
            Ok(answer) => ("Ok".to_owned(), String::new(), answer.len()),
            Err(status) => (
                format!("{:?}", status.code()),
                status.message().to_owned(),
                0,
            ),
        };
        self.open = false;
        self.stage.journal.note(Event::Answered {
            path: self.path.clone(),
            code,
            message,
            bytes,
        });
        self.stage.happened(&self.event("answered"));
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        if self.open {
            self.stage.journal.note(Event::Abandoned {
                path: self.path.clone(),
            });
            if self.kills {
                self.stage.exit(1, "fault");
            }
        }
    }
}

fn headers(call: &Call) -> BTreeMap<String, String> {
    let texts = call.metadata.iter().filter_map(|pair| match pair {
        KeyAndValueRef::Ascii(name, value) => {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        }
        KeyAndValueRef::Binary(..) => None,
    });
    texts
        .filter(|(name, _)| name != AUTHORITY.as_str())
        .collect()
}

fn text_of<'a>(call: &'a Call, name: &str) -> &'a str {
    call.metadata
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
