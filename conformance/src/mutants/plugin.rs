//! Plugins with one fault each: the Rust testee, deviating in one place. The first row is the canary.

pub mod api;
pub mod branches;
pub mod hooks;
pub mod http;
pub mod laws;
pub mod seams;
pub mod tls;

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/no-newline": breaks "HS-054" by "no-line-feed", Testee("no-newline");
    "plugin/no-handshake": breaks "HS-054" by "nothing-on-stdout", Testee("no-handshake");
    "plugin/handshake-on-stderr": breaks "HS-053" by "handshake-on-stderr", Testee("handshake-on-stderr");
    "plugin/blank-line-first": breaks "HS-053" by "blank-line-first", Testee("blank-line-first");
    "plugin/log-line-first": breaks "HS-053" by "not-a-handshake", Testee("log-line-first");
    "plugin/two-fields": breaks "HS-053" by "not-a-handshake", Testee("two-fields");
    "plugin/prefix-on-line": breaks "HS-053" by "text-before-handshake", Testee("prefix-on-line");
    "plugin/byte-order-mark": breaks "HS-053" by "text-before-handshake", Testee("byte-order-mark");
    "plugin/core-version-two": breaks "HS-055" by "wrong-core-version", Testee("core-version-two");
    "plugin/app-version-two": breaks "HS-055" by "wrong-app-version", Testee("app-version-two");
    "plugin/address-not-listening": breaks "HS-056" by "not-listening", Testee("address-not-listening");
    "plugin/announces-before-listening": breaks "HS-056" by "not-listening", Testee("announces-before-listening");
    "plugin/announces-all-interfaces": breaks "HS-057" by "not-loopback", Testee("announces-all-interfaces");
    "plugin/listens-on-all-interfaces": breaks "HS-057" by "listens-beyond-loopback", Testee("listens-on-all-interfaces");
    "plugin/network-upper-case": breaks "HS-057" by "unknown-network", Testee("network-upper-case");
    "plugin/network-of-other-kind": breaks "HS-057" by "no-such-socket", Testee("network-of-other-kind");
    "plugin/address-without-port": breaks "HS-057" by "address-unreadable", Testee("address-without-port");
    "plugin/netrpc": breaks "HS-058" by "wrong-protocol", Testee("netrpc");
    "plugin/protocol-upper-case": breaks "HS-058" by "wrong-protocol", Testee("protocol-upper-case");
    "plugin/padded-field": breaks "HS-058" by "wrong-protocol", Testee("padded-field");
    "plugin/missing-protocol": breaks "HS-058" by "protocol-missing", Testee("missing-protocol");
    "plugin/announces-certificate": breaks "HS-059" by "certificate-announced", Testee("announces-certificate");
    "plugin/announces-multiplexing": breaks "HS-059" by "seventh-field", Testee("announces-multiplexing");
    "plugin/handshake-late": breaks "HS-061" by "too-late", Testee("handshake-late");
    "plugin/cookie-not-checked": breaks "HS-051" by "runs-without-cookie", Testee("cookie-not-checked");
    "plugin/cookie-value-not-checked": breaks "HS-051" by "runs-without-cookie", Testee("cookie-value-not-checked");
    "plugin/cookie-error-on-stdout": breaks "HS-051" by "wrote-to-stdout", Testee("cookie-error-on-stdout");
    "plugin/cookie-error-exits-zero": breaks "HS-051" by "exit-status-zero", Testee("cookie-error-exits-zero");
    "plugin/cookie-error-silent": breaks "HS-052" by "silent", Testee("cookie-error-silent");
    "plugin/needs-single-version": breaks "HS-060" by "needs-one-version", Testee("needs-single-version");
    "plugin/one-process-only": breaks "HS-062" by "second-does-not-start", Testee("lock-stays");

    "plugin/dies-of-unknown-variable": breaks "EV-051" by "dies-of-unknown-variable", Testee("dies-of-unknown-variable");
    "plugin/needs-path": breaks "EV-052" by "needs-more-variables", Testee("needs-path");
    "plugin/needs-home": breaks "EV-052" by "needs-more-variables", Testee("needs-home");
    "plugin/api-target-ignored": breaks "EV-053" by "called-elsewhere", Testee("api-target-ignored");
    "plugin/log-level-ignored": breaks "EV-055" by "log-level-ignored", Testee("log-level-ignored");
    "plugin/needs-numeric-timeout": breaks "EV-056" by "dies-of-malformed-value", Testee("needs-numeric-timeout");
    "plugin/needs-api-target": breaks "EV-057" by "does-not-start", Testee("needs-api-target");

    "plugin/health-not-serving": breaks "HE-051" by "not-serving", Testee("health-not-serving");
    "plugin/health-plugin-unknown": breaks "HE-051" by "service-unknown", Testee("health-plugin-unknown");
    "plugin/health-unimplemented": breaks "HE-051" by "no-health-service", Testee("health-unimplemented");
    "plugin/health-hangs": breaks "HE-051" by "no-answer", Testee("health-hangs");
    "plugin/authority-refused": breaks "HE-051" by "check-failed", Testee("authority-refused");
    "plugin/health-unknown-serving": breaks "HE-052" by "unknown-service-known", Testee("health-unknown-serving");
    "plugin/health-empty-unknown": breaks "HE-053" by "server-unknown", Testee("health-empty-unknown");
    "plugin/health-down-during-hook": breaks "HE-054" by "health-down", Testee("health-down-during-hook");
    "plugin/hook-blocks-server": breaks "HE-054" by "health-waits", Testee("hook-blocks-server");

    "plugin/implemented-unknown-name": breaks "HK-051" by "no-such-hook", Testee("implemented-unknown-name");
    "plugin/implemented-snake-case": breaks "HK-051" by "no-such-hook", Testee("implemented-snake-case");
    "plugin/implemented-empty": breaks "HK-051" by "empty-list", Testee("implemented-empty");
    "plugin/implemented-error": breaks "HK-051" by "error-in-band", Testee("implemented-error");
    "plugin/implemented-internal": breaks "HK-051" by "call-failed", Testee("implemented-internal");
    "plugin/implemented-hangs": breaks "HK-051" by "call-failed", Testee("implemented-hangs");
    "plugin/implemented-unimplemented": breaks "HK-051" by "call-failed", Testee("implemented-unimplemented");
    "plugin/implemented-duplicate": breaks "HK-052" by "listed-twice", Testee("implemented-duplicate");
    "plugin/implemented-changes": breaks "HK-052" by "list-changes", Testee("implemented-changes");
    "plugin/implemented-omits": breaks "HK-053" by "handler-omitted", Testee("implemented-omits");
    "plugin/implemented-lists-dead": breaks "HK-053" by "listed-without-handler", Testee("implemented-lists-dead");
    "plugin/allow-rejects": breaks "HK-054" by "rejected", Testee("allow-rejects");
    "plugin/modify-dropped": breaks "HK-055" by "change-lost", Testee("modify-dropped");
    "plugin/modify-drops-props": breaks "HK-055" by "fields-lost", Testee("modify-drops-props");
    "plugin/modify-drops-fields": breaks "HK-055" by "fields-lost", Testee("modify-drops-fields");
    "plugin/modify-rejects": breaks "HK-055" by "rejected-too", Testee("modify-rejects");
    "plugin/reject-dropped": breaks "HK-056" by "rejection-lost", Testee("reject-dropped");
    "plugin/reject-text-lost": breaks "HK-056" by "reason-changed", Testee("reject-text-lost");
    "plugin/dismiss-altered": breaks "HK-057" by "dismissal-changed", Testee("dismiss-altered");
    "plugin/text-mangled": breaks "HK-058" by "value-changed", Testee("text-mangled");
    "plugin/text-truncated": breaks "HK-058" by "value-changed", Testee("text-truncated");
    "plugin/large-message-refused": breaks "HK-058" by "refused", Testee("large-message-refused");
    "plugin/notification-not-run": breaks "HK-059" by "handler-not-run", Testee("notification-not-run");
    "plugin/command-response-lost": breaks "HK-060" by "response-lost", Testee("command-response-lost");
    "plugin/command-error-swallowed": breaks "HK-060" by "error-swallowed", Testee("command-error-swallowed");
    "plugin/login-reject-dropped": breaks "HK-061" by "rejection-lost", Testee("login-reject-dropped");
    "plugin/error-allows": breaks "HK-062" by "let-pass", Testee("error-allows");
    "plugin/error-as-status": breaks "HK-062" by "call-failed", Testee("error-as-status");
    "plugin/notification-error-as-status": breaks "HK-063" by "call-failed", Testee("error-as-status");
    "plugin/error-kills": breaks "HK-064" by "process-ended", Testee("error-kills");
    "plugin/notify-error-kills": breaks "HK-064" by "process-ended", Testee("notify-error-kills");
    "plugin/health-down-after-failure": breaks "HK-064" by "unhealthy", Testee("health-down-after-failure");
    "plugin/quit-ends-process": breaks "HK-065" by "process-ended", Testee("quit-ends-process");

    "plugin/evidence-missing": breaks "LC-051" by "no-evidence", Testee("evidence-missing");
    "plugin/nonce-wrong": breaks "LC-051" by "no-evidence", Testee("nonce-wrong");
    "plugin/not-ready": breaks "LC-051" by "not-serving", Testee("health-not-serving");
    "plugin/ready-implemented-error": breaks "LC-051" by "does-not-start", Testee("implemented-error");
    "plugin/activate-not-run": breaks "LC-052" by "activate-not-run", Testee("activate-not-run");
    "plugin/activate-runs-twice": breaks "LC-052" by "run-twice", Testee("activate-runs-twice");
    "plugin/configuration-not-run": breaks "LC-052" by "configuration-not-run", Testee("configuration-not-run");
    "plugin/activate-error-swallowed": breaks "LC-053" by "error-swallowed", Testee("activate-error-swallowed");
    "plugin/activate-error-text-lost": breaks "LC-053" by "message-lost", Testee("activate-error-text-lost");
    "plugin/activate-error-as-status": breaks "LC-053" by "error-as-status", Testee("activate-error-as-status");
    "plugin/activate-error-kills": breaks "LC-054" by "ended", Testee("activate-error-kills");
    "plugin/configuration-ignored": breaks "LC-055" by "handler-not-run", Testee("configuration-not-run");
    "plugin/unknown-rpc-empty": breaks "LC-056" by "answered", Testee("unknown-rpc-empty");
    "plugin/unknown-rpc-internal": breaks "LC-056" by "wrong-code", Testee("unknown-rpc-internal");
    "plugin/unknown-rpc-crashes": breaks "LC-056" by "connection-lost", Testee("unknown-rpc-crashes");
    "plugin/stdio-crashes": breaks "LC-056" by "ended", Testee("stdio-crashes");
    "plugin/configuration-error-swallowed": breaks "LC-058" by "error-swallowed", Testee("configuration-error-swallowed");
    "plugin/configuration-error-kills": breaks "LC-058" by "ended", Testee("configuration-error-kills");
    "plugin/activate-error-id-empty": breaks "LC-059" by "no-id", Testee("activate-error-id-empty");
    "plugin/activate-error-where-wrong": breaks "LC-059" by "wrong-where", Testee("activate-error-where-wrong");
    "plugin/deactivate-not-run": breaks "LC-057" by "handler-not-run", Testee("deactivate-not-run");
    "plugin/deactivate-crashes": breaks "LC-057" by "handler-not-run", Testee("deactivate-crashes");
    "plugin/deactivate-hangs": breaks "LC-057" by "handler-not-run", Testee("deactivate-hangs");
    "plugin/deactivate-error-swallowed": breaks "LC-057" by "error-swallowed", Testee("deactivate-error-swallowed");

    "plugin/grandchild-left": breaks "PR-051" by "process-left", Testee("grandchild-left");
    "plugin/daemon-left": breaks "PR-051" by "process-left", Testee("daemon-left");
    "plugin/log-level-number": breaks "PR-052" by "fatal-log-line", Testee("log-level-number");
    "plugin/logs-on-stdout": breaks "PR-054" by "logged-to-stdout", Testee("logs-on-stdout");
    "plugin/logs-without-level": breaks "PR-055" by "level-unreadable", Testee("logs-without-level");
    "plugin/flood-hangs": breaks "PR-053" by "not-answered", Testee("flood-hangs");

    "plugin/shutdown-ignored": breaks "ST-051" by "still-there", Testee("shutdown-ignored");
    "plugin/shutdown-hangs": breaks "ST-051" by "still-there", Testee("shutdown-hangs");
    "plugin/shutdown-slow": breaks "ST-051" by "still-there", Testee("shutdown-slow");
    "plugin/shutdown-unimplemented": breaks "ST-051" by "shutdown-not-served", Testee("shutdown-unimplemented");
    "plugin/shutdown-exits-non-zero": breaks "ST-052" by "wrong-exit-status", Testee("shutdown-exits-non-zero");
    "plugin/shutdown-aborts": breaks "ST-052" by "ended-by-signal", Testee("shutdown-aborts");
    "plugin/term-ignored": breaks "ST-053" by "still-there", Testee("term-ignored");
    "plugin/outlives-host": breaks "ST-054" by "outlives-host", Testee("outlives-host");
    "plugin/shutdown-waits-for-handlers": breaks "ST-055" by "waits-for-handler", Testee("shutdown-waits-for-handlers");
    "plugin/socket-file-left": breaks "ST-056" by "socket-left", Testee("socket-file-left");

    "plugin/calls-mixed-up": breaks "CC-051" by "anothers-answer", Testee("calls-mixed-up");
    "plugin/dies-after-ten-calls": breaks "CC-051" by "not-answered", Testee("dies-after-ten-calls");
    "plugin/hooks-serialised": breaks "CC-052" by "one-after-another", Testee("hooks-serialised");
    "plugin/quick-hook-waits": breaks "CC-053" by "waits-for-slow-hooks", Testee("hooks-serialised");
    "plugin/api-answers-mixed-up": breaks "CC-054" by "anothers-answer", Testee("api-answers-mixed-up");

    "plugin/api-not-connected": breaks "AP-051" by "client-not-connected", Testee("api-not-connected");
    "plugin/api-late": breaks "AP-051" by "client-not-connected", Testee("api-late");
    "plugin/api-plugin-id-wrong": breaks "AP-052" by "result-changed", Testee("api-plugin-id-wrong");
    "plugin/api-log-pairs-lost": breaks "AP-053" by "request-changed", Testee("api-log-pairs-lost");
    "plugin/api-value-truncated": breaks "AP-054" by "request-changed", Testee("api-value-truncated");
    "plugin/api-bytes-mangled": breaks "AP-054" by "result-changed", Testee("api-bytes-mangled");
    "plugin/api-page-ignored": breaks "AP-055" by "request-changed", Testee("api-page-ignored");
    "plugin/api-success-lost": breaks "AP-056" by "result-changed", Testee("api-success-lost");
    "plugin/api-old-value-lost": breaks "AP-056" by "request-changed", Testee("api-old-value-lost");
    "plugin/api-options-lost": breaks "AP-057" by "request-changed", Testee("api-options-lost");
    "plugin/api-error-lost": breaks "AP-058" by "error-lost", Testee("api-error-lost");
    "plugin/api-error-code-lost": breaks "AP-058" by "status-code-lost", Testee("api-error-code-lost");
    "plugin/api-error-text-lost": breaks "AP-058" by "message-lost", Testee("api-error-text-lost");
    "plugin/api-status-kills": breaks "AP-059" by "process-ended", Testee("api-status-kills");
    "plugin/api-call-waits-for-ever": breaks "AP-060" by "waits-for-ever", Testee("hook-timeout-ignored");

    "plugin/lock-of-the-killed": breaks "CR-051" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-activating": breaks "CR-052" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-idle": breaks "CR-053" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-busy": breaks "CR-054" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-deactivating": breaks "CR-055" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-after-handshake": breaks "CR-057" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-asked": breaks "CR-058" by "does-not-start-again", Testee("lock-stays");
    "plugin/lock-of-the-ending": breaks "CR-059" by "does-not-start-again", Testee("lock-stays");
    "plugin/cut-off-kills": breaks "CR-060" by "process-ended", Testee("cancel-kills");
    "plugin/cut-off-forgets-to-end": breaks "CR-061" by "still-there", Testee("shutdown-waits-for-handlers");
    "plugin/exit-status-lost": breaks "CR-056" by "wrong-exit-status", Testee("exit-status-lost");

    "plugin/plans-shutdown-ignored": breaks "FP-051" by "does-not-end", Testee("shutdown-ignored");
    "plugin/plans-error-as-status": breaks "FP-052" by "transport-error", Testee("error-as-status");
    "plugin/plans-lock-stays": breaks "FP-053" by "does-not-start-again", Testee("lock-stays");
    "plugin/plans-health-down-after-failure": breaks "FP-054" by "not-serving", Testee("health-down-after-failure");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fake_interpreters::fault::Fault;

    use crate::mutant::How;

    #[test]
    fn every_fault_of_the_testee_is_a_mutant_and_every_mutant_a_fault() {
        let used: BTreeSet<&str> = crate::mutants::all()
            .into_iter()
            .filter_map(|mutant| match mutant.how {
                How::Testee(fault) => Some(fault),
                How::Driver(_) | How::Damage(_) => None,
            })
            .collect();
        let known: BTreeSet<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(used, known);
    }
}
