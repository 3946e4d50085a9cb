//! Plugins that encrypt, or should, and let the wrong clients in, or the right one not.

use crate::mutant::mutants;

mutants! {
    Plugin;
    "plugin/tls-not-announced": breaks "HS-221" by "certificate-missing", Testee("tls-not-announced");
    "plugin/tls-certificate-padded": breaks "HS-221" by "certificate-encoding", Testee("tls-certificate-padded");
    "plugin/tls-certificate-as-pem": breaks "HS-221" by "certificate-malformed", Testee("tls-certificate-as-pem");
    "plugin/tls-other-certificate": breaks "HS-222" by "other-certificate", Testee("tls-other-certificate");
    "plugin/tls-without-key": breaks "HS-222" by "without-key", Testee("tls-without-key");
    "plugin/tls-plain-text": breaks "HS-222" by "plain-text", Testee("tls-plain-text");
    "plugin/tls-old-version-only": breaks "HS-222" by "old-version", Testee("tls-old-version-only");
    "plugin/tls-without-protocol": breaks "HS-222" by "no-h2", Testee("tls-without-protocol");
    "plugin/tls-host-refused": breaks "HS-222" by "host-refused", Testee("tls-host-refused");
    "plugin/tls-curve-refused": breaks "HS-222" by "curve-refused", Testee("tls-curve-refused");
    "plugin/tls-client-not-asked": breaks "HS-223" by "certificate-not-asked", Testee("tls-client-not-asked");
    "plugin/tls-client-optional": breaks "HS-223" by "no-certificate-accepted", Testee("tls-client-optional");
    "plugin/tls-client-unchecked": breaks "HS-224" by "other-certificate-accepted", Testee("tls-client-unchecked");
    "plugin/tls-client-key-unchecked": breaks "HS-224" by "key-not-checked", Testee("tls-client-key-unchecked");
    "plugin/tls-plain-text-too": breaks "HS-225" by "plain-text-answered", Testee("tls-plain-text-too");
    "plugin/tls-unasked": breaks "HS-226" by "certificate-unasked", Testee("tls-unasked");
    "plugin/tls-unasked-in-silence": breaks "HS-226" by "encrypted-unasked", Testee("tls-unasked-in-silence");
    "plugin/tls-empty-variable-taken": breaks "HS-226" by "empty-variable-taken", Testee("tls-empty-variable-taken");
    "plugin/tls-certificate-kept": breaks "HS-227" by "certificate-reused", Testee("tls-certificate-kept");
    "plugin/tls-key-kept": breaks "HS-227" by "key-reused", Testee("tls-key-kept");
    "plugin/tls-old-version-too": breaks "HS-228" by "old-version-taken", Testee("tls-old-version-too");
    "plugin/tls-certificate-expired": breaks "HS-229" by "expired", Testee("tls-certificate-expired");
    "plugin/tls-certificate-early": breaks "HS-229" by "not-valid-yet", Testee("tls-certificate-early");
    "plugin/tls-certificate-nameless": breaks "HS-229" by "not-for-localhost", Testee("tls-certificate-nameless");
    "plugin/tls-certificate-of-other-name": breaks "HS-229" by "not-for-localhost", Testee("tls-certificate-of-other-name");
    "plugin/tls-certificate-for-clients": breaks "HS-229" by "not-for-servers", Testee("tls-certificate-for-clients");
    "plugin/tls-health-unimplemented": breaks "HS-230" by "calls-fail", Testee("health-unimplemented");
    "plugin/tls-modify-dropped": breaks "HS-230" by "calls-fail", Testee("modify-dropped");
    "plugin/tls-evidence-missing": breaks "HS-230" by "no-evidence", Testee("evidence-missing");
    "plugin/tls-shutdown-ignored": breaks "HS-230" by "still-there", Testee("shutdown-ignored");
    "plugin/tls-shutdown-exits-non-zero": breaks "HS-230" by "wrong-exit-status", Testee("shutdown-exits-non-zero");
    "plugin/tls-stranger-kills": breaks "HS-231" by "host-disturbed", Testee("tls-stranger-kills");
}
