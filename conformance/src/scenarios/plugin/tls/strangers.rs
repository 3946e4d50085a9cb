//! Clients that are not the host, beside the host: one process of the plugin, at which both knock by turns.

use std::time::Duration;

use plugin_host::tls::Curve;

use super::Secured;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::raw::Services;
use crate::plugin_run::secured::{Asked, Stranger, was_taken};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Tls;
    /// Clients without a certificate, with another one, without its key, without encryption and of an old version; and the host beside them.
    "plugin/tls/strangers" => strangers: ["HS-223", "HS-224", "HS-225", "HS-228", "HS-231"], deadline(90);
}

/// How long the end of a process is waited for whose connections have ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The requirement that a stranger is about, and the reason by which it is broken.
fn judged_by(who: Stranger, asked: bool) -> (&'static str, &'static str) {
    match who {
        Stranger::Bare if !asked => ("HS-223", "certificate-not-asked"),
        Stranger::Bare => ("HS-223", "no-certificate-accepted"),
        Stranger::Other => ("HS-224", "other-certificate-accepted"),
        Stranger::Thief => ("HS-224", "key-not-checked"),
        Stranger::Plain => ("HS-225", "plain-text-answered"),
        Stranger::Old => ("HS-228", "old-version-taken"),
    }
}

async fn strangers(case: &mut Case) -> ScenarioResult {
    let secured = Secured::start(case, Curve::P521).await?;
    let played = play(case, &secured).await;
    secured.raw.end().await;
    played
}

async fn play(case: &Case, secured: &Secured) -> ScenarioResult {
    let kept = match secured.connect().await? {
        Ok(services) => services,
        Err(error) => {
            let text = format!("its own host is not let in either: {error}");
            return Err(Interruption::broken_off(text));
        }
    };
    let before = health(&kept).await;
    if before.is_err() {
        let text = format!("its own host has no answer either: {}", before.words());
        return Err(Interruption::broken_off(text));
    }
    let mut seen = Vec::new();
    for who in Stranger::ALL {
        let entry = case.note(Source::Fault, format!("{who} comes"));
        let asked = Asked::default();
        let outcome = knock(secured, who, &asked).await?;
        let (id, reason) = judged_by(who, asked.was());
        let words = match &outcome {
            Ok(answer) if reason == "certificate-not-asked" => {
                format!("{who} is not asked for one, and let in: {answer}")
            }
            Ok(answer) => format!("{who} is let in: {answer}"),
            Err(refusal) => format!("{who} is refused: {refusal}"),
        };
        seen.push(words.clone());
        let after = again(secured, &kept).await?;
        let expected = format!("{who} is refused, while the host is answered");
        match &after {
            Ok(answer) => {
                case.require(id)
                    .at(entry)
                    .seen("stranger", &words)
                    .and("the host, afterwards", answer)
                    .holds(outcome.is_err(), expected, &words, reason);
            }
            Err(_) if outcome.is_ok() => {
                case.require(id).at(entry).fails(reason, expected, &words);
            }
            Err(_) => {}
        }
        if let Err(error) = after {
            let exit = secured.raw.exit_within(LAST_WORDS).await;
            let ended = exit.map(|exit| format!("; the process has ended: {exit}"));
            let text = format!(
                "{words}; then the host: {error}{}",
                ended.unwrap_or_default()
            );
            case.require("HS-231").at(entry).fails(
                "host-disturbed",
                "the host is answered as before, whoever else was there",
                text,
            );
            return Ok(());
        }
    }
    case.require("HS-231")
        .seen("strangers", &seen)
        .holds(true, "", "", "host-disturbed");
    Ok(())
}

/// What a stranger gets: an answer, or a refusal.
async fn knock(
    secured: &Secured,
    who: Stranger,
    asked: &Asked,
) -> Result<Result<String, String>, Interruption> {
    let peer = secured
        .host
        .stranger(who, &secured.target, &secured.certificate, asked)?;
    Ok(match secured.raw.connect_to(peer).await {
        Ok(services) => health(&services).await,
        Err(error) if was_taken(&error) => Ok(error.to_string()),
        Err(error) => Err(error.to_string()),
    })
}

/// The host, on the connection that it has had all the time and on a new one.
async fn again(secured: &Secured, kept: &Services) -> Result<Result<String, String>, Interruption> {
    let old = match health(kept).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(format!("on its old connection: {error}"))),
    };
    let fresh = match secured.connect().await? {
        Ok(services) => health(&services).await,
        Err(error) => Err(error.to_string()),
    };
    Ok(fresh
        .map(|answer| format!("{old} on its old connection, {answer} on a new one"))
        .map_err(|error| format!("on a new connection: {error}")))
}

/// The answer to a health check, or what came in its place.
async fn health(services: &Services) -> Result<String, String> {
    let answer = services.health("plugin").await;
    let answer = answer.map(|status| format!("its health check is answered with {status}"));
    answer.map_err(|status| format!("its health check: {}", status.words()))
}
