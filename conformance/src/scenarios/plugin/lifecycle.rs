//! Activation, configuration and deactivation, as the plugin sees and answers them.

use plugin_host::event::What;
use plugin_host::hooks::outcome::classify;
use plugin_host::hooks::{FailureKind, Outcome};
use plugin_proto::hook::{MessageWillBePosted, OnActivate, OnConfigurationChange, OnDeactivate};
use plugin_proto::pb;
use tonic::Status;

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::launch;
use crate::plugin_run::order::{self, Order, Word};
use crate::plugin_run::raw::{Raw, START, Services};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Lifecycle;
    /// A host activates the plugin: the two hooks of it run once each, in their order.
    "plugin/lifecycle/activation" => activation: ["LC-052"];
    /// The handler of OnActivate fails.
    "plugin/lifecycle/failed-activation" => failed_activation: ["LC-053", "LC-054", "LC-059"];
    /// The handler of OnConfigurationChange fails.
    "plugin/lifecycle/failed-configuration" => failed_configuration: ["LC-058"];
    /// The configuration changes while the plugin runs.
    "plugin/lifecycle/configuration" => configuration: ["LC-055"];
    /// OnDeactivate runs, and its handler fails.
    "plugin/lifecycle/deactivation" => deactivation: ["LC-057"];
}

async fn activation(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let orders = [
        ("OnConfigurationChange", fresh(case, Word::Allow)),
        ("OnActivate", fresh(case, Word::Allow)),
    ];
    let running = Running::start(case, &folder, Setup::default().ordering(&orders)).await?;
    // Everything that the activation wrote stands before the evidence of a later hook.
    let after = fresh(case, Word::Allow);
    let barrier = running.order::<MessageWillBePosted>(&after).await?;
    let ran: Vec<String> = running
        .seen
        .evidence()
        .into_iter()
        .map(|evidence| evidence.hook)
        .collect();
    let ended = running.seen.all(|what| match what {
        What::HookEnded { hook, outcome, .. } => Some((hook.clone(), outcome.clone())),
        _ => None,
    });
    let answered = |hook: &str| {
        ended
            .iter()
            .any(|(name, outcome)| name == hook && outcome == "answered")
    };
    let times = |hook: &str| ran.iter().filter(|name| *name == hook).count();
    let reason = match () {
        () if times("OnActivate") == 0 => "activate-not-run",
        () if times("OnConfigurationChange") == 0 => "configuration-not-run",
        () if times("OnActivate") > 1 || times("OnConfigurationChange") > 1 => "run-twice",
        () if !answered("OnActivate") || !answered("OnConfigurationChange") => "not-answered",
        () => "wrong-order",
    };
    let in_order = ran.starts_with(&["OnConfigurationChange".to_owned(), "OnActivate".to_owned()]);
    let once = times("OnActivate") == 1 && times("OnConfigurationChange") == 1;
    case.require("LC-052").seen("control, a later hook", barrier.evidence.map(|evidence| evidence.hook)).holds(
        once && in_order && answered("OnActivate") && answered("OnConfigurationChange"),
        "OnConfigurationChange and OnActivate, once each, in this order, both answered without an error",
        format!(
            "handlers ran: {}; answers: {}",
            ran.words(),
            ended.words()
        ),
        reason,
    );
    running.end().await;
    Ok(())
}

/// A process with orders in its environment and a connection to it.
async fn ordered(
    case: &Case,
    hook: &'static str,
    order: &Order,
) -> Result<(Raw, Services), Interruption> {
    let folder = place(case)?;
    let value = order::variable(&[(hook, order.clone())]);
    let raw = Raw::start(case, &folder, |command| {
        launch::set(command, order::VARIABLE, value)
    })
    .await?;
    let handshake = raw
        .handshake(START)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    let services = raw
        .connect(&handshake)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    Ok((raw, services))
}

/// How an answer falls short of an error in band with this text.
fn shortcoming(answer: &Result<Option<pb::AppError>, Status>, text: &str) -> Option<&'static str> {
    match answer {
        Err(status) => match classify(status) {
            FailureKind::Unavailable | FailureKind::Deadline => Some("no-answer"),
            _ => Some("error-as-status"),
        },
        Ok(None) => Some("error-swallowed"),
        Ok(Some(error)) if !error.message.contains(text) => Some("message-lost"),
        Ok(Some(_)) => None,
    }
}

async fn failed_activation(case: &mut Case) -> ScenarioResult {
    let why = format!("no licence {}", case.nonce());
    let order = fresh(case, Word::Fail(why.clone()));
    let (raw, services) = ordered(case, "OnActivate", &order).await?;
    let answer = services
        .hook::<OnActivate>(pb::OnActivateRequest::default())
        .await
        .map(|answer| answer.error);
    let evidence = raw
        .seen
        .evidence_for(&order.nonce, case.scaled(EVIDENCE))
        .await;
    let problem = shortcoming(&answer, &why);
    case.require("LC-053")
        .seen(
            "evidence of OnActivate",
            evidence.map(|evidence| evidence.nonce),
        )
        .holds(
            problem.is_none(),
            format!("status OK with an error in band whose message holds {why:?}"),
            answer.words(),
            problem.unwrap_or("message-lost"),
        );
    if let Ok(Some(error)) = &answer {
        judge_form(case, error, "OnActivate");
    }
    let health = services.health("plugin").await;
    let exit = raw.exit();
    case.require("LC-054")
        .seen("answer of OnActivate", answer.words())
        .holds(
            health.is_ok() && exit.is_none(),
            "a process that goes on and answers its health check",
            format!("health: {}; exit: {}", health.words(), exit.words()),
            "ended",
        );
    raw.end().await;
    Ok(())
}

