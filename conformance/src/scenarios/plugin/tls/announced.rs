//! What a plugin announces: a certificate to a host that told its own, a fresh one at each start, and none to any other host.

use plugin_host::handshake::{HandshakeError, LineError};
use plugin_host::process::environment::CLIENT_CERT;
use plugin_host::tls::Curve;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

use super::super::place;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::first_line::Line;
use crate::plugin_run::launch;
use crate::plugin_run::raw::{Raw, START};
use crate::plugin_run::secured::Host;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Tls;
    /// What is announced to a host that uses AutoMTLS, over several starts.
    "plugin/tls/announced" => announced: ["HS-221", "HS-227"], deadline(60);
    /// Hosts that do not use AutoMTLS.
    "plugin/tls/unasked" => unasked: ["HS-226"], always(), deadline(40);
}

/// The most starts that are looked at for a certificate whose base64 would be padded.
const STARTS: usize = 5;

async fn announced(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let mut seen: Vec<CertificateDer<'static>> = Vec::new();
    while seen.len() < STARTS {
        let host = Host::fresh(Curve::P521)?;
        let raw = Raw::start(case, &folder, |launch| host.tell(launch)).await?;
        let outcome = raw.handshake_secured(START).await;
        let line = raw.first_line();
        raw.end().await;
        let (field, read) = match (line, outcome) {
            (Some(line), Ok(handshake)) => (line, Ok(handshake.certificate.unwrap_or_default())),
            (Some(line), Err(HandshakeError::Line(error))) => (line, Err(error)),
            (_, Err(error)) => return Err(Interruption::broken_off(error.to_string())),
            (None, Ok(_)) => return Err(Interruption::broken_off("it wrote no line")),
        };
        match judge_field(case, &Line::split(&field), read) {
            Some(certificate) => seen.push(certificate.into()),
            None => return Ok(()),
        }
        // A certificate of any other length has no padding to leave out.
        let padded = seen.iter().any(|certificate| certificate.len() % 3 != 0);
        if seen.len() >= 2 && padded {
            break;
        }
    }
    judge_starts(case, &seen);
    Ok(())
}

/// Judges the sixth field; the certificate, if it is one.
fn judge_field(case: &Case, line: &Line, read: Result<Vec<u8>, LineError>) -> Option<Vec<u8>> {
    let field = line.field(5).unwrap_or_default();
    case.note(
        Source::Suite,
        format!("the sixth field has {} characters", field.len()),
    );
    let expected = "the DER of one certificate in standard base64 without padding";
    match read {
        Ok(certificate) => {
            case.require("HS-221")
                .seen("characters in the sixth field", field.len())
                .and("bytes of the certificate", certificate.len())
                .holds(true, expected, "", "certificate-missing");
            Some(certificate)
        }
        Err(error) => {
            let reason = match &error {
                LineError::CertificateMissing => "certificate-missing",
                LineError::CertificateEncoding { .. } => "certificate-encoding",
                LineError::CertificateMalformed => "certificate-malformed",
                other => {
                    case.require("HS-221")
                        .inconclusive(format!("its line cannot be read: {other}"));
                    return None;
                }
            };
            let start: String = field.chars().take(40).collect();
            let seen = match field.len() {
                0 => format!("{error}: told {CLIENT_CERT}, its sixth field is empty or absent"),
                length => format!("{error}: {length} characters, {start:?}…"),
            };
            case.require("HS-221")
                .go_host(format!("says {:?}", error.go_wording()))
                .fails(reason, expected, seen);
            None
        }
    }
}

/// Judges what the certificates of several starts have in common.
fn judge_starts(case: &Case, seen: &[CertificateDer<'static>]) {
    let key = |certificate: &CertificateDer<'_>| {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(parsed.subject_public_key_info().to_vec())
    };
    let count = format!("{} certificates", seen.len());
    let same = |one: &CertificateDer<'_>, other: &CertificateDer<'_>| match one == other {
        true => Some((
            "certificate-reused",
            "two starts announce the same certificate",
        )),
        false if key(one).is_some() && key(one) == key(other) => Some((
            "key-reused",
            "two starts announce two certificates for the same key",
        )),
        false => None,
    };
    let pairs = seen
        .iter()
        .enumerate()
        .flat_map(|(at, one)| seen[at + 1..].iter().map(move |other| (one, other)));
    let (reason, what) = pairs
        .filter_map(|(one, other)| same(one, other))
        .next()
        .unwrap_or_default();
    case.require("HS-227")
        .seen("starts in the same folder", count)
        .holds(
            reason.is_empty(),
            "each start makes a key and a certificate of its own",
            what,
            reason,
        );
}

async fn unasked(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    for empty in [false, true] {
        let what = match empty {
            false => format!("without {CLIENT_CERT}"),
            true => format!("with an empty {CLIENT_CERT}"),
        };
        let raw = Raw::start(case, &folder, |command| match empty {
            false => launch::remove(command, CLIENT_CERT),
            true => launch::set(command, CLIENT_CERT, ""),
        })
        .await?;
        let reason = match empty {
            false => "certificate-unasked",
            true => "empty-variable-taken",
        };
        let kept = judge_unasked(case, &raw, &what, reason).await;
        raw.end().await;
        if !kept {
            break;
        }
    }
    Ok(())
}

async fn judge_unasked(case: &Case, raw: &Raw, what: &str, reason: &'static str) -> bool {
    let expected = format!("{what}: no certificate in the line, and answers in clear text");
    let outcome = raw.handshake(START).await;
    let line = raw.first_line().map(|bytes| Line::split(&bytes));
    let field = line.as_ref().and_then(|line| line.field(5));
    if let Some(field) = field.filter(|field| !field.is_empty()) {
        let seen = format!(
            "{what} it announces a certificate: {} characters",
            field.len()
        );
        let go = "panics: \"invalid memory address or nil pointer dereference\"";
        let judge = case.require("HS-226").go_host(go);
        judge.fails(reason, expected, seen);
        return false;
    }
    let handshake = match outcome {
        Ok(handshake) => handshake,
        Err(error) => {
            let judge = case.require("HS-226");
            judge.inconclusive(format!("{what} it does not start: {error}"));
            return false;
        }
    };
    let health = match raw.connect(&handshake).await {
        Ok(services) => services
            .health("plugin")
            .await
            .map_err(|status| status.words()),
        Err(error) => Err(error.to_string()),
    };
    match health {
        Ok(status) if status == "SERVING" => case
            .require("HS-226")
            .seen(what, "health in clear text: SERVING")
            .holds(true, expected, "", "encrypted-unasked"),
        Ok(status) => {
            let judge = case.require("HS-226");
            judge.inconclusive(format!("{what} its health is {status}"));
            false
        }
        Err(error) => {
            let seen = format!(
                "{what} it announces no certificate and does not answer in clear text: {error}"
            );
            case.require("HS-226")
                .fails("encrypted-unasked", expected, seen);
            false
        }
    }
}
