//! What plugins log through the API: passed on to `tracing` with the plugin's id, and kept for whoever asks.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    KeyValuePair, LogDebugRequest, LogDebugResponse, LogErrorRequest, LogErrorResponse,
    LogInfoRequest, LogInfoResponse, LogWarnRequest, LogWarnResponse,
};
use prost_types::value::Kind;
use serde_json::{Map, Value};

use crate::event::Level;
use crate::ids::PluginId;
use crate::memory::{Refusal, Store, Tables, handlers, remember};

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// Who logged.
    pub plugin: PluginId,
    /// How grave it is.
    pub level: Level,
    /// The message.
    pub message: String,
    /// The fields in the order given; keys may repeat.
    pub fields: Vec<(String, Value)>,
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        LogDebug => debug,
        LogInfo => info,
        LogWarn => warn,
        LogError => error,
    );
}

macro_rules! logs {
    ($($function:ident($request:ident) -> $response:ident at $level:ident;)*) => {
        $(fn $function(t: &mut Tables, caller: &PluginId, r: $request) -> Result<$response, Refusal> {
            write(t, caller, Level::$level, r.msg, r.key_value_pairs);
            Ok($response::default())
        })*
    };
}
logs! {
    debug(LogDebugRequest) -> LogDebugResponse at Debug;
    info(LogInfoRequest) -> LogInfoResponse at Info;
    warn(LogWarnRequest) -> LogWarnResponse at Warn;
    error(LogErrorRequest) -> LogErrorResponse at Error;
}

fn write(
    t: &mut Tables,
    plugin: &PluginId,
    level: Level,
    message: String,
    pairs: Vec<KeyValuePair>,
) {
    let fields: Vec<_> = pairs
        .into_iter()
        .map(|pair| (pair.key, pair.value.map_or(Value::Null, plain)))
        .collect();
    let shown = Fields(&fields);
    match level {
        Level::Trace | Level::Debug => {
            tracing::debug!(target: "plugin", %plugin, "{message}{shown}")
        }
        Level::Info => tracing::info!(target: "plugin", %plugin, "{message}{shown}"),
        Level::Warn => tracing::warn!(target: "plugin", %plugin, "{message}{shown}"),
        Level::Error => tracing::error!(target: "plugin", %plugin, "{message}{shown}"),
    }
    let record = LogRecord {
        plugin: plugin.clone(),
        level,
        message,
        fields,
    };
    if let Some(hear) = &t.on_log {
        hear(&record);
    }
    remember(&mut t.logs, record);
}

impl std::fmt::Display for LogRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.message, Fields(&self.fields))
    }
}

struct Fields<'a>(&'a [(String, Value)]);

impl std::fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// A protobuf value as plain JSON; numbers that JSON does not have become null.
fn plain(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => number.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::BoolValue(yes)) => yes.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(plain).collect(),
        Some(Kind::StructValue(object)) => Value::Object(json(object)),
    }
}

/// A protobuf object as plain JSON.
pub(super) fn json(object: prost_types::Struct) -> Map<String, Value> {
    let fields = object.fields.into_iter();
    fields.map(|(key, value)| (key, plain(value))).collect()
}
