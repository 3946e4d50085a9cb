//! Faults of AutoMTLS: what is announced, what is behind it, and who is let in.
//!
//! The rows, and for all but the one that the server plays the settings of its encryption.

use super::Fault;
use crate::script::{
    Alpn, Certificate, Client, HANDSHAKE, Kept, Script, Serve, Served, Tls, When, Written,
};

macro_rules! tls_faults {
    ($then:ident $($others:ident)*; $($rows:tt)*) => { $then! { $($others)*; $($rows)*
        // What is announced.
        /// PLUGIN_CLIENT_CERT has no effect: no certificate is announced, and clear text is served.
        TlsNotAnnounced = "tls-not-announced",
        /// The certificate is announced in base64 with padding.
        TlsCertificatePadded = "tls-certificate-padded",
        /// The PEM of the certificate is announced in base64, not its DER.
        TlsCertificateAsPem = "tls-certificate-as-pem",
        /// A certificate is announced and TLS served though there is no PLUGIN_CLIENT_CERT.
        TlsUnasked = "tls-unasked",
        /// TLS is served though there is no PLUGIN_CLIENT_CERT, and no certificate is announced.
        TlsUnaskedInSilence = "tls-unasked-in-silence",
        /// An empty PLUGIN_CLIENT_CERT is taken for a certificate: one is announced and TLS served.
        TlsEmptyVariableTaken = "tls-empty-variable-taken",
        /// Each start announces the same certificate, which is kept in a file.
        TlsCertificateKept = "tls-certificate-kept",
        /// Each start makes another certificate for the same key, which is kept in a file.
        TlsKeyKept = "tls-key-kept",
        // The certificate.
        /// The announced certificate has expired.
        TlsCertificateExpired = "tls-certificate-expired",
        /// The announced certificate is not valid yet: its time begins tomorrow.
        TlsCertificateEarly = "tls-certificate-early",
        /// The announced certificate has no alternative name.
        TlsCertificateNameless = "tls-certificate-nameless",
        /// The announced certificate is for example.com.
        TlsCertificateOfOtherName = "tls-certificate-of-other-name",
        /// The announced certificate is meant for clients only.
        TlsCertificateForClients = "tls-certificate-for-clients",
        // What is behind it.
        /// Another certificate is served than the announced one.
        TlsOtherCertificate = "tls-other-certificate",
        /// The announced certificate is served without its key: signatures are by another one.
        TlsWithoutKey = "tls-without-key",
        /// A certificate is announced and clear text served.
        TlsPlainText = "tls-plain-text",
        /// Clear text is served beside TLS, to whoever begins with it.
        TlsPlainTextToo = "tls-plain-text-too",
        /// Neither TLS 1.2 nor 1.3 is spoken.
        TlsOldVersionOnly = "tls-old-version-only",
        /// TLS 1.1 is spoken too.
        TlsOldVersionToo = "tls-old-version-too",
        /// No protocol is agreed upon: ALPN is not known.
        TlsWithoutProtocol = "tls-without-protocol",
        // Who is let in.
        /// Every client is refused, the host too.
        TlsHostRefused = "tls-host-refused",
        /// Hosts with a key on P-521 are refused, those with one on P-256 would not be.
        TlsCurveRefused = "tls-curve-refused",
        /// No client is asked for a certificate.
        TlsClientNotAsked = "tls-client-not-asked",
        /// A client that shows no certificate is let in; one that does has to show the host's.
        TlsClientOptional = "tls-client-optional",
        /// Whatever certificate a client shows is let in.
        TlsClientUnchecked = "tls-client-unchecked",
        /// The host's certificate is let in without a look at the signature: the client need not have its key.
        TlsClientKeyUnchecked = "tls-client-key-unchecked",
        /// A client that is not let in ends the process.
        TlsStrangerKills = "tls-stranger-kills",
    }};
}

/// The testee with this fault, where the fault is one of these settings.
pub(super) fn deviating(fault: Fault) -> Option<Script> {
    if fault == Fault::TlsNotAnnounced {
        let deaf = Serve {
            tls: None,
            ..Serve::testee()
        };
        return Some(Script::serving(deaf));
    }
    let script = Script::serving_secured(Serve::testee(), settings(fault)?);
    if fault == Fault::TlsUnaskedInSilence {
        let silent = Serve {
            tls: settings(fault),
            ..Serve::testee()
        };
        let start = Script::new().check_cookie().listen();
        return Some(start.serve(silent).write(HANDSHAKE));
    }
    Some(script)
}

fn settings(fault: Fault) -> Option<Tls> {
    let good = Tls {
        when: When::Told,
        ..Tls::default()
    };
    let of = |certificate| Tls {
        certificate,
        ..good.clone()
    };
    let behind = |served| Tls {
        served,
        ..good.clone()
    };
    let letting = |client| Tls {
        client,
        ..good.clone()
    };
    let writing = |written| Tls {
        written,
        ..good.clone()
    };
    let keeping = |kept| Tls {
        kept,
        ..good.clone()
    };
    let when = |when| Tls {
        when,
        ..good.clone()
    };
    Some(match fault {
        Fault::TlsCertificatePadded => writing(Written::Padded),
        Fault::TlsCertificateAsPem => writing(Written::Pem),
        Fault::TlsUnasked | Fault::TlsUnaskedInSilence => when(When::Always),
        Fault::TlsEmptyVariableTaken => when(When::Set),
        Fault::TlsCertificateKept => keeping(Kept::Certificate),
        Fault::TlsKeyKept => keeping(Kept::Key),
        Fault::TlsCertificateExpired => of(Certificate::Expired),
        Fault::TlsCertificateEarly => of(Certificate::NotYetValid),
        Fault::TlsCertificateNameless => of(Certificate::NoName),
        Fault::TlsCertificateOfOtherName => of(Certificate::OtherName),
        Fault::TlsCertificateForClients => of(Certificate::ClientOnly),
        Fault::TlsOtherCertificate => behind(Served::Other),
        Fault::TlsWithoutKey => behind(Served::WithoutKey),
        Fault::TlsPlainText => behind(Served::PlainText),
        Fault::TlsPlainTextToo => behind(Served::AlsoPlainText),
        Fault::TlsOldVersionOnly => behind(Served::OldVersion),
        Fault::TlsOldVersionToo => behind(Served::AlsoOldVersion),
        Fault::TlsWithoutProtocol => Tls {
            alpn: Alpn::Silent,
            ..good
        },
        Fault::TlsHostRefused => letting(Client::Refused),
        Fault::TlsCurveRefused => letting(Client::NotP521),
        Fault::TlsClientNotAsked => letting(Client::NotAsked),
        Fault::TlsClientOptional => letting(Client::Optional),
        Fault::TlsClientUnchecked => letting(Client::Any),
        Fault::TlsClientKeyUnchecked => letting(Client::WithoutKey),
        _ => return None,
    })
}
