//! What a subject can claim to do, in the words of `conformance.json`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the contract that a subject claims or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 5] = [
        Profile::Handshake,
        Profile::Lifecycle,
        Profile::Hooks,
        Profile::Api,
        Profile::Crash,
    ];

    /// The word in `conformance.json` and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Handshake => "handshake",
            Profile::Lifecycle => "lifecycle",
            Profile::Hooks => "hooks",
            Profile::Api => "api",
            Profile::Crash => "crash",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
