//! One line to a handshake, with every defect its own error. Pure.
//!
//! The order of the checks is that of go-plugin `client.go`, so a line with several defects is refused for the one a Go
//! host names. Two refusals have no counterpart there: a certificate that nobody asked for makes the Go host panic, and a
//! true 7th field goes unnoticed, although such a plugin speaks another protocol on its connection. A 7th field that is
//! not true in Go's sense is not looked at, because this host never asks for multiplexing. A certificate that was asked for and is
//! missing is refused here; the Go host notices it at its first call.

use super::certificate;
use super::scan::trim;
use super::{APP_VERSION, Address, CORE_VERSION, Handshake, LineError, Raw};

/// A sixth field up to this length is junk of old plugins, not a certificate.
const CERTIFICATE_MIN: usize = 50;

/// The spellings of true in Go's `strconv.ParseBool`.
const TRUE: [&[u8]; 6] = [b"1", b"t", b"T", b"TRUE", b"true", b"True"];

/// What a host does with a certificate in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// It did not ask for one.
    Plain,
    /// It did.
    AutoMtls,
}

/// Judges the first line of stdout, with or without its line end, for a host that did not ask for AutoMTLS.
///
/// # Errors
/// What is wrong with it.
pub fn parse(line: &[u8]) -> Result<Handshake, LineError> {
    judge(line, Security::Plain)
}

/// The same for a host that asked for AutoMTLS.
///
/// # Errors
/// What is wrong with it.
pub fn parse_secured(line: &[u8]) -> Result<Handshake, LineError> {
    judge(line, Security::AutoMtls)
}

fn judge(line: &[u8], security: Security) -> Result<Handshake, LineError> {
    let line = trim(line);
    if line.is_empty() {
        return Err(LineError::Blank);
    }
    let fields: Vec<&[u8]> = line.split(|b| *b == b'|').collect();
    let [core, app, network, address, rest @ ..] = fields.as_slice() else {
        return Err(LineError::NotAHandshake {
            line: Raw::new(line),
        });
    };
    check_core(core)?;
    let app_version = check_app(app)?;
    let address = read_address(network, address)?;
    check_protocol(rest.first().copied())?;
    let certificate = read_certificate(rest.get(1).copied(), security)?;
    check_multiplexing(rest.get(2).copied())?;
    Ok(Handshake {
        app_version,
        address,
        certificate,
    })
}

fn check_core(field: &[u8]) -> Result<(), LineError> {
    let raw = || Raw::new(field);
    match atoi(field) {
        Ok(CORE_VERSION) => Ok(()),
        Ok(_) => Err(LineError::CoreVersion { field: raw() }),
        Err(AtoiError::Syntax) => Err(LineError::CoreSyntax { field: raw() }),
        Err(AtoiError::Range) => Err(LineError::CoreRange { field: raw() }),
    }
}

fn check_app(field: &[u8]) -> Result<i64, LineError> {
    let raw = || Raw::new(field);
    match atoi(field) {
        Ok(APP_VERSION) => Ok(APP_VERSION),
        Ok(version) => Err(LineError::AppVersion { version }),
        Err(AtoiError::Syntax) => Err(LineError::AppSyntax { field: raw() }),
        Err(AtoiError::Range) => Err(LineError::AppRange { field: raw() }),
    }
}

fn read_address(network: &[u8], address: &[u8]) -> Result<Address, LineError> {
    match network {
        b"tcp" => Address::tcp(address),
        b"unix" => Ok(Address::unix(address)),
        _ => Err(LineError::Network {
            network: Raw::new(network),
            address: Raw::new(address),
        }),
    }
}

fn check_protocol(field: Option<&[u8]>) -> Result<(), LineError> {
    match field {
        Some(b"grpc") => Ok(()),
        Some(b"netrpc") => Err(LineError::Netrpc),
        Some(protocol) => Err(LineError::Protocol {
            protocol: Raw::new(protocol),
        }),
        None => Err(LineError::ProtocolMissing),
    }
}

fn read_certificate(
    field: Option<&[u8]>,
    security: Security,
) -> Result<Option<Vec<u8>>, LineError> {
    let field = field.filter(|text| text.len() > CERTIFICATE_MIN);
    let certificate = field.map(certificate::read).transpose()?;
    match (security, certificate) {
        (Security::Plain, Some(_)) => Err(LineError::AutoMtls),
        (Security::AutoMtls, None) => Err(LineError::CertificateMissing),
        (Security::AutoMtls, Some(der)) if !certificate::is_readable(&der) => {
            Err(LineError::CertificateMalformed)
        }
        (_, certificate) => Ok(certificate),
    }
}

fn check_multiplexing(field: Option<&[u8]>) -> Result<(), LineError> {
    match field {
        Some(text) if TRUE.contains(&text) => Err(LineError::Multiplexing),
        _ => Ok(()),
    }
}

enum AtoiError {
    Syntax,
    Range,
}

/// Go's `strconv.Atoi`: an optional sign and decimal digits, leading zeros allowed, 64 bits.
fn atoi(text: &[u8]) -> Result<i64, AtoiError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(AtoiError::Syntax);
    }
    digits
        .iter()
        .map(|digit| i64::from(digit - b'0'))
        .try_fold(0_i64, |number, digit| {
            let shifted = number.checked_mul(10)?;
            if negative {
                shifted.checked_sub(digit)
            } else {
                shifted.checked_add(digit)
            }
        })
        .ok_or(AtoiError::Range)
}

#[cfg(test)]
mod tests;
