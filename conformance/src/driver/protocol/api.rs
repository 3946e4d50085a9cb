//! What an administrator sets about the API that plugins call.

use serde::{Deserialize, Serialize};

/// The settings of the API; what is absent keeps the host's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// Where each plugin's API server listens: `tcp` or `unix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// How errors of the application travel: `in-band` or `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<String>,
    /// Whether each call has to carry its plugin's token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_token: bool,
}

impl ApiSettings {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == ApiSettings::default()
    }
}
