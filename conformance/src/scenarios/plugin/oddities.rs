//! Messages that no host sends on a good day: without any field, with fields of another version, and bytes that are no message.

use bytes::{Bytes, BytesMut};
use plugin_proto::{Shape, find_hook};
use serde_json::json;

use crate::case::Case;
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Session, claimed};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Every hook with an empty message.
    "plugin/oddities/empty" => empty: ["HK-125"];
    /// Every hook with a field that the contract does not know.
    "plugin/oddities/unknown-field" => unknown_field: ["HK-126"];
    /// Bytes that do not decode.
    "plugin/oddities/garbage" => garbage: ["HK-127"];
}

/// Field 2000 with the text `new`.
const UNKNOWN: &[u8] = &[0x82, 0x7d, 3, b'n', b'e', b'w'];

async fn empty(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    for hook in claimed(case) {
        let nonce = session.nonce_of(hook);
        let heard = session.hear_bytes(hook, &nonce, Bytes::new()).await;
        let problem = match heard.json() {
            Err(_) => Some("call-failed"),
            Ok(answer) if hook.shape == Shape::Filter && answer != json!({}) => Some("objects"),
            Ok(_) if heard.evidence.is_none() => Some("handler-not-run"),
            Ok(_) => None,
        };
        case.require("HK-125").seen("hook called", hook.name).holds(
            problem.is_none(),
            format!("{}: the answer of a handler that lets pass", hook.name),
            heard.words(),
            problem.unwrap_or("call-failed"),
        );
    }
    session.end(case).await;
    Ok(())
}

async fn unknown_field(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    for hook in claimed(case) {
        let message = filled::parts(hook).swap_remove(0);
        let asking = session.asking(case, hook, message, &Word::Allow);
        let mut bytes = BytesMut::from(asking.wire()?);
        bytes.extend_from_slice(UNKNOWN);
        let heard = session
            .hear_bytes(hook, asking.nonce(), bytes.freeze())
            .await;
        case.require("HK-126").seen("hook called", hook.name).holds(
            heard.answer.is_ok() && heard.evidence.is_some(),
            format!("{}: an answer after its handler ran", hook.name),
            heard.words(),
            "refused",
        );
    }
    session.end(case).await;
    Ok(())
}

async fn garbage(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let pid = session.raw.pid();
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let mut refused = Vec::new();
    for bytes in [
        // A length beyond the end, a text that is not UTF-8, an end in the middle of a number.
        &b"\x1a\x7f\xff"[..],
        b"\x1a\x04\x5a\x02\xff\xfe",
        b"\x1a\x02\x10\xff",
    ] {
        let answer = session.services.call(hook, Bytes::from_static(bytes)).await;
        refused.push(answer.is_err());
    }
    let later = session.order(case, hook, &Word::Allow).await?;
    let exit = session.raw.exit();
    let goes_on = later.evidence.is_some() && later.answer.is_ok() && exit.is_none();
    let reason = if goes_on { "answered" } else { "process-ended" };
    case.require("HK-127").seen("process", pid).holds(
        goes_on && refused.iter().all(|refused| *refused),
        "a failed call each, and a plugin that goes on",
        format!(
            "failed: {refused:?}; exit: {exit:?}; afterwards {}",
            later.words()
        ),
        reason,
    );
    session.end(case).await;
    Ok(())
}
