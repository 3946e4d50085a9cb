//! The order `http` and its answer.

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
