//! AutoMTLS, the plugin's side: what it announces, whom it lets in, and that it does so only when it is told to.
//!
//! With TLS 1.3 a client has done its part before the server has looked at its certificate. So whether somebody is let in is judged by what
//! comes back: the server's first frame and the answer to a call. That nobody answers a stranger says something only beside the host, who is
//! answered before and after.

pub mod announced;
pub mod strangers;

use std::time::Duration;

use plugin_host::process::Exit;
use plugin_host::tls::{Curve, TlsError, explained};
use plugin_proto::connect::ConnectError;
use plugin_proto::dial::Target;
use plugin_proto::hook::{MessageWillBePosted, OnActivate};
use plugin_proto::{Rpc as _, pb};

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::order::{MODIFIED, Word};
use crate::plugin_run::raw::{Raw, START, Services, target_of};
use crate::plugin_run::secured::Host;
use crate::plugin_run::session::Session;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Tls;
    /// A host that uses AutoMTLS connects, activates the plugin, calls a hook and ends it.
    "plugin/tls/host" => host: ["HS-222", "HS-229", "HS-230"], deadline(60);
}

/// What go-plugin waits between `Shutdown` and SIGKILL.
const AFTER_SHUTDOWN: Duration = Duration::from_secs(2);

/// A plugin that was told a host's certificate, with its address and its own.
struct Secured {
    host: Host,
    raw: Raw,
    target: Target,
    certificate: Vec<u8>,
}

impl Secured {
    async fn start(case: &Case, curve: Curve) -> Result<Secured, Interruption> {
        let folder = place(case)?;
        let host = Host::fresh(curve)?;
        let raw = Raw::start(case, &folder, |launch| host.tell(launch)).await?;
        let handshake = match raw.handshake_secured(START).await {
            Ok(handshake) => handshake,
            Err(error) => {
                raw.end().await;
                return Err(Interruption::broken_off(error.to_string()));
            }
        };
        Ok(Secured {
            host,
            raw,
            target: target_of(&handshake.address),
            certificate: handshake.certificate.unwrap_or_default(),
        })
    }

    /// The host's own connection.
    async fn connect(&self) -> Result<Result<Services, ConnectError>, Interruption> {
        let peer = self.host.peer(&self.target, &self.certificate)?;
        Ok(self.raw.connect_to(peer).await)
    }
}

async fn host(case: &mut Case) -> ScenarioResult {
    let secured = Secured::start(case, Curve::P521).await?;
    match secured.connect().await? {
        Ok(services) => {
            let size = secured.certificate.len();
            for id in ["HS-222", "HS-229"] {
                case.require(id)
                    .seen("bytes of the announced certificate", size)
                    .and("connection", "TLS with h2, by a host with a key on P-521")
                    .holds(true, "", "", "host-refused");
            }
            life(case, secured.raw, services).await
        }
        Err(error) => {
            let judged = judge_refusal(case, &secured, &error).await;
            secured.raw.end().await;
            judged
        }
    }
}

/// Says why a host has no connection.
async fn judge_refusal(
    case: &Case,
    secured: &Secured,
    error: &ConnectError,
) -> Result<(), Interruption> {
    let tls = match error {
        ConnectError::Unsecured { source, .. } => explained(source),
        ConnectError::Closed { .. } => Some(TlsError::Closed),
        _ => None,
    };
    let (id, reason) = match &tls {
        Some(TlsError::Expired) => ("HS-229", "expired"),
        Some(TlsError::NotYetValid) => ("HS-229", "not-valid-yet"),
        Some(TlsError::NoName | TlsError::OtherName { .. }) => ("HS-229", "not-for-localhost"),
        Some(TlsError::Usage) => ("HS-229", "not-for-servers"),
        Some(TlsError::OtherCertificate) => ("HS-222", "other-certificate"),
        Some(TlsError::Signature) => ("HS-222", "without-key"),
        Some(TlsError::Alpn) => ("HS-222", "no-h2"),
        Some(TlsError::Version) => ("HS-222", "old-version"),
        _ => ("HS-222", "host-refused"),
    };
    let (reason, more) = match reason {
        "host-refused" => look_closer(case, secured, tls.as_ref()).await?,
        reason => (reason, ""),
    };
    let expected = match id {
        "HS-229" => "a certificate that is valid now, for localhost and for servers",
        _ => {
            "TLS 1.2 or later with exactly the announced certificate and its key, and h2 (ALPN), for a host with a key on P-521"
        }
    };
    let judge = match &tls {
        Some(tls) => case
            .require(id)
            .go_host(format!("its first call says {:?}", tls.go_wording())),
        None => case.require(id),
    };
    judge.fails(reason, expected, format!("{error}{more}"));
    if id == "HS-229" {
        case.require("HS-222")
            .inconclusive(format!("no host takes its certificate: {error}"));
    }
    Ok(())
}

