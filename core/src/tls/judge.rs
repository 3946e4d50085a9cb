//! What is wrong with a certificate that a plugin announced, apart from who serves it. Pure.
//!
//! The rules are those by which Go verifies a server's certificate that is itself trusted: its time, its name and what it is meant for.
//! Who signed it does not matter, nor whether it may sign others: go-plugin's are CAs that are used as leaves, which
//! webpki refuses. So of its verdicts only those about time are taken.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::handshake::der::{OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element};

use super::{SERVER_NAME, TlsError};

/// `extKeyUsage`, 2.5.29.37.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// `serverAuth`, 1.3.6.1.5.5.7.3.1.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// `anyExtendedKeyUsage`, 2.5.29.37.0.
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// The first thing that is wrong, in Go's order: what it is meant for comes last.
///
/// # Errors
/// What that is.
pub fn judge(
    certificate: &CertificateDer<'_>,
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), TlsError> {
    let unreadable = |error: webpki::Error| TlsError::Other(format!("the certificate: {error}"));
    let leaf = EndEntityCert::try_from(certificate).map_err(unreadable)?;
    time(&leaf, certificate, now, algorithms)?;
    let wanted = ServerName::try_from(SERVER_NAME).expect("the constant is a DNS name");
    if leaf.verify_is_valid_for_subject_name(&wanted).is_err() {
        let names: Vec<String> = leaf.valid_dns_names().map(str::to_owned).collect();
        return Err(match names.is_empty() && !has_names(certificate) {
            true => TlsError::NoName,
            false => TlsError::OtherName { names },
        });
    }
    match usages(certificate) {
        Some(usages)
            if !usages
                .iter()
                .any(|usage| [SERVER_AUTH, ANY_USAGE].contains(usage)) =>
        {
            Err(TlsError::Usage)
        }
        _ => Ok(()),
    }
}

fn time(
    leaf: &EndEntityCert<'_>,
    certificate: &CertificateDer<'_>,
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), TlsError> {
    let Ok(anchor) = anchor_from_trusted_cert(certificate) else {
        return Ok(());
    };
    let (anchors, usage) = ([anchor], KeyUsage::server_auth());
    let verdict = leaf.verify_for_usage(algorithms.all, &anchors, &[], now, usage, None, None);
    match verdict.map(|_| ()) {
        Err(webpki::Error::CertExpired { .. }) => Err(TlsError::Expired),
        Err(webpki::Error::CertNotValidYet { .. }) => Err(TlsError::NotYetValid),
        // A time that ends before it begins.
        Err(webpki::Error::InvalidCertValidity) => Err(TlsError::Expired),
        _ => Ok(()),
    }
}

/// `subjectAltName`, 2.5.29.17.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

fn has_names(certificate: &[u8]) -> bool {
    extension(certificate, ALTERNATIVE_NAME).is_some()
}

/// The usages that a certificate is restricted to.
fn usages(certificate: &[u8]) -> Option<Vec<&[u8]>> {
    let (_, mut inside, _) = element(extension(certificate, EXTENDED_KEY_USAGE)?)?;
    let mut usages = Vec::new();
    while let Some((OBJECT_IDENTIFIER, usage, rest)) = element(inside) {
        usages.push(usage);
        inside = rest;
    }
    Some(usages)
}

/// Tag of the extensions within a certificate.
const EXTENSIONS: u8 = 0xa3;

/// The value of the extension with this OID. Only of a certificate that was read as a whole before.
fn extension<'a>(certificate: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    let mut list = loop {
        let (tag, content, rest) = element(fields)?;
        if tag == EXTENSIONS {
            break element(content)?.1;
        }
        fields = rest;
    };
    while let Some((SEQUENCE, extension, rest)) = element(list) {
        let (_, oid, parts) = element(extension)?;
        if oid == wanted {
            return value(parts);
        }
        list = rest;
    }
    None
}

/// What follows the OID, and the flag that says whether an extension is critical.
fn value(mut parts: &[u8]) -> Option<&[u8]> {
    loop {
        let (tag, content, others) = element(parts)?;
        if tag == OCTET_STRING {
            return Some(content);
        }
        parts = others;
    }
}

#[cfg(test)]
mod tests;
