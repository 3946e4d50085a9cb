//! Plugins with one fault in what they make of HTTP requests.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/http-host-lost": breaks "HT-051" by "field-changed", Testee("http-host-lost");
    "plugin/http-query-lost": breaks "HT-051" by "field-changed", Testee("http-query-lost");
    "plugin/http-unknown-length-lost": breaks "HT-051" by "field-changed", Testee("http-unknown-length-lost");
    "plugin/http-values-lost": breaks "HT-052" by "values-changed", Testee("http-values-lost");
    "plugin/http-repeated-name-lost": breaks "HT-052" by "values-changed", Testee("http-repeated-name-lost");
    "plugin/http-request-piece-dropped": breaks "HT-053" by "body-changed", Testee("http-request-piece-dropped");
    "plugin/http-request-border-off-by-one": breaks "HT-053" by "body-changed", Testee("http-request-border-off-by-one");
    "plugin/http-request-piece-duplicated": breaks "HT-054" by "body-changed", Testee("http-request-piece-duplicated");
    "plugin/http-request-pieces-swapped": breaks "HT-054" by "body-changed", Testee("http-request-pieces-swapped");
    "plugin/http-request-piece-truncated": breaks "HT-054" by "body-changed", Testee("http-request-piece-truncated");
    "plugin/http-request-first-piece-lost": breaks "HT-054" by "body-changed", Testee("http-request-first-piece-lost");
    "plugin/http-request-last-piece-lost": breaks "HT-054" by "body-changed", Testee("http-request-last-piece-lost");
    "plugin/http-empty-piece-ends": breaks "HT-054" by "body-changed", Testee("http-empty-piece-ends");
    "plugin/http-pieces-as-text": breaks "HT-054" by "body-changed", Testee("http-pieces-as-text");
    "plugin/http-large-piece-refused": breaks "HT-055" by "refused", Testee("http-large-piece-refused");
    "plugin/http-four-mib-refused": breaks "HT-055" by "refused", Testee("http-four-mib-refused");
    "plugin/http-upload-piece-dropped": breaks "HT-056" by "body-changed", Testee("http-request-piece-dropped");
    "plugin/http-head-not-run": breaks "HT-057" by "handler-not-run", Testee("http-head-not-run");
    "plugin/http-long-value-cut": breaks "HT-058" by "header-cut", Testee("http-long-value-cut");
    "plugin/http-status-lost": breaks "HT-059" by "status-changed", Testee("http-status-lost");
    "plugin/http-default-status-wrong": breaks "HT-059" by "status-changed", Testee("http-default-status-wrong");
    "plugin/http-header-merged": breaks "HT-060" by "header-changed", Testee("http-header-merged");
    "plugin/http-header-replaced": breaks "HT-060" by "header-changed", Testee("http-header-replaced");
    "plugin/http-answer-header-cut": breaks "HT-060" by "header-changed", Testee("http-answer-header-cut");
    "plugin/http-answer-piece-dropped": breaks "HT-061" by "body-changed", Testee("http-answer-piece-dropped");
    "plugin/http-answer-piece-duplicated": breaks "HT-061" by "body-changed", Testee("http-answer-piece-duplicated");
    "plugin/http-answer-pieces-swapped": breaks "HT-061" by "body-changed", Testee("http-answer-pieces-swapped");
    "plugin/http-answer-piece-truncated": breaks "HT-061" by "body-changed", Testee("http-answer-piece-truncated");
    "plugin/http-answer-border-off-by-one": breaks "HT-061" by "body-changed", Testee("http-answer-border-off-by-one");
    "plugin/http-answer-init-lost": breaks "HT-062" by "no-head", Testee("http-answer-init-lost");
    "plugin/http-answer-init-twice": breaks "HT-062" by "second-head", Testee("http-answer-init-twice");
    "plugin/http-empty-answer-lost": breaks "HT-062" by "no-message", Testee("http-empty-answer-lost");
    "plugin/http-completion-lost": breaks "HT-063" by "not-completed", Testee("http-completion-lost");
    "plugin/http-completion-early": breaks "HT-063" by "completed-twice", Testee("http-completion-early");
    "plugin/http-completion-twice": breaks "HT-063" by "completed-twice", Testee("http-completion-twice");
    "plugin/http-answer-piece-large": breaks "HT-064" by "piece-too-large", Testee("http-answer-piece-large");
    "plugin/http-answer-unsplit": breaks "HT-065" by "message-too-large", Testee("http-answer-unsplit");
    "plugin/http-header-injected": breaks "HT-075" by "left-as-it-was", Testee("http-header-injected");
    "plugin/http-status-unchecked": breaks "HT-076" by "left-as-it-was", Testee("http-status-unchecked");

    "plugin/http-error-as-status": breaks "HT-066" by "no-answer", Testee("http-error-as-status");
    "plugin/http-error-text-leaked": breaks "HT-067" by "text-shown", Testee("http-error-text-leaked");
    "plugin/http-error-completes": breaks "HT-068" by "part-completed", Testee("http-error-completes");
    "plugin/http-error-kills": breaks "HT-069" by "process-ended", Testee("http-error-kills");
    "plugin/http-half-close-taken": breaks "HT-070" by "part-taken-for-whole", Testee("http-half-close-taken");
    "plugin/http-missing-init-taken": breaks "HT-071" by "missing-head-taken", Testee("http-missing-init-taken");
    "plugin/http-second-init-taken": breaks "HT-072" by "second-head-taken", Testee("http-second-init-taken");
    "plugin/http-late-data-taken": breaks "HT-073" by "late-data-taken", Testee("http-late-data-taken");
    "plugin/http-violation-kills": breaks "HT-074" by "process-ended", Testee("http-violation-kills");
    "plugin/http-exit-status-lost": breaks "HT-081" by "wrong-exit-status", Testee("exit-status-lost");
    "plugin/http-absent-listed": breaks "HT-082" by "listed", Testee("absent-listed");

    "plugin/http-cancelled-keep-slots": breaks "HT-077" by "not-answered", Testee("http-cancelled-keep-slots");
    "plugin/http-cancel-kills": breaks "HT-077" by "process-ended", Testee("http-cancel-kills");
    "plugin/http-cancelled-take-health-down": breaks "HT-077" by "unhealthy", Testee("cancelled-take-health-down");
    "plugin/http-cancel-not-shown": breaks "HT-078" by "cancel-not-seen", Testee("cancel-not-shown");
    "plugin/http-wrong-stream-answered": breaks "HT-079" by "anothers-answer", Testee("http-wrong-stream-answered");
    "plugin/http-blocks-hooks": breaks "HT-080" by "hook-waits", Testee("http-blocks-hooks");
    "plugin/http-serialised": breaks "HT-093" by "one-after-another", Testee("http-serialised");

    "plugin/http-whole-body-first": breaks "HT-083" by "waits-for-body", Testee("http-whole-body-first");
    "plugin/http-flush-swallowed": breaks "HT-084" by "held-back", Testee("http-flush-swallowed");
    "plugin/http-flush-held-back": breaks "HT-085" by "held-back", Testee("http-flush-swallowed");
    "plugin/http-flush-unmarked": breaks "HT-085" by "not-marked", Testee("http-flush-unmarked");
    "plugin/http-early-answer-waits": breaks "HT-086" by "waits-for-upload", Testee("http-early-answer-waits");
    "plugin/http-answer-hoarded": breaks "HT-087" by "written-unread", Testee("http-answer-hoarded");
    "plugin/http-request-hoarded": breaks "HT-088" by "taken-unread", Testee("http-request-hoarded");
    "plugin/http-broken-off-taken": breaks "HT-089" by "part-taken-for-whole", Testee("http-half-close-taken");
    "plugin/http-cut-answer-completed": breaks "HT-090" by "part-completed", Testee("http-error-completes");
    "plugin/http-readers-keep-slots": breaks "HT-091" by "not-answered", Testee("http-cancelled-keep-slots");
    "plugin/http-cut-exit-status-lost": breaks "HT-092" by "wrong-exit-status", Testee("exit-status-lost");
}
