//! Plugins whose fault shows in a check that other plugins fail in another way: one row for each reason.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/ends-before-handshake": breaks "HS-053" by "no-line", Testee("ends-before-handshake");
    "plugin/answers-no-hook-without-api": breaks "EV-057" by "hook-not-answered", Testee("hooks-need-api-target");
    "plugin/not-asked-for-hooks": breaks "LC-051" by "not-answered", Testee("implemented-omits");
    "plugin/dies-of-activation-error": breaks "LC-053" by "no-answer", Testee("activate-error-kills");
    "plugin/deactivation-text-lost": breaks "LC-057" by "message-lost", Testee("error-text-lost");
    "plugin/activation-code-zero": breaks "LC-059" by "wrong-status-code", Testee("error-code-zero");
    "plugin/late-activation-as-status": breaks "LC-068" by "call-failed", Testee("timeout-as-status");
    "plugin/late-activation-swallowed": breaks "LC-068" by "error-swallowed", Testee("activate-error-swallowed");
    "plugin/late-deactivation-swallowed": breaks "LC-069" by "error-swallowed", Testee("deactivate-error-swallowed");

    "plugin/modify-fails": breaks "HK-055" by "not-answered", Testee("modify-fails");
    "plugin/modify-cuts-text": breaks "HK-055" by "wrong-text", Testee("modify-cuts-text");
    "plugin/dismiss-dropped": breaks "HK-057" by "dismissal-lost", Testee("dismiss-dropped");
    "plugin/large-message-not-run": breaks "HK-058" by "not-shown", Testee("large-message-not-run");
    "plugin/command-text-lost": breaks "HK-060" by "message-lost", Testee("error-text-lost");
    "plugin/command-error-as-status": breaks "HK-060" by "error-as-status", Testee("error-as-status");
    "plugin/logins-rejected": breaks "HK-061" by "login-rejected", Testee("allow-rejects");
    "plugin/login-reworded": breaks "HK-061" by "reason-changed", Testee("reject-text-lost");
    "plugin/failure-stops-hooks": breaks "HK-064" by "not-answering", Testee("failure-stops-hooks");
    "plugin/long-post-not-run": breaks "HK-081" by "not-shown", Testee("large-message-not-run");
    "plugin/absent-runs": breaks "HK-114" by "handler-run", Testee("absent-runs");
    "plugin/late-filter-lets-pass": breaks "HK-116" by "wrong-answer", Testee("error-allows");
    "plugin/late-command-succeeds": breaks "HK-117" by "wrong-answer", Testee("command-error-swallowed");
    "plugin/late-consumption-empty": breaks "HK-119" by "wrong-answer", Testee("consumed-failure-empty");
    "plugin/empty-notification-not-run": breaks "HK-125" by "handler-not-run", Testee("notification-not-run");
    "plugin/cancel-always-shown": breaks "HK-151" by "cancelled-wrongly", Testee("cancel-always-shown");

    "plugin/logs-lost": breaks "PR-054" by "log-line-lost", Testee("logs-lost");
    "plugin/flood-stops-hooks": breaks "PR-053" by "stuck-afterwards", Testee("flood-stops-hooks");
    "plugin/garbage-unanswered": breaks "BI-051" by "no-answer", Testee("garbage-unanswered");
    "plugin/garbage-stops-hooks": breaks "BI-051" by "not-answering", Testee("garbage-stops-hooks");

    "plugin/api-facts-not-reached": breaks "AP-052" by "call-failed", Testee("api-not-connected");
    "plugin/api-logs-not-sent": breaks "AP-053" by "not-sent", Testee("api-not-connected");
    "plugin/api-error-id-lost": breaks "AP-058" by "id-lost", Testee("api-error-id-lost");
    "plugin/api-status-swallowed": breaks "AP-059" by "error-lost", Testee("api-status-swallowed");
    "plugin/api-calls-fail": breaks "CC-054" by "call-failed", Testee("api-not-connected");
    "plugin/api-crowd-fails": breaks "CC-057" by "call-failed", Testee("api-not-connected");

    "plugin/second-start-ill": breaks "CR-053" by "not-ready-again", Testee("second-start-ill");
    "plugin/exit-ignored": breaks "CR-056" by "still-there", Testee("exit-ignored");
    "plugin/cut-off-takes-health-down": breaks "CR-060" by "not-ready-again", Testee("cancelled-take-health-down");
    "plugin/plans-answers-reworded": breaks "FP-052" by "wrong-answer", Testee("reject-text-lost");

    "plugin/http-reads-first-piece": breaks "HT-053" by "end-not-seen", Testee("http-reads-first-piece");
    "plugin/http-ends-with-status": breaks "HT-063" by "stream-failed", Testee("http-ends-with-status");
    "plugin/http-completion-moved": breaks "HT-063" by "completed-early", Testee("http-completion-moved");
    "plugin/http-error-answered-ok": breaks "HT-066" by "wrong-status", Testee("http-error-answered-ok");
    "plugin/http-takes-health-down": breaks "HT-080" by "health-waits", Testee("health-down-during-hook");
    "plugin/http-one-at-a-time": breaks "HT-091" by "waits-for-cancelled", Testee("http-serialised");
    "plugin/http-timeout-ignored": breaks "HT-094" by "timeout-ignored", Testee("hook-timeout-ignored");
    "plugin/http-late-as-status": breaks "HT-094" by "no-answer", Testee("http-error-as-status");
    "plugin/http-standstill-ignored": breaks "HT-095" by "timeout-ignored", Testee("hook-timeout-ignored");
    "plugin/http-standstill-completed": breaks "HT-095" by "part-completed", Testee("http-error-completes");
}
