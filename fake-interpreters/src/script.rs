//! What a fake does, as data: the JSON that lies beside the plugin as `fake.json`.
//!
//! Only types and what can be said about them without playing them. Unknown fields are refused everywhere, so that a
//! misspelt script cannot pass for a shorter one. How steps are played is in `play` and `serve`.

mod answer;
mod build;
mod http;
mod serve;
mod signal;
mod stream;
mod tls;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, ApiOrder, InBand, Refused, Repeated};
pub use build::{HANDSHAKE, HANDSHAKE_SECURED, HANDSHAKE_SECURED_UNIX};
pub use http::{HttpHead, HttpMessage, HttpStep, ServeHttp};
pub use serve::{Controller, Health, Implemented, OtherHooks, Piece, Serve, Stdio};
pub use signal::SignalName;
pub use stream::{Content, Flood, Repeat, Stream, Write};
pub use tls::{Alpn, Certificate, Client, Kept, Served, Tls, When, Written};
pub use wire::Wire;

/// Everything one fake does, over all its starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Where the journal is written; relative to the script's folder. Default: [`crate::journal::FILE`] beside the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<PathBuf>,
    /// The steps of every start. Not together with `starts`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The steps of the first start, the second start and so on; the last entry serves all later starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Vec<Step>>,
    /// After this time the fake ends itself with [`LIFETIME_OVER`], whatever it is doing. Default: [`LIFETIME_MS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_ms: Option<u64>,
}

/// No fake outlives a forgotten test by more than this, unless its script says so.
pub const LIFETIME_MS: u64 = 300_000;
/// Exit code of a fake whose lifetime is over.
pub const LIFETIME_OVER: i32 = 70;
/// Exit code of a fake whose script is missing, malformed or impossible.
pub const BAD_SCRIPT: i32 = 64;

impl Script {
    /// Reads a script and refuses what could not be played.
    pub fn parse(json: &str) -> Result<Self, ScriptError> {
        let script: Self = serde_json::from_str(json)?;
        script.check()?;
        Ok(script)
    }

    /// The script as it is written into `fake.json`.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The steps of the `start`-th start, counted from 1.
    pub fn steps_of(&self, start: u32) -> &[Step] {
        if self.starts.is_empty() {
            return &self.steps;
        }
        let index = usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX);
        &self.starts[index.min(self.starts.len() - 1)]
    }

    /// True when some start serves as a plugin under test.
    pub fn is_testee(&self) -> bool {
        self.all_steps()
            .any(|step| matches!(step, Step::Serve(serve) if serve.testee))
    }

    /// Refuses what the types allow and the player could not do.
    pub fn check(&self) -> Result<(), ScriptError> {
        if !self.steps.is_empty() && !self.starts.is_empty() {
            return Err(ScriptError::StepsAndStarts);
        }
        self.all_steps().try_for_each(Step::check)
    }

    fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.starts.iter().flatten().chain(&self.steps)
    }
}

/// One thing to do. Steps are played in order; a fake that serves goes on serving after its last step, any other ends with 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Writes bytes to stdout or stderr, unbuffered.
    Write(Write),
    /// Does nothing for a while.
    Sleep {
        /// For how many milliseconds.
        ms: u64,
    },
    /// Reserves a TCP address without listening on it yet; `{port}` and `{address}` are known from here on.
    Bind {
        /// The IP address to bind; default 127.0.0.1.
        #[serde(default = "loopback")]
        bind: String,
    },
    /// Listens, on the address of an earlier `bind` or on a fresh one. Connections wait until `serve` or `accept_mute`.
    Listen(Listen),
    /// Serves gRPC on the listener in the background.
    Serve(Box<Serve>),
    /// Accepts connections in the background and never answers on them.
    AcceptMute {},
    /// Stops listening; connections that exist stay.
    CloseListener {},
    /// Cuts all connections; whoever comes again is served.
    CutConnections {},
    /// Closes a standard stream: its pipe sees the end.
    Close {
        /// Which one.
        fd: Stream,
    },
    /// Ends the process.
    Exit {
        /// With this code.
        code: i32,
    },
    /// Sends a signal to itself.
    Raise {
        /// Which one.
        signal: SignalName,
    },
    /// Waits for ever.
    Hang {},
    /// Takes signals, writes them into the journal and goes on.
    Ignore {
        /// Which ones; KILL and STOP cannot be taken.
        signals: Vec<SignalName>,
    },
    /// Leaves a process behind, and goes on as soon as it is as described.
    Grandchild(Grandchild),
    /// Writes many lines to stdout or stderr.
    Flood(Flood),
    /// Waits until something has happened.
    WaitFor {
        /// `connection`, `stdio`, `health`, `shutdown`, `hook:NAME` (has arrived), `answered:NAME`, `http_request`, `api:NAME`, `signal:TERM`, `flooded`,
        /// `parent` (has died).
        event: String,
        /// How often it must have happened since the start of the fake; default once.
        #[serde(default = "once")]
        count: u32,
    },
    /// Calls the API that the host offers; the answer goes to the journal.
    Api(ApiOrder),
    /// Ends as a real plugin does when the host's magic cookie is missing or wrong.
    CheckCookie {
        /// Where the explanation goes; a real plugin uses stderr.
        #[serde(default = "stderr")]
        to: Stream,
        /// The exit code; a real plugin uses 1.
        #[serde(default = "one")]
        code: i32,
        /// Explains nothing.
        #[serde(default)]
        silent: bool,
    },
    /// Makes a file and leaves it there; ends with code 1 if it is there already.
    Lock {
        /// The file, relative to the working directory.
        file: PathBuf,
    },
    /// Ends with code 1 unless the environment is as demanded: what a plugin does that needs more than it may expect.
    DemandEnv(DemandEnv),
}

