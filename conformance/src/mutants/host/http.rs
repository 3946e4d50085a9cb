//! Hosts with one fault in how they hand on HTTP requests.

use crate::mutant::mutants;

mutants! {
    Host;
    "host/drops-http-host": breaks "HT-001" by "field-lost", Driver("drops-http-host");
    "host/cuts-http-requests": breaks "HT-002" by "body-differs", Driver("cuts-http-requests");
    "host/sends-large-pieces": breaks "HT-002" by "piece-too-large", Driver("sends-large-pieces");
    "host/drops-http-headers": breaks "HT-003" by "head-differs", Driver("drops-http-headers");
    "host/cuts-http-answers": breaks "HT-003" by "body-differs", Driver("cuts-http-answers");
    "host/truncates-quietly": breaks "HT-004" by "truncation-accepted", Driver("truncates-quietly");
    "host/takes-lawless-answers": breaks "HT-005" by "violation-accepted", Driver("takes-lawless-answers");
    "host/waits-for-dead-stream": breaks "HT-006" by "not-at-once", Driver("waits-for-dead-hook");
    "host/dead-stream-looks-whole": breaks "HT-006" by "truncation-accepted", Driver("truncates-quietly");
    "host/answers-for-plugins": breaks "HT-007" by "wrong-outcome", Driver("answers-for-plugins");
    "host/hurt-stream-looks-whole": breaks "HT-008" by "wrong-outcome", Driver("truncates-quietly");
    "host/hurt-stream-without-next-start": breaks "HT-008" by "next-start-failed", Driver("starts-once");
}
