//! How often hooks, API methods and fan-outs were called, with what success, and how long they took.
//!
//! Counting costs a look-up by index and three atomic additions: no lock, and no allocation after a method's first call.
//! Success is the truth: an error in band, a failed call and a call whose caller went away are none, whatever the hook's
//! shape. A hook that the plugin does not have is not called, and so not counted.
//!
//! What this does not do: serve anything. A [`Snapshot`] is data, and [`Snapshot::to_prometheus`] text.

pub mod prometheus;

pub mod series;

mod open;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plugin_proto::{API, HOOKS, Method};
use serde::Serialize;

use crate::ids::PluginId;
pub(crate) use crate::metrics::open::Open;
use crate::metrics::series::Calls;
pub use crate::metrics::series::{BOUNDS, Histogram};

/// The counters of a host; cheap to clone. They outlive the plugins' processes.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    plugins: Mutex<BTreeMap<PluginId, Arc<PluginMetrics>>>,
    fan_outs: Calls,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            plugins: Mutex::default(),
            fan_outs: Calls::of(HOOKS),
        }
    }
}

/// The counters of one plugin.
#[derive(Debug)]
pub struct PluginMetrics {
    hooks: Calls,
    api: Calls,
    fan_outs: Calls,
}

impl PluginMetrics {
    fn new() -> Self {
        Self {
            hooks: Calls::of(HOOKS),
            api: Calls::of(API),
            fan_outs: Calls::of(HOOKS),
        }
    }

    /// A hook of the plugin was called.
    pub fn hook(&self, hook: &Method, success: bool, took: Duration) {
        self.hooks.count(hook, success, took);
    }

    /// The plugin called an API method.
    pub fn api(&self, method: &Method, success: bool, took: Duration) {
        self.api.count(method, success, took);
    }

    /// The plugin had its turn in a fan-out.
    pub fn turn(&self, hook: &Method, success: bool, took: Duration) {
        self.fan_outs.count(hook, success, took);
    }
}

impl Metrics {
    /// The counters of one plugin, the same for all its starts.
    pub fn of(&self, plugin: &PluginId) -> Arc<PluginMetrics> {
        let mut plugins = self.plugins();
        if let Some(metrics) = plugins.get(plugin) {
            return Arc::clone(metrics);
        }
        let metrics = Arc::new(PluginMetrics::new());
        plugins.insert(plugin.clone(), Arc::clone(&metrics));
        metrics
    }

    /// A hook went to all plugins that have it; a success if none of them failed.
    pub fn fan_out(&self, hook: &Method, success: bool, took: Duration) {
        self.shared.fan_outs.count(hook, success, took);
    }

    /// What was counted so far.
    pub fn snapshot(&self) -> Snapshot {
        let mut samples = Vec::new();
        let mut add =
            |kind, plugin: Option<&PluginId>, methods: &'static [Method], calls: &Calls| {
                for (name, success, histogram) in calls.read(methods) {
                    samples.push(Sample {
                        kind,
                        plugin: plugin.cloned(),
                        name,
                        success,
                        histogram,
                    });
                }
            };
        for (plugin, metrics) in self.plugins().iter() {
            add(Kind::Hook, Some(plugin), HOOKS, &metrics.hooks);
            add(Kind::Api, Some(plugin), API, &metrics.api);
            add(Kind::Turn, Some(plugin), HOOKS, &metrics.fan_outs);
        }
        add(Kind::FanOut, None, HOOKS, &self.shared.fan_outs);
        samples.sort_by_key(|sample| sample.kind);
        Snapshot { samples }
    }

    fn plugins(&self) -> MutexGuard<'_, BTreeMap<PluginId, Arc<PluginMetrics>>> {
        let plugins = &self.shared.plugins;
        plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Calls of hooks.
    Hook,
    /// Calls of API methods.
    Api,
    /// The turns of single plugins in fan-outs.
    Turn,
    /// Whole fan-outs.
    FanOut,
}

/// What was counted, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Snapshot {
    /// One for each kind, plugin, name and success that there was; by kind, then plugin, then the order of the service.
    pub samples: Vec<Sample>,
}

/// The calls of one method with one kind of end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// What was called.
    pub kind: Kind,
    /// By which plugin, or of which; absent for whole fan-outs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// The hook's or method's name.
    pub name: &'static str,
    /// Whether these are the successes or the others.
    pub success: bool,
    /// How many there were, and how long they took.
    #[serde(flatten)]
    pub histogram: Histogram,
}

#[cfg(test)]
mod tests;
