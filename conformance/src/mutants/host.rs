//! Hosts with one fault: our own driver, started with `--fault NAME`.
//!
//! Each row is a requirement, the fault that breaks it, and the reason by which its check has to catch it. Many requirements have several
//! faults: one for each way in which hosts are known to break them.

pub mod api;
pub mod branches;
pub mod http;
pub mod seams;
pub mod tls;

use crate::mutant::mutants;

mutants! {
    Host;
    "host/ignores-core-version": breaks "HS-006" by "bad-core-accepted", Driver("ignores-core-version");
    "host/skips-to-handshake": breaks "HS-005" by "no-handshake-accepted", Driver("skips-to-handshake");
    "host/late-line-refused": breaks "HS-001" by "good-line-refused", Driver("gives-up-early");
    "host/trims-fields": breaks "HS-002" by "field-trimmed", Driver("trims-fields");
    "host/trims-nothing": breaks "HS-002" by "good-line-refused", Driver("trims-nothing");
    "host/refuses-surplus": breaks "HS-003" by "good-line-refused", Driver("refuses-surplus");
    "host/first-chunk-is-line": breaks "HS-004" by "line-without-end-accepted", Driver("first-chunk-is-line");
    "host/first-line-not-shown": breaks "HS-005" by "line-not-shown", Driver("hides-first-line");
    "host/strict-numbers": breaks "HS-006" by "good-line-refused", Driver("strict-numbers");
    "host/ignores-app-version": breaks "HS-007" by "bad-app-accepted", Driver("ignores-app-version");
    "host/versions-not-named": breaks "HS-007" by "versions-not-named", Driver("short-messages");
    "host/ignores-network": breaks "HS-008" by "bad-network-accepted", Driver("ignores-network");
    "host/ignores-bad-address": breaks "HS-009" by "bad-address-accepted", Driver("ignores-bad-address");
    "host/refuses-unix": breaks "HS-010" by "good-line-refused", Driver("refuses-unix");
    "host/refuses-names": breaks "HS-010" by "good-line-refused", Driver("refuses-names");
    "host/accepts-absent-protocol": breaks "HS-011" by "bad-protocol-accepted", Driver("accepts-absent-protocol");
    "host/ignores-protocol-case": breaks "HS-011" by "bad-protocol-accepted", Driver("ignores-protocol-case");
    "host/drops-certificate": breaks "HS-012" by "certificate-accepted", Driver("drops-certificate");
    "host/dies-of-certificate": breaks "HS-012" by "host-ended", Driver("dies-of-certificate");
    "host/short-lines-only": breaks "HS-013" by "good-line-refused", Driver("short-lines-only");
    "host/cuts-long-line": breaks "HS-013" by "overlong-line-accepted", Driver("cuts-long-line");
    "host/gives-up-early": breaks "HS-014" by "gave-up-early", Driver("gives-up-early");
    "host/gives-up-late": breaks "HS-014" by "gave-up-late", Driver("gives-up-late");
    "host/late-refusal": breaks "HS-015" by "not-at-once", Driver("late-refusals");
    "host/exit-status-hidden": breaks "HS-015" by "exit-status-missing", Driver("hides-exit-status");
    "host/stderr-hidden": breaks "HS-015" by "stderr-missing", Driver("hides-stderr");
    "host/refused-process-left": breaks "HS-016" by "process-left", Driver("kill-only-child");
    "host/refused-api-server-left": breaks "HS-016" by "api-server-left", Driver("leaks-api-server");
    "host/checks-backwards": breaks "HS-017" by "wrong-refusal", Driver("checks-backwards");
    "host/no-first-line": breaks "HS-018" by "first-line-missing", Driver("hides-first-line");
    "host/no-stdout-bytes": breaks "HS-018" by "stdout-bytes-missing", Driver("hides-stdout-bytes");
    "host/no-stderr": breaks "HS-018" by "stderr-missing", Driver("hides-stderr");
    "host/no-time": breaks "HS-018" by "time-missing", Driver("hides-time");
    "host/no-go-wording": breaks "HS-018" by "go-wording-missing", Driver("hides-go-wording");
    "host/ignores-multiplexing": breaks "HS-019" by "multiplexing-accepted", Driver("ignores-multiplexing");

    "host/prefers-python3": breaks "PR-001" by "wrong-interpreter", Driver("prefers-python3");
    "host/ignores-venv-path": breaks "PR-002" by "venv-path-ignored", Driver("ignore-venv-path");
    "host/fixed-interpreter": breaks "PR-003" by "wrong-refusal", Driver("fixed-interpreter");
    "host/extra-argument": breaks "PR-004" by "wrong-argument", Driver("extra-argument");
    "host/wrong-directory": breaks "PR-005" by "wrong-directory", Driver("wrong-directory");
    "host/shared-group": breaks "PR-006" by "no-own-group", Driver("shared-group");
    "host/inherited-stdin": breaks "PR-007" by "stdin-open", Driver("inherited-stdin");
    "host/raw-script-path": breaks "PR-008" by "bad-path-started", Driver("trust-raw-script-path");
    "host/vague-script-refusal": breaks "PR-008" by "wrong-refusal", Driver("vague-refusals");
    "host/raw-script": breaks "PR-009" by "bad-script-started", Driver("trust-raw-script-path");
    "host/refuses-two-dots": breaks "PR-010" by "good-script-refused", Driver("refuses-two-dots");
    "host/any-case-runtime": breaks "PR-011" by "wrong-runtime", Driver("any-case-runtime");
    "host/manifest-not-named": breaks "PR-012" by "file-not-named", Driver("short-messages");
    "host/stops-reading-stdout": breaks "PR-013" by "stdout-not-drained", Driver("stops-reading-stdout");
    "host/all-at-debug": breaks "PR-014" by "wrong-level", Driver("all-at-debug");
    "host/ignores-tracebacks": breaks "PR-014" by "traceback-not-an-error", Driver("ignore-tracebacks");
    "host/dies-of-odd-level": breaks "PR-015" by "host-ended", Driver("dies-of-odd-level");
    "host/leaves-children": breaks "PR-016" by "process-left", Driver("kill-only-child");

    "host/no-port-range": breaks "EV-001" by "variable-missing", Driver("no-port-range");
    "host/wrong-cookie": breaks "EV-001" by "wrong-cookie", Driver("wrong-cookie");
    "host/inherited-api-target": breaks "EV-002" by "inherited-api-target", Driver("inherit-host-environment");
    "host/api-not-ready": breaks "EV-002" by "api-not-ready", Driver("api-not-ready");
    "host/omits-plugin-variables": breaks "EV-003" by "variable-missing", Driver("omit-plugin-variables");
    "host/reference": breaks "EV-004" by "secret-leaked", Driver("reference");
    "host/leaks-secrets": breaks "EV-004" by "secret-leaked", Driver("inherit-host-environment");
    "host/ignores-passed-variables": breaks "EV-005" by "variable-not-passed", Driver("ignores-passed-variables");

    "host/succeeds-early": breaks "LC-012" by "succeeded-early", Driver("succeeds-early");
    "host/asks-implemented-twice": breaks "LC-001" by "implemented-not-once", Driver("asks-implemented-twice");
    "host/no-configuration": breaks "LC-002" by "configuration-not-first", Driver("start-without-configuration");
    "host/activates-first": breaks "LC-002" by "configuration-not-first", Driver("activates-first");
    "host/calls-unlisted-lifecycle": breaks "LC-003" by "unlisted-hook-called", Driver("lists-every-hook");
    "host/activation-message-lost": breaks "LC-004" by "message-lost", Driver("swallow-activation-error-text");
    "host/ignores-activation-error": breaks "LC-004" by "activation-not-failed", Driver("ignores-activation-error");
    "host/activation-without-bound": breaks "LC-005" by "activation-not-bounded", Driver("slow-hook-timeout");
    "host/second-process": breaks "LC-006" by "second-process", Driver("starts-twice");
    "host/restart-keeps-old": breaks "LC-007" by "old-process-lives", Driver("restart-keeps-old");
    "host/skips-stdio": breaks "LC-008" by "stdio-not-opened", Driver("skips-stdio");
    "host/connects-slowly": breaks "LC-009" by "start-not-bounded", Driver("connects-slowly");
    "host/ignores-implemented-error": breaks "LC-010" by "start-not-failed", Driver("ignores-implemented-error");
    "host/activates-twice": breaks "LC-002" by "wrong-order", Driver("calls-hooks-twice");
    "host/configuration-error-is-fatal": breaks "LC-011" by "activation-refused", Driver("configuration-error-is-fatal");

    "host/lists-every-hook": breaks "HK-001" by "unlisted-hook-called", Driver("lists-every-hook");
    "host/drops-request-field": breaks "HK-002" by "request-changed", Driver("drops-request-field");
    "host/drops-answer-field": breaks "HK-002" by "answer-changed", Driver("drops-answer-field");
    "host/slow-hook-timeout": breaks "HK-003" by "hook-not-ended", Driver("slow-hook-timeout");
    "host/errors-look-alike": breaks "HK-004" by "error-not-told-apart", Driver("errors-look-alike");
    "host/requires-implemented": breaks "HK-005" by "start-refused", Driver("require-implemented");
    "host/refuses-unknown-hooks": breaks "HK-006" by "start-refused", Driver("refuses-unknown-hooks");
    "host/ignores-spelling": breaks "HK-006" by "wrong-spelling-called", Driver("ignores-spelling");
    "host/counts-names-twice": breaks "HK-006" by "called-twice", Driver("calls-hooks-twice");
    "host/calls-hooks-twice": breaks "HK-022" by "called-twice", Driver("calls-hooks-twice");
    "host/stops-on-bad-answer": breaks "HK-007" by "plugin-ended", Driver("stops-on-bad-answer");

    "host/strips-posts": breaks "HK-008" by "field-lost", Driver("strip-posts");
    "host/drops-nested-answers": breaks "HK-009" by "answer-field-lost", Driver("drops-nested-answers");
    "host/sends-secrets": breaks "HK-010" by "secret-sent", Driver("send-secrets");
    "host/hook-message-lost": breaks "HK-011" by "message-lost", Driver("swallow-hook-error-text");
    "host/forgets-changes": breaks "HK-012" by "change-lost", Driver("forgets-changes");
    "host/takes-empty-for-change": breaks "HK-013" by "changed-by-an-empty-answer", Driver("takes-empty-for-change");
    "host/prefers-the-post": breaks "HK-014" by "rejection-lost", Driver("prefers-the-post");
    "host/explains-dismissals": breaks "HK-015" by "dismissal-changed", Driver("explains-dismissals");
    "host/forgets-content": breaks "HK-016" by "content-lost", Driver("forgets-changes");
    "host/keeps-file-size": breaks "HK-016" by "size-not-counted", Driver("keeps-file-size");
    "host/forgets-texts": breaks "HK-017" by "text-not-replaced", Driver("forgets-changes");
    "host/takes-any-configuration": breaks "HK-018" by "bad-configuration-taken", Driver("takes-any-configuration");
    "host/forgets-configuration": breaks "HK-018" by "good-configuration-lost", Driver("forgets-changes");
    "host/removes-posts": breaks "HK-019" by "post-removed", Driver("answer-is-all");
    "host/pings-optimistically": breaks "HK-020" by "failed-ping-healthy", Driver("pings-optimistically");
    "host/fails-without-error": breaks "HK-021" by "no-error-given", Driver("fails-without-error");

    "host/reverse-order": breaks "FO-001" by "wrong-order", Driver("reverse-order");
    "host/each-sees-original": breaks "FO-002" by "change-not-seen", Driver("each-sees-original");
    "host/asks-on-after-no": breaks "FO-003" by "asked-after-rejection", Driver("asks-on-after-no");
    "host/stops-at-failure": breaks "FO-004" by "not-asked-after-failure", Driver("stops-at-failure");
    "host/turn-without-bound": breaks "FO-005" by "turn-not-bounded", Driver("slow-hook-timeout");
    "host/fan-out-ends-at-hang": breaks "FO-005" by "not-asked-after-hang", Driver("stops-at-failure");
    "host/stops-at-error": breaks "FO-006" by "not-asked-after-error", Driver("stops-at-failure");
    "host/one-context-for-all": breaks "FO-007" by "wrong-plugin-in-context", Driver("one-context-for-all");
    "host/failure-undoes-changes": breaks "FO-008" by "change-undone", Driver("failure-undoes-changes");
    "host/fans-out-everything": breaks "FO-009" by "fanned-out", Driver("fans-out-everything");

    "host/closed-by-default": breaks "PO-001" by "closed-by-default", Driver("closed-by-default");
    "host/always-open": breaks "PO-002" by "passed-though-closed", Driver("always-fail-open");
    "host/absent-hook-stops": breaks "PO-002" by "stopped-without-a-failure", Driver("absent-hook-stops");
    "host/never-opens": breaks "PO-003" by "stopped-though-open", Driver("never-opens");
    "host/keeps-every-post": breaks "PO-004" by "post-kept", Driver("keeps-every-post");
    "host/one-hook-deadline": breaks "PO-005" by "single-deadline-ignored", Driver("one-hook-deadline");
    "host/unlimited-calls": breaks "PO-006" by "limit-exceeded", Driver("unlimited-calls");
    "host/queues-without-end": breaks "PO-007" by "queue-without-end", Driver("queues-without-end");
    "host/never-queues": breaks "PO-008" by "queued-call-lost", Driver("never-queues");
    "host/queue-without-bound": breaks "PO-009" by "queue-not-bounded", Driver("one-hook-deadline");
    "host/outlives-callers": breaks "PO-010" by "not-cancelled", Driver("outlive-callers");
    "host/accepts-unknown-hooks": breaks "PO-011" by "unknown-hook-accepted", Driver("accepts-unknown-hooks");

    "host/counts-nothing": breaks "ME-001" by "not-counted", Driver("counts-nothing");
    "host/counts-failures": breaks "ME-002" by "failure-counted-as-success", Driver("count-failures-as-successes");
    "host/counts-no-api": breaks "ME-003" by "api-not-counted", Driver("counts-no-api");
    "host/counts-no-fan-outs": breaks "ME-004" by "fan-out-not-counted", Driver("counts-no-fan-outs");
    "host/counts-skipped": breaks "ME-005" by "skipped-counted", Driver("counts-skipped");
    "host/malformed-metrics": breaks "ME-006" by "bad-exposition", Driver("malformed-metrics");
    "host/counts-no-time": breaks "ME-007" by "wrong-time", Driver("counts-no-time");

    "host/checks-no-service": breaks "HE-001" by "wrong-service", Driver("checks-no-service");
    "host/ignores-health-status": breaks "HE-002" by "unhealthy-counted-healthy", Driver("ignore-health-status");
    "host/slow-health": breaks "HE-002" by "health-not-bounded", Driver("slow-health-timeout");
    "host/health-decides-start": breaks "HE-003" by "start-decided-by-health", Driver("health-decides-start");
    "host/hides-health": breaks "HE-003" by "result-not-reported", Driver("hides-health");
    "host/no-first-check": breaks "HE-003" by "no-first-check", Driver("no-first-check");

    "host/skips-on-deactivate": breaks "ST-001" by "no-on-deactivate", Driver("skips-on-deactivate");
    "host/deactivates-twice": breaks "ST-001" by "wrong-order", Driver("calls-hooks-twice");
    "host/skips-shutdown": breaks "ST-001" by "no-shutdown", Driver("skips-shutdown");
    "host/never-terminates": breaks "ST-002" by "no-sigterm", Driver("never-terminate");
    "host/kills-only-child": breaks "ST-002" by "process-left", Driver("kill-only-child");
    "host/kills-at-once": breaks "ST-002" by "no-grace", Driver("kills-at-once");
    "host/terminates-at-once": breaks "ST-003" by "signal-sent", Driver("terminates-at-once");
    "host/waits-fixed-time": breaks "ST-003" by "stop-not-over", Driver("waits-fixed-time");
    "host/stops-without-bound": breaks "ST-004" by "stop-not-bounded", Driver("stops-without-bound");
    "host/children-left": breaks "ST-005" by "process-left", Driver("kill-only-child");
    "host/api-server-left": breaks "ST-006" by "api-server-left", Driver("leaks-api-server");
    "host/api-gone-early": breaks "ST-006" by "api-gone-too-early", Driver("api-gone-early");
    "host/waits-for-handlers": breaks "ST-006" by "stop-held", Driver("waits-for-handlers");
    "host/no-guard": breaks "ST-007" by "process-left", Driver("no-guard");
    "host/takes-shutdown-for-answered": breaks "ST-009" by "waited-without-controller", Driver("takes-shutdown-for-answered");
    "host/leaves-sockets": breaks "ST-010" by "socket-left", Driver("leaves-sockets");
    "host/removes-any-socket": breaks "ST-010" by "foreign-socket-removed", Driver("removes-any-socket");
    "host/hides-stop-steps": breaks "ST-008" by "steps-missing", Driver("hides-stop-steps");

    "host/wrong-plugin-id": breaks "AP-001" by "wrong-plugin-id", Driver("wrong-plugin-id");
    "host/loses-logs": breaks "AP-002" by "log-lost", Driver("loses-logs");
    "host/flattens-logs": breaks "AP-002" by "log-changed", Driver("flattens-logs");
    "host/kv-cuts-at-zero": breaks "AP-003" by "value-changed", Driver("kv-cuts-at-zero");
    "host/kv-ignores-old-value": breaks "AP-004" by "old-value-ignored", Driver("kv-ignores-old-value");
    "host/kv-list-loses-last": breaks "AP-005" by "keys-lost", Driver("kv-list-loses-last");
    "host/kv-never-expires": breaks "AP-005" by "key-not-expired", Driver("kv-never-expires");
    "host/kv-shared": breaks "AP-006" by "keys-shared", Driver("kv-shared");
    "host/hangs-on-missing-method": breaks "AP-007" by "no-answer", Driver("hangs-on-missing-method");
    "host/missing-method-out-of-band": breaks "AP-007" by "answered-out-of-band", Driver("missing-method-out-of-band");
    "host/breaks-on-bad-message": breaks "AP-008" by "server-ended", Driver("breaks-on-bad-message");
    "host/four-mib-limit": breaks "AP-009" by "large-message-refused", Driver("four-mib-limit");

    "host/reports-no-end": breaks "CR-001" by "end-not-noticed", Driver("reports-no-end");
    "host/waits-for-dead-hook": breaks "CR-002" by "not-at-once", Driver("waits-for-dead-hook");
    "host/never-restarts": breaks "CR-003" by "not-restarted", Driver("never-restarts");
    "host/one-death-stops-all": breaks "CR-004" by "other-plugin-touched", Driver("one-death-stops-all");

    "host/scan-finds-hidden": breaks "PE-001" by "hidden-found", Driver("scan-finds-hidden");
    "host/scan-drops-broken": breaks "PE-002" by "broken-not-reported", Driver("scan-drops-broken");
    "host/scan-drops-twins": breaks "PE-003" by "twins-not-reported", Driver("scan-drops-twins");
    "host/takes-first-twin": breaks "PE-003" by "twin-started", Driver("takes-first-twin");
    "host/unknown-id-not-named": breaks "PE-004" by "id-not-named", Driver("short-messages");
    "host/lists-running-only": breaks "PE-005" by "plugin-not-listed", Driver("lists-running-only");
    "host/hides-uptime": breaks "PE-006" by "uptime-missing", Driver("hides-uptime");
    "host/hides-last-exit": breaks "PE-007" by "last-exit-missing", Driver("hides-last-exit");
    "host/hides-restarts": breaks "PE-008" by "restarts-missing", Driver("hides-restarts");
    "host/says-started-again": breaks "PE-009" by "says-started", Driver("says-started-again");
    "host/says-stopped": breaks "PE-010" by "says-stopped", Driver("says-stopped");
    "host/says-running-early": breaks "PE-011" by "running-early", Driver("says-running-early");
    "host/keeps-error-text": breaks "PE-012" by "error-kept", Driver("keeps-error-text");
    "host/removal-forgets-nothing": breaks "PE-013" by "still-listed", Driver("removal-forgets-nothing");
    "host/removal-always-deletes": breaks "PE-013" by "folder-deleted", Driver("removal-always-deletes");
    "host/removal-keeps-folder": breaks "PE-014" by "folder-left", Driver("removal-keeps-folder");
    "host/removes-anything": breaks "PE-015" by "unknown-removed", Driver("removes-anything");
    "host/skips-configuration": breaks "PE-016" by "not-told", Driver("skips-configuration");
    "host/hides-configuration-errors": breaks "PE-017" by "error-hidden", Driver("hides-configuration-errors");
    "host/stops-one-by-one": breaks "PE-018" by "one-by-one", Driver("stops-one-by-one");
    "host/no-deactivate-patience": breaks "PE-019" by "shutdown-not-bounded", Driver("no-deactivate-patience");

    "host/never-checks": breaks "HE-004" by "not-checked", Driver("never-checks");
    "host/checks-too-often": breaks "HE-004" by "checked-too-often", Driver("checks-too-often");
    "host/pings-once": breaks "HE-005" by "wrong-number-of-pings", Driver("pings-once");
    "host/ignores-ill-plugin": breaks "HE-006" by "not-restarted", Driver("never-checks");
    "host/never-gives-up": breaks "HE-007" by "not-given-up", Driver("never-gives-up");
    "host/gives-up-soon": breaks "HE-007" by "given-up-early", Driver("gives-up-soon");
    "host/refuses-given-up": breaks "HE-008" by "not-activated", Driver("refuses-given-up");
    "host/slow-pings": breaks "HE-009" by "hang-not-noticed", Driver("slow-health-timeout");
    "host/one-check-at-a-time": breaks "HE-010" by "check-delayed", Driver("one-check-at-a-time");
    "host/checks-when-off": breaks "HE-011" by "checked-after-off", Driver("checks-when-off");
    "host/brings-back-deactivated": breaks "HE-012" by "brought-back", Driver("brings-back-deactivated");
    "host/window-for-ever": breaks "HE-013" by "given-up", Driver("window-for-ever");

    "host/recovers-late": breaks "CR-005" by "not-at-once", Driver("recovers-late");
    "host/no-backoff": breaks "CR-006" by "no-pause", Driver("no-backoff");
    "host/failed-restart-is-final": breaks "CR-007" by "not-tried-again", Driver("failed-restart-is-final");
    "host/restarts-for-ever": breaks "CR-008" by "not-given-up", Driver("never-gives-up");
    "host/hides-failures": breaks "CR-009" by "not-reported", Driver("hides-failures");
    "host/hides-failure-tail": breaks "CR-009" by "stderr-missing", Driver("hides-failure-tail");
    "host/ignores-stopped-plugin": breaks "CR-010" by "not-recovered", Driver("never-checks");
    "host/waits-for-stopped-plugin": breaks "CR-011" by "stop-not-bounded", Driver("stops-without-bound");
    "host/ignores-lost-plugin": breaks "CR-012" by "not-recovered", Driver("never-checks");
    "host/waits-for-replaced-plugin": breaks "CR-013" by "not-at-once", Driver("waits-for-dead-hook");
    "host/troubles-leave-children": breaks "CR-014" by "process-left", Driver("kill-only-child");
    "host/starts-once": breaks "CR-014" by "next-start-failed", Driver("starts-once");
    "host/troubles-look-alike": breaks "CR-015" by "error-not-named", Driver("vague-refusals");
    "host/troubles-in-implemented-look-alike": breaks "CR-015" by "error-not-named", Driver("short-messages");
    "host/troubles-without-exit-status": breaks "CR-015" by "exit-status-missing", Driver("hides-exit-status");
    "host/troubles-without-last-exit": breaks "CR-015" by "exit-status-missing", Driver("hides-last-exit");
    "host/troubles-without-stderr": breaks "CR-015" by "stderr-missing", Driver("hides-stderr");

    "host/starts-twice": breaks "CC-001" by "second-process", Driver("starts-twice");
    "host/storm-of-processes": breaks "CC-004" by "two-processes", Driver("starts-twice");
    "host/one-call-at-a-time": breaks "CC-002" by "hook-delayed", Driver("one-call-at-a-time");
    "host/mixes-answers": breaks "CC-003" by "mixed-answers", Driver("mixes-answers");

    "host/plans-stop-without-bound": breaks "FP-001" by "not-answered-in-time", Driver("stops-without-bound");
    "host/plans-slow-hook": breaks "FP-001" by "not-answered-in-time", Driver("slow-hook-timeout");
    "host/plans-die-of-odd-level": breaks "FP-001" by "host-ended", Driver("dies-of-odd-level");
    "host/plans-errors-look-alike": breaks "FP-002" by "wrong-outcome", Driver("errors-look-alike");
    "host/plans-activation-error-ignored": breaks "FP-003" by "wrong-start", Driver("ignores-activation-error");
    "host/plans-succeed-early": breaks "FP-003" by "wrong-start", Driver("succeeds-early");
    "host/plans-second-process": breaks "FP-004" by "two-processes", Driver("starts-twice");
    "host/plans-children-left": breaks "FP-005" by "process-left", Driver("kill-only-child");
    "host/plans-never-restart": breaks "FP-006" by "not-again", Driver("never-restarts");
    "host/plans-one-death-stops-all": breaks "FP-007" by "other-plugin-touched", Driver("one-death-stops-all");
    "host/plans-one-call-at-a-time": breaks "FP-007" by "other-plugin-delayed", Driver("one-call-at-a-time");
    "host/plans-end-not-told": breaks "FP-008" by "wrong-state", Driver("reports-no-end");
    "host/plans-exit-told-wrong": breaks "FP-008" by "wrong-exit-status", Driver("tells-exit-zero");
    "host/plans-never-healthy": breaks "FP-008" by "wrong-health", Driver("never-healthy");
    "host/plans-api-not-ready": breaks "FP-009" by "api-call-failed", Driver("api-not-ready");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::ValueEnum;

    use crate::driver::fault::Fault;
    use crate::mutant::How;
    use crate::mutants::all;

    #[test]
    fn every_fault_of_the_driver_is_a_mutant_and_every_mutant_a_fault() {
        let used: BTreeSet<String> = all()
            .iter()
            .chain(super::seams::MUTANTS)
            .filter_map(|mutant| match mutant.how {
                How::Driver(fault) => Some(fault.to_owned()),
                How::Damage(_) | How::Testee(_) => None,
            })
            .collect();
        let known: BTreeSet<String> = Fault::value_variants()
            .iter()
            .map(|fault| fault.name())
            .collect();
        assert_eq!(used, known);
    }
}
