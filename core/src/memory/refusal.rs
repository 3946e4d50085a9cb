//! Why the stand-in refuses a call: small, and turned into an `AppError` at the edge. Pure.

use std::borrow::Cow;

use plugin_proto::pb::AppError;

/// A refusal with the id and the HTTP status that the real server gives.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message} ({id}, {status_code})")]
pub struct Refusal {
    /// Literal id, for instance `model.plugin_key_value.is_valid.key.app_error`.
    pub id: Cow<'static, str>,
    /// HTTP status.
    pub status_code: i32,
    /// Text for people.
    pub message: String,
    /// What it was about, as the server words it: `field=value`.
    pub details: String,
    /// Where in the server it arose; the method if nothing is said.
    pub at: Option<&'static str>,
    /// A plugin's own error, which is passed on as it is.
    given: Option<Box<AppError>>,
}

impl Refusal {
    /// A refusal with this id and HTTP status; its message is the id, as the server's is without a translation.
    pub(super) fn new(id: impl Into<Cow<'static, str>>, status_code: i32) -> Self {
        let id = id.into();
        Self {
            message: id.clone().into_owned(),
            id,
            status_code,
            details: String::new(),
            at: None,
            given: None,
        }
    }

    /// A request that is wrong in itself.
    pub(super) fn bad_request(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(id, 400).said(message)
    }

    /// Where the real server answers with an error that has no id.
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self::new("plugin.api.error.app_error", 500).said(message)
    }

    /// Passes on what a plugin answered.
    pub(super) fn given(error: AppError) -> Self {
        Self {
            given: Some(Box::new(error.clone())),
            ..Self::new(error.id, error.status_code)
        }
    }

    /// The same with a text for people.
    #[must_use]
    pub(super) fn said(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with another HTTP status.
    #[must_use]
    pub(super) fn coded(mut self, status_code: i32) -> Self {
        self.status_code = status_code;
        self
    }

    /// The same with what it was about.
    #[must_use]
    pub(super) fn about(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// The same with the place in the server where it arose.
    #[must_use]
    pub(super) fn at(mut self, place: &'static str) -> Self {
        self.at = Some(place);
        self
    }

    /// The refusal as it travels in band.
    pub fn into_error(self, method: &str) -> AppError {
        if let Some(given) = self.given {
            return *given;
        }
        AppError {
            id: self.id.into_owned(),
            message: self.message,
            detailed_error: self.details,
            status_code: self.status_code,
            r#where: self.at.unwrap_or(method).to_owned(),
            ..AppError::default()
        }
    }
}
