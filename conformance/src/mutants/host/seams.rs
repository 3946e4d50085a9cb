//! Hosts that do not bear bad input, or crowds.

use crate::mutant::mutants;

mutants! {
    Host;
    "host/garbage-is-empty": breaks "BI-001" by "wrong-outcome", Driver("garbage-is-empty");
    "host/garbage-ends-plugin": breaks "BI-001" by "next-hook-fails", Driver("stops-on-bad-answer");
    "host/bad-text-is-empty": breaks "BI-002" by "wrong-outcome", Driver("garbage-is-empty");
    "host/bad-frame-is-empty": breaks "BI-003" by "wrong-outcome", Driver("garbage-is-empty");
    "host/never-reconnects": breaks "BI-004" by "next-hook-fails", Driver("never-reconnects");
    "host/four-mib-answers": breaks "BI-005" by "large-answer-refused", Driver("four-mib-answers");
    "host/four-mib-requests": breaks "BI-006" by "large-request-lost", Driver("four-mib-requests");
    "host/four-mib-of-api": breaks "BI-007" by "large-message-refused", Driver("four-mib-limit");
    "host/api-ends-on-garbage": breaks "BI-008" by "api-ended", Driver("api-ends-on-garbage");
    "host/takes-bad-text": breaks "BI-009" by "taken", Driver("takes-bad-text");
    "host/late-answer-is-next": breaks "BI-010" by "anothers-answer", Driver("late-answer-is-next");
    "host/chokes-on-long-lists": breaks "BI-011" by "start-refused", Driver("chokes-on-long-lists");
    "host/garbage-is-empty-list": breaks "BI-012" by "garbage-accepted", Driver("ignores-implemented-error");
    "host/garbage-is-activation": breaks "BI-013" by "garbage-accepted", Driver("ignores-activation-error");
    "host/answers-unknown-hooks": breaks "BI-014" by "answered", Driver("answers-unknown-hooks");
    "host/garbage-is-healthy": breaks "BI-015" by "healthy", Driver("garbage-is-healthy");

    "host/crowd-in-a-row": breaks "CC-005" by "one-after-another", Driver("one-call-at-a-time");
    "host/starts-one-at-a-time": breaks "CC-006" by "waits-for-another", Driver("starts-one-at-a-time");
    "host/wrong-api-of-twenty": breaks "CC-006" by "anothers-answer", Driver("wrong-plugin-id");
    "host/hooks-hang-in-restart": breaks "CC-007" by "never-ended", Driver("hooks-hang-in-restart");
    "host/api-waits-for-hooks": breaks "CC-008" by "api-waits", Driver("api-waits-for-hooks");
    "host/mixes-api-answers": breaks "CC-009" by "mixed-answers", Driver("mixes-api-answers");
    "host/race-of-processes": breaks "CC-010" by "wrong-processes", Driver("starts-twice");
    "host/nested-hooks-wait": breaks "CC-011" by "circle-stands-still", Driver("nested-hooks-wait");
    "host/state-untrue": breaks "CC-010" by "state-untrue", Driver("reports-no-end");
}
