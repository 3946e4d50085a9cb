//! Hosts that encrypt, and prove nothing by it.

use crate::mutant::mutants;

mutants! {
    Host;
    "host/sends-bare-certificate": breaks "HS-200" by "not-pem", Driver("sends-bare-certificate");
    "host/tells-other-name": breaks "HS-200" by "wrong-certificate", Driver("tells-other-name");
    "host/one-certificate-for-all": breaks "HS-200" by "certificate-reused", Driver("one-certificate-for-all");
    "host/shows-no-certificate": breaks "HS-201" by "good-plugin-refused", Driver("shows-no-certificate");
    "host/speaks-plain-text-to-tls": breaks "HS-201" by "good-plugin-refused", Driver("speaks-plain-text");
    "host/names-nobody": breaks "HS-201" by "wrong-connection", Driver("names-nobody");
    "host/refuses-ca-as-leaf": breaks "HS-202" by "good-certificate-refused", Driver("refuses-ca-as-leaf");
    "host/takes-any-certificate": breaks "HS-203" by "other-certificate-accepted", Driver("takes-any-certificate");
    "host/skips-signatures": breaks "HS-204" by "signature-not-checked", Driver("skips-signatures");
    "host/takes-expired-certificates": breaks "HS-205" by "bad-time-accepted", Driver("takes-unfit-certificates");
    "host/takes-certificates-of-others": breaks "HS-206" by "bad-name-accepted", Driver("takes-unfit-certificates");
    "host/takes-certificates-of-clients": breaks "HS-207" by "bad-usage-accepted", Driver("takes-unfit-certificates");
    "host/agrees-on-nothing": breaks "HS-208" by "protocol-not-agreed", Driver("agrees-on-nothing");
    "host/speaks-plain-text": breaks "HS-209" by "plain-text-accepted", Driver("speaks-plain-text");
    "host/falls-back-to-plain-text": breaks "HS-210" by "plain-text-accepted", Driver("falls-back-to-plain-text");
    "host/falls-back-from-garbage": breaks "HS-211" by "bad-certificate-accepted", Driver("falls-back-to-plain-text");
    "host/vague-about-tls": breaks "HS-212" by "wrong-refusal", Driver("vague-refusals");
    "host/waits-for-mute-tls": breaks "HS-213" by "start-not-bounded", Driver("connects-slowly");
    "host/vague-about-mute-tls": breaks "HS-213" by "wrong-refusal", Driver("vague-refusals");
    "host/demands-broker": breaks "HS-220" by "broker-demanded", Driver("demands-broker");
}
