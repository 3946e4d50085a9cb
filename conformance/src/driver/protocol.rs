//! The driver protocol: JSON lines by which a suite makes a host do things and learns what came of it.
//!
//! Types only, shared by our driver and the suite's client, so that neither can misspell the other. One request per line on stdin, one
//! answer per request on stdout; answers may overtake each other, and events may stand between them. The end of stdin is an orderly
//! shutdown. A word of a host's own (a kind, a state) is free text here; what it has to be is for the requirements to say.

pub mod api;
pub mod environment;
pub mod hello;
pub mod hooks;
pub mod http;
mod wording;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The variable by which a driver is told the `--timeout-scale` of its run.
pub const SCALE_VARIABLE: &str = "CONFORMANCE_TIMEOUT_SCALE";

/// One order with the number that its answer repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The number; no two orders of one driver have the same.
    pub id: u64,
    /// What to do.
    #[serde(flatten)]
    pub order: Order,
}

/// What a driver can be asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Order {
    /// Asks what the driver claims; the very first order, answered by [`hello::Hello`].
    Hello {},
    /// Sets what an administrator sets; before any order but `hello`, if it comes at all.
    Configure(Configuration),
    /// Starts the plugin in a folder; answered by [`Activated`] when `OnActivate` was answered.
    Activate {
        /// The plugin's folder.
        dir: PathBuf,
    },
    /// Calls a hook; answered by [`Called`].
    Hook {
        /// The plugin's id.
        plugin: String,
        /// The hook's name.
        hook: String,
        /// The request in proto field names.
        #[serde(default)]
        request: Value,
    },
    /// Hands an HTTP request to a plugin; answered by [`http::Http`] when the answer has ended.
    Http(http::HttpOrder),
    /// Opens the host's HTTP front on a port of 127.0.0.1; answered by [`http::FrontOpened`].
    Front(http::FrontOrder),
    /// Closes the front again; answered by [`http::FrontClosed`].
    CloseFront {
        /// How long requests that are under way have to end.
        within_ms: u64,
    },
    /// Checks the health of a plugin now; answered by [`Health`].
    Health {
        /// The plugin's id.
        plugin: String,
    },
    /// Asks for the state of a plugin; answered by [`Status`].
    Status {
        /// The plugin's id.
        plugin: String,
    },
    /// Waits until the process of a plugin has ended; answered by [`Ended`].
    WaitExit {
        /// The plugin's id.
        plugin: String,
        /// For how long at most.
        within_ms: u64,
    },
    /// Stops a plugin; answered by [`Stopped`].
    Deactivate {
        /// The plugin's id.
        plugin: String,
    },
    /// Stops a plugin, if it still runs, and starts it again; answered by [`Activated`].
    Restart {
        /// The plugin's id.
        plugin: String,
    },
    /// Looks into a folder of plugins; answered by [`environment::Scanned`].
    Scan {
        /// The folder.
        dir: PathBuf,
    },
    /// Starts a plugin that the latest scan found; answered by [`Activated`].
    ActivateId {
        /// The plugin's id.
        plugin: String,
    },
    /// Lists all plugins that are known; answered by [`environment::Plugins`].
    Plugins {},
    /// Stops a plugin and forgets it; answered by [`environment::Removed`].
    Remove {
        /// The plugin's id.
        plugin: String,
        /// Whether its folder is deleted, too.
        #[serde(default)]
        delete: bool,
    },
    /// Tells all running plugins of a changed configuration; answered by [`environment::Configured`].
    ConfigurationChanged {},
    /// Looks after running plugins from now on, or no more; answered by an empty object.
    Supervise {
        /// Which of the two.
        on: bool,
    },
    /// Asks one plugin and says what its answer, or that there is none, means; answered by [`hooks::FannedOut`].
    Ask {
        /// The plugin's id.
        plugin: String,
        /// The hook's name.
        hook: String,
        /// The request in proto field names.
        #[serde(default)]
        request: Value,
    },
    /// Asks all plugins that have a hook; answered by [`hooks::FannedOut`].
    FanOut {
        /// The hook's name.
        hook: String,
        /// The request in proto field names.
        #[serde(default)]
        request: Value,
    },
    /// Goes away from an order that is under way, as a caller does that does not want the answer any more; answered by
    /// [`hooks::Cancelled`]. The order itself fails with `order.cancelled`.
    Cancel {
        /// The number of the order.
        order: u64,
    },
    /// Asks what was counted; answered by [`hooks::Metrics`].
    Metrics {},
    /// Stops everything and ends the driver after the answer.
    Shutdown {},
}

impl Order {
    /// The words of all orders.
    pub const WORDS: [&str; 23] = [
        "hello",
        "configure",
        "activate",
        "hook",
        "http",
        "front",
        "close_front",
        "health",
        "status",
        "wait_exit",
        "deactivate",
        "restart",
        "scan",
        "activate_id",
        "plugins",
        "remove",
        "configuration_changed",
        "supervise",
        "ask",
        "fan_out",
        "cancel",
        "metrics",
        "shutdown",
    ];

