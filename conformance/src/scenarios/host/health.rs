//! Health checks: what is asked, what counts, and that they decide nothing at the start.

use std::time::{Duration, Instant};

use fake_interpreters::preset::Preset;
use fake_interpreters::script::{self, Script, Serve};

use super::stage::{Setting, Stage, good};
use super::traces::{called, calls};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Health, Order};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::DriverError;

scenarios! {
    Host, Lifecycle;
    /// Which call a health check is.
    "host/health/call" => the_call: ["HE-001"];
    /// What counts as healthy.
    "host/health/verdict" => verdict: ["HE-002"], waits();
    /// The first check, and that it decides nothing.
    "host/health/first" => first: ["HE-003"], waits();
}

async fn the_call(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let health = stage.health(&folder).await?;
    let entries = stage
        .journal(&folder, |entries| !calls(entries, "Check").is_empty())
        .await?;
    let checks = calls(&entries, "Check");
    let paths: Vec<String> = checks.iter().map(|entry| entry.event.words()).collect();
    let seen = || case.require("HE-001").seen("health checks", paths.clone());
    seen().holds(
        checks
            .iter()
            .all(|entry| path(entry) == Some("/grpc.health.v1.Health/Check")),
        "/grpc.health.v1.Health/Check",
        paths.join(", "),
        "wrong-path",
    );
    // Field 1 is the name of the service: tag, length, six letters.
    let asked: Vec<Option<Vec<u8>>> = checks.iter().map(|entry| message(entry)).collect();
    let kept = !asked.is_empty()
        && asked
            .iter()
            .all(|bytes| bytes.as_deref() == Some(b"\x0a\x06plugin"));
    let services: Vec<String> = asked
        .iter()
        .map(|bytes| {
            bytes
                .as_deref()
                .unwrap_or_default()
                .escape_ascii()
                .to_string()
        })
        .collect();
    seen().holds(
        kept,
        "each a request for the service plugin",
        services.words(),
        "wrong-service",
    );
    seen().holds(
        health.healthy,
        "healthy",
        health.words(),
        "healthy-counted-unhealthy",
    );
    stage.close().await
}

fn path(entry: &fake_interpreters::journal::Entry) -> Option<&str> {
    match &entry.event {
        fake_interpreters::journal::Event::Rpc { path, .. } => Some(path),
        _ => None,
    }
}

fn message(entry: &fake_interpreters::journal::Entry) -> Option<Vec<u8>> {
    match &entry.event {
        fake_interpreters::journal::Event::Rpc { message, .. } => message.bytes(),
        _ => None,
    }
}

async fn verdict(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(500);
    let stage = Stage::open_with(case, Setting::new().bound("health", bound)).await?;
    let unknown = Serve {
        health: script::Health::Services([(String::new(), "SERVING".to_owned())].into()),
        ..Serve::good()
    };
    let rows = [
        ("serving", good(), true, "SERVING"),
        (
            "not-serving",
            Preset::NotServing.script(),
            false,
            "NOT_SERVING",
        ),
        (
            "status-unknown",
            Script::serving(Serve::good().health("UNKNOWN")),
            false,
            "UNKNOWN",
        ),
        (
            "service-unknown",
            Script::serving(Serve::good().health("SERVICE_UNKNOWN")),
            false,
            "SERVICE_UNKNOWN",
        ),
        ("no-service", Preset::NoHealth.script(), false, ""),
        ("not-found", Script::serving(unknown), false, ""),
        (
            "hanging",
            Script::serving(Serve {
                health: script::Health::Hang,
                ..Serve::good()
            }),
            false,
            "",
        ),
    ];
    for (name, script, healthy, status) in rows {
        let folder = stage.started(name, &script).await?;
        let began = Instant::now();
        let order = Order::Health {
            plugin: folder.id.clone(),
        };
        let health = match stage.try_ask::<Health>(order).await {
            Err(DriverError::Silent { within, .. }) => {
                case.require("HE-002").go_host("waits for ever").fails(
                    "health-not-bounded",
                    bound.words(),
                    format!("{name}: no answer within {}", within.words()),
                );
                return stage.close().await;
            }
            answer => answer
                .map_err(Interruption::of_driver)?
                .map_err(|refusal| {
                    Interruption::broken_off(format!("the host refused health: {refusal}"))
                })?,
        };
        let took = began.elapsed();
        let entries = stage
            .journal(&folder, |entries| !calls(entries, "Check").is_empty())
            .await?;
        let seen = || {
            case.require("HE-002")
                .go_host("looks at no status")
                .seen(name, calls(&entries, "Check").len())
        };
        let expected = format!("{name}: {}", if healthy { "healthy" } else { "unhealthy" });
        let reason = if healthy {
            "healthy-counted-unhealthy"
        } else {
            "unhealthy-counted-healthy"
        };
        seen().holds(health.healthy == healthy, expected, health.words(), reason);
        seen().within(
            bound + case.scaled(Duration::from_secs(3)),
            took,
            "health-not-bounded",
        );
        let kept = status.is_empty() || health.status == status;
        seen().holds(
            kept,
            format!("{name}: status {status}"),
            health.words(),
            "wrong-status",
        );
    }
    stage.close().await
}

async fn first(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(500);
    let stage = Stage::open_with(case, Setting::new().bound("health", bound)).await?;
    stage.needs_event("health")?;
    let hanging = Script::serving(Serve {
        health: script::Health::Hang,
        ..Serve::good()
    });
    for (name, script, healthy) in [
        ("good", good(), true),
        ("not-serving", Preset::NotServing.script(), false),
        ("no-health", Preset::NoHealth.script(), false),
        ("hanging", hanging, false),
    ] {
        let folder = stage.place(name, &script)?;
        let outcome = stage.activate(&folder).await?;
        let said = outcome.words();
        let entries = stage
            .journal(&folder, |entries| !calls(entries, "Check").is_empty())
            .await?;
        let order = called(&entries);
        let seen = || case.require("HE-003").seen(name, order.clone());
        seen().holds(
            outcome.is_ok(),
            "a plugin that runs",
            said,
            "start-decided-by-health",
        );
        let (activated, checked) = (position(&order, "OnActivate"), position(&order, "Check"));
        let kept =
            matches!((activated, checked), (Some(activated), Some(checked)) if activated < checked);
        let reason = if checked.is_none() {
            "no-first-check"
        } else {
            "checked-before-activation"
        };
        if !seen().holds(kept, "a check after OnActivate", order.words(), reason) {
            return stage.close().await;
        }
        let event = stage
            .event(|event| event.event == "health" && event.plugin == folder.id)
            .await;
        let reported = event
            .as_ref()
            .and_then(|event| event.fields.get("healthy"))
            .and_then(serde_json::Value::as_bool);
        if !seen().same(
            "reported as healthy",
            Some(healthy),
            reported,
            "result-not-reported",
        ) {
            return stage.close().await;
        }
    }
    stage.close().await
}

fn position(order: &[String], name: &str) -> Option<usize> {
    order.iter().position(|called| called == name)
}
