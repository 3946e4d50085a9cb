//! The first line of stdout as a host splits it, field by field, without a verdict. Pure, but for the look whether a socket is there.

use std::net::SocketAddr;
use std::path::Path;

use plugin_proto::dial::Target;

/// A first line as a host splits it: white space around the whole line goes, fields stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The whole line, escaped.
    pub text: String,
    /// Its fields.
    pub fields: Vec<String>,
}

impl Line {
    /// Splits the bytes of a line.
    pub fn split(bytes: &[u8]) -> Line {
        let line = String::from_utf8_lossy(bytes);
        let fields = line.trim().split('|').map(str::to_owned).collect();
        Line {
            text: bytes.escape_ascii().to_string(),
            fields,
        }
    }

    /// One field, counted from 0.
    pub fn field(&self, at: usize) -> Option<&str> {
        self.fields.get(at).map(String::as_str)
    }

    /// Whether it was meant as a handshake at all; if not, what it is.
    pub fn form(&self) -> Result<(), &'static str> {
        let first = self.field(0).unwrap_or_default();
        let number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
        match self.fields.len() {
            1 if first.is_empty() => Err("blank-line-first"),
            0..4 => Err("not-a-handshake"),
            _ if !number => Err("text-before-handshake"),
            _ => Ok(()),
        }
    }
}

/// Whether a line of any stream looks like a handshake.
pub fn looks_like_one(line: &str) -> bool {
    Line::split(line.as_bytes()).form().is_ok()
}

/// Where the line sends its host, or why it cannot be read.
pub fn target(network: &str, address: &str) -> Result<Target, &'static str> {
    match network {
        "unix" if !Path::new(address).exists() => Err("no-such-socket"),
        "unix" => Ok(Target::Unix(address.into())),
        "tcp" => match address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
        {
            Some((host, port)) if !host.is_empty() && port > 0 => {
                Ok(Target::Tcp(address.to_owned()))
            }
            _ => Err("address-unreadable"),
        },
        _ => Err("unknown-network"),
    }
}

/// Whether only this machine can reach it.
pub fn is_local(target: &Target) -> bool {
    match target {
        Target::Unix(_) => true,
        Target::Tcp(address) => match address.parse::<SocketAddr>() {
            Ok(address) => address.ip().is_loopback(),
            Err(_) => address.starts_with("localhost:"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_form() {
        let form = |line: &str| Line::split(line.as_bytes()).form();
        assert_eq!(form("1|1|tcp|127.0.0.1:1|grpc"), Ok(()));
        assert_eq!(form(" 1|1|tcp|127.0.0.1:1\r"), Ok(()));
        assert_eq!(form(""), Err("blank-line-first"));
        assert_eq!(form("INFO starting"), Err("not-a-handshake"));
        assert_eq!(
            form("x: 1|1|tcp|127.0.0.1:1|grpc"),
            Err("text-before-handshake")
        );
        assert_eq!(
            form("\u{feff}1|1|tcp|127.0.0.1:1|grpc"),
            Err("text-before-handshake")
        );
    }

    #[test]
    fn addresses_are_read_or_refused() {
        assert_eq!(
            target("tcp", "127.0.0.1:80"),
            Ok(Target::Tcp("127.0.0.1:80".to_owned()))
        );
        assert_eq!(target("tcp", "localhost"), Err("address-unreadable"));
        assert_eq!(target("TCP", "127.0.0.1:80"), Err("unknown-network"));
        assert_eq!(target("unix", "127.0.0.1:80"), Err("no-such-socket"));
        assert!(is_local(&Target::Tcp("[::1]:80".to_owned())));
        assert!(!is_local(&Target::Tcp("0.0.0.0:80".to_owned())));
    }
}
