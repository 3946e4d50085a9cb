//! A stand-in for the Mattermost server behind the plugin API, in memory: what it answers is what the real server answers.
//!
//! Every area is a file: plain functions over `Tables`, joined to the names of the API's methods by `handlers!`; methods that
//! wait for plugins are joined by `acts!` (`act`). What an action tells plugins is in the outbox when the lock is given back, and is
//! told then (`outbox`): the lock is never held over a call.
//!
//! Its state belongs to it and not to a plugin's process, so it survives crashes and restarts; with a file it survives those of the
//! host, too: rows note that they changed (`rows`), and what a step changed is written before it is answered (`keeper`). Methods that it does not
//! have are left to the API server, which answers them with 501. Where it knows better than to be like the real server is listed in
//! `core/MEMORY.md`.

mod refusal;

mod fresh;

mod page;

mod rows;

mod journal;

mod keeper;

mod installation;

mod config;

mod websocket;

mod names;

mod roles;

mod picture;

pub mod trigger;

mod outbox;

mod act;

mod kv;

mod log;

mod system;

mod preference;

mod user;

mod status;

mod session;

mod team;

mod channel;

mod sidebar;

mod permission;

mod post;

mod ephemeral;

mod reaction;

mod emoji;

mod file;

mod bot;

mod ticket;

mod command;

mod switches;

mod configuration;

mod plugin;

mod oauth;

mod group;

mod shared_channel;

mod property;

mod outbound;

mod tables;

mod store;

mod fixture;

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use plugin_proto::{Call, InBandError, Methods, Rpc};
use prost::Message as _;
use tokio::sync::watch;
use tonic::Status;

pub use fixture::{FixtureError, Loaded};
pub use journal::Unreadable;
pub use keeper::{NotKept, StoreError};
pub use log::LogRecord;
pub use outbound::{ClusterEvent, Mail};
pub use refusal::Refusal;
pub use websocket::WebSocketEvent;

use crate::api::chain::{Chains, DEFAULT_LIMIT};
use crate::api::{Backend, Plugins};
use crate::ids::PluginId;
use act::Act;
use journal::Kept;
use keeper::Keeper;
use store::Store;
use tables::Tables;

/// Hears what plugins log through the API.
pub type OnLog = Arc<dyn Fn(&LogRecord) + Send + Sync>;

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

/// What a stand-in is made of.
#[derive(Clone)]
pub struct Making {
    /// Facts that plugins may ask for.
    pub facts: ServerFacts,
    /// The time.
    pub clock: Clock,
    /// What ids and tokens are made from: the same seed, the same ids. At random by default.
    pub seed: u64,
    /// How many hooks a chain of API calls and hooks may have, before it is stopped.
    pub chain_limit: usize,
}

impl Default for Making {
    fn default() -> Self {
        Self {
            facts: ServerFacts::default(),
            clock: Arc::new(wall_clock),
            seed: fresh::random_seed(),
            chain_limit: DEFAULT_LIMIT,
        }
    }
}

impl fmt::Debug for Making {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Making")
            .field("facts", &self.facts)
            .field("seed", &self.seed)
            .field("chain_limit", &self.chain_limit)
            .finish_non_exhaustive()
    }
}

/// The stand-in; cheap to clone, all clones share their state.
#[derive(Debug, Clone)]
pub struct Memory {
    store: Arc<Store>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of(Making::default())
    }
}

impl Memory {
    /// A stand-in that knows nothing yet.
    pub fn new(facts: ServerFacts, clock: Clock) -> Self {
        Self::of(Making {
            facts,
            clock,
            ..Making::default()
        })
    }

    /// A stand-in that knows nothing yet.
    pub fn of(making: Making) -> Self {
        let chain_limit = making.chain_limit;
        Self::with(Tables::new(making), None, chain_limit)
    }

    /// A stand-in that knows what is in a file, and keeps what it learns there; a file that there is not is made. Whoever is answered
    /// by it can rely on the file, also if the host is killed the moment after.
    ///
    /// # Errors
    /// When the file is something else, of a newer version, damaged or in use. It is not changed then.
    pub fn open(making: Making, path: &Path) -> Result<Self, StoreError> {
        let (chain_limit, seed) = (making.chain_limit, making.seed);
        let (keeper, found) = Keeper::open(path)?;
        let mut tables = Tables::blank(making);
        tables.kept().for_each(Kept::begin);
        tables.restore(path, found)?;
        tables.begin(seed);
        let memory = Self::with(tables, Some(keeper), chain_limit);
        // With the lock goes what the beginning changed.
        drop(memory.store.lock());
        Ok(memory)
    }

