//! Messages that no host sends on a good day: without any field, and with fields of another version.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use plugin_proto::Shape;
use serde_json::json;

use crate::case::Case;
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Session, claimed};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Every hook with an empty message.
    "plugin/oddities/empty" => empty: ["HK-125"];
    /// Every hook with a field that the contract does not know.
    "plugin/oddities/unknown-field" => unknown_field: ["HK-126"];
}

/// Field 2000 with the text `new`.
const UNKNOWN: &[u8] = &[0x82, 0x7d, 3, b'n', b'e', b'w'];

/// By when a process that ends of a call has ended.
const MOMENT: Duration = Duration::from_secs(1);

async fn empty(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let mut had_failed = false;
    for hook in claimed(case) {
        let nonce = session.nonce_of(hook);
        let heard = session.hear_bytes(hook, &nonce, Bytes::new()).await;
        let failed = heard.answer.is_err();
        // Whether a failed call was the end of the plugin is seen at the first one.
        let ended = failed && !had_failed && session.raw.exit_within(MOMENT).await.is_some();
        had_failed |= failed;
        let problem = match heard.json() {
            Err(_) if ended => Some("process-ended"),
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
        if ended {
            break;
        }
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
