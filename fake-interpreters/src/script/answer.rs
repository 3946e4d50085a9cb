//! What a fake answers to one call. In JSON an answer is an object with one of the keys below; `after_ms` and `api` carry a
//! `then`, so that answers nest.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ScriptError, SignalName, Wire};
use crate::hex;

/// The answer to one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum Answer {
    /// `{"value": {...}}`: this message, in proto field names.
    Value(Value),
    /// `{"error": {...}}`: an AppError in band, for methods whose answer has `error` as field 1.
    Error(InBand),
    /// `{"status": {...}}`: a gRPC status.
    Status(Refused),
    /// `{"raw_hex": "…"}`: these bytes in place of a message.
    Raw(Vec<u8>),
    /// `{"repeated": {"head_hex": "…", "unit_hex": "…", "times": N}}`: many bytes in place of a message, without a long script.
    Repeated(Repeated),
    /// `{"wire": WORD}`: something that breaks the rules of gRPC or HTTP/2.
    Wire(Wire),
    /// `{"hang": true}`: never.
    Hang,
    /// `{"after_ms": N, "then": ANSWER}`.
    After(u64, Box<Answer>),
    /// `{"exit": CODE}`: the process ends inside the call.
    Exit(i32),
    /// `{"raise": "KILL"}`: the process kills itself inside the call. One that was only stopped answers with an empty message when it
    /// is continued.
    Raise(SignalName),
    /// `{"close": true}`: all connections are cut without an answer.
    Close,
    /// `{"api": {...}, "then": ANSWER}`: an API call first.
    Api(ApiOrder, Box<Answer>),
}

/// Bytes that repeat themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Repeated {
    /// What comes first, once.
    #[serde(with = "hex::text")]
    pub head_hex: Vec<u8>,
    /// What comes after it.
    #[serde(with = "hex::text")]
    pub unit_hex: Vec<u8>,
    /// How often.
    pub times: usize,
}

/// A gRPC status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Name of the code, `INTERNAL` and so on.
    pub code: String,
    /// Its message.
    #[serde(default)]
    pub message: String,
}

/// An AppError.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InBand {
    /// Error identifier.
    pub id: String,
    /// The text for people.
    pub message: String,
    /// Technical detail.
    pub detailed_error: String,
    /// HTTP status number.
    pub status_code: i32,
    /// Function in which it arose.
    #[serde(rename = "where")]
    pub place: String,
}

/// One call of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiOrder {
    /// Name of the RPC, `KVSet` and so on.
    pub method: String,
    /// The request in proto field names.
    #[serde(default)]
    pub request: Value,
    /// A label that the journal repeats.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where to; default is what the host put into the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Answer {
    /// An empty message.
    pub fn empty() -> Self {
        Self::Raw(Vec::new())
    }

    /// A message that is nothing but one field of bytes or text, made of a repeated letter.
    pub fn long_field(number: u8, letter: u8, length: usize) -> Self {
        let mut head_hex = vec![number << 3 | 2];
        prost::encode_length_delimiter(length, &mut head_hex)
            .expect("a vector has room for a length");
        Self::Repeated(Repeated {
            head_hex,
            unit_hex: vec![letter],
            times: length,
        })
    }

    /// A gRPC status.
    pub fn status(code: &str, message: &str) -> Self {
        Self::Status(Refused {
            code: code.to_owned(),
            message: message.to_owned(),
        })
    }

    /// An AppError in band with this text.
    pub fn error(id: &str, message: &str) -> Self {
        Self::Error(InBand {
            id: id.to_owned(),
            message: message.to_owned(),
            status_code: 500,
            ..InBand::default()
        })
    }

    /// This answer, later.
    pub fn after(self, ms: u64) -> Self {
        Self::After(ms, Box::new(self))
    }
}

/// An answer as it stands in JSON.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<InBand>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<Repeated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wire: Option<Wire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hang: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raise: Option<SignalName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<ApiOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<Box<Answer>>,
}

/// Why an object is no answer.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(
        "an answer has exactly one of value, error, status, raw_hex, repeated, wire, hang, after_ms, exit, raise, close, api; this has {0}"
    )]
    Kinds(usize),
    #[error("`then` belongs to `after_ms` and `api`, and both need it")]
    Then,
    #[error("`hang` and `close` can only be true")]
    False,
    #[error(transparent)]
    Script(#[from] ScriptError),
}

impl TryFrom<Fields> for Answer {
    type Error = AnswerError;

    fn try_from(fields: Fields) -> Result<Self, AnswerError> {
        if fields.hang == Some(false) || fields.close == Some(false) {
            return Err(AnswerError::False);
        }
        let then = fields.then;
        let needs_then = fields.after_ms.is_some() || fields.api.is_some();
        let bytes = fields
            .raw_hex
            .map(|digits| hex::decode(&digits).ok_or(ScriptError::Hex(digits)))
            .transpose()?;
        let kinds = [
            fields.value.map(Answer::Value),
            fields.error.map(Answer::Error),
            fields.status.map(Answer::Status),
            bytes.map(Answer::Raw),
            fields.repeated.map(Answer::Repeated),
            fields.wire.map(Answer::Wire),
            fields.hang.map(|_| Answer::Hang),
            fields.exit.map(Answer::Exit),
            fields.raise.map(Answer::Raise),
            fields.close.map(|_| Answer::Close),
            fields
                .after_ms
                .zip(then.clone())
                .map(|(ms, then)| Answer::After(ms, then)),
            fields
                .api
                .zip(then.clone())
                .map(|(order, then)| Answer::Api(order, then)),
        ];
        if needs_then != then.is_some() {
            return Err(AnswerError::Then);
        }
        let mut kinds: Vec<Answer> = kinds.into_iter().flatten().collect();
        match kinds.pop() {
            Some(answer) if kinds.is_empty() => Ok(answer),
            Some(_) => Err(AnswerError::Kinds(kinds.len() + 1)),
            None => Err(AnswerError::Kinds(0)),
        }
    }
}

impl From<Answer> for Fields {
    fn from(answer: Answer) -> Self {
        let mut fields = Self::default();
        match answer {
            Answer::Value(value) => fields.value = Some(value),
            Answer::Error(error) => fields.error = Some(error),
            Answer::Status(status) => fields.status = Some(status),
            Answer::Raw(bytes) => fields.raw_hex = Some(hex::encode(&bytes)),
            Answer::Repeated(repeated) => fields.repeated = Some(repeated),
            Answer::Wire(wire) => fields.wire = Some(wire),
            Answer::Hang => fields.hang = Some(true),
            Answer::Exit(code) => fields.exit = Some(code),
            Answer::Raise(signal) => fields.raise = Some(signal),
            Answer::Close => fields.close = Some(true),
            Answer::After(ms, then) => (fields.after_ms, fields.then) = (Some(ms), Some(then)),
            Answer::Api(order, then) => (fields.api, fields.then) = (Some(order), Some(then)),
        }
        fields
    }
}