    /// Waits until all that was done is in the file, and closes it; without a file there is nothing to do. What is done afterwards is
    /// not kept, and answered with an error.
    ///
    /// # Errors
    /// When something could not be written.
    pub async fn close(&self) -> Result<(), NotKept> {
        match &self.store.keeper {
            Some(keeper) => keeper.close().await,
            None => Ok(()),
        }
    }

    fn with(tables: Tables, keeper: Option<Keeper>, chain_limit: usize) -> Self {
        Self {
            store: Arc::new(Store {
                tables: Mutex::new(tables),
                keeper,
                plugins: OnceLock::new(),
                chains: Chains::new(chain_limit),
                background: watch::Sender::default(),
            }),
        }
    }

    /// What plugins logged through the API, oldest first; the last few thousand records.
    pub fn logs(&self) -> Vec<LogRecord> {
        self.store.lock().logs.iter().cloned().collect()
    }

    /// From now on this hears of each record that a plugin logs through the API, at once and in order. It must not wait for anything.
    pub fn on_log(&self, hear: OnLog) {
        self.store.lock().on_log = Some(hear);
    }

    /// The websocket events that would have gone out, plugins' and the server's own, oldest first; the last few thousand.
    pub fn websocket_events(&self) -> Vec<WebSocketEvent> {
        self.store.lock().websocket.events()
    }

    /// Changes the server's configuration as an administrator would by editing its file: no plugin is asked or told.
    pub fn configure(&self, change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
        change(self.store.lock().config.document_mut());
    }

    /// How many users there may be at most; without a licence, the server has such a limit.
    pub fn limit_users(&self, limit: Option<usize>) {
        self.store.lock().user_limit = limit;
    }

    /// Gives the server an emoji of its own, as a user would; its id. No plugin can.
    ///
    /// # Errors
    /// When the name is none for an emoji, or another emoji's.
    pub fn add_emoji(
        &self,
        creator_id: &str,
        name: &str,
        image: bytes::Bytes,
    ) -> Result<String, Refusal> {
        emoji::add(&mut self.store.lock(), creator_id, name, image).map(|emoji| emoji.id)
    }

    /// Deletes an emoji of the server's own.
    pub fn remove_emoji(&self, id: &str) {
        emoji::remove(&mut self.store.lock(), id);
    }

    /// Waits until nothing that API calls led to goes on in the background. Not for a handler: it would wait for itself.
    pub async fn settled(&self) {
        let mut background = self.store.background.subscribe();
        // The sender is in the store, which outlives this borrow.
        let _ = background.wait_for(|running| *running == 0).await;
    }
}

impl Backend for Memory {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        let areas = [
            user::register,
            status::register,
            session::register,
            permission::register,
            team::register,
            channel::register,
            sidebar::register,
            post::register,
            ephemeral::register,
            reaction::register,
            emoji::register,
            file::register,
            bot::register,
            command::register,
            configuration::register,
            plugin::register,
            oauth::register,
            group::register,
            shared_channel::register,
            property::register,
            outbound::register,
            kv::register,
            log::register,
            preference::register,
            system::register,
        ];
        for register in areas {
            register(methods, &self.store, plugin);
        }
    }

    fn attach(&self, plugins: Arc<dyn Plugins>) {
        if self.store.plugins.set(plugins).is_err() {
            tracing::warn!("a second host uses this backend; hooks go to the plugins of the first");
        }
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
    methods.unary(R::METHOD.path, move |call| {
        let answer = Act::begin(&store, &caller, R::METHOD, &call).map(|act| {
            let request = decode::<R>(&call)?;
            let caller = act.caller().clone();
            let answer = act.with(|tables| handle(tables, &caller, request));
            Ok(encode::<R>(answer))
        });
        let store = store.clone();
        async move {
            let answer = match answer {
                Ok(answer) => store.kept(R::METHOD).await.map(|()| answer),
                Err(error) => Err(error),
            };
            answer.unwrap_or_else(|error| Ok(crate::in_band::encode(*error)))
        }
    });
}

fn decode<R: Rpc>(call: &Call) -> Result<R::Request, Status> {
    R::Request::decode(call.message.clone()).map_err(|error| {
        Status::invalid_argument(format!("{} does not decode: {error}", R::METHOD.request))
    })
}

fn encode<R>(answer: Result<R::Response, Refusal>) -> bytes::Bytes
where
    R: Rpc,
    R::Response: InBandError,
{
    let named = |refusal: Refusal| R::Response::from_error(refusal.into_error(R::METHOD.name));
    answer.unwrap_or_else(named).encode_to_vec().into()
}

fn wall_clock() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
