//! Whether a plugin works at all. What it does not pass here it has not passed anywhere.

use plugin_host::hooks::Outcome;
use plugin_proto::hook::MessageWillBePosted;

use super::place;
use crate::case::Case;
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Handshake;
    /// Activated by a host, the plugin is healthy and answers a hook with evidence that its handler ran.
    "plugin/ready" => ready: ["LC-051"], readiness();
}

async fn ready(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::host(case, &folder, Setup::default())?;
    if let Err(error) = running.activate(case).await {
        case.require("LC-051")
            .fails("does-not-start", "an activated plugin", error.to_string());
        running.end().await;
        return Ok(());
    }
    let health = running.health().await?;
    let order = fresh(case, Word::Allow);
    let obeyed = running.order::<MessageWillBePosted>(&order).await?;
    let answered = matches!(obeyed.outcome, Outcome::Answered(_));
    let evidence = obeyed.evidence.map(|evidence| evidence.hook);
    let problem = match (&evidence, answered) {
        _ if health.to_string() != "SERVING" => Some(("not-serving", format!("health: {health}"))),
        (_, false) => Some((
            "not-answered",
            format!("MessageWillBePosted: {}", obeyed.outcome),
        )),
        (None, true) => Some((
            "no-evidence",
            "MessageWillBePosted answered, and no evidence with its nonce".to_owned(),
        )),
        (Some(hook), true) if hook != "MessageWillBePosted" => {
            Some(("wrong-evidence", format!("evidence of {hook}")))
        }
        (Some(_), true) => None,
    };
    let expected = "SERVING, and evidence of MessageWillBePosted with the nonce that was sent";
    let (reason, seen) = problem.clone().unwrap_or(("ready", String::new()));
    case.require("LC-051")
        .seen("health", health.to_string())
        .and("nonce", &order.nonce)
        .holds(problem.is_none(), expected, seen, reason);
    running.end().await;
    Ok(())
}
