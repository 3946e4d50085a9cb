//! What the orders about all plugins answer: scans, listings, removals, configuration changes; and how plugins are looked after.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Called, Ended};

/// How running plugins are looked after. What is absent keeps the host's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// From one check of a plugin to its next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<u64>,
    /// How often a plugin is asked in one check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pings: Option<u32>,
    /// With so many failures within the window it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<usize>,
    /// The window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    /// The pause before the first restart; it doubles with each failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_ms: Option<u64>,
    /// The longest pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_cap_ms: Option<u64>,
}

/// The answer to `scan`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scanned {
    /// The plugins, in the order of their ids.
    pub found: Vec<Place>,
    /// Folders that hold no usable plugin.
    pub broken: Vec<Broken>,
    /// Ids that several folders have.
    pub twins: BTreeMap<String, Vec<PathBuf>>,
}

/// A plugin in a folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The plugin's id.
    pub plugin: String,
    /// Its folder.
    pub dir: PathBuf,
}

/// A folder that holds no usable plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Broken {
    /// The folder.
    pub dir: PathBuf,
    /// A stable word for the defect, `manifest.missing`.
    pub kind: String,
    /// The host's own words.
    pub message: String,
}

/// The answer to `plugins`: every plugin that is known, in the order of the ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plugins {
    /// The plugins.
    pub plugins: Vec<Listed>,
}

/// One plugin of a listing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listed {
    /// The plugin's id.
    pub plugin: String,
    /// The state's word.
    pub state: String,
    /// Why it is in that state, if something went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its folder.
    pub dir: PathBuf,
    /// Its process, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How long it has been running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_ms: Option<f64>,
    /// How often the host brought it back by itself.
    pub restarts: u64,
    /// The last end of one of its processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_exit: Option<Ended>,
    /// The last lines that this process wrote to stderr.
    pub stderr_tail: Vec<String>,
}

/// The answer to `remove`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Removed {
    /// Whether it had to be stopped.
    pub stopped: bool,
}

/// The answer to `configuration_changed`: what each plugin answered that was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configured {
    /// By plugin.
    pub answers: BTreeMap<String, Called>,
}
