//! The API that plugins under test call: the in-memory Mattermost, with every request written down and mishaps on demand.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use plugin_host::api::Backend;
use plugin_host::ids::PluginId;
use plugin_host::memory::{Memory, ServerFacts};
use plugin_proto::method::{Form, Rpc};
use plugin_proto::pb::AppError;
use plugin_proto::{API, Call, InBandError, Methods, reflect};
use prost::Message as _;
use serde_json::Value;
use tonic::{Code, Status};

/// One call as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    /// The method.
    pub method: &'static str,
    /// The request in proto field names.
    pub request: Value,
}

/// What happens to a `KVGet` of a key.
#[derive(Clone, Debug)]
pub enum Mishap {
    /// An error in band.
    Refused(AppError),
    /// A gRPC status.
    Failed(Code),
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
    mishaps: Arc<Mutex<BTreeMap<String, Mishap>>>,
}

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
        lock(&self.mishaps).insert(key.to_owned(), mishap);
    }

    /// The calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<ApiCall> {
        lock(&self.calls).clone()
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
    fn arrived(&self, method: &'static plugin_proto::Method, message: &Bytes) -> Option<Mishap> {
        let request = reflect::to_json(method, Form::Request, message).unwrap_or(Value::Null);
        let key = request["key"]
            .as_str()
            .filter(|_| method.name == "KVGet")
            .map(str::to_owned);
        lock(&self.calls).push(ApiCall {
            method: method.name,
            request,
        });
        key.and_then(|key| lock(&self.mishaps).get(&key).cloned())
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
        self.memory.register(plugin, &mut inner);
        let inner = Arc::new(inner);
        for method in API.iter().filter(|method| inner.contains(method.path)) {
            let (recorder, inner) = (self.clone(), Arc::clone(&inner));
            methods.unary(method.path, move |call| {
                let (mishap, inner) = (recorder.arrived(method, &call.message), Arc::clone(&inner));
                async move {
                    match mishap {
                        None => inner.dispatch(call).await,
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
