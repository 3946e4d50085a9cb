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
        /// Without the target of the API no hook is answered.
        HooksNeedApiTarget = "hooks-need-api-target",
        /// A status of the API's server ends the process.
        ApiStatusKills = "api-status-kills",
        /// No call of the API is sent; each gives back the empty value.
        ApiNothingSent = "api-nothing-sent",
        /// The last field of every request is not sent.
        ApiRequestFieldLost = "api-request-field-lost",
        /// The messages in requests are sent empty.
        ApiRequestFieldsEmptied = "api-request-fields-emptied",
        /// The first text of every request is sent with one more letter.
        ApiRequestTextInvented = "api-request-text-invented",
        /// What is there and empty in requests is not sent.
        ApiRequestPresenceLost = "api-request-presence-lost",
        /// The last field of every answer is not handed over.
        ApiAnswerFieldLost = "api-answer-field-lost",
        /// Lists in answers come back in the reverse order.
        ApiAnswerListsReversed = "api-answer-lists-reversed",
        /// Every answer is raised as an error.
        ApiSuccessRaised = "api-success-raised",
        /// Answers with nothing in them are raised as errors.
        ApiEmptyAnswerRaised = "api-empty-answer-raised",
        /// Answers with nothing in them give back something.
        ApiEmptyAnswerInvented = "api-empty-answer-invented",
        /// What is there and empty in answers is handed over as absent.
        ApiAnswerPresenceLost = "api-answer-presence-lost",
        /// An error of the API loses its id.
        ApiErrorIdLost = "api-error-id-lost",
        /// An error of the API loses its details.
        ApiErrorDetailsLost = "api-error-details-lost",
        /// An error of the API loses the place where it arose.
        ApiErrorWhereLost = "api-error-where-lost",
        /// An error of the API loses the id of its request.
        ApiErrorRequestIdLost = "api-error-request-id-lost",
        /// An error of the API loses its parameters.
        ApiErrorParamsLost = "api-error-params-lost",
        /// An error of the API without an id is taken for success.
        ApiErrorWithoutIdTaken = "api-error-without-id-taken",
        /// A status of the API's server is taken for success.
        ApiStatusSwallowed = "api-status-swallowed",
        /// A status of the API's server loses its text.
        ApiStatusTextLost = "api-status-text-lost",
        /// A status by which the API's server tells of an error is not taken apart.
        ApiStatusOpaque = "api-status-opaque",
        /// A call whose server is lost does not end.
        ApiLossWaitedOut = "api-loss-waited-out",
        /// Calls of the API wait for each other.
        ApiCallsSerialised = "api-calls-serialised",
        /// Requests of more than 4 MiB are not sent.
        ApiLargeRequestRefused = "api-large-request-refused",
        /// Answers of more than 4 MiB are not taken.
        ApiLargeAnswerRefused = "api-large-answer-refused",
        /// The token of the environment is not sent.
        ApiTokenNotSent = "api-token-not-sent",
        /// The token of the environment is sent without the word before it.
        ApiTokenBare = "api-token-bare",
        /// A token is sent where there is none.
        ApiTokenInvented = "api-token-invented",
        /// The id of the hook's request is not sent.
        ApiRequestIdNotSent = "api-request-id-not-sent",
        /// The deadline of a call is not sent.
        ApiDeadlineNotSent = "api-deadline-not-sent",
    }};
}
