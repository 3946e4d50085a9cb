//! A stand-in for the Mattermost server behind the plugin API, in memory: what it answers is what the real server answers.
//!
//! Its state belongs to it and not to a plugin's process, so it survives crashes and restarts. Methods that it does not
//! have are left to the API server, which answers them with 501.

mod refusal;

mod kv;

mod log;

mod system;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use plugin_proto::{InBandError, Methods, Rpc};

pub use log::LogRecord;
pub use refusal::Refusal;
pub use system::WebSocketEvent;

use crate::api::Backend;
use crate::ids::PluginId;

/// Tells the time in milliseconds since 1970, as all times of the contract are.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Joins the names of API methods to plain functions `fn(&mut Tables, &PluginId, Request) -> Result<Response, Refusal>`.
macro_rules! handlers {
    ($methods:ident, $store:ident, $caller:ident; $($name:ident => $function:path),* $(,)?) => {
        $( crate::memory::answer::<plugin_proto::api::$name>($methods, $store, $caller, $function); )*
    };
}
use handlers;

/// Facts about the server that plugins may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// `major.minor.patch`.
    pub version: String,
    /// Whether the build is an enterprise build.
    pub enterprise_ready: bool,
}

impl Default for ServerFacts {
    fn default() -> Self {
        Self {
            version: "11.2.0".to_owned(),
            enterprise_ready: false,
        }
    }
}

/// The stand-in; cheap to clone, all clones share their state.
#[derive(Debug, Clone)]
pub struct Memory {
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    tables: Mutex<Tables>,
}

/// Everything that is remembered.
pub(crate) struct Tables {
    clock: Clock,
    facts: ServerFacts,
    kv: BTreeMap<PluginId, kv::Pairs>,
    logs: VecDeque<LogRecord>,
    websocket_events: VecDeque<WebSocketEvent>,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("facts", &self.facts)
            .field("kv", &self.kv)
            .finish_non_exhaustive()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(ServerFacts::default(), Arc::new(wall_clock))
    }
}

impl Memory {
    /// A stand-in that knows nothing yet.
    pub fn new(facts: ServerFacts, clock: Clock) -> Self {
        Self {
            store: Arc::new(Store {
                tables: Mutex::new(Tables {
                    clock,
                    facts,
                    kv: BTreeMap::new(),
                    logs: VecDeque::new(),
                    websocket_events: VecDeque::new(),
                }),
            }),
        }
    }

    /// What plugins logged through the API, oldest first; the last few thousand records.
    pub fn logs(&self) -> Vec<LogRecord> {
        self.store.lock().logs.iter().cloned().collect()
    }

    /// The websocket events that plugins published, oldest first; the last few thousand.
    pub fn websocket_events(&self) -> Vec<WebSocketEvent> {
        self.store.lock().websocket_events.iter().cloned().collect()
    }
}

impl Backend for Memory {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        kv::register(methods, &self.store, plugin);
        log::register(methods, &self.store, plugin);
        system::register(methods, &self.store, plugin);
    }
}

impl Store {
    /// A handler that panicked has at worst left its own write undone; the next one goes on.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn now(&self) -> i64 {
        (self.clock)()
    }
}

/// Keeps the newest records and forgets the oldest.
fn remember<T>(records: &mut VecDeque<T>, record: T) {
    const RECORDS: usize = 4096;
    if records.len() == RECORDS {
        records.pop_front();
    }
    records.push_back(record);
}

/// What one method does.
type Handle<R> =
    fn(&mut Tables, &PluginId, <R as Rpc>::Request) -> Result<<R as Rpc>::Response, Refusal>;

fn answer<R>(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId, handle: Handle<R>)
where
    R: Rpc,
    R::Response: InBandError,
{
    let (store, caller) = (store.clone(), caller.clone());
    methods.typed::<R, _, _>(move |request| {
        let answer = handle(&mut store.lock(), &caller, request)
            .unwrap_or_else(|refusal| R::Response::from_error(refusal.into_error(R::METHOD.name)));
        async move { Ok(answer) }
    });
}

fn wall_clock() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
