//! The first order, `hello`, and its answer: what a driver says of its host before anything is asked of it.
//!
//! What is not claimed is not applicable. What is claimed and then answered with `unsupported` fails.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Order, TIMING};

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The kind of a refusal that says: this driver does not know the order.
pub const UNSUPPORTED: &str = "unsupported";

/// The orders that every driver obeys. All others are claimed or left out.
pub const MINIMAL: [&str; 10] = [
    "hello",
    "configure",
    "activate",
    "hook",
    "health",
    "status",
    "wait_exit",
    "deactivate",
    "restart",
    "shutdown",
];

/// Parts of `configure` beside `timing_ms`.
pub const SETTINGS: [&str; 9] = [
    "pass_env",
    "log_level",
    "health",
    "api",
    "failure",
    "consumed",
    "calls",
    "in_api",
    "auto_mtls",
];

/// The events that something is judged by.
pub const EVENTS: [&str; 5] = ["log", "health", "plugin_failed", "api_log", "websocket"];

/// Something that a host has or does not have, beside its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// It serves the API that plugins call, and tells them where.
    Api,
    /// It reads the manifest, and finds the interpreter and the script by it.
    Manifest,
    /// It tells plugins their id, folder, hook timeout and log level in variables of Mattermost's names.
    Variables,
    /// It reads and writes the messages of hooks. Without it requests and responses are base64 of their bytes.
    Messages,
}

impl Feature {
    /// All of them.
    pub const ALL: [Feature; 4] = [
        Feature::Api,
        Feature::Manifest,
        Feature::Variables,
        Feature::Messages,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Feature::Api => "api",
            Feature::Manifest => "manifest",
            Feature::Variables => "variables",
            Feature::Messages => "messages",
        }
    }
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol that the driver speaks.
    pub protocol: u32,
    /// The host's name and version, as a person would write them.
    pub host: String,
    /// The orders that it obeys, [`MINIMAL`] among them.
    pub orders: BTreeSet<String>,
    /// The bounds that it lets be set, of [`TIMING`].
    #[serde(default)]
    pub timing: BTreeSet<String>,
    /// What else can be configured, of [`SETTINGS`].
    #[serde(default)]
    pub settings: BTreeSet<String>,
    /// The events that it tells, of [`EVENTS`] and others.
    #[serde(default)]
    pub events: BTreeSet<String>,
    /// What else it has.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
}

/// Why the answer to `hello` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It speaks another protocol.
    #[error("it speaks version {0} of the protocol, and this suite version {VERSION}")]
    Version(u32),
    /// An order that every driver has is missing.
    #[error("it does not claim the order {0:?}, which every driver obeys")]
    Missing(&'static str),
    /// A claim that is none.
    #[error("it claims {word:?} among its {among}; known are: {}", .known.join(", "))]
    Unknown {
        /// Which of the claims it is.
        among: &'static str,
        /// The word.
        word: String,
        /// What it could have been.
        known: Vec<&'static str>,
    },
}

impl Hello {
    /// Everything that the protocol has.
    pub fn all(host: &str) -> Hello {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Hello {
            protocol: VERSION,
            host: host.to_owned(),
            orders: words(&Order::WORDS),
            timing: words(&TIMING),
            settings: words(&SETTINGS),
            events: words(&EVENTS),
            features: Feature::ALL.into(),
        }
    }

    /// Whether the claims can be used.
    ///
    /// # Errors
    /// When they cannot, with the first claim that is wrong.
    pub fn check(&self) -> Result<(), HelloError> {
        if self.protocol != VERSION {
            return Err(HelloError::Version(self.protocol));
        }
        if let Some(missing) = MINIMAL.iter().find(|word| !self.orders.contains(**word)) {
            return Err(HelloError::Missing(missing));
        }
        let claims: [(&'static str, &BTreeSet<String>, &[&'static str]); 3] = [
            ("orders", &self.orders, &Order::WORDS),
            ("timing", &self.timing, &TIMING),
            ("settings", &self.settings, &SETTINGS),
        ];
        for (among, claimed, known) in claims {
            if let Some(word) = claimed.iter().find(|word| !known.contains(&word.as_str())) {
                return Err(HelloError::Unknown {
                    among,
                    word: word.clone(),
                    known: known.to_vec(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(order: &str) -> Hello {
        let mut hello = Hello::all("a host");
        hello.orders.remove(order);
        hello
    }

    #[test]
    fn claims_are_looked_at_word_by_word() {
        assert_eq!(Hello::all("a host").check(), Ok(()));
        assert_eq!(without("fan_out").check(), Ok(()));
        for order in MINIMAL {
            assert_eq!(without(order).check(), Err(HelloError::Missing(order)));
        }
        let mut other = Hello::all("a host");
        other.protocol = 2;
        assert_eq!(other.check(), Err(HelloError::Version(2)));
        let spoil: [fn(&mut Hello) -> &mut BTreeSet<String>; 3] = [
            |hello| &mut hello.orders,
            |hello| &mut hello.timing,
            |hello| &mut hello.settings,
        ];
        for claims in spoil {
            let mut hello = Hello::all("a host");
            claims(&mut hello).insert("dance".to_owned());
            assert!(
                matches!(hello.check(), Err(HelloError::Unknown { word, .. }) if word == "dance")
            );
        }
    }

    #[test]
    fn features_have_one_word() {
        for feature in Feature::ALL {
            let word = serde_json::to_value(feature).unwrap();
            assert_eq!(word, feature.word());
        }
    }
}
