//! What a plugin makes of its environment, and what it does without.

use std::path::Path;
use std::time::Duration;

use plugin_host::process::Launch;
use plugin_proto::hook::MessageWillBePosted;
use serde_json::json;

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::launch;
use crate::plugin_run::message::Orderable;
use crate::plugin_run::order::Word;
use crate::plugin_run::raw::{Raw, START};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Lifecycle;
    /// Variables that no plugin knows, malformed values, and next to no environment at all.
    "plugin/environment/odd" => odd: ["EV-051", "EV-052", "EV-056"], deadline(40);
    /// The plugin is not told where the API is.
    "plugin/environment/without-api" => without_api: ["EV-057"];
}

/// The same area, with orders of the hooks and API profiles.
pub mod orders {
    use super::{api_target, log_level};
    use crate::scenario::scenarios;

    scenarios! {
        Plugin, Hooks;
        /// The log level that the host sets decides what is logged.
        "plugin/environment/log-level" => log_level: ["EV-055"];
        /// The API is called where the host says.
        "plugin/environment/api-target" => api_target: ["EV-053"];
    }
}

const TIMEOUT: &str = "MATTERMOST_PLUGIN_HOOK_TIMEOUT";
const LEVEL: &str = "MATTERMOST_PLUGIN_LOG_LEVEL";
const TARGET: &str = "MATTERMOST_PLUGIN_API_TARGET";

async fn odd(case: &mut Case) -> ScenarioResult {
    let unknown = |command: &mut Launch| {
        for name in [
            "PLUGIN_CONFORMANCE_UNKNOWN",
            "MATTERMOST_PLUGIN_UNKNOWN",
            "MATTERMOST_UNKNOWN",
            "CONFORMANCE_UNKNOWN",
        ] {
            launch::set(command, name, "surprise");
        }
    };
    let lean = |command: &mut Launch| {
        let of_the_host =
            |name: &str| name.starts_with("PLUGIN_") || name.starts_with("MATTERMOST_");
        let search_path = launch::is_looked_up(command);
        command.environment.retain(|name, _| {
            name.to_str()
                .is_some_and(|name| of_the_host(name) || search_path && name == "PATH")
        });
    };
    let malformed = |command: &mut Launch| {
        launch::set(command, TIMEOUT, "soon");
        launch::set(command, LEVEL, "LOUD");
    };
    let folder = place(case)?;
    starts(
        case,
        &folder,
        ("EV-051", "dies-of-unknown-variable"),
        unknown,
    )
    .await?;
    starts(case, &folder, ("EV-052", "needs-more-variables"), lean).await?;
    starts(
        case,
        &folder,
        ("EV-056", "dies-of-malformed-value"),
        malformed,
    )
    .await
}

/// With this change of its environment the plugin starts and is well.
async fn starts(
    case: &Case,
    folder: &Path,
    (id, reason): (&'static str, &'static str),
    change: impl FnOnce(&mut Launch),
) -> ScenarioResult {
    let mut variables = Vec::new();
    let raw = Raw::start(case, folder, |command| {
        change(command);
        variables = command
            .environment
            .keys()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
    })
    .await?;
    let outcome = match raw.handshake(START).await {
        Ok(handshake) => match raw.connect(&handshake).await {
            Ok(services) => services.health("plugin").await.words(),
            Err(error) => error.to_string(),
        },
        Err(error) => {
            let exit = raw.exit_within(Duration::from_millis(500)).await;
            format!(
                "{error}; {}",
                exit.map_or("still there".to_owned(), |exit| exit.to_string())
            )
        }
    };
    case.require(id).seen("variables", &variables).holds(
        outcome.contains("SERVING") && !outcome.contains("NOT"),
        "a plugin that starts and is healthy",
        outcome,
        reason,
    );
    raw.end().await;
    Ok(())
}

async fn without_api(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let raw = Raw::start(case, &folder, |command| launch::remove(command, TARGET)).await?;
    let order = fresh(case, Word::Allow);
    let outcome = match raw.handshake(START).await {
        Err(error) => Err(("does-not-start", error.to_string())),
        Ok(handshake) => match raw.connect(&handshake).await {
            Err(error) => Err(("does-not-start", error.to_string())),
            Ok(services) => {
                let answer = services
                    .hook::<MessageWillBePosted>(MessageWillBePosted::ordering(order.to_string()))
                    .await;
                answer.map_err(|status| ("hook-not-answered", status.words()))
            }
        },
    };
    let evidence = match &outcome {
        Ok(_) => {
            raw.seen
                .evidence_for(&order.nonce, case.scaled(EVIDENCE))
                .await
        }
        Err(_) => None,
    };
    match outcome {
        Err((reason, seen)) => {
            case.require("EV-057")
                .fails(reason, "a plugin that starts and answers hooks", seen)
        }
        Ok(_) => {
            let nonce = evidence.map(|evidence| evidence.nonce);
            case.require("EV-057")
                .seen("evidence", nonce)
                .holds(true, "", "", "hook-not-answered");
        }
    }
    raw.end().await;
    Ok(())
}

async fn log_level(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let mut shown = Vec::new();
    for level in ["DEBUG", "WARN"] {
        let running = Running::start(case, &folder, Setup::default().with(LEVEL, level)).await?;
        let mut marks = Vec::new();
        for word in ["debug", "info", "warn", "error"] {
            let mark = case.nonce();
            let order = fresh(case, Word::Log(word, mark.clone()));
            running.order::<MessageWillBePosted>(&order).await?;
            marks.push(mark);
        }
        // Logged last, and at no level suppressed: when it is there, the others are or never will be.
        let last = marks.last().cloned().unwrap_or_default();
        let within = running.scaled(Duration::from_secs(5));
        let arrived = running.logged(&last, within).await;
        let there = |mark: &String| running.has_logged(mark);
        shown.push((
            arrived.map(|record| record.text),
            marks.iter().map(there).collect::<Vec<_>>(),
        ));
        running.end().await;
    }
    let (all, some) = (&shown[0], &shown[1]);
    case.require("EV-055")
        .seen("control, an error at level DEBUG", all.0.clone())
        .and("an error at level WARN", some.0.clone())
        .holds(
            all.1 == [true; 4] && some.1 == [false, false, true, true],
            "at DEBUG all four levels, at WARN only warn and error",
            format!(
                "debug, info, warn, error at DEBUG: {}; at WARN: {}",
                all.1.words(),
                some.1.words()
            ),
            "log-level-ignored",
        );
    Ok(())
}

async fn api_target(case: &mut Case) -> ScenarioResult {
    if !case.subject().capabilities.claims_method("KVSet") {
        case.not_applicable("EV-053", "api method KVSet");
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let key = case.nonce();
    let order = fresh(
        case,
        Word::Api("KVSet", json!({"key": key, "value": "eA=="})),
    );
    let obeyed = running.order::<MessageWillBePosted>(&order).await?;
    let arrived = running
        .api
        .calls_of("KVSet")
        .iter()
        .any(|request| request["key"] == key.as_str());
    case.require("EV-053")
        .seen("evidence", obeyed.evidence.map(|evidence| evidence.nonce))
        .holds(
            arrived,
            "a KVSet with the key that was ordered",
            format!(
                "calls that arrived: {}; the hook: {}",
                running.api.calls().words(),
                obeyed.outcome
            ),
            "called-elsewhere",
        );
    running.end().await;
    Ok(())
}
