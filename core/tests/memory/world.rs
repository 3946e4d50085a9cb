//! A server with a clock and ids that are the same in every run, and one way to ask it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use plugin_host::api::chain::Link;
use plugin_host::api::plugins::{
    Asking, HttpReply, Installed, Plugins, Reply, Stop, Stopped, Undone, Verdict,
};
use plugin_host::api::{Backend as _, filler, request};
use plugin_host::bundle::{Bundle, BundleError};
use plugin_host::ids::PluginId;
use plugin_host::in_band;
use plugin_host::memory::{Making, Memory, NotKept};
use plugin_proto::pb::ServeHttpRequestInit;
use plugin_proto::{Call, Form, Method, Methods, find_api, reflect};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;

use crate::fleet::Fleet;

/// When the world begins, in milliseconds; each reading of the clock takes one.
pub(crate) const BEGINNING: i64 = 1_700_000_000_000;

/// A server and the plugin that asks it.
pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) hooks: Arc<Hooks>,
    methods: Methods,
    runtime: tokio::runtime::Runtime,
}

/// What is expected of an answer.
pub(crate) enum Expected {
    /// No error, and at least these fields; arrays are whole, and null is what is not there.
    Answer(Value),
    /// An error with this id and HTTP status.
    Error(&'static str, i64),
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Arc::new(AtomicI64::new(BEGINNING)), Memory::of)
    }

    /// A server that is made otherwise, and goes by this clock.
    pub(crate) fn with(clock: Arc<AtomicI64>, make: impl FnOnce(Making) -> Memory) -> Self {
        let ticking = clock.clone();
        let memory = make(Making {
            clock: Arc::new(move || ticking.fetch_add(1, Ordering::Relaxed)),
            seed: 1,
            ..Making::default()
        });
        let hooks = Arc::new(Hooks::default());
        memory.attach(hooks.clone());
        let mut world = Self {
            methods: Methods::new(),
            memory,
            clock,
            hooks,
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        };
        world.become_plugin("com.example.me");
        world
    }

    /// From now on this plugin asks.
    pub(crate) fn become_plugin(&mut self, id: &str) {
        let mut methods = Methods::new();
        filler::fill(&mut methods);
        self.memory
            .register(&PluginId::parse(id).unwrap(), &mut methods);
        self.methods = methods;
    }

    /// The one way to ask and to judge; the answer, for what follows.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, request: &Value, expected: &Expected) -> Value {
        let answer = self.ask(method, request);
        let error = answer.get("error");
        match expected {
            Expected::Answer(part) => {
                assert_eq!(error, None, "{method} {request}");
                let mut wrong = String::new();
                compare(&answer, part, method, &mut wrong);
                assert!(
                    wrong.is_empty(),
                    "{method} {request}:\n{wrong}in {answer:#}"
                );
            }
            Expected::Error(id, status) => {
                let found =
                    error.map(|error| (error["id"].as_str(), error["status_code"].as_i64()));
                assert_eq!(
                    found,
                    Some((Some(*id), Some(*status))),
                    "{method} {request}"
                );
                assert!(error.unwrap()["where"].is_string(), "{answer}");
            }
        }
        answer
    }

    /// Asks for what has to be answered with at least these fields.
    #[track_caller]
    pub(crate) fn answers(&self, method: &str, request: Value, part: Value) -> Value {
        self.check(method, &request, &Expected::Answer(part))
    }

    /// Asks for what has to be done; the answer.
    #[track_caller]
    pub(crate) fn ok(&self, method: &str, request: Value) -> Value {
        self.answers(method, request, json!({}))
    }

    /// Asks for what has to be refused.
    #[track_caller]
    pub(crate) fn refuses(&self, method: &str, request: Value, id: &'static str, status: i64) {
        self.check(method, &request, &Expected::Error(id, status));
    }

    /// The hooks that were fired since the last time somebody looked, when all that went on in the background is over.
    pub(crate) fn fired(&self) -> Vec<(&'static str, Value)> {
        self.runtime.block_on(self.memory.settled());
        std::mem::take(&mut *self.hooks.fired.lock().unwrap())
    }

    /// The names of the hooks that were fired since the last time somebody looked; the order of those in the background is not settled.
    pub(crate) fn fired_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.fired().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// Closes the file, if there is one.
    pub(crate) fn close(&self) -> Result<(), NotKept> {
        self.runtime.block_on(self.memory.close())
    }

    /// The last websocket event of that name.
    #[track_caller]
    pub(crate) fn event(&self, name: &str) -> plugin_host::memory::WebSocketEvent {
        let events = self.memory.websocket_events();
        let found = events.into_iter().rev().find(|event| event.name == name);
        found.unwrap_or_else(|| panic!("no event {name}"))
    }

    /// Asks for what may be done or refused; the answer.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, asked: &Value) -> Value {
        let row = find_api(method).unwrap();
        let message = reflect::from_json(row, Form::Request, asked).unwrap();
        let answer = match request::check(row, &message) {
            Ok(()) => {
                let call = Call {
                    path: row.path.into(),
                    metadata: MetadataMap::new(),
                    message,
                };
                self.runtime.block_on(self.methods.dispatch(call)).unwrap()
            }
            Err(error) => in_band::encode(*error),
        };
        reflect::to_json(row, Form::Response, &answer).unwrap()
    }
}

