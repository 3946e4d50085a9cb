//! Why the stand-in refuses a call: small, and turned into an `AppError` at the edge. Pure.

use plugin_proto::pb::AppError;

/// A refusal with the id and the HTTP status that the real server gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({id}, {status_code})")]
pub struct Refusal {
    /// Literal id, for instance `model.plugin_key_value.is_valid.key.app_error`.
    pub id: &'static str,
    /// HTTP status.
    pub status_code: i32,
    /// Text for people.
    pub message: String,
}

impl Refusal {
    /// A request that is wrong in itself.
    pub(super) fn bad_request(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            id,
            status_code: 400,
            message: message.into(),
        }
    }

    /// The refusal as it travels in band.
    pub fn into_error(self, method: &str) -> AppError {
        AppError {
            id: self.id.to_owned(),
            message: self.message,
            status_code: self.status_code,
            r#where: method.to_owned(),
            ..AppError::default()
        }
    }
}
