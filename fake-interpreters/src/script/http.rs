//! What a fake does with a request on the stream of `ServeHTTP`: steps, legal or not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ApiOrder, Refused, SignalName};

/// The steps of every request. After the last one the stream ends with the status OK.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServeHttp {
    /// In their order.
    pub steps: Vec<HttpStep>,
}

/// One thing to do with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum HttpStep {
    /// Reads the request to its end; the journal tells what it was.
    Read {},
    /// Sends one message.
    Send(HttpMessage),
    /// Sends each piece of the request back as it comes, and completes the body when the request's is complete.
    Echo {},
    /// Calls the API; the answer goes to the journal.
    Api(ApiOrder),
    /// Does nothing for a while.
    Sleep {
        /// For how many milliseconds.
        ms: u64,
    },
    /// Ends the process.
    Exit {
        /// With this code.
        code: i32,
    },
    /// Sends itself a signal, and then does nothing more.
    Raise {
        /// Which one.
        signal: SignalName,
    },
    /// Waits for ever.
    Hang {},
    /// Cuts all connections.
    Close {},
    /// Ends the stream with this status.
    Status(Refused),
}

/// One message of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpMessage {
    /// The head, if the message has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<HttpHead>,
    /// What the piece of the body repeats.
    pub text: String,
    /// How often.
    pub times: usize,
    /// The mark of the last message.
    pub complete: bool,
    /// The wish to pass on what came so far.
    pub flush: bool,
}

/// The head of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpHead {
    /// The number as it stands on the wire.
    pub status: i32,
    /// The values of each header.
    pub headers: BTreeMap<String, Vec<String>>,
}

impl HttpMessage {
    /// The head alone.
    pub fn head(status: i32) -> Self {
        Self {
            init: Some(HttpHead {
                status,
                ..HttpHead::default()
            }),
            ..Self::default()
        }
    }

    /// A piece alone: a text so many times.
    pub fn piece(text: &str, times: usize) -> Self {
        Self {
            text: text.to_owned(),
            times,
            ..Self::default()
        }
    }

    /// With this value of a header, after those that it has.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let head = self.init.get_or_insert_default();
        let values = head.headers.entry(name.to_owned()).or_default();
        values.push(value.to_owned());
        self
    }

    /// With this text as its piece.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        (self.text, self.times) = (text.to_owned(), 1);
        self
    }

    /// As the last message.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.complete = true;
        self
    }

    /// As a step.
    pub fn step(self) -> HttpStep {
        HttpStep::Send(self)
    }
}
