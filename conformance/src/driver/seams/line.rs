//! Faults in reading the handshake: the right reader, given other bytes or its verdict changed.

use plugin_host::handshake::{Address, Handshake, LineError, Raw, line};

use crate::driver::fault::Fault;

type Verdict = Result<Handshake, LineError>;

/// The reader with a fault; the right one for faults of other seams.
pub(super) fn reader(fault: Fault) -> impl Fn(&[u8]) -> Verdict + Send + Sync + 'static {
    move |bytes| read(fault, bytes)
}

fn read(fault: Fault, bytes: &[u8]) -> Verdict {
    let right = line::parse(bytes);
    let refused = || LineError::NotAHandshake {
        line: Raw::new(bytes),
    };
    match fault {
        Fault::TrimsFields => line::parse(&changed(bytes, |_, field| field.trim_ascii().to_vec())),
        Fault::TrimsNothing if bytes.trim_ascii() != bytes.strip_suffix(b"\n").unwrap_or(bytes) => {
            Err(refused())
        }
        Fault::RefusesSurplus if fields(bytes).len() > 5 => Err(refused()),
        Fault::IgnoresCoreVersion => line::parse(&with_field(bytes, 0, b"1")),
        Fault::StrictNumbers
            if fields(bytes)
                .iter()
                .take(2)
                .any(|field| field.starts_with(b"+") || field.starts_with(b"0")) =>
        {
            Err(refused())
        }
        Fault::IgnoresAppVersion => line::parse(&with_field(bytes, 1, b"1")),
        Fault::IgnoresNetwork => match right {
            Err(LineError::Network { .. }) => line::parse(&with_field(bytes, 2, b"tcp")),
            right => right,
        },
        Fault::IgnoresBadAddress => match right {
            Err(LineError::Address { .. } | LineError::NoSuchHost { .. }) => {
                line::parse(&with_field(bytes, 3, b"127.0.0.1:1"))
            }
            right => right,
        },
        Fault::RefusesUnix => right.and_then(|handshake| match handshake.address {
            Address::Unix { .. } => Err(refused()),
            Address::Tcp { .. } => Ok(handshake),
        }),
        Fault::RemovesAnySocket => right.inspect(|handshake| {
            if let Some(path) = handshake.address.socket_path() {
                // Gone or not: the fault is to try.
                let _ = std::fs::remove_file(path);
            }
        }),
        Fault::RefusesNames => right.and_then(|handshake| match &handshake.address {
            Address::Tcp { host, .. } if host.parse::<std::net::IpAddr>().is_err() => {
                Err(refused())
            }
            _ => Ok(handshake),
        }),
        Fault::AcceptsAbsentProtocol => match right {
            Err(LineError::ProtocolMissing) => {
                line::parse(&[bytes.trim_ascii(), b"|grpc"].concat())
            }
            right => right,
        },
        Fault::IgnoresProtocolCase => line::parse(&changed(bytes, |index, field| match index {
            4 => field.to_ascii_lowercase(),
            _ => field.to_vec(),
        })),
        Fault::DropsCertificate => line::parse(&with_field(bytes, 5, b"")),
        Fault::DiesOfCertificate if matches!(right, Err(LineError::AutoMtls)) => {
            std::process::exit(2)
        }
        Fault::ShortLinesOnly if bytes.len() > 1024 => Err(LineError::Overlong { limit: 1024 }),
        Fault::ChecksBackwards => backwards(bytes, right),
        Fault::IgnoresMultiplexing => line::parse(&with_field(bytes, 6, b"")),
        _ => right,
    }
}

fn fields(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(|byte| *byte == b'|').collect()
}

/// The line with every field changed by a function of its place.
fn changed(bytes: &[u8], change: impl Fn(usize, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let fields: Vec<Vec<u8>> = fields(bytes)
        .iter()
        .enumerate()
        .map(|(index, field)| change(index, field))
        .collect();
    fields.join(&b'|')
}

/// The line with one field replaced, if it has that field and looks like a handshake.
pub(super) fn with_field(bytes: &[u8], index: usize, text: &[u8]) -> Vec<u8> {
    changed(bytes, |at, field| {
        if at == index {
            text.to_vec()
        } else {
            field.to_vec()
        }
    })
}

/// The error of the last wrong field: fields in front are put right as long as an error stays.
fn backwards(bytes: &[u8], right: Verdict) -> Verdict {
    let mut line = bytes.to_vec();
    let mut verdict = right;
    for (index, good) in [b"1".as_slice(), b"1", b"tcp", b"127.0.0.1:1", b"grpc"]
        .into_iter()
        .enumerate()
    {
        line = with_field(&line, index, good);
        match line::parse(&line) {
            Err(error) if verdict.is_err() => verdict = Err(error),
            _ => break,
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Fault::TrimsFields, b"1 |1|tcp|127.0.0.1:1|grpc", "")]
    #[case(
        Fault::TrimsNothing,
        b" 1|1|tcp|127.0.0.1:1|grpc",
        "handshake.malformed"
    )]
    #[case(Fault::IgnoresCoreVersion, b"2|1|tcp|127.0.0.1:1|grpc", "")]
    #[case(Fault::IgnoresCoreVersion, b"hello", "handshake.malformed")]
    #[case(Fault::AcceptsAbsentProtocol, b"1|1|tcp|127.0.0.1:1\n", "")]
    #[case(Fault::ChecksBackwards, b"2|9|udp|x|http", "handshake.protocol")]
    #[case(
        Fault::ChecksBackwards,
        b"2|1|tcp|127.0.0.1:1|grpc",
        "handshake.core_version"
    )]
    #[case(Fault::NoGuard, b"1|1|tcp|127.0.0.1:1|grpc", "")]
    fn faults_of_the_reader(#[case] fault: Fault, #[case] bytes: &[u8], #[case] kind: &str) {
        let verdict = read(fault, bytes);
        assert_eq!(
            verdict.as_ref().err().map_or("", LineError::kind),
            kind,
            "{verdict:?}"
        );
    }
}
