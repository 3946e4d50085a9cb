//! What a subject can claim to do, in the words of `conformance.json`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of the contract that a subject claims or does not.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// It starts and announces itself. Claimed by every plugin; judged even if the plugin never became ready.
    Handshake,
    /// It is activated, checked and stopped.
    Lifecycle,
    /// It answers hooks by the orders of TESTEE.md.
    Hooks,
    /// It calls the API by those orders.
    Api,
    /// It is killed and started again.
    Crash,
    /// It answers HTTP requests.
    Http,
    /// It does so piece by piece, in both directions.
    Stream,
    /// It encrypts, if its host asks for that.
    Tls,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 8] = [
        Profile::Handshake,
        Profile::Lifecycle,
        Profile::Hooks,
        Profile::Api,
        Profile::Crash,
        Profile::Http,
        Profile::Stream,
        Profile::Tls,
    ];

    /// The word in `conformance.json` and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Handshake => "handshake",
            Profile::Lifecycle => "lifecycle",
            Profile::Hooks => "hooks",
            Profile::Api => "api",
            Profile::Crash => "crash",
            Profile::Http => "http",
            Profile::Stream => "stream",
            Profile::Tls => "tls",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
