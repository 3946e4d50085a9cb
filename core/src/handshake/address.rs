//! Addresses as Go reads them: `net.ResolveTCPAddr` for tcp, anything at all for unix.
//!
//! Reading one is pure. Names are looked up only by [`Address::resolve`]; service names come from the short list that
//! Go itself carries, `/etc/services` is not read.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::{LineError, Raw};

/// Where a plugin listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP; the host may be a name, an IP address or empty, which means this machine.
    Tcp {
        /// Name or IP address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// A unix socket, taken as written: empty, relative to the host's working directory, or abstract with a leading `@`.
    Unix {
        /// The path as announced.
        path: OsString,
    },
}

/// What is wrong with a TCP address, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No colon.
    #[error("address {0}: missing port in address")]
    MissingPort(Raw),
    /// More than one colon outside brackets.
    #[error("address {0}: too many colons in address")]
    TooManyColons(Raw),
    /// `[` without `]`.
    #[error("address {0}: missing ']' in address")]
    MissingBracket(Raw),
    /// `[` where none may be.
    #[error("address {0}: unexpected '[' in address")]
    UnexpectedOpening(Raw),
    /// `]` where none may be.
    #[error("address {0}: unexpected ']' in address")]
    UnexpectedClosing(Raw),
    /// A number that is no port.
    #[error("address {0}: invalid port")]
    InvalidPort(Raw),
    /// A service name that nobody knows.
    #[error("lookup tcp/{0}: unknown port")]
    UnknownService(Raw),
}

/// The services that Go knows without a file.
const SERVICES: [(&str, u16); 15] = [
    ("domain", 53),
    ("ftp", 21),
    ("ftps", 990),
    ("gopher", 70),
    ("http", 80),
    ("https", 443),
    ("imap2", 143),
    ("imap3", 220),
    ("imaps", 993),
    ("pop3", 110),
    ("pop3s", 995),
    ("smtp", 25),
    ("submissions", 465),
    ("ssh", 22),
    ("telnet", 23),
];

impl Address {
    /// Reads a TCP address.
    pub(super) fn tcp(text: &[u8]) -> Result<Self, LineError> {
        if text.is_empty() {
            return Ok(Self::Tcp {
                host: String::new(),
                port: 0,
            });
        }
        let invalid = |source| LineError::Address {
            address: Raw::new(text),
            source,
        };
        let (host, port) = split_host_port(text).map_err(invalid)?;
        let port = port_number(port).map_err(invalid)?;
        match std::str::from_utf8(host) {
            Ok(host) if host.is_empty() || is_ip(host) || is_domain_name(host) => Ok(Self::Tcp {
                host: host.to_owned(),
                port,
            }),
            _ => Err(LineError::NoSuchHost {
                host: Raw::new(host),
            }),
        }
    }

    /// Takes a unix socket's path as it is.
    pub(super) fn unix(text: &[u8]) -> Self {
        Self::Unix {
            path: OsString::from_vec(text.to_vec()),
        }
    }

    /// `tcp` or `unix`.
    pub fn network(&self) -> &'static str {
        match self {
            Self::Tcp { .. } => "tcp",
            Self::Unix { .. } => "unix",
        }
    }

    /// The path to connect to: an abstract name begins with a NUL byte instead of `@`. `None` for TCP.
    pub fn socket_path(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp { .. } => None,
            Self::Unix { path } => {
                let mut bytes = path.as_bytes().to_vec();
                if bytes.first() == Some(&b'@') {
                    bytes[0] = 0;
                }
                Some(PathBuf::from(OsString::from_vec(bytes)))
            }
        }
    }

    /// The addresses to connect to, in the order to try them; a name is looked up. Empty for unix sockets.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, LineError> {
        let Self::Tcp { host, port } = self else {
            return Ok(Vec::new());
        };
        if let Some(addresses) = literal(host, *port) {
            return Ok(addresses);
        }
        let no_such_host = || LineError::NoSuchHost {
            host: Raw::new(host.as_bytes()),
        };
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), *port))
            .await
            .map_err(|_| no_such_host())?
            .collect();
        if found.is_empty() {
            Err(no_such_host())
        } else {
            Ok(found)
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => f.write_str(&super::escape::escape(path.as_bytes())),
        }
    }
}

/// Addresses that need no look-up: IP addresses, and this machine for an empty or unspecified one, as Go dials them.
fn literal(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if host.is_empty() {
        return Some(vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ]);
    }
    let ip: IpAddr = host.parse().ok()?;
    let ip = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Some(vec![SocketAddr::new(ip, port)])
}

