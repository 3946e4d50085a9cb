//! JSON for any message of the contract, by its descriptor.
//!
//! Keys are the `.proto` field names; unknown keys are refused; fields with their default value are left out; `bytes` are
//! base64; 64-bit numbers are JSON numbers.

use std::sync::OnceLock;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

use crate::DESCRIPTOR_SET;
use crate::method::{Form, Method};

/// Why JSON and wire did not meet.
#[derive(Debug, thiserror::Error)]
pub enum ReflectError {
    /// The contract has no message of that name.
    #[error("the contract has no message {0}")]
    UnknownMessage(String),
    /// The JSON does not fit the message.
    #[error("this JSON is no {message}: {source}")]
    Json {
        /// Full name of the message.
        message: String,
        /// What did not fit, and where.
        source: serde_json::Error,
    },
    /// The bytes are not such a message.
    #[error("these bytes are no {message}: {source}")]
    Wire {
        /// Full name of the message.
        message: String,
        /// What did not decode.
        source: prost::DecodeError,
    },
}

/// The descriptors of the contract, decoded once.
#[must_use]
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        DescriptorPool::decode(DESCRIPTOR_SET).expect("the build script made it from valid files")
    })
}

/// The bytes of a method's request or response from its JSON form.
///
/// # Errors
/// When a key is unknown or a value does not fit its field.
pub fn from_json(method: &Method, form: Form, json: &Value) -> Result<Bytes, ReflectError> {
    message_from_json(method.message(form), json)
}

/// The JSON form of a method's request or response.
///
/// # Errors
/// When the bytes do not decode.
pub fn to_json(method: &Method, form: Form, wire: &[u8]) -> Result<Value, ReflectError> {
    message_to_json(method.message(form), wire)
}

/// The bytes of any message from its JSON form.
///
/// # Errors
/// When the message is unknown, a key is unknown or a value does not fit its field.
pub fn message_from_json(name: &str, json: &Value) -> Result<Bytes, ReflectError> {
    let message = DynamicMessage::deserialize(descriptor(name)?, json).map_err(|source| {
        ReflectError::Json {
            message: name.to_owned(),
            source,
        }
    })?;
    Ok(message.encode_to_vec().into())
}

/// The JSON form of any message.
///
/// # Errors
/// When the message is unknown, the bytes do not decode, or a value has no JSON form.
pub fn message_to_json(name: &str, wire: &[u8]) -> Result<Value, ReflectError> {
    let message =
        DynamicMessage::decode(descriptor(name)?, wire).map_err(|source| ReflectError::Wire {
            message: name.to_owned(),
            source,
        })?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|source| ReflectError::Json {
            message: name.to_owned(),
            source,
        })
}

fn descriptor(name: &str) -> Result<MessageDescriptor, ReflectError> {
    pool()
        .get_message_by_name(name)
        .ok_or_else(|| ReflectError::UnknownMessage(name.to_owned()))
}
