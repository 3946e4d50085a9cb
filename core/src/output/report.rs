//! Passes on what a plugin wrote: to `tracing`, with the plugin's id, and to whoever listens to events.

use super::classify::Entry;
use crate::event::{Level, PluginEvents, Stream, What};

/// Gives an entry to the log and to whoever listens.
pub fn entry(events: &PluginEvents, stream: Stream, entry: &Entry) {
    log(events, stream, entry);
    event(events, stream, entry);
}

/// Gives an entry to whoever listens.
pub fn event(events: &PluginEvents, stream: Stream, entry: &Entry) {
    if events.is_heard() {
        events.emit(What::Log {
            stream,
            level: entry.level,
            message: entry.message.clone(),
            raw: entry.raw.clone(),
        });
    }
}

/// Gives an entry to the log. A level is part of a call site, so there is one call site for each.
pub fn log(events: &PluginEvents, stream: Stream, entry: &Entry) {
    let plugin = events.plugin().as_str();
    let message = entry.message.as_str();
    let fields = fields(entry);
    let stream = match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    match entry.level {
        Level::Trace => tracing::trace!(target: "plugin", plugin, stream, fields, "{message}"),
        Level::Debug => tracing::debug!(target: "plugin", plugin, stream, fields, "{message}"),
        Level::Info => tracing::info!(target: "plugin", plugin, stream, fields, "{message}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, stream, fields, "{message}"),
        Level::Error => tracing::error!(target: "plugin", plugin, stream, fields, "{message}"),
    }
}

fn fields(entry: &Entry) -> Option<String> {
    (!entry.fields.is_empty()).then(|| serde_json::Value::Object(entry.fields.clone()).to_string())
}
