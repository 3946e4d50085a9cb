//! Whether handlers see what the host sent: every field, any text, any size that Mattermost allows.

use plugin_host::hooks::Outcome;
use plugin_proto::hook::{ExecuteCommand, MessageWillBePosted, UserWillLogIn};
use serde_json::Value;

use super::place;
use crate::case::Case;
use crate::plugin_run::evidence::{as_seen, difference};
use crate::plugin_run::message::{Orderable, as_json};
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Messages with every kind of field, with text in many scripts, and with long texts.
    "plugin/hooks/values" => values: ["HK-058"];
}

async fn values(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let texts = [
        ("every field", String::new()),
        (
            "many scripts",
            " Ærøskøbing 東京 \u{1f680} \u{202e}rtl e\u{301} \\ \" <&>".to_owned(),
        ),
        ("2,000 characters", " 0123456789é".repeat(180)),
        ("200 KiB", " 0123456789abcdef".repeat(12_000)),
    ];
    for (what, text) in texts {
        compare::<MessageWillBePosted>(case, &running, what, &text).await?;
    }
    compare::<ExecuteCommand>(case, &running, "a command", " --name Zoë").await?;
    compare::<UserWillLogIn>(case, &running, "a user", "").await?;
    running.end().await;
    Ok(())
}

/// The handler's evidence shows what was sent, but for what handlers are not given: the context of the request.
async fn compare<R: Orderable>(
    case: &mut Case,
    running: &Running,
    what: &str,
    tail: &str,
) -> Result<(), Interruption> {
    let order = fresh(case, Word::Allow);
    let request = R::ordering(format!("{order}{tail}"));
    let sent = without_context(as_seen(&as_json::<R>(&request)));
    let obeyed = running.send::<R>(&order, request).await?;
    let judge = case.require("HK-058");
    let Some(evidence) = obeyed.evidence else {
        let reason = if matches!(obeyed.outcome, Outcome::Answered(_)) {
            "not-shown"
        } else {
            "refused"
        };
        judge.fails(
            reason,
            format!("evidence of {} with {what}", R::METHOD.name),
            format!("none; the hook: {}", obeyed.outcome),
        );
        return Ok(());
    };
    let differs = difference(&sent, &evidence.saw, "");
    judge.seen(what, &order.nonce).holds(
        differs.is_none(),
        "the message as it was sent",
        differs.unwrap_or_default(),
        "value-changed",
    );
    Ok(())
}

fn without_context(mut message: Value) -> Value {
    if let Some(fields) = message.as_object_mut() {
        fields.remove("context");
    }
    message
}
