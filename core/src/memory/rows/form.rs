//! The JSON of rows: Mattermost's own where there is a model of the message, else the contract's, else the row's own. Pure.
//!
//! What is wrong is said with the way to it from the root of the row.

use std::fmt;

use bytes::Bytes;
use plugin_proto::reflect;
use prost::Message;
use serde_json::Value;

use crate::model::{ModelError, Modelled};

/// Where the contract's messages live.
const PACKAGE: &str = "mattermost.pluginapi.v1";

/// What is wrong in a fixture, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::memory) struct Fault {
    path: String,
    reason: String,
}

impl Fault {
    /// Something wrong with the whole.
    pub(in crate::memory) fn here(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// The same, seen from the list that holds what it is wrong with.
    pub(in crate::memory) fn within(self, place: usize) -> Self {
        self.below(&format!("[{place}]"))
    }

    /// The same, seen from further up.
    pub(in crate::memory) fn below(self, step: &str) -> Self {
        let dot = match self.path.as_str() {
            "" => "",
            path if path.starts_with('[') => "",
            _ => ".",
        };
        Self {
            path: format!("{step}{dot}{}", self.path),
            reason: self.reason,
        }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        Self {
            path: error.path,
            reason: error.fault.to_string(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

/// Mattermost's own JSON.
pub(in crate::memory) mod model {
    use super::{Fault, Modelled, Value};
    use crate::model::{Strictness, from_json, to_json};

    pub(in crate::memory) fn write<M: Modelled>(row: &M) -> Result<Value, Fault> {
        Ok(to_json(row)?)
    }

    pub(in crate::memory) fn read<M: Modelled>(json: &Value) -> Result<M, Fault> {
        let (row, _) = from_json(json, Strictness::Strict)?;
        Ok(row)
    }
}

/// The contract's JSON, by the name of the message.
pub(in crate::memory) mod wire {
    use super::{Fault, Message, PACKAGE, Value, reflect};

    pub(in crate::memory) fn write<M: Message>(row: &M, name: &str) -> Result<Value, Fault> {
        let json = reflect::message_to_json(&format!("{PACKAGE}.{name}"), &row.encode_to_vec());
        json.map_err(|error| Fault::here(error.to_string()))
    }

    pub(in crate::memory) fn read<M: Message + Default>(
        json: &Value,
        name: &str,
    ) -> Result<M, Fault> {
        let bytes = reflect::message_from_json(&format!("{PACKAGE}.{name}"), json);
        let bytes = bytes.map_err(|error| Fault::here(error.to_string()))?;
        M::decode(bytes).map_err(|error| Fault::here(error.to_string()))
    }
}

/// JSON as the row's type says it.
pub(in crate::memory) mod own {
    use super::{Fault, Value};
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    pub(in crate::memory) fn write<R: Serialize>(row: &R) -> Result<Value, Fault> {
        serde_json::to_value(row).map_err(|error| Fault::here(error.to_string()))
    }

    pub(in crate::memory) fn read<R: DeserializeOwned>(json: &Value) -> Result<R, Fault> {
        serde_path_to_error::deserialize(json).map_err(|error| {
            let path = error.path().to_string();
            Fault {
                path: if path == "." { String::new() } else { path },
                reason: error.into_inner().to_string(),
            }
        })
    }
}

/// For rows of their own form: bytes as base64.
pub(in crate::memory) mod base64 {
    use super::Bytes;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(in crate::memory) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(in crate::memory) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
        Ok(bytes.into())
    }
}

/// For rows of their own form that hold a message: its JSON, whichever it has.
macro_rules! inner {
    ($module:ident: $message:ty, $form:ident $(($name:literal))?) => {
        mod $module {
            use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de, ser};
            use crate::memory::rows::form::$form as form;

            pub(super) fn serialize<S: Serializer>(
                message: &$message,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let json = form::write(message $(, $name)?);
                json.map_err(ser::Error::custom)?.serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$message, D::Error> {
                let json = serde_json::Value::deserialize(deserializer)?;
                form::read(&json $(, $name)?).map_err(de::Error::custom)
            }
        }
    };
}
pub(in crate::memory) use inner;
