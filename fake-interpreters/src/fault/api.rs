//! Faults of calls of the API.
//!
//! Rows only: the name in code, the name in scripts, and what is wrong as a sentence.

macro_rules! api_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // The API.
        /// The client of the API is never connected.
        ApiNotConnected = "api-not-connected",
        /// The client of the API is connected only after OnActivate.
        ApiLate = "api-late",
        /// The target that the host names is not used.
        ApiTargetIgnored = "api-target-ignored",
        /// GetPluginID answers a constant of the SDK's.
        ApiPluginIdWrong = "api-plugin-id-wrong",
        /// Values are sent only up to their first zero byte.
        ApiValueTruncated = "api-value-truncated",
        /// Values come back as if they were text.
        ApiBytesMangled = "api-bytes-mangled",
        /// Calls of the API at the same time are sent with the request of the latest.
        ApiAnswersMixedUp = "api-answers-mixed-up",
        /// Log lines arrive without their pairs.
        ApiLogPairsLost = "api-log-pairs-lost",
        /// Lists are always asked for from the first page.
        ApiPageIgnored = "api-page-ignored",
        /// Whether a value was changed is not told.
        ApiSuccessLost = "api-success-lost",
        /// Old values are not sent.
        ApiOldValueLost = "api-old-value-lost",
        /// Options are not sent.
        ApiOptionsLost = "api-options-lost",
        /// An error of the API is taken for success.
        ApiErrorLost = "api-error-lost",
        /// An error of the API loses its status code.
        ApiErrorCodeLost = "api-error-code-lost",
        /// An error of the API loses its text.
        ApiErrorTextLost = "api-error-text-lost",
        /// A status of the API's server ends the process.
        ApiStatusKills = "api-status-kills",
    }};
}
