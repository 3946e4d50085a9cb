//! The hooks of the life cycle beside others and at their limits: what may overlap, what may take too long, what works to the end.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use plugin_proto::hook::{OnActivate, OnConfigurationChange, OnDeactivate};
use plugin_proto::{find_hook, pb};
use serde_json::json;
use tonic::Status;

use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::message::answered;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::running::fresh;
use crate::plugin_run::seen::EVIDENCE;
use crate::plugin_run::session::Session;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Lifecycle;
    /// The configuration changes while OnActivate runs.
    "plugin/succession/activating" => activating: ["LC-061"], waits();
    /// OnDeactivate comes while another hook runs, and the plugin is asked afterwards how it is.
    "plugin/succession/deactivating" => deactivating: ["LC-063", "LC-065"], waits();
    /// OnActivate and OnDeactivate take longer than the host allows.
    "plugin/succession/overdue" => overdue: ["LC-068", "LC-069"], waits();
}

/// The same area, with orders of the API profile.
pub mod orders {
    use super::last_words;
    use crate::scenario::scenarios;

    scenarios! {
        Plugin, Api;
        /// OnDeactivate uses the API.
        "plugin/succession/last-words" => last_words: ["LC-060"];
    }
}

/// How long slow handlers take: long against everything that is to happen meanwhile.
const SLOW: Duration = Duration::from_secs(4);
const TIMEOUT: &str = "MATTERMOST_PLUGIN_HOOK_TIMEOUT";

