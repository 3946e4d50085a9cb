//! Plugins whose client of the API has one fault, most of them at every method alike: the case data says at which methods it was seen.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/methods-nothing-sent": breaks "AP-061" by "not-sent", Testee("api-nothing-sent");
    "plugin/methods-request-field-lost": breaks "AP-061" by "request-changed", Testee("api-request-field-lost");
    "plugin/methods-request-fields-emptied": breaks "AP-061" by "request-changed", Testee("api-request-fields-emptied");
    "plugin/methods-request-text-invented": breaks "AP-061" by "request-changed", Testee("api-request-text-invented");
    "plugin/methods-answer-field-lost": breaks "AP-062" by "result-changed", Testee("api-answer-field-lost");
    "plugin/methods-answer-lists-reversed": breaks "AP-062" by "result-changed", Testee("api-answer-lists-reversed");
    "plugin/methods-success-raised": breaks "AP-062" by "call-failed", Testee("api-success-raised");
    "plugin/methods-empty-answer-raised": breaks "AP-063" by "call-failed", Testee("api-empty-answer-raised");
    "plugin/methods-empty-answer-invented": breaks "AP-063" by "result-invented", Testee("api-empty-answer-invented");
    "plugin/methods-request-presence-lost": breaks "AP-064" by "presence-lost", Testee("api-request-presence-lost");
    "plugin/methods-answer-presence-lost": breaks "AP-065" by "presence-lost", Testee("api-answer-presence-lost");
    "plugin/methods-error-lost": breaks "AP-066" by "error-lost", Testee("api-error-lost");
    "plugin/methods-error-id-lost": breaks "AP-066" by "id-lost", Testee("api-error-id-lost");
    "plugin/methods-error-code-lost": breaks "AP-066" by "status-code-lost", Testee("api-error-code-lost");
    "plugin/methods-error-text-lost": breaks "AP-066" by "message-lost", Testee("api-error-text-lost");
    "plugin/methods-error-details-lost": breaks "AP-067" by "details-lost", Testee("api-error-details-lost");
    "plugin/methods-error-where-lost": breaks "AP-067" by "where-lost", Testee("api-error-where-lost");
    "plugin/methods-error-request-id-lost": breaks "AP-067" by "request-id-lost", Testee("api-error-request-id-lost");
    "plugin/methods-error-params-lost": breaks "AP-067" by "params-lost", Testee("api-error-params-lost");
    "plugin/methods-error-without-id-taken": breaks "AP-068" by "error-lost", Testee("api-error-without-id-taken");
    "plugin/methods-status-swallowed": breaks "AP-069" by "error-lost", Testee("api-status-swallowed");
    "plugin/methods-status-text-lost": breaks "AP-069" by "message-lost", Testee("api-status-text-lost");
    "plugin/methods-status-opaque": breaks "AP-070" by "id-lost", Testee("api-status-opaque");

    "plugin/outage-waited-out": breaks "AP-080" by "waits-for-ever", Testee("api-loss-waited-out");
    "plugin/outage-swallowed": breaks "AP-080" by "error-lost", Testee("api-status-swallowed");
    "plugin/outage-kills": breaks "AP-081" by "process-ended", Testee("api-status-kills");
    "plugin/outage-outlived": breaks "AP-081" by "still-there", Testee("shutdown-ignored");
    "plugin/end-waits-for-calls": breaks "AP-082" by "waits-for-call", Testee("shutdown-waits-for-handlers");
    "plugin/calls-serialised": breaks "AP-083" by "one-after-another", Testee("api-calls-serialised");
    "plugin/large-request-lost": breaks "AP-084" by "large-request-lost", Testee("api-large-request-refused");
    "plugin/large-result-lost": breaks "AP-084" by "large-answer-lost", Testee("api-large-answer-refused");
    "plugin/token-not-sent": breaks "AP-085" by "token-not-sent", Testee("api-token-not-sent");
    "plugin/token-bare": breaks "AP-085" by "wrong-token", Testee("api-token-bare");
    "plugin/token-invented": breaks "AP-086" by "token-invented", Testee("api-token-invented");
    "plugin/request-id-not-sent": breaks "AP-087" by "request-id-not-sent", Testee("api-request-id-not-sent");
    "plugin/deadline-not-sent": breaks "AP-088" by "deadline-not-sent", Testee("api-deadline-not-sent");
}
