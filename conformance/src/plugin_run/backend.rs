//! The API that plugins under test call: the in-memory Mattermost, with every request written down and mishaps on demand.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use plugin_host::api::{Backend, Plugins, filler};
use plugin_host::ids::PluginId;
use plugin_host::memory::{Memory, ServerFacts};
use plugin_proto::method::{Form, Rpc};
use plugin_proto::pb::AppError;
use plugin_proto::{API, Call, InBandError, Methods, reflect};
use prost::Message as _;
use serde_json::Value;
use tonic::metadata::KeyAndValueRef;
use tonic::{Code, Status};

use crate::case::words::Words;

/// The method of which single keys may have mishaps.
const KEYED: &str = "KVGet";

/// One call as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    /// The method.
    pub method: &'static str,
    /// The request in proto field names.
    pub request: Value,
    /// The metadata that is text, by name.
    pub metadata: BTreeMap<String, String>,
}

impl Words for ApiCall {
    fn words(&self) -> String {
        format!("{} {}", self.method, self.request)
    }
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Mishap {
    /// This answer.
    Answered(Bytes),
    /// An error in band.
    Refused(AppError),
    /// A gRPC status.
    Failed(Code),
    /// A gRPC status with a text of its own.
    Told(Code, String),
    /// No answer, ever.
    Never,
    /// The right answer, after something else was done.
    After(Doing),
}

/// Something to be done before an answer.
#[derive(Clone)]
pub struct Doing(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>);

impl Mishap {
    /// The right answer, after this was done.
    pub fn after<F>(doing: impl Fn() -> F + Send + Sync + 'static) -> Mishap
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Mishap::After(Doing(Arc::new(move || Box::pin(doing()))))
    }
}

impl fmt::Debug for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doing")
    }
}

/// The backend of one case; cheap to clone, all clones share their state.
#[derive(Clone)]
pub struct Recorder {
    memory: Memory,
    calls: Arc<Mutex<Vec<ApiCall>>>,
    /// By method and, for `KVGet`, key.
    mishaps: Arc<Mutex<Mishaps>>,
}

type Mishaps = BTreeMap<(&'static str, Option<String>), Mishap>;

impl Recorder {
    /// A server with these facts that knows nothing yet.
    pub fn new(facts: ServerFacts) -> Recorder {
        let clock = || {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
        };
        Recorder {
            memory: Memory::new(facts, Arc::new(clock)),
            calls: Arc::default(),
            mishaps: Arc::default(),
        }
    }

    /// From now on a `KVGet` of this key has a mishap.
    pub fn mishap(&self, key: &str, mishap: Mishap) {
        lock(&self.mishaps).insert((KEYED, Some(key.to_owned())), mishap);
    }

    /// From now on every call of a method has this mishap.
    pub fn mishap_of(&self, method: &'static str, mishap: Mishap) {
        lock(&self.mishaps).insert((method, None), mishap);
    }

    /// The calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<ApiCall> {
        lock(&self.calls).clone()
    }

    /// The calls of one method so far, which are forgotten by this.
    pub fn take(&self, method: &str) -> Vec<ApiCall> {
        let mut calls = lock(&self.calls);
        let (taken, left) = std::mem::take(&mut *calls)
            .into_iter()
            .partition(|call| call.method == method);
        *calls = left;
        taken
    }

    /// The calls of one method so far.
    pub fn calls_of(&self, method: &str) -> Vec<Value> {
        self.calls()
            .into_iter()
            .filter(|call| call.method == method)
            .map(|call| call.request)
            .collect()
    }

    /// Asks the server itself, past the plugin: how the host's side of a round trip is looked at.
    pub async fn ask<R: Rpc>(&self, plugin: &PluginId, request: R::Request) -> Option<R::Response>
    where
        R::Response: InBandError,
    {
        let mut table = Methods::new();
        self.memory.register(plugin, &mut table);
        let call = Call {
            path: R::METHOD.path.into(),
            metadata: tonic::metadata::MetadataMap::new(),
            message: request.encode_to_vec().into(),
        };
        let answer = table.dispatch(call).await.ok()?;
        R::Response::decode(answer).ok()
    }

    /// Writes a call down, and finds out whether it has a mishap.
    fn arrived(&self, method: &'static plugin_proto::Method, call: &Call) -> Option<Mishap> {
        let request = reflect::to_json(method, Form::Request, &call.message);
        let request = request.unwrap_or(Value::Null);
        let key = request["key"]
            .as_str()
            .filter(|_| method.name == KEYED)
            .map(str::to_owned);
        lock(&self.calls).push(ApiCall {
            method: method.name,
            request,
            metadata: texts(call),
        });
        let mishaps = lock(&self.mishaps);
        let found = mishaps.get(&(method.name, key));
        found.or_else(|| mishaps.get(&(method.name, None))).cloned()
    }
}

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder::new(ServerFacts::default())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl Backend for Recorder {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        let mut inner = Methods::new();
        filler::fill(&mut inner);
        self.memory.register(plugin, &mut inner);
        let inner = Arc::new(inner);
        for method in API {
            let (recorder, inner) = (self.clone(), Arc::clone(&inner));
            methods.unary(method.path, move |call| {
                let (mishap, inner) = (recorder.arrived(method, &call), Arc::clone(&inner));
                async move {
                    match mishap {
                        None => inner.dispatch(call).await,
                        Some(Mishap::Answered(answer)) => Ok(answer),
                        Some(Mishap::Told(code, text)) => Err(Status::new(code, text)),
                        Some(Mishap::Refused(error)) => Ok(plugin_host::in_band::encode(error)),
                        Some(Mishap::Failed(code)) => {
                            Err(Status::new(code, "a mishap that the suite arranged"))
                        }
                        Some(Mishap::After(doing)) => {
                            (doing.0)().await;
                            inner.dispatch(call).await
                        }
                        Some(Mishap::Never) => std::future::pending().await,
                    }
                }
            });
        }
    }

    fn attach(&self, plugins: Arc<dyn Plugins>) {
        self.memory.attach(plugins);
    }
}

/// The metadata of a call, but for what is no text.
fn texts(call: &Call) -> BTreeMap<String, String> {
    let text = |entry: KeyAndValueRef<'_>| match entry {
        KeyAndValueRef::Ascii(name, value) => {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        }
        KeyAndValueRef::Binary(..) => None,
    };
    call.metadata.iter().filter_map(text).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