/// Tells apart what looks alike to a host that is turned away.
async fn look_closer(
    case: &Case,
    secured: &Secured,
    tls: Option<&TlsError>,
) -> Result<(&'static str, &'static str), Interruption> {
    let in_clear = match secured.raw.connect_to(&secured.target).await {
        Ok(services) => services.health("plugin").await.is_ok(),
        Err(_) => false,
    };
    if in_clear {
        return Ok(("plain-text", "; it answers in plain text instead"));
    }
    if tls == Some(&TlsError::PlainText) {
        return Ok(("plain-text", ""));
    }
    let other = Secured::start(case, Curve::P256).await?;
    let taken = other.connect().await?.is_ok();
    other.raw.end().await;
    Ok(if taken {
        (
            "curve-refused",
            "; passes with P-256, fails with P-521, the curve of every Go host: its TLS library does not ask for signatures by such a key",
        )
    } else {
        (
            "host-refused",
            "; a host with a key on P-256 is refused as well",
        )
    })
}

/// What a host does with a plugin, from its activation to its end.
async fn life(case: &mut Case, raw: Raw, services: Services) -> ScenarioResult {
    let session = Session::over(case, raw, services);
    let health = session.services.health("plugin").await;
    let activated = session
        .services
        .hook::<OnActivate>(pb::OnActivateRequest::default())
        .await;
    let heard = session
        .order(case, MessageWillBePosted::METHOD, &Word::Modify)
        .await?;
    let active = activated.is_ok_and(|answer| answer.error.is_none());
    let obeyed = heard
        .json()
        .is_ok_and(|answer| answer.to_string().contains(MODIFIED));
    let seen = format!(
        "health: {}; activated: {active}; {}",
        health.words(),
        heard.words()
    );
    let answered = case.require("HS-230").seen("encrypted calls", &seen).holds(
        health.as_deref().is_ok_and(|status| status == "SERVING") && active && obeyed,
        "health is SERVING, the plugin is activated and obeys an order",
        &seen,
        "calls-fail",
    );
    let ran = answered
        && case.require("HS-230").seen("encrypted calls", &seen).holds(
            heard.witness().is_some(),
            "evidence of the handler that obeyed",
            &seen,
            "no-evidence",
        );
    if ran {
        judge_end(case, &session).await;
    }
    session.raw.end().await;
    Ok(())
}

async fn judge_end(case: &Case, session: &Session) {
    let (answer, exit) = tokio::join!(
        session.services.shutdown(),
        session.raw.exit_within(AFTER_SHUTDOWN)
    );
    let ended = exit.map_or("still there".to_owned(), |exit| exit.to_string());
    let reason = match exit {
        None => "still-there",
        Some(_) => "wrong-exit-status",
    };
    case.require("HS-230")
        .seen("encrypted Shutdown", answer.words())
        .and("end", &ended)
        .holds(
            exit == Some(Exit::Code(0)),
            "an end with status 0 within 2 s of an encrypted Shutdown",
            &ended,
            reason,
        );
}