/// Go's `net.SplitHostPort`.
fn split_host_port(text: &[u8]) -> Result<(&[u8], &[u8]), AddressError> {
    let raw = || Raw::new(text);
    let Some(last_colon) = text.iter().rposition(|b| *b == b':') else {
        return Err(AddressError::MissingPort(raw()));
    };
    // Brackets may stand only at the beginning, and are not looked for before these offsets.
    let (host, opening_from, closing_from) = if text.first() == Some(&b'[') {
        let Some(end) = text.iter().position(|b| *b == b']') else {
            return Err(AddressError::MissingBracket(raw()));
        };
        match text.get(end + 1) {
            Some(b':') if end + 1 == last_colon => {}
            Some(b':') => return Err(AddressError::TooManyColons(raw())),
            _ => return Err(AddressError::MissingPort(raw())),
        }
        (&text[1..end], 1, end + 1)
    } else {
        let host = &text[..last_colon];
        if host.contains(&b':') {
            return Err(AddressError::TooManyColons(raw()));
        }
        (host, 0, 0)
    };
    if text[opening_from..].contains(&b'[') {
        return Err(AddressError::UnexpectedOpening(raw()));
    }
    if text[closing_from..].contains(&b']') {
        return Err(AddressError::UnexpectedClosing(raw()));
    }
    Ok((host, &text[last_colon + 1..]))
}

/// Go's `Resolver.LookupPort`: nothing is 0, a signed number, else the name of a service.
fn port_number(text: &[u8]) -> Result<u16, AddressError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return service(text).ok_or_else(|| AddressError::UnknownService(Raw::new(text)));
    }
    let number = digits.iter().fold(0_u32, |number, digit| {
        (number * 10 + u32::from(digit - b'0')).min(1_000_000)
    });
    match u16::try_from(number) {
        Ok(port) if !negative || port == 0 => Ok(port),
        _ => Err(AddressError::InvalidPort(Raw::new(text))),
    }
}

fn service(name: &[u8]) -> Option<u16> {
    SERVICES
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
        .map(|(_, port)| *port)
}

/// An IP address, with a zone if it is IPv6.
fn is_ip(host: &str) -> bool {
    match host.split_once('%') {
        Some((ip, zone)) => !zone.is_empty() && ip.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<IpAddr>().is_ok(),
    }
}

/// Go's `isDomainName`: what is not one is never looked up.
fn is_domain_name(name: &str) -> bool {
    if name == "." {
        return true;
    }
    let labels = name.strip_suffix('.').unwrap_or(name);
    let has_letter = name
        .bytes()
        .any(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-');
    has_letter && labels.len() <= 253 && labels.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ipv4("127.0.0.1:1234", &["127.0.0.1:1234"])]
    #[case::ipv6("[::1]:1234", &["[::1]:1234"])]
    #[case::another_ipv4("127.0.0.2:1234", &["127.0.0.2:1234"])]
    #[case::another_ipv6("[::2]:1234", &["[::2]:1234"])]
    #[case::no_host(":1234", &["127.0.0.1:1234", "[::1]:1234"])]
    #[case::unspecified("0.0.0.0:1234", &["127.0.0.1:1234"])]
    #[case::unspecified_ipv6("[::]:1234", &["[::1]:1234"])]
    #[tokio::test]
    async fn dialled(#[case] announced: &str, #[case] addresses: &[&str]) {
        let address = Address::tcp(announced.as_bytes()).unwrap();
        let expected: Vec<SocketAddr> =
            addresses.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(address.resolve().await.unwrap(), expected);
        assert_eq!(address.socket_path(), None);
    }

    #[rstest]
    #[case::colons_after_brackets("[::1]:80:90", "TooManyColons")]
    #[case::something_after_brackets("[::1]x:80", "MissingPort")]
    #[case::nothing_after_brackets("[::1]", "MissingPort")]
    fn what_follows_brackets_is_a_port(#[case] announced: &str, #[case] expect: &str) {
        let error = split_host_port(announced.as_bytes()).unwrap_err();
        assert!(format!("{error:?}").starts_with(expect), "{error:?}");
    }

    #[rstest]
    #[case::letter("a1", true)]
    #[case::hyphen("1-2", true)]
    #[case::underscore("1_2", true)]
    #[case::digits("12", false)]
    fn a_name_has_a_letter_a_hyphen_or_an_underscore(#[case] name: &str, #[case] is_one: bool) {
        assert_eq!(is_domain_name(name), is_one);
    }

    #[tokio::test]
    async fn names_are_looked_up() {
        let found = Address::tcp(b"localhost:1234")
            .unwrap()
            .resolve()
            .await
            .unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
    }

    #[rstest]
    #[case("/tmp/a b", b"/tmp/a b")]
    #[case("@name", b"\0name")]
    #[case("", b"")]
    fn unix_paths_are_verbatim_but_for_abstract_names(
        #[case] announced: &str,
        #[case] path: &[u8],
    ) {
        let address = Address::unix(announced.as_bytes());
        assert_eq!(address.socket_path().unwrap().as_os_str().as_bytes(), path);
    }
}
