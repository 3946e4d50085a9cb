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
    "host/accepts-half-close": breaks "HT-004" by "truncation-accepted", Driver("accepts-half-close");
    "host/stops-at-completion": breaks "HT-005" by "violation-accepted", Driver("stops-at-completion");
    "host/accepts-missing-head": breaks "HT-005" by "violation-accepted", Driver("accepts-missing-head");
    "host/waits-for-uploads": breaks "HT-009" by "waits-for-upload", Driver("waits-for-uploads");
    "host/never-ends-uploads": breaks "HT-009" by "waits-for-upload", Driver("never-ends-uploads");
    "host/passes-interim-statuses": breaks "HT-010" by "interim-accepted", Driver("passes-interim-statuses");
    "host/passes-hop-headers": breaks "HT-011" by "hop-passed", Driver("passes-all-headers");
    "host/passes-lawless-headers": breaks "HT-012" by "lawless-header-passed", Driver("passes-all-headers");
    "host/ends-broken-answers": breaks "HT-013" by "truncation-looks-whole", Driver("ends-broken-answers");
    "host/tells-success": breaks "HT-014" by "wrong-refusal", Driver("tells-success");
    "host/tidies-paths": breaks "HT-015" by "path-changed", Driver("tidies-paths");
    "host/adds-bodies": breaks "HT-016" by "body-behind-head", Driver("adds-bodies");
    "host/flips-bytes": breaks "HT-017" by "body-differs", Driver("flips-bytes");
    "host/holds-answers": breaks "HT-018" by "flush-held", Driver("holds-answers");
    "host/keeps-streams": breaks "HT-019" by "stream-goes-on", Driver("keeps-streams");
    "host/trusts-clients": breaks "HT-020" by "client-believed", Driver("trusts-clients");
    "host/completes-uploads": breaks "HT-021" by "part-taken-for-whole", Driver("completes-uploads");
    "host/mixes-pages": breaks "HT-022" by "answers-mixed", Driver("mixes-pages");
    "host/ignores-lengths": breaks "HT-023" by "length-not-looked-at", Driver("ignores-lengths");
    "host/no-stream-deadlines": breaks "HT-024" by "not-in-time", Driver("no-stream-deadlines");
    "host/hurt-stream-without-next-start": breaks "HT-008" by "next-start-failed", Driver("starts-once");
}