/// What an error in band says besides its message.
fn judge_form(case: &Case, error: &pb::AppError, hook: &str) {
    let reason = match () {
        () if error.id.is_empty() => "no-id",
        () if error.r#where != hook => "wrong-where",
        () => "wrong-status-code",
    };
    let form = format!(
        "id {:?}, where {:?}, status code {}",
        error.id, error.r#where, error.status_code
    );
    let is_complete =
        !error.id.is_empty() && error.r#where == hook && (400..600).contains(&error.status_code);
    let expected = format!("an id, where {hook:?}, a status code of 400 to 599");
    case.require("LC-059")
        .seen("error", &form)
        .holds(is_complete, expected, &form, reason);
}

async fn failed_configuration(case: &mut Case) -> ScenarioResult {
    let why = format!("no such colour {}", case.nonce());
    let order = fresh(case, Word::Fail(why.clone()));
    let (raw, services) = ordered(case, "OnConfigurationChange", &order).await?;
    let request = pb::OnConfigurationChangeRequest::default();
    let answer = services
        .hook::<OnConfigurationChange>(request)
        .await
        .map(|answer| answer.error);
    let evidence = raw
        .seen
        .evidence_for(&order.nonce, case.scaled(EVIDENCE))
        .await;
    let health = services.health("plugin").await;
    let goes_on = health.is_ok() && raw.exit().is_none();
    let problem = if goes_on {
        shortcoming(&answer, &why)
    } else {
        Some("ended")
    };
    case.require("LC-058").seen("evidence of OnConfigurationChange", evidence.map(|evidence| evidence.nonce)).holds(
        problem.is_none(),
        format!("status OK with an error in band whose message holds {why:?}, and a plugin that goes on"),
        format!("{}; health afterwards: {}", answer.words(), health.words()),
        problem.unwrap_or("ended"),
    );
    raw.end().await;
    Ok(())
}

async fn configuration(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let order = fresh(case, Word::Allow);
    let orders = [("OnConfigurationChange", order.clone())];
    let running = Running::start(case, &folder, Setup::default().ordering(&orders)).await?;
    let count = |running: &Running| {
        running
            .seen
            .evidence()
            .iter()
            .filter(|evidence| evidence.nonce == order.nonce)
            .count()
    };
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        let request = pb::OnConfigurationChangeRequest::default();
        outcomes.push(
            running
                .hooks()?
                .call::<OnConfigurationChange>(request)
                .await,
        );
    }
    let after = fresh(case, Word::Allow);
    let barrier = running.order::<MessageWillBePosted>(&after).await?;
    let answered = outcomes
        .iter()
        .all(|outcome| matches!(outcome, Outcome::Answered(_)));
    // The host itself calls it once, before OnActivate.
    let ran = count(&running);
    let reason = if answered {
        "handler-not-run"
    } else {
        "not-answered"
    };
    case.require("LC-055")
        .seen(
            "control, a later hook",
            barrier.evidence.map(|evidence| evidence.hook),
        )
        .holds(
            answered && ran == 4,
            "four runs of the handler, and three answers without an error beside the first",
            format!(
                "{ran} runs; answers: {}",
                outcomes
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            reason,
        );
    running.end().await;
    Ok(())
}

async fn deactivation(case: &mut Case) -> ScenarioResult {
    let why = format!("cannot save {}", case.nonce());
    let order = fresh(case, Word::Fail(why.clone()));
    let (raw, services) = ordered(case, "OnDeactivate", &order).await?;
    let activated = services
        .hook::<OnActivate>(pb::OnActivateRequest::default())
        .await;
    let answer = services
        .hook::<OnDeactivate>(pb::OnDeactivateRequest::default())
        .await
        .map(|answer| answer.error);
    let evidence = raw
        .seen
        .evidence_for(&order.nonce, case.scaled(EVIDENCE))
        .await;
    let problem = if evidence.is_none() {
        Some("handler-not-run")
    } else {
        shortcoming(&answer, &why)
    };
    case.require("LC-057")
        .seen(
            "control, OnActivate before",
            activated.map(|_| "answered").ok(),
        )
        .holds(
            problem.is_none(),
            format!("evidence of the handler, and an error in band whose message holds {why:?}"),
            format!(
                "{}; {}",
                answer.words(),
                if evidence.is_some() {
                    "evidence"
                } else {
                    "no evidence"
                }
            ),
            problem.unwrap_or("message-lost"),
        );
    raw.end().await;
    Ok(())
}
