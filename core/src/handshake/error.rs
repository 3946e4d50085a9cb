//! The refusals of a handshake line, each with its stable word, our text and Go's.

use super::escape::{Raw, go_quote};
use super::{APP_VERSION, AddressError, CORE_VERSION};

/// Why a first line is no handshake that this host accepts; one variant for each defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Stdout ended before its first byte.
    #[error("stdout was closed before anything was written to it")]
    Closed,
    /// The first line does not end within 65,536 bytes.
    #[error("the first line of stdout is longer than {limit} bytes")]
    Overlong {
        /// The longest line that is read.
        limit: usize,
    },
    /// The first line is empty or white space.
    #[error("the first line of stdout is blank; it must be the handshake")]
    Blank,
    /// The first line has fewer than four fields, so it was not meant as a handshake.
    #[error("the first line of stdout is {line:?}, not a handshake")]
    NotAHandshake {
        /// The trimmed line.
        line: Raw,
    },
    /// The core protocol version is not a number.
    #[error("core protocol version {field:?} is not a decimal number")]
    CoreSyntax {
        /// The first field.
        field: Raw,
    },
    /// The core protocol version does not fit in 64 bits.
    #[error("core protocol version {field:?} is out of range")]
    CoreRange {
        /// The first field.
        field: Raw,
    },
    /// The plugin speaks another core protocol.
    #[error("the plugin speaks core protocol {field}, the host speaks {CORE_VERSION}")]
    CoreVersion {
        /// The first field.
        field: Raw,
    },
    /// The application protocol version is not a number.
    #[error("application protocol version {field:?} is not a decimal number")]
    AppSyntax {
        /// The second field.
        field: Raw,
    },
    /// The application protocol version does not fit in 64 bits.
    #[error("application protocol version {field:?} is out of range")]
    AppRange {
        /// The second field.
        field: Raw,
    },
    /// The plugin speaks another application protocol.
    #[error("the plugin speaks application protocol {version}, the host speaks {APP_VERSION}")]
    AppVersion {
        /// The announced version.
        version: i64,
    },
    /// The network is neither `tcp` nor `unix`.
    #[error("network {network:?} is neither \"tcp\" nor \"unix\" (case and blanks matter)")]
    Network {
        /// The third field.
        network: Raw,
        /// The fourth field, which a Go host prints in its place.
        address: Raw,
    },
    /// The TCP address cannot be read.
    #[error("tcp address {address:?}: {source}")]
    Address {
        /// The fourth field.
        address: Raw,
        /// What is wrong with it.
        source: AddressError,
    },
    /// The host part of the TCP address has no address.
    #[error("tcp address with host {host:?}: no such host")]
    NoSuchHost {
        /// The host part.
        host: Raw,
    },
    /// There is no protocol field, which means net/rpc.
    #[error("the protocol field is missing, which means netrpc; the host speaks only grpc")]
    ProtocolMissing,
    /// The plugin serves net/rpc.
    #[error("the plugin serves netrpc; the host speaks only grpc")]
    Netrpc,
    /// The plugin serves something else.
    #[error("protocol {protocol:?} is not \"grpc\" (case and blanks matter)")]
    Protocol {
        /// The fifth field.
        protocol: Raw,
    },
    /// The certificate field is not unpadded standard base64.
    #[error("the certificate is not unpadded standard base64: byte {position}{}", hint(*.padding))]
    CertificateEncoding {
        /// Offset of the first bad byte, as Go counts it.
        position: usize,
        /// Whether that byte is `=`, by which padding encoders differ.
        padding: bool,
    },
    /// The certificate field does not hold a certificate.
    #[error("the certificate field does not hold a DER certificate")]
    CertificateMalformed,
    /// The plugin wants TLS with the announced certificate.
    #[error(
        "the plugin announced a certificate (AutoMTLS), but the host did not ask for it and speaks plain text"
    )]
    AutoMtls,
    /// The plugin speaks plain text although it was asked for TLS.
    #[error(
        "the host asked for AutoMTLS, but the plugin announced no certificate; it may not support it"
    )]
    CertificateMissing,
    /// The plugin wants the broker multiplexed over this connection.
    #[error("the plugin announced gRPC broker multiplexing, but the host did not ask for it")]
    Multiplexing,
}

fn hint(padding: bool) -> &'static str {
    if padding {
        " is '=' (leave the padding out)"
    } else {
        ""
    }
}

