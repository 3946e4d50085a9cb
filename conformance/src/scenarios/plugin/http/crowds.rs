//! Many HTTP requests at once, hooks beside them, and requests that the host gives up.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use plugin_proto::find_hook;
use serde_json::json;

use super::site::{Asked, Site, bytes, cut};
use super::troubles::goes_on;
use super::{MIB, PIECE};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::evidence::Digest;
use crate::plugin_run::http::{Exchange, Packing, complete, messages, piece, steps};
use crate::plugin_run::order::Word;
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Http;
    /// Requests that are open at the same time, and hooks between their first and their last piece.
    "plugin/http/crowd" => crowd: ["HT-079", "HT-080"], deadline(40);
    /// Handlers that take their time.
    "plugin/http/side-by-side" => side_by_side: ["HT-093"];
    /// Requests that are given up at every stage.
    "plugin/http/given-up" => given_up: ["HT-077", "HT-078"], deadline(40);
}

/// Requests at once.
const MANY: usize = 32;
/// Hooks beside them.
const HOOKS: usize = 4;
/// How long handlers would take that are given up.
const SLEEP: Duration = Duration::from_secs(30);

/// The order to take that long.
pub(super) fn asleep() -> Word {
    Word::Sleep(u64::try_from(SLEEP.as_millis()).unwrap_or(u64::MAX))
}

async fn crowd(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let mut open: Vec<(Exchange, String, Bytes, Bytes)> = Vec::new();
    for number in 0..MANY {
        let body = bytes(9000 + number).slice(number..);
        let text = format!("answer {number} ");
        let expected: Bytes = [&body[..], text.repeat(500).as_bytes()].concat().into();
        let asking = site.asking(case, "POST", steps(["echo", &format!("write 500 {text}")]));
        let mut exchange = site.session.services.open_http();
        let first = messages(asking.head, cut(&body, 4000), Packing::Apart);
        for message in first.into_iter().take(2) {
            exchange.send(message).await;
        }
        open.push((exchange, asking.nonce, body, expected));
    }
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let mut answered = Vec::new();
    for number in 0..HOOKS {
        let why = format!("hook {number}");
        let heard = site
            .session
            .order(case, hook, &Word::Reject(why.clone()))
            .await?;
        let own = heard.json() == Ok(json!({ "rejection_reason": why }));
        if !own {
            answered.push(heard.words());
            break;
        }
    }
    let health = site.session.services.health("plugin").await;
    let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
    let reason = match serving {
        true => "hook-waits",
        false => "health-waits",
    };
    let witness = case
        .require("HT-080")
        .seen("requests that are open", some(open.len()));
    witness.holds(
        answered.is_empty() && serving,
        "hooks answered by their handlers, and SERVING",
        format!("{}; health: {}", answered.words(), health.words()),
        reason,
    );
    let mut rest = Vec::new();
    let at = &site;
    for (mut exchange, nonce, body, expected) in open {
        let pieces: Vec<Bytes> = cut(&body, 4000).split_off(1);
        rest.push(async move {
            for next in pieces {
                exchange.send(piece(next)).await;
            }
            exchange.send(complete()).await;
            let heard = exchange.rest().await;
            let asked = at.asked(heard, &nonce, true).await;
            (asked, body, expected)
        });
    }
    for (asked, body, expected) in join_all(rest).await {
        own_answer(case, &asked, &body, &expected);
    }
    site.close(case).await;
    Ok(())
}

fn own_answer(case: &Case, asked: &Asked, body: &[u8], expected: &[u8]) {
    let own = asked.heard.body() == expected && asked.body == Some(Digest::of(body));
    let reason = match asked.heard.end.is_ok() {
        true => "anothers-answer",
        false => "not-answered",
    };
    case.require("HT-079")
        .seen("answer", asked.heard.words())
        .holds(
            own && asked.heard.is_whole(),
            format!("its own {} bytes", expected.len()),
            format!("{}; read: {}", asked.heard.words(), asked.body.words()),
            reason,
        );
}

/// Handlers at once.
const TEN: usize = 10;

async fn side_by_side(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let (sleepers, nonces) = sleeping(case, &site, TEN).await;
    let within = case.scaled(EVIDENCE);
    let running = site.running(&nonces, within).await;
    case.require("HT-093")
        .seen("handlers that run", some(running))
        .holds(
            running == TEN,
            format!("{TEN} handlers at the same time"),
            format!("{running} of them"),
            "one-after-another",
        );
    drop(sleepers);
    site.close(case).await;
    Ok(())
}

/// Requests whose handlers sleep, and their nonces.
async fn sleeping(case: &mut Case, site: &Site, count: usize) -> (Vec<Exchange>, Vec<String>) {
    let (mut sleepers, mut nonces) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let asking = site.asking(case, "GET", asleep());
        let mut exchange = site.session.services.open_http();
        for message in messages(asking.head, [], Packing::Together) {
            exchange.send(message).await;
        }
        sleepers.push(exchange);
        nonces.push(asking.nonce);
    }
    (sleepers, nonces)
}

/// Requests that are given up.
pub(super) const FORTY: usize = 40;

async fn given_up(case: &mut Case) -> ScenarioResult {
    let site = Site::open(case).await?;
    let services = site.session.services.clone();
    let body = bytes(3 * PIECE);
    // Before anything was sent, in the middle of an upload, and in the middle of an answer.
    drop(services.open_http());
    let asking = site.asking(case, "POST", steps(["read", "write 1 page"]));
    let mut upload = services.open_http();
    for message in messages(asking.head, cut(&body, PIECE), Packing::Apart)
        .into_iter()
        .take(2)
    {
        upload.send(message).await;
    }
    let download = format!("write {} x", 8 * MIB);
    let asking = site.asking(case, "GET", steps([download]));
    let mut answer = services.open_http();
    for message in messages(asking.head, [], Packing::Together) {
        answer.send(message).await;
    }
    let begun = answer.next().await;
    case.note(Source::Suite, format!("begun: {}", begun.is_ok()));
    drop((upload, answer));
    // After the end.
    let done = site.get(case, &["write 1 page"]).await;
    // While their handlers run.
    let (sleepers, nonces) = sleeping(case, &site, FORTY).await;
    let within = case.scaled(EVIDENCE);
    let running = site.running(&nonces, within).await;
    drop(sleepers);
    let shown = match nonces.first() {
        Some(nonce) => site.session.raw.seen.cancelled_for(nonce, within).await,
        None => None,
    };
    case.require("HT-078")
        .seen("handlers that run", some(running))
        .holds(
            shown.is_some_and(|shown| shown.hook == "ServeHTTP"),
            "evidence with `cancelled` of a handler that was given up",
            "none",
            "cancel-not-seen",
        );
    case.require("HT-077")
        .seen("whole answer", done.witness())
        .and("handlers given up", some(running))
        .holds(
            done.heard.is_whole(),
            "an answer after others were given up",
            done.heard.words(),
            "not-answered",
        );
    goes_on(case, &site, "HT-077").await;
    site.close(case).await;
    Ok(())
}
