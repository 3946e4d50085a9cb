//! How the connections of a serve step are encrypted, rightly or in one of the ways in which that goes wrong.

use serde::{Deserialize, Serialize};

/// AutoMTLS as a plugin has it. `{certificate}` is what belongs into the sixth field of the handshake line, `{announced}` the same with the
/// bar before it; both are empty where nothing is encrypted.
///
/// The default is what go-plugin does: a certificate like its own, and only the host's certificate is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// What is announced.
    pub certificate: Certificate,
    /// What is behind it.
    pub served: Served,
    /// What is asked of the host.
    pub client: Client,
    /// What is agreed upon.
    pub alpn: Alpn,
    /// TLS 1.3 is not offered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_tls12: bool,
    /// When there is encryption at all.
    pub when: When,
    /// How the certificate is written into the handshake line.
    pub written: Written,
    /// What a start leaves in the folder for the next one.
    pub kept: Kept,
}

/// When a plugin encrypts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Whatever its host says.
    #[default]
    Always,
    /// When there is something in `PLUGIN_CLIENT_CERT`, as go-plugin does.
    Told,
    /// When there is a variable `PLUGIN_CLIENT_CERT`, an empty one too.
    Set,
}

/// How a certificate is written into the handshake line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// Its DER in base64 without padding.
    #[default]
    Unpadded,
    /// The same with padding, and the certificate is one that gets some.
    Padded,
    /// Its PEM in base64.
    Pem,
}

/// What one start of a plugin leaves in its folder for the next one to use again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Nothing: each start makes a key and a certificate of its own.
    #[default]
    Nothing,
    /// The key, for which each start makes another certificate.
    Key,
    /// The key and its certificate.
    Certificate,
}

/// A certificate to announce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// As go-plugin makes it: P-521, a CA that is used as a leaf, for `localhost`, for clients and servers.
    #[default]
    GoPlugin,
    /// P-256, and no CA.
    P256,
    /// P-384, and no CA.
    P384,
    /// RSA with 2,048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
    /// Without restrictions of usage.
    AnyUsage,
    /// For servers only.
    ServerOnly,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// The name stands in its subject only.
    NoName,
    /// It is for `example.com`.
    OtherName,
    /// It is for 127.0.0.1 and for no name.
    AddressOnly,
    /// It is for clients only.
    ClientOnly,
}

/// What is behind an announced certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// TLS with the announced certificate.
    #[default]
    Announced,
    /// TLS with another certificate of the same kind, and its key.
    Other,
    /// TLS with the announced certificate and another key: what somebody can do who has seen the handshake line.
    WithoutKey,
    /// Clear text.
    PlainText,
    /// No version of TLS that a host of today speaks.
    OldVersion,
    /// TLS with the announced certificate, and clear text to whoever begins with that.
    AlsoPlainText,
    /// TLS with the announced certificate, and TLS 1.1 for whoever speaks nothing later, as far as its first answer.
    AlsoOldVersion,
    /// Each connection is closed after its first bytes.
    Nothing,
    /// Connections are kept without a word.
    Mute,
}

/// What a plugin asks of its host's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// Exactly the one in `PLUGIN_CLIENT_CERT`, with its key.
    #[default]
    Announced,
    /// That one as well, but whoever shows none is let in too.
    Optional,
    /// Any, with its key.
    Any,
    /// That one, shown by somebody who need not have its key.
    WithoutKey,
    /// That one, but no signature by a key on P-521, the curve of a Go host, can be read.
    NotP521,
    /// None is asked for.
    NotAsked,
    /// Any but that: every host is refused.
    Refused,
}

/// What a plugin answers to the protocols that its host offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alpn {
    /// `h2`.
    #[default]
    H2,
    /// Nothing: it does not know the extension.
    Silent,
    /// It knows `http/1.1` alone.
    Http1,
}
