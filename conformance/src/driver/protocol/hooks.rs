//! What is set about hooks, and the answers to `ask`, `fan_out`, `cancel` and `metrics`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an administrator decides about hooks. What is absent keeps the host's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookSettings {
    /// By hook that decides about something: `open` lets pass what it could not be asked about, `closed` does not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub failure: BTreeMap<String, String>,
    /// What an answer to `MessagesWillBeConsumed` means: `replace_by_id` or `answer_is_all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumed: Option<String>,
    /// How many calls one plugin gets at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// By API method: the hook of the calling plugin that is called, with an empty request, before the method is answered. So do
    /// servers whose methods have hooks of their own: a post that a plugin creates is shown to plugins first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub in_api: BTreeMap<String, String>,
}

/// A limit on calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// So many are under way.
    pub concurrent: usize,
    /// So many more may wait; the next one fails at once.
    pub queued: usize,
}

/// The answer to `ask` and to `fan_out`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FannedOut {
    /// The plugins that were asked, in their order.
    pub plugins: Vec<Part>,
    /// The request as it is to be taken now, in proto field names.
    pub request: Value,
    /// Whether the last of them said no, so that what was asked about does not happen.
    pub stopped: bool,
    /// Why, if that was a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    /// The error that the caller of a hook is given that can fail, in proto field names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// For `OnSharedChannelsPing`: whether the remote counts as healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
}

impl FannedOut {
    /// Why what was asked about does not happen, if a rejection stopped it.
    pub fn why_not(&self) -> Option<&str> {
        self.rejection.as_deref().filter(|_| self.stopped)
    }
}

/// One plugin's part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// The plugin's id.
    pub plugin: String,
    /// `passed`, `changed`, `rejected`, `refused`, `failed` or, from `ask` alone, `not_implemented`.
    pub outcome: String,
    /// The response in proto field names, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
    /// For failed calls a stable word: `deadline`, `unavailable`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The answer to `cancel`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cancelled {
    /// False if the order was not under way.
    pub cancelled: bool,
}

/// The answer to `metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// What was counted.
    pub samples: Vec<Sample>,
    /// The same as a scrape would be answered.
    pub text: String,
}

/// Calls of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// `hook`, `api`, `turn` (one plugin's part of a fan-out) or `fan_out`.
    pub kind: String,
    /// The plugin; absent for whole fan-outs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The hook or method.
    pub name: String,
    /// Whether these are the successes or the others.
    pub success: bool,
    /// How many there were.
    pub count: u64,
    /// How many nanoseconds they took together.
    pub sum_ns: u64,
}