    /// The word on the wire.
    pub fn word(&self) -> &'static str {
        match self {
            Order::Hello {} => "hello",
            Order::Configure(_) => "configure",
            Order::Activate { .. } => "activate",
            Order::Hook { .. } => "hook",
            Order::Http(_) => "http",
            Order::Front(_) => "front",
            Order::CloseFront { .. } => "close_front",
            Order::Health { .. } => "health",
            Order::Status { .. } => "status",
            Order::WaitExit { .. } => "wait_exit",
            Order::Deactivate { .. } => "deactivate",
            Order::Restart { .. } => "restart",
            Order::Scan { .. } => "scan",
            Order::ActivateId { .. } => "activate_id",
            Order::Plugins {} => "plugins",
            Order::Remove { .. } => "remove",
            Order::ConfigurationChanged {} => "configuration_changed",
            Order::Supervise { .. } => "supervise",
            Order::Ask { .. } => "ask",
            Order::FanOut { .. } => "fan_out",
            Order::Cancel { .. } => "cancel",
            Order::Metrics {} => "metrics",
            Order::Shutdown {} => "shutdown",
        }
    }
}

/// What an administrator sets. What is absent keeps the host's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Bounds in milliseconds, by the names of [`TIMING`]; `hook.NAME` is the bound of one hook.
    pub timing_ms: BTreeMap<String, u64>,
    /// Variables of the host's own environment that plugins may see.
    pub pass_env: Vec<String>,
    /// The log level that plugins are told.
    pub log_level: Option<String>,
    /// How running plugins are looked after, once that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<environment::Watch>,
    /// The API that plugins call.
    #[serde(skip_serializing_if = "api::ApiSettings::is_default")]
    pub api: api::ApiSettings,
    /// Whether plugins are asked for AutoMTLS.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_mtls: bool,
    /// What is decided about hooks.
    #[serde(flatten)]
    pub hooks: hooks::HookSettings,
}

/// The bounds that can be set: from spawn to handshake, to the connection, of each call, and of each step of a stop.
pub const TIMING: [&str; 13] = [
    "start",
    "connect",
    "implemented",
    "hook",
    "health",
    "shutdown_rpc",
    "exit_after_shutdown",
    "term_grace",
    "kill",
    "drain",
    "api_close",
    "deactivate",
    "shutdown",
];

/// What a driver writes: an answer or an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// An order was carried out.
    Done {
        /// The number of the order.
        id: u64,
        /// What came of it.
        ok: Value,
    },
    /// An order failed.
    Failed {
        /// The number of the order.
        id: u64,
        /// Why.
        error: Refusal,
    },
    /// Something happened by itself.
    Event(Event),
}

/// Why an order failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// A stable word for the defect, `handshake.core_version`.
    pub kind: String,
    /// The host's own words.
    pub message: String,
    /// What a Go host says in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub go: Option<String>,
    /// What was known when it happened.
    pub detail: Box<Detail>,
}

/// What a host knows about a failed start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The exit code, if the process has exited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The last lines of stderr.
    pub stderr_tail: Vec<String>,
    /// How many bytes stdout had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout_bytes: Option<u64>,
    /// The first line of stdout as printable ASCII.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_line: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<f64>,
    /// How long it might have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<f64>,
}

/// The answer to `activate` and `restart`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Activated {
    /// The plugin's id.
    pub plugin: String,
    /// False if it ran already.
    pub started: bool,
    /// The process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The hooks that will be called.
    pub hooks: Vec<String>,
}

/// The answer to `hook`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Called {
    /// The plugin answered.
    Answered {
        /// The response in proto field names.
        response: Value,
    },
    /// The plugin answered with an error in band.
    Refused {
        /// The `AppError` in proto field names.
        error: Value,
    },
    /// The plugin does not implement the hook; nothing was sent.
    NotImplemented {},
    /// There was no usable answer.
    Failed {
        /// A stable word: `deadline`, `unavailable`, `status`, ….
        kind: String,
        /// The host's own words.
        message: String,
    },
}

/// The answer to `health`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Whether the plugin counts as healthy.
    pub healthy: bool,
    /// `SERVING`, `NOT_SERVING`, or a word for what went wrong.
    pub status: String,
}

/// The answer to `status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The state's word.
    pub state: String,
    /// Why it is in that state, if something went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The answer to `wait_exit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ended {
    /// Whether the process has ended.
    pub exited: bool,
    /// Its exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

/// The answer to `deactivate`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stopped {
    /// False if there was nothing to stop.
    pub stopped: bool,
    /// What was done, in order.
    pub steps: Vec<StopStep>,
}

/// One step of a stop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopStep {
    /// A stable word: `on_deactivate`, `shutdown`, `terminate`, `kill`, ….
    pub step: String,
    /// A stable word for what came of it.
    pub outcome: String,
    /// How long it took.
    pub took_ms: f64,
}

/// Something that happened by itself. A host that tells nothing leaves the requirements about it inconclusive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened: `log`, `health`, `exited`, `spawned`, ….
    pub event: String,
    /// Whose event it is.
    #[serde(default)]
    pub plugin: String,
    /// What belongs to it.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Event {
    /// A field as text, empty if there is none.
    pub fn text(&self, field: &str) -> &str {
        self.fields
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
