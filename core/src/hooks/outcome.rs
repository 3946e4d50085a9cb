//! How a hook call ended, as a value. Pure.
//!
//! Whether a failure means "allow" or "refuse" is the caller's to decide: here nothing fails open or closed.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use plugin_proto::frames::Breach;
use plugin_proto::pb::AppError;
use tonic::{Code, Status};

use crate::in_band;
use crate::policy::CallLimit;

/// The end of a hook call.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Outcome<T> {
    /// The plugin answered. A rejection by a filter hook is an answer, too.
    Answered(T),
    /// The plugin does not have this hook: it was not called.
    NotImplemented,
    /// The plugin answered with an error in band.
    Refused(Box<AppError>),
    /// There was no answer, or none that can be used.
    Failed(Failure),
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{hook} failed: {kind}: {text}")]
pub struct Failure {
    /// Name of the hook.
    pub hook: &'static str,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What was said about it.
    pub text: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No answer within the hook's deadline.
    Deadline,
    /// The plugin cannot be reached: it is gone, or its connection broke during the call.
    Unavailable,
    /// The plugin announced the hook and yet does not serve it.
    Unimplemented,
    /// The plugin answered with another gRPC status.
    Status(Code),
    /// The answer breaks the contract: it does not decode, or it is not even an answer of gRPC.
    Violation,
    /// The plugin has as many calls as it may have, and the queue is full; nothing was sent.
    Overloaded,
    /// The request could not be sent, or its body broke off on the caller's side, and the call with it.
    RequestBroken,
    /// The body of the request stood still on the caller's side for too long.
    RequestStalled,
    /// The plugin cannot be reached, and nothing of the call was sent to it.
    NotSent,
    /// The head of an HTTP answer has a status that no client can be given.
    BadStatus,
}

impl FailureKind {
    /// Stable word for the kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Unavailable | Self::NotSent => "unavailable",
            Self::Unimplemented => "unimplemented",
            Self::Status(_) => "status",
            Self::Violation => "violation",
            Self::Overloaded => "overloaded",
            Self::RequestBroken => "request_broken",
            Self::RequestStalled => "request_stalled",
            Self::BadStatus => "bad_status",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "status {code:?}"),
            kind => f.write_str(kind.word()),
        }
    }
}

impl Failure {
    /// The HTTP status for a client whose request ended like this and that has no head yet. As the reference: 503 where the plugin was not
    /// reached, 500 for a status that is none, 502 for whatever else the plugin did.
    pub fn http_status(&self) -> StatusCode {
        match self.kind {
            FailureKind::NotSent | FailureKind::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            FailureKind::BadStatus => StatusCode::INTERNAL_SERVER_ERROR,
            FailureKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
            FailureKind::RequestBroken => StatusCode::BAD_REQUEST,
            FailureKind::RequestStalled => StatusCode::REQUEST_TIMEOUT,
            FailureKind::Unavailable
            | FailureKind::Unimplemented
            | FailureKind::Status(_)
            | FailureKind::Violation => StatusCode::BAD_GATEWAY,
        }
    }

    /// The failure that a gRPC status is.
    pub fn from_status(hook: &'static str, status: &Status) -> Self {
        Self {
            hook,
            kind: classify(status),
            text: describe_status(status),
        }
    }

    /// The failure of a call whose plugin ended meanwhile.
    pub(crate) fn gone(hook: &'static str, exit: impl fmt::Display) -> Self {
        Self {
            hook,
            kind: FailureKind::Unavailable,
            text: format!("the plugin ended: {exit}"),
        }
    }

    /// The failure of a call that comes before the activation or after the deactivation.
    pub(crate) fn inactive(hook: &'static str) -> Self {
        Self {
            hook,
            kind: FailureKind::Unavailable,
            text: "the plugin is not active".to_owned(),
        }
    }

    pub(crate) fn deadline(hook: &'static str, within: Duration) -> Self {
        Self {
            hook,
            kind: FailureKind::Deadline,
            text: format!("no answer within {within:?}"),
        }
    }

    pub(crate) fn overloaded(hook: &'static str, limit: CallLimit) -> Self {
        let CallLimit { concurrent, queued } = limit;
        Self {
            hook,
            kind: FailureKind::Overloaded,
            text: format!(
                "{concurrent} calls are under way, {queued} wait, and there is no room for more"
            ),
        }
    }

    pub(crate) fn violation(hook: &'static str, text: String) -> Self {
        Self {
            hook,
            kind: FailureKind::Violation,
            text,
        }
    }
}

/// What kind of failure a gRPC status is. One that our own side made of a broken connection is no status of the plugin.
pub fn classify(status: &Status) -> FailureKind {
    match status.code() {
        Code::Unavailable => FailureKind::Unavailable,
        Code::Unimplemented => FailureKind::Unimplemented,
        _ if Breach::of(status).is_some() => FailureKind::Violation,
        _ if std::error::Error::source(status).is_some() => FailureKind::Unavailable,
        code => FailureKind::Status(code),
    }
}

/// A status as one line: its code, its text, and the causes that our own side knows.
pub fn describe_status(status: &Status) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    if Breach::of(status).is_some() {
        return text;
    }
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl<T> Outcome<T> {
    /// Stable word for the outcome; for failures the word of their kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::NotImplemented => "not_implemented",
            Self::Refused(_) => "refused",
            Self::Failed(failure) => failure.kind.word(),
        }
    }

    /// The answer, if there is one.
    pub fn answer(self) -> Option<T> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// The same end with another answer; a failed conversion is a violation.
    pub(crate) fn and_then<U>(self, convert: impl FnOnce(T) -> Result<U, Failure>) -> Outcome<U> {
        match self {
            Self::Answered(answer) => match convert(answer) {
                Ok(answer) => Outcome::Answered(answer),
                Err(failure) => Outcome::Failed(failure),
            },
            Self::NotImplemented => Outcome::NotImplemented,
            Self::Refused(error) => Outcome::Refused(error),
            Self::Failed(failure) => Outcome::Failed(failure),
        }
    }
}

impl<T> fmt::Display for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(_) | Self::NotImplemented => f.write_str(self.word()),
            Self::Refused(error) => write!(f, "refused: {}", in_band::describe(error)),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}