/// What is not as expected, one line each.
fn compare(found: &Value, expected: &Value, at: &str, wrong: &mut String) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, expected) in expected {
                compare(
                    found.get(key).unwrap_or(&Value::Null),
                    expected,
                    &format!("{at}.{key}"),
                    wrong,
                );
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                compare(found, expected, &format!("{at}[{index}]"), wrong);
            }
        }
        // A field with its default value is not written.
        (Value::Null, expected) if is_default(expected) => {}
        (found, expected) => {
            let same_number = found.as_f64().is_some() && found.as_f64() == expected.as_f64();
            if found != expected && !same_number {
                writeln!(wrong, "  {at} is {found}, not {expected}").unwrap();
            }
        }
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    }
}

/// Plugins that write down what they are asked, and answer what they were told to.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    fired: Mutex<Vec<(&'static str, Value)>>,
    answers: Mutex<VecDeque<(&'static str, Answer)>>,
    told: Mutex<VecDeque<Told>>,
    pub(crate) fleet: Fleet,
}

/// What a plugin that is asked alone answers.
#[derive(Debug)]
pub(crate) enum Told {
    /// This.
    Answer(Value),
    /// An error.
    Error(Value),
}

/// What a plugin answers to a hook.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The request, with these fields instead.
    Change(Value),
    /// No, and why.
    Reject(&'static str),
}

impl Hooks {
    /// The next time that this hook is fired, this is the answer.
    pub(crate) fn answer(&self, hook: &'static str, answer: Answer) {
        self.answers.lock().unwrap().push_back((hook, answer));
    }
}

impl Hooks {
    /// The next plugin that is asked alone answers so; without an answer it does not run.
    pub(crate) fn reply(&self, told: Told) {
        self.told.lock().unwrap().push_back(told);
    }
}

impl Plugins for Hooks {
    fn fan_out(&self, hook: &'static Method, request: Bytes, _: Link) -> Asking<Verdict> {
        let mut json = reflect::to_json(hook, Form::Request, &request).unwrap();
        self.fired.lock().unwrap().push((hook.name, json.clone()));
        let mut answers = self.answers.lock().unwrap();
        let told = answers.iter().position(|(name, _)| *name == hook.name);
        let answer = told
            .and_then(|at| answers.remove(at))
            .map(|(_, answer)| answer);
        let unchanged = Verdict {
            request,
            stopped: None,
        };
        let verdict = match answer {
            None => unchanged,
            Some(Answer::Change(change)) => {
                for (key, value) in change.as_object().unwrap() {
                    json[key] = value.clone();
                }
                Verdict {
                    request: reflect::from_json(hook, Form::Request, &json).unwrap(),
                    stopped: None,
                }
            }
            Some(Answer::Reject(reason)) => Verdict {
                stopped: Some(Stopped {
                    plugin: PluginId::parse("com.example.strict").unwrap(),
                    how: Stop::Rejected(reason.to_owned()),
                }),
                ..unchanged
            },
        };
        Box::pin(async move { verdict })
    }

    fn ask(&self, _: &PluginId, hook: &'static Method, request: Bytes, _: Link) -> Asking<Reply> {
        let json = reflect::to_json(hook, Form::Request, &request).unwrap();
        self.fired.lock().unwrap().push((hook.name, json));
        let reply = match self.told.lock().unwrap().pop_front() {
            None => Reply::NotRunning,
            Some(Told::Answer(answer)) => {
                Reply::Answered(reflect::from_json(hook, Form::Response, &answer).unwrap())
            }
            Some(Told::Error(error)) => {
                let answer = json!({ "error": error });
                let answer = reflect::from_json(hook, Form::Response, &answer).unwrap();
                Reply::Refused(Box::new(in_band::decode(&answer).unwrap().unwrap()))
            }
        };
        Box::pin(async move { reply })
    }

    fn serve_http(
        &self,
        plugin: &PluginId,
        head: ServeHttpRequestInit,
        body: Bytes,
        _: Link,
    ) -> Asking<HttpReply> {
        ready(self.fleet.serve_http(plugin, head, body))
    }

    fn installed(&self) -> Asking<Vec<Installed>> {
        ready(self.fleet.installed())
    }

    fn folder(&self, plugin: &PluginId) -> Asking<Result<PathBuf, Undone>> {
        ready(Ok(self.fleet.folder(plugin)))
    }

    fn enable(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        ready(self.fleet.enable(plugin))
    }

    fn disable(&self, plugin: &PluginId) -> Asking<()> {
        self.fleet.disable(plugin);
        ready(())
    }

    fn remove(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        ready(self.fleet.remove(plugin))
    }

    fn unpack(&self, bundle: Bytes) -> Asking<Result<Bundle, BundleError>> {
        ready(self.fleet.unpack(&bundle))
    }

    fn install(&self, bundle: Bundle) -> Asking<Result<bool, Undone>> {
        ready(self.fleet.install(&bundle))
    }
}

fn ready<T: Send + 'static>(done: T) -> Asking<T> {
    Box::pin(std::future::ready(done))
}