fn sleep(time: Duration) -> Word {
    Word::Sleep(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

async fn ordered(
    case: &mut Case,
    orders: &[(&'static str, Word)],
    variables: &[(&str, &str)],
) -> Result<(Session, BTreeMap<&'static str, Order>), Interruption> {
    let fixed: BTreeMap<&'static str, Order> = orders
        .iter()
        .map(|(hook, word)| (*hook, fresh(case, word.clone())))
        .collect();
    let session = Session::connected(case, fixed.clone(), variables).await?;
    Ok((session, fixed))
}

async fn activate(session: &Session) -> Result<Option<pb::AppError>, Status> {
    let request = pb::OnActivateRequest::default();
    let answer = session.services.hook::<OnActivate>(request).await?;
    Ok(answer.error)
}

async fn deactivate(session: &Session) -> Result<Option<pb::AppError>, Status> {
    let request = pb::OnDeactivateRequest::default();
    let answer = session.services.hook::<OnDeactivate>(request).await?;
    Ok(answer.error)
}

async fn activating(case: &mut Case) -> ScenarioResult {
    let (session, fixed) = ordered(case, &[("OnActivate", sleep(SLOW))], &[]).await?;
    let begun = case.scaled(EVIDENCE);
    // Which comes first? Who had to wait for the other comes right behind it.
    let (activated, (began, answer)) = {
        let meanwhile = async {
            let nonce = &fixed["OnActivate"].nonce;
            let began = session.raw.seen.evidence_for(nonce, begun).await;
            let request = pb::OnConfigurationChangeRequest::default();
            let answer = session
                .services
                .hook::<OnConfigurationChange>(request)
                .await;
            (began, answer)
        };
        let (mut meanwhile, mut activation) = (pin!(meanwhile), pin!(activate(&session)));
        tokio::select! {
            biased;
            activated = &mut activation => (Some(activated), meanwhile.await),
            done = &mut meanwhile => (None, done),
        }
    };
    case.require("LC-061")
        .seen(
            "evidence of OnActivate",
            began.map(|evidence| evidence.nonce),
        )
        .holds(
            activated.is_none() && matches!(&answer, Ok(answer) if answer.error.is_none()),
            "OnConfigurationChange answered while OnActivate runs",
            format!(
                "{}; OnActivate had ended with {}",
                answered::<OnConfigurationChange>(&answer),
                activated.words()
            ),
            "waits-for-activation",
        );
    session.end(case).await;
    Ok(())
}

async fn deactivating(case: &mut Case) -> ScenarioResult {
    let (session, _) = ordered(case, &[], &[]).await?;
    activate(&session)
        .await
        .map_err(|status| Interruption::broken_off(format!("activation: {status}")))?;
    let hook = find_hook("MessageHasBeenPosted")
        .ok_or_else(|| Interruption::broken_off("no MessageHasBeenPosted"))?;
    let slow = session.asking(case, hook, json!({}), &sleep(SLOW));
    let nonce = slow.nonce().to_owned();
    let begun = case.scaled(EVIDENCE);
    let (ended, (began, answer)) = {
        let meanwhile = async {
            let began = session.raw.seen.evidence_for(&nonce, begun).await;
            (began, deactivate(&session).await)
        };
        let (mut meanwhile, mut running) = (pin!(meanwhile), pin!(session.hear(slow)));
        tokio::select! {
            biased;
            _ = &mut running => (true, meanwhile.await),
            done = &mut meanwhile => (false, done),
        }
    };
    case.require("LC-065")
        .seen(
            "evidence of the running hook",
            began.map(|evidence| evidence.nonce),
        )
        .holds(
            !ended && matches!(&answer, Ok(None)),
            "OnDeactivate answered without an error while another hook runs",
            format!("{}; the other hook had ended: {ended}", answer.words()),
            "waits-for-hook",
        );
    let health = session.services.health("plugin").await;
    let exit = session.raw.exit();
    let deactivated = answer.is_ok().then_some("answered");
    case.require("LC-063")
        .seen("OnDeactivate", deactivated)
        .holds(
            health.as_deref().is_ok_and(|health| health == "SERVING") && exit.is_none(),
            "SERVING, until the plugin is asked to end",
            format!("health: {}; exit: {}", health.words(), exit.words()),
            "unhealthy",
        );
    session.end(case).await;
    Ok(())
}

async fn overdue(case: &mut Case) -> ScenarioResult {
    let orders = [
        ("OnActivate", sleep(2 * SLOW)),
        ("OnDeactivate", sleep(2 * SLOW)),
    ];
    let (session, fixed) = ordered(case, &orders, &[(TIMEOUT, "1")]).await?;
    for (id, name) in [("LC-068", "OnActivate"), ("LC-069", "OnDeactivate")] {
        let begun = std::time::Instant::now();
        let answer = match name {
            "OnActivate" => activate(&session).await,
            _ => deactivate(&session).await,
        };
        let took = begun.elapsed();
        let nonce = &fixed[name].nonce;
        let evidence = session
            .raw
            .seen
            .evidence_for(nonce, case.scaled(EVIDENCE))
            .await;
        let in_time = took < 2 * SLOW - Duration::from_secs(1);
        let reason = match &answer {
            _ if !in_time => "timeout-ignored",
            Err(_) => "call-failed",
            Ok(_) => "error-swallowed",
        };
        case.require(id)
            .seen("evidence", evidence.map(|evidence| evidence.nonce))
            .holds(
                in_time && matches!(&answer, Ok(Some(error)) if !error.message.is_empty()),
                format!("{name}: an error in band after about one second"),
                format!("after {} ms, {}", took.as_millis(), answer.words()),
                reason,
            );
    }
    session.end(case).await;
    Ok(())
}

async fn last_words(case: &mut Case) -> ScenarioResult {
    if !case.subject().capabilities.claims_method("KVSet") {
        case.not_applicable("LC-060", "api method KVSet");
        return Ok(());
    }
    let key = case.nonce();
    let word = Word::Api("KVSet", json!({ "key": key, "value": "eA==" }));
    let (session, fixed) = ordered(case, &[("OnDeactivate", word)], &[]).await?;
    activate(&session)
        .await
        .map_err(|status| Interruption::broken_off(format!("activation: {status}")))?;
    let answer = deactivate(&session).await;
    let nonce = &fixed["OnDeactivate"].nonce;
    let evidence = session
        .raw
        .seen
        .evidence_for(nonce, case.scaled(EVIDENCE))
        .await;
    let calls = session.raw.api.calls_of("KVSet");
    let arrived = calls.iter().any(|request| request["key"] == key.as_str());
    case.require("LC-060")
        .seen(
            "evidence of OnDeactivate",
            evidence.map(|evidence| evidence.nonce),
        )
        .holds(
            arrived && matches!(&answer, Ok(None)),
            "a KVSet with the key that was ordered, and OnDeactivate without an error",
            format!("calls that arrived: {}; {}", calls.words(), answer.words()),
            "api-closed",
        );
    session.end(case).await;
    Ok(())
}
