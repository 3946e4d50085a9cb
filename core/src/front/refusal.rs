//! What a client is told where no plugin answered: a status and our own words, never a plugin's. Pure.

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

use crate::hooks::{Failure, FailureKind};

/// Why a request has no answer of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request has no host, or more than one.
    NoHost,
    /// Nothing is at this path.
    NoPage,
    /// A page of the front that can only be read.
    ReadOnly,
    /// No plugin has this id.
    NoPlugin,
    /// A file that Mattermost's server would serve.
    Public,
    /// The plugin does not run.
    NotRunning,
    /// The plugin has no `ServeHTTP`.
    NotImplemented,
    /// The body is larger than it may be.
    TooLarge,
    /// The headers are larger than a plugin gets.
    LargeHead,
    /// The call failed before there was an answer.
    Failed(StatusCode, FailureKind),
}

impl Refusal {
    /// What the failure of a call is for its client.
    pub(super) fn of(failure: &Failure) -> Self {
        Self::Failed(failure.http_status(), failure.kind)
    }

    /// Its status, and what is said of it.
    pub(super) fn says(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoHost => (StatusCode::BAD_REQUEST, "The request needs one host.\n"),
            Self::NoPage => (StatusCode::NOT_FOUND, "Nothing is here.\n"),
            Self::ReadOnly => (StatusCode::METHOD_NOT_ALLOWED, "This can only be read.\n"),
            Self::NoPlugin => (StatusCode::NOT_FOUND, "There is no such plugin.\n"),
            Self::Public => (
                StatusCode::NOT_FOUND,
                "Public files are served by Mattermost's server, not by this host.\n",
            ),
            Self::NotRunning => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The plugin is not running.\n",
            ),
            Self::NotImplemented => (
                StatusCode::NOT_FOUND,
                "The plugin serves no HTTP requests.\n",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.\n"),
            Self::LargeHead => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers are too large.\n",
            ),
            Self::Failed(status, kind) => (status, failed(kind)),
        }
    }

    /// Headers of the answer, beside its length.
    pub(super) fn headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let always = [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
        ];
        let own = match self {
            Self::ReadOnly => Some((ALLOW, "GET, HEAD")),
            Self::Failed(_, FailureKind::Overloaded) => Some((RETRY_AFTER, "1")),
            _ => None,
        };
        let all = always.into_iter().chain(own);
        all.map(|(name, value)| (name, HeaderValue::from_static(value)))
    }
}

fn failed(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Deadline => "The plugin did not answer in time.\n",
        FailureKind::NotSent => "The plugin cannot be reached.\n",
        FailureKind::Overloaded => "The plugin has its hands full.\n",
        FailureKind::RequestBroken => "The request is not whole.\n",
        FailureKind::RequestStalled => "The request stood still for too long.\n",
        FailureKind::BadStatus => "The plugin answered with a status that is none.\n",
        FailureKind::Unavailable
        | FailureKind::Unimplemented
        | FailureKind::Status(_)
        | FailureKind::Violation => "The plugin gave no answer.\n",
    }
}
