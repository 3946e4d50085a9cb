//! What can go wrong with AutoMTLS: a variant for each defect, with its stable word, our text and Go's. Pure.

use rustls::{
    AlertDescription, CertificateError, Error, OtherError, PeerIncompatible, PeerMisbehaved,
};

use super::SERVER_NAME;

/// Why there is no secure connection to a plugin that announced a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The served certificate is another one.
    #[error("the plugin serves another certificate than the one that it announced")]
    OtherCertificate,
    /// The peer cannot prove that it has the certificate's key.
    #[error("the plugin serves the announced certificate without having its key")]
    Signature,
    /// The certificate's time is over.
    #[error("the plugin's certificate has expired")]
    Expired,
    /// The certificate's time has not come.
    #[error("the plugin's certificate is not valid yet")]
    NotYetValid,
    /// The certificate names no host at all, except perhaps in its subject.
    #[error("the plugin's certificate has no alternative name; it must be for {SERVER_NAME:?}")]
    NoName,
    /// The certificate is for another host.
    #[error("the plugin's certificate is for {names:?}, not for {SERVER_NAME:?}")]
    OtherName {
        /// The names that it has.
        names: Vec<String>,
    },
    /// The certificate is not meant for servers.
    #[error("the plugin's certificate is not meant for servers")]
    Usage,
    /// HTTP/2 was not agreed upon.
    #[error("the plugin did not agree to speak h2 (ALPN)")]
    Alpn,
    /// The peer does not speak TLS.
    #[error("the plugin announced a certificate, but does not speak TLS")]
    PlainText,
    /// No version of TLS that both speak.
    #[error("the plugin speaks neither TLS 1.2 nor TLS 1.3")]
    Version,
    /// The peer did not want the host's certificate, or the connection.
    #[error("the plugin broke the TLS handshake off: {alert}")]
    Refused {
        /// The alert's name.
        alert: String,
    },
    /// The connection ended within the handshake.
    #[error(
        "the plugin closed the connection within the TLS handshake; it may not speak TLS at all"
    )]
    Closed,
    /// Something else.
    #[error("the TLS handshake failed: {0}")]
    Other(String),
}

/// Why AutoMTLS could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// No key pair or certificate for the host.
    #[error("making the host's certificate: {0}")]
    Identity(#[from] rcgen::Error),
    /// No random numbers.
    #[error("the system has no random bytes for the host's certificate")]
    Random,
    /// No settings for the host's connections.
    #[error("making the TLS settings: {0}")]
    Settings(#[from] Error),
}

impl TlsError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OtherCertificate => "tls.other_certificate",
            Self::Signature => "tls.signature",
            Self::Expired => "tls.expired",
            Self::NotYetValid => "tls.not_yet_valid",
            Self::NoName => "tls.no_name",
            Self::OtherName { .. } => "tls.other_name",
            Self::Usage => "tls.usage",
            Self::Alpn => "tls.alpn",
            Self::PlainText => "tls.plain_text",
            Self::Version => "tls.version",
            Self::Refused { .. } => "tls.refused",
            Self::Closed => "tls.closed",
            Self::Other(_) => "tls.other",
        }
    }

    /// What a Go host says at its first call, without the times that it adds.
    pub fn go_wording(&self) -> String {
        let said = match self {
            Self::OtherCertificate => "tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned(),
            Self::Signature => "tls: invalid signature by the server certificate".to_owned(),
            Self::Expired | Self::NotYetValid => {
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid".to_owned()
            }
            Self::NoName => {
                "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead".to_owned()
            }
            Self::OtherName { names } => format!(
                "tls: failed to verify certificate: x509: certificate is valid for {}, not {SERVER_NAME}",
                names.join(", ")
            ),
            Self::Usage => {
                "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage".to_owned()
            }
            Self::Alpn => "credentials: cannot check peer: missing selected ALPN property".to_owned(),
            Self::PlainText => "tls: first record does not look like a TLS handshake".to_owned(),
            Self::Version => "tls: server selected unsupported protocol version".to_owned(),
            Self::Refused { alert } => format!("remote error: tls: {alert}"),
            Self::Closed => "EOF".to_owned(),
            Self::Other(text) => text.clone(),
        };
        format!("transport: authentication handshake failed: {said}")
    }
}

impl From<&Error> for TlsError {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
                match inner.downcast_ref::<Self>() {
                    Some(ours) => ours.clone(),
                    None => Self::Other(error.to_string()),
                }
            }
            Error::InvalidCertificate(CertificateError::BadSignature) => Self::Signature,
            Error::InvalidMessage(_) => Self::PlainText,
            Error::AlertReceived(AlertDescription::NoApplicationProtocol)
            | Error::NoApplicationProtocol => Self::Alpn,
            Error::AlertReceived(AlertDescription::ProtocolVersion)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Self::Version,
            Error::AlertReceived(alert) => Self::Refused {
                alert: alert_words(*alert),
            },
            Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => {
                Self::Signature
            }
            other => Self::Other(other.to_string()),
        }
    }
}

/// `CertificateRequired` as Go has it: `certificate required`.
fn alert_words(alert: AlertDescription) -> String {
    let mut words = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_uppercase()
            && !words.is_empty()
            && !words.ends_with(|c: char| !c.is_lowercase())
        {
            words.push(' ');
        }
        words.push(letter);
    }
    words.to_lowercase()
}