impl LineError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Closed => "handshake.stdout_closed",
            Self::Overlong { .. } => "handshake.overlong",
            Self::Blank => "handshake.blank",
            Self::NotAHandshake { .. } => "handshake.malformed",
            Self::CoreSyntax { .. } => "handshake.core_syntax",
            Self::CoreRange { .. } => "handshake.core_range",
            Self::CoreVersion { .. } => "handshake.core_version",
            Self::AppSyntax { .. } => "handshake.app_syntax",
            Self::AppRange { .. } => "handshake.app_range",
            Self::AppVersion { .. } => "handshake.app_version",
            Self::Network { .. } => "handshake.network",
            Self::Address { .. } => "handshake.address",
            Self::NoSuchHost { .. } => "handshake.no_such_host",
            Self::ProtocolMissing => "handshake.protocol_missing",
            Self::Netrpc => "handshake.netrpc",
            Self::Protocol { .. } => "handshake.protocol",
            Self::CertificateEncoding { .. } => "handshake.certificate_encoding",
            Self::CertificateMalformed => "handshake.certificate_malformed",
            Self::AutoMtls => "handshake.auto_mtls",
            Self::CertificateMissing => "handshake.certificate_missing",
            Self::Multiplexing => "handshake.multiplexing",
        }
    }

    /// What a Go host says, without the notes about the program's file that it adds to unrecognized lines.
    pub fn go_wording(&self) -> String {
        match self {
            Self::Closed | Self::Overlong { .. } => {
                "Unrecognized remote plugin message: \nFailed to read any lines from plugin's stdout".to_owned()
            }
            Self::Blank => "Unrecognized remote plugin message: ".to_owned(),
            Self::NotAHandshake { line } => {
                format!("Unrecognized remote plugin message: {}", lossy(line))
            }
            Self::CoreSyntax { field } => format!("error parsing core protocol version: {}", atoi(field, SYNTAX)),
            Self::CoreRange { field } => format!("error parsing core protocol version: {}", atoi(field, RANGE)),
            Self::CoreVersion { field } => format!(
                "incompatible core API version with plugin. Plugin version: {}, Core version: {CORE_VERSION}\n\n\
                 To fix this, the plugin usually only needs to be recompiled.\n\
                 Please report this to the plugin author.",
                lossy(field)
            ),
            Self::AppSyntax { field } => app_parse(field, SYNTAX),
            Self::AppRange { field } => app_parse(field, RANGE),
            Self::AppVersion { version } => format!(
                "incompatible API version with plugin. Plugin version: {version}, Client versions: [{APP_VERSION}]"
            ),
            Self::Network { address, .. } => format!("unknown address type: {}", lossy(address)),
            Self::Address { source, .. } => source.to_string(),
            Self::NoSuchHost { host } => format!("lookup {}: no such host", lossy(host)),
            Self::ProtocolMissing | Self::Netrpc => unsupported(b"netrpc"),
            Self::Protocol { protocol } => unsupported(&protocol.0),
            Self::CertificateEncoding { position, .. } => {
                format!("error parsing server cert: illegal base64 data at input byte {position}")
            }
            Self::CertificateMalformed => "error parsing server cert: x509: malformed certificate".to_owned(),
            Self::AutoMtls => "panic: runtime error: invalid memory address or nil pointer dereference".to_owned(),
            Self::CertificateMissing => {
                "(a Go host accepts this line, and its first call fails: transport: authentication handshake failed)".to_owned()
            }
            Self::Multiplexing => {
                "(a Go host that did not ask for multiplexing accepts this line and does not look at its 7th field)"
                    .to_owned()
            }
        }
    }
}

const SYNTAX: &str = "invalid syntax";
const RANGE: &str = "value out of range";

fn lossy(raw: &Raw) -> String {
    String::from_utf8_lossy(&raw.0).into_owned()
}

fn atoi(field: &Raw, why: &str) -> String {
    format!("strconv.Atoi: parsing {}: {why}", go_quote(&field.0))
}

fn app_parse(field: &Raw, why: &str) -> String {
    format!(
        "Error parsing protocol version {}: {}",
        go_quote(&field.0),
        atoi(field, why)
    )
}

fn unsupported(protocol: &[u8]) -> String {
    format!(
        "unsupported plugin protocol {}. Supported: [grpc]",
        go_quote(protocol)
    )
}
