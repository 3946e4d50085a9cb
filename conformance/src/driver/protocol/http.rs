//! The orders `http`, `front` and `close_front`, and their answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpOrder {
    /// The plugin's id.
    pub plugin: String,
    /// All but the body: a `ServeHTTPRequestInit` in proto field names.
    #[serde(default)]
    pub head: Value,
    /// The body.
    #[serde(default)]
    pub body: HttpText,
}

/// A body without a long line: a text so many times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpText {
    /// The text.
    pub text: String,
    /// How often.
    pub times: usize,
    /// It does not end then: nothing more comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stalls: bool,
}

impl HttpText {
    /// The body itself.
    pub fn bytes(&self) -> Vec<u8> {
        self.text.repeat(self.times).into_bytes()
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Http {
    /// A whole answer.
    Answered(HttpAnswered),
    /// The plugin does not implement the hook; nothing was sent.
    NotImplemented {},
    /// There was no answer, or not the whole of it.
    Failed {
        /// A stable word: `deadline`, `unavailable`, `violation`, ….
        kind: String,
        /// The host's own words.
        message: String,
        /// What came before, if the head did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<HttpAnswered>,
    },
}

/// An answer, or its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpAnswered {
    /// The status, 200 where the plugin named none.
    pub status: i32,
    /// Each header with all its values, in their order.
    pub headers: Vec<(String, Vec<String>)>,
    /// Bytes of the body.
    pub bytes: usize,
    /// Digest of the body, in hexadecimal digits.
    pub sha256: String,
    /// The body, where it is short and text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// How an HTTP front is opened. What is absent keeps the host's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrontOrder {
    /// Whether the front has a status page and metrics.
    pub pages: bool,
    /// The user whom all requests come from; without one nobody is logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Connections at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// Bytes of a request's head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_bytes: Option<u32>,
    /// Bytes of a request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
    /// The time for a whole head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_read_ms: Option<u64>,
    /// How long a client may take nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_stall_ms: Option<u64>,
}

/// The answer to `front`: HTTP/1.1 and HTTP/2 in clear text, plugins below `/plugins/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrontOpened {
    /// Where it listens: address and port.
    pub address: String,
}

/// The answer to `close_front`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrontClosed {
    /// Whether every request had ended within the time.
    pub drained: bool,
}