/// Where to listen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// TCP or a unix socket.
    #[serde(default)]
    pub network: Network,
    /// IP address for tcp (default 127.0.0.1), path for unix (default: a fresh one in the working directory).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// Leaves the socket file behind at the end instead of removing it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leave_file: bool,
}

/// The networks that a handshake line can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// A TCP port.
    #[default]
    Tcp,
    /// A unix socket.
    Unix,
}

/// A process that outlives the fake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grandchild {
    /// Keeps the fake's stdout and stderr open; otherwise it has none.
    #[serde(default)]
    pub holds_pipes: bool,
    /// Leaves the session and the process group.
    #[serde(default)]
    pub setsid: bool,
    /// Is started through a process in between that has ended: its parent is not the fake.
    #[serde(default)]
    pub double_fork: bool,
    /// Takes SIGTERM and goes on.
    #[serde(default)]
    pub ignore_term: bool,
    /// Ends by itself after so many seconds; default 60.
    #[serde(default = "a_minute")]
    pub seconds: u64,
}

impl Default for Grandchild {
    fn default() -> Self {
        Self {
            holds_pipes: false,
            setsid: false,
            double_fork: false,
            ignore_term: false,
            seconds: a_minute(),
        }
    }
}

/// What a (faulty) plugin wants of its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandEnv {
    /// Variables that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<String>,
    /// Variables that must not be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Variables that must have exactly this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub equal: BTreeMap<String, String>,
    /// Variables that must be numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numeric: Vec<String>,
    /// Names beginning with `PLUGIN_` or `MATTERMOST_` that are borne; any other with such a beginning is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Vec<String>>,
}

impl Step {
    fn check(&self) -> Result<(), ScriptError> {
        match self {
            Self::Write(write) => write.content().map(|_| ()),
            Self::Serve(serve) => serve.check(),
            Self::Api(order) => serve::check_method(&order.method),
            Self::Ignore { signals } => {
                match signals.iter().find(|signal| !signal.can_be_taken()) {
                    Some(signal) => Err(ScriptError::SignalCannotBeTaken(signal.name())),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Why a script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not JSON, or not of a script's form.
    #[error("the script is not well formed: {0}")]
    Json(#[from] serde_json::Error),
    /// Two ways to say what a start does.
    #[error("a script has either `steps` or `starts`, not both")]
    StepsAndStarts,
    /// A write step needs exactly one source of bytes.
    #[error("a write step has exactly one of `text`, `hex` and `repeat`, not {0}")]
    Content(usize),
    /// Hexadecimal text that is none.
    #[error("`{0}` is not hexadecimal text")]
    Hex(String),
    /// Not a hook of the contract.
    #[error("no hook is called `{0}`")]
    UnknownHook(String),
    /// Not a method of the API.
    #[error("no API method is called `{0}`")]
    UnknownMethod(String),
    /// KILL, STOP and SEGV.
    #[error("no process can take the signal {0}")]
    SignalCannotBeTaken(&'static str),
    /// A fault outside of a testee would be played by nobody.
    #[error("the fault `{0}` needs `testee`: true")]
    FaultWithoutTestee(&'static str),
    /// A fault whose deviation is in the steps would be played by nobody.
    #[error("the fault `{0}` is one of steps, not of serving; see Fault::script")]
    FaultOfSteps(&'static str),
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

fn once() -> u32 {
    1
}

fn one() -> i32 {
    1
}

fn stderr() -> Stream {
    Stream::Stderr
}

fn a_minute() -> u64 {
    60
}
