//! What a plugin logged, by whichever way it reached the host: a line on one of its streams, or a call of the API.
//!
//! Does not judge: whether a way is a good one is a scenario's affair.

use std::time::Duration;

use plugin_host::event::{Level, Stream, What};

use super::running::Running;

/// The way that a record took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A line on a stream.
    Stream(Stream),
    /// A call of LogDebug, LogInfo, LogWarn or LogError.
    Api,
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// How it came.
    pub way: Way,
    /// How grave the host takes it to be.
    pub level: Level,
    /// The line, or the message.
    pub text: String,
}

/// The methods of the API that log, and the level of each.
const METHODS: [(&str, Level); 4] = [
    ("LogDebug", Level::Debug),
    ("LogInfo", Level::Info),
    ("LogWarn", Level::Warn),
    ("LogError", Level::Error),
];

impl Running {
    /// The record with this mark in it, already there or yet to come.
    pub async fn logged(&self, mark: &str, within: Duration) -> Option<Logged> {
        let record = |what: &What| match what {
            What::ApiCall { .. } => self.logged_by_api(mark),
            _ => line(what, mark),
        };
        self.seen.wait(within, record).await
    }

    /// Whether a record with this mark in it has reached the host so far.
    pub fn has_logged(&self, mark: &str) -> bool {
        let lines = self.seen.all(|what| line(what, mark));
        self.logged_by_api(mark).is_some() || !lines.is_empty()
    }

    fn logged_by_api(&self, mark: &str) -> Option<Logged> {
        METHODS.iter().find_map(|(method, level)| {
            let calls = self.api.calls_of(method);
            let mut texts = calls.iter().filter_map(|call| call["msg"].as_str());
            let text = texts.find(|text| text.contains(mark))?;
            Some(Logged {
                way: Way::Api,
                level: *level,
                text: text.to_owned(),
            })
        })
    }
}

/// The line that holds a mark and is no evidence.
fn line(what: &What, mark: &str) -> Option<Logged> {
    match what {
        What::Log {
            stream, level, raw, ..
        } if raw.contains(mark) && !raw.starts_with("{\"conformance\":") => Some(Logged {
            way: Way::Stream(*stream),
            level: *level,
            text: raw.clone(),
        }),
        _ => None,
    }
}
