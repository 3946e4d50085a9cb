//! Hosts whose fault shows in a check that other hosts fail in another way: one row for each reason.

use crate::mutant::mutants;

mutants! {
    Host;
    "host/configures-before-asking": breaks "LC-001" by "implemented-not-first", Driver("configures-before-asking");
    "host/refused-start-runs": breaks "LC-004" by "wrong-state", Driver("says-running-for-ever");
    "host/vague-about-activation": breaks "LC-004" by "wrong-refusal", Driver("vague-refusals");
    "host/vague-about-late-activation": breaks "LC-005" by "wrong-refusal", Driver("vague-refusals");
    "host/second-start-told": breaks "LC-006" by "second-start-reported", Driver("says-started-again");
    "host/activates-again": breaks "LC-006" by "activated-again", Driver("activates-again");
    "host/restart-refused": breaks "LC-007" by "not-restarted", Driver("never-restarts");
    "host/demands-health": breaks "LC-008" by "service-demanded", Driver("demands-health");
    "host/vague-about-connections": breaks "LC-009" by "wrong-refusal", Driver("vague-refusals");
    "host/vague-about-lists": breaks "LC-010" by "wrong-refusal", Driver("vague-refusals");

    "host/announces-features": breaks "EV-001" by "unused-feature-announced", Driver("announces-features");
    "host/names-localhost": breaks "EV-002" by "wrong-api-target", Driver("names-localhost");
    "host/times-with-unit": breaks "EV-003" by "wrong-value", Driver("times-with-unit");
    "host/passes-its-own": breaks "EV-004" by "variable-leaked", Driver("passes-its-own");
    "host/passes-by-prefix": breaks "EV-005" by "variable-leaked", Driver("passes-by-prefix");

    "host/vague-about-silence": breaks "HS-014" by "wrong-refusal", Driver("vague-refusals");
    "host/vague-about-ends": breaks "HS-015" by "wrong-refusal", Driver("vague-refusals");
    "host/cuts-tracebacks": breaks "PR-014" by "traceback-split", Driver("cuts-tracebacks");
    "host/stops-reading-stderr": breaks "PR-015" by "stderr-not-drained", Driver("stops-reading-stderr");

    "host/never-healthy": breaks "HE-001" by "healthy-counted-unhealthy", Driver("never-healthy");
    "host/serving-is-ill": breaks "HE-002" by "healthy-counted-unhealthy", Driver("never-healthy");
    "host/tells-two-healths": breaks "HE-002" by "wrong-status", Driver("tells-two-healths");
    "host/checks-before-activation": breaks "HE-003" by "checked-before-activation", Driver("checks-before-activation");
    "host/given-up-without-a-word": breaks "HE-007" by "error-missing", Driver("hides-error-texts");

    "host/answers-for-the-absent": breaks "HK-001" by "wrong-outcome", Driver("answers-for-the-absent");
    "host/short-hook-timeout": breaks "HK-003" by "gave-up-early", Driver("short-hook-timeout");
    "host/late-is-a-status": breaks "HK-003" by "wrong-outcome", Driver("failures-look-alike");
    "host/stops-on-late-hook": breaks "HK-003" by "plugin-ended", Driver("stops-on-late-hook");
    "host/errors-lose-detail": breaks "HK-004" by "error-changed", Driver("errors-lose-detail");
    "host/no-list-is-an-empty-one": breaks "HK-005" by "hook-not-called", Driver("ignores-implemented-error");
    "host/garbage-is-an-answer": breaks "HK-007" by "wrong-outcome", Driver("garbage-is-empty");
    "host/every-error-loses-detail": breaks "HK-011" by "error-changed", Driver("errors-lose-detail");
    "host/every-error-is-a-failure": breaks "HK-011" by "error-not-told-apart", Driver("errors-look-alike");
    "host/loses-neighbours": breaks "HK-012" by "other-field-touched", Driver("loses-neighbours");
    "host/keeps-file-name": breaks "HK-016" by "description-lost", Driver("keeps-file-name");
    "host/pings-pessimistically": breaks "HK-020" by "healthy-ping-sick", Driver("pings-pessimistically");
    "host/takes-sick-for-healthy": breaks "HK-020" by "sick-ping-healthy", Driver("takes-sick-for-healthy");
    "host/takes-absent-for-sick": breaks "HK-020" by "unknown-ping-sick", Driver("takes-absent-for-sick");
    "host/fails-without-cause": breaks "HK-021" by "cause-lost", Driver("fails-without-cause");

    "host/forgets-what-the-last-made": breaks "FO-002" by "change-lost", Driver("forgets-changes");
    "host/takes-what-was-rejected": breaks "FO-003" by "rejection-lost", Driver("prefers-the-post");
    "host/late-turn-is-a-status": breaks "FO-005" by "wrong-outcome", Driver("failures-look-alike");
    "host/loses-request-id": breaks "FO-007" by "request-id-lost", Driver("loses-request-id");
    "host/open-by-default": breaks "PO-001" by "open-by-default", Driver("always-fail-open");
    "host/short-single-deadline": breaks "PO-005" by "gave-up-early", Driver("short-hook-timeout");
    "host/loses-calls-over-the-limit": breaks "PO-006" by "call-lost", Driver("never-queues");

    "host/counts-rejections-as-failures": breaks "ME-002" by "rejection-counted-as-failure", Driver("counts-rejections-as-failures");
    "host/counts-api-failures-as-successes": breaks "ME-003" by "api-failure-counted-as-success", Driver("counts-api-failures-as-successes");

    "host/skips-steps": breaks "ST-004" by "step-left-out", Driver("skips-on-deactivate");
    "host/tells-steps-well": breaks "ST-008" by "wrong-outcome", Driver("tells-steps-well");
    "host/never-tells-without-controller": breaks "ST-009" by "no-sigterm", Driver("never-terminate");

    "host/hides-version": breaks "AP-001" by "no-version", Driver("hides-version");
    "host/refuses-logs": breaks "AP-002" by "not-answered", Driver("refuses-logs");
    "host/kv-fails-on-absence": breaks "AP-003" by "absent-key-not-empty", Driver("kv-fails-on-absence");
    "host/kv-keeps-deleted": breaks "AP-003" by "deleted-key-not-empty", Driver("kv-keeps-deleted");
    "host/kv-ignores-pages": breaks "AP-005" by "wrong-page", Driver("kv-ignores-pages");
    "host/kv-keeps-all": breaks "AP-005" by "keys-not-deleted", Driver("kv-keeps-all");
    "host/takes-undecodable-keys": breaks "AP-008" by "wrong-bytes-accepted", Driver("takes-bad-text");

    "host/end-told-wrong": breaks "CR-001" by "wrong-exit-status", Driver("tells-exit-zero");
    "host/dead-plugin-runs": breaks "CR-001" by "still-running", Driver("says-running-for-ever");
    "host/answers-for-the-dead": breaks "CR-001" by "hook-not-refused", Driver("answers-for-the-dead");
    "host/death-is-a-status": breaks "CR-002" by "wrong-outcome", Driver("failures-look-alike");
    "host/gives-up-before-the-last-pause": breaks "CR-006" by "not-restarted", Driver("gives-up-soon");
    "host/used-up-without-a-word": breaks "CR-008" by "error-missing", Driver("hides-error-texts");
    "host/failures-without-exit-status": breaks "CR-009" by "exit-status-missing", Driver("hides-exit-status");
    "host/lost-connection-is-a-status": breaks "CR-012" by "wrong-outcome", Driver("failures-look-alike");
    "host/replacement-is-a-status": breaks "CR-013" by "wrong-outcome", Driver("failures-look-alike");

    "host/scan-looks-deeper": breaks "PE-001" by "wrong-plugins-found", Driver("scan-looks-deeper");
    "host/scan-hides-reasons": breaks "PE-002" by "reason-missing", Driver("scan-hides-reasons");
    "host/twins-not-named": breaks "PE-003" by "folders-not-named", Driver("short-messages");
    "host/hides-pids": breaks "PE-006" by "wrong-pid", Driver("hides-pids");
    "host/hides-last-words": breaks "PE-007" by "stderr-missing", Driver("hides-stderr");
    "host/answers-for-the-starting": breaks "PE-011" by "hook-not-refused", Driver("answers-for-the-dead");
    "host/failed-start-runs": breaks "PE-012" by "wrong-state", Driver("says-running-for-ever");
    "host/hides-error-texts": breaks "PE-012" by "error-missing", Driver("hides-error-texts");
    "host/hides-configuration-failures": breaks "PE-017" by "hang-hidden", Driver("hides-configuration-failures");
    "host/shuts-down-without-a-word": breaks "PE-018" by "on-deactivate-missing", Driver("skips-on-deactivate");
    "host/shuts-down-at-once": breaks "PE-019" by "no-patience", Driver("shuts-down-at-once");

    "host/late-hook-is-a-status": breaks "BI-010" by "wrong-outcome", Driver("failures-look-alike");
    "host/long-lists-hold-every-hook": breaks "BI-011" by "unlisted-hook-called", Driver("lists-every-hook");
    "host/refuses-all-but-one": breaks "CC-001" by "activation-refused", Driver("starts-once");
    "host/restart-refused-under-load": breaks "CC-007" by "not-running", Driver("never-restarts");
    "host/calls-before-activation": breaks "CC-007" by "hook-before-activation", Driver("calls-before-activation");
    "host/skips-nested-hooks": breaks "CC-011" by "inner-hook-not-called", Driver("skips-nested-hooks");
    "host/queues-nested-hooks": breaks "CC-012" by "waits-for-itself", Driver("queues-nested-hooks");
    "host/hurt-streams-leave-children": breaks "HT-008" by "process-left", Driver("kill-only-child");

    "host/never-healthy-beside-a-slow-one": breaks "CC-002" by "health-delayed", Driver("never-healthy");
    "host/concurrent-calls-arrive-twice": breaks "CC-003" by "calls-lost", Driver("calls-hooks-twice");
    "host/listed-hooks-called-twice": breaks "HK-001" by "listed-hook-not-called", Driver("calls-hooks-twice");
    "host/api-lost-in-restart": breaks "LC-007" by "same-api-server", Driver("api-not-ready");
    "host/api-lost-before-errors": breaks "AP-006" by "set-failed", Driver("api-not-ready");
}
