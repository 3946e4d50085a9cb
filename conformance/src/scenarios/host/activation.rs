//! The start after the handshake: the order of the first calls, and what fails it.

use std::time::Duration;

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, Controller, Health, Script, Serve, Stdio};

use super::stage::{Setting, Stage, good};
use super::traces::{alive, called, calls, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// The first calls of a connection, in their order.
    "host/activation/order" => order: ["LC-001", "LC-002"];
    /// Lifecycle hooks that are not announced are not called.
    "host/activation/without-lifecycle-hooks" => without_lifecycle_hooks: ["LC-003"];
    /// An activation is over when OnActivate was answered.
    "host/activation/answered" => answered: ["LC-012"];
    /// Activating a running plugin.
    "host/activation/twice" => twice: ["LC-006"];
    /// A restart of a running plugin.
    "host/activation/restart" => restart: ["LC-007"];
    /// Which of go-plugin's services are used and needed.
    "host/activation/side-services" => side_services: ["LC-008"];
}

/// The calls of hooks, in order; health checks and go-plugin's services left out.
pub(super) fn hooks(entries: &[Entry]) -> Vec<String> {
    called(entries)
        .into_iter()
        .filter(|name| {
            !matches!(
                name.as_str(),
                "Check" | "StreamStdio" | "StartStream" | "Shutdown"
            )
        })
        .collect()
}

async fn order(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    stage
        .hook(&folder, "MessageHasBeenPosted", serde_json::json!({}))
        .await?
        .ok();
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageHasBeenPosted").is_empty()
        })
        .await?;
    let seen = hooks(&entries);
    let judge = || case.require("LC-001").seen("hook calls", seen.clone());
    judge().same(
        "the first call",
        Some("Implemented"),
        seen.first().map(String::as_str),
        "implemented-not-first",
    );
    judge().same(
        "calls of Implemented",
        1,
        calls(&entries, "Implemented").len(),
        "implemented-not-once",
    );
    let rest: Vec<&str> = seen
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "Implemented")
        .collect();
    let expected = vec![
        "OnConfigurationChange",
        "OnActivate",
        "MessageHasBeenPosted",
    ];
    let reason = if rest.first() == expected.first() {
        "wrong-order"
    } else {
        "configuration-not-first"
    };
    case.require("LC-002")
        .seen("hook calls", seen.clone())
        .same("calls of the start", expected, rest, reason);
    stage.close().await
}

async fn without_lifecycle_hooks(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().implemented(["MessageHasBeenPosted"]);
    let folder = stage.place("plugin", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let status = stage.status(&folder).await?;
    if outcome.is_ok() {
        stage
            .hook(&folder, "MessageHasBeenPosted", serde_json::json!({}))
            .await?
            .ok();
        stage.deactivate(&folder).await?;
    }
    let entries = folder.entries()?;
    let seen = || case.require("LC-003").seen("hook calls", hooks(&entries));
    seen().same("the state", "running", status.state.as_str(), "not-running");
    let lifecycle = ["OnConfigurationChange", "OnActivate", "OnDeactivate"];
    let unlisted: Vec<String> = hooks(&entries)
        .into_iter()
        .filter(|name| lifecycle.contains(&name.as_str()))
        .collect();
    seen().absent("lifecycle hook called", &unlisted, "unlisted-hook-called");
    stage.close().await
}

async fn answered(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().hook("OnActivate", Answer::empty().after(400));
    let folder = stage.place("plugin", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let entries = folder.entries()?;
    let is_answer = |entry: &&Entry| {
        matches!(entry.event, Seen::Answered { .. }) && entry.method() == Some("OnActivate")
    };
    let answers = entries.iter().filter(is_answer).count();
    let said = outcome.words();
    let seen = || {
        case.require("LC-012")
            .seen("the host's answer", said.clone())
    };
    seen().holds(
        outcome.is_ok(),
        "a plugin that runs",
        &said,
        "activation-refused",
    );
    seen().same("answers of OnActivate", 1, answers, "succeeded-early");
    stage.close().await
}

async fn twice(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let second = stage.activate(&folder).await?;
    stage
        .hook(&folder, "MessageHasBeenPosted", serde_json::json!({}))
        .await?
        .ok();
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageHasBeenPosted").is_empty()
        })
        .await?;
    let seen = || {
        case.require("LC-006")
            .seen("processes", pids(&entries))
            .and("hook calls", hooks(&entries))
    };
    seen().same(
        "processes of the plugin",
        1,
        pids(&entries).len(),
        "second-process",
    );
    let started = second
        .as_ref()
        .map(|activated| activated.started)
        .map_err(|refusal| refusal.kind.clone());
    seen().same(
        "started by the second activation",
        Ok(false),
        started,
        "second-start-reported",
    );
    seen().same(
        "calls of OnActivate",
        1,
        calls(&entries, "OnActivate").len(),
        "activated-again",
    );
    let status = stage.status(&folder).await?;
    seen().same("the state", "running", status.state.as_str(), "not-running");
    stage.close().await
}

async fn restart(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let restarted = stage.restart(&folder).await?;
    let entries = stage
        .journal(&folder, |entries| pids(entries).len() > 1)
        .await?;
    let targets: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.environment())
        .filter_map(|env| env.get("MATTERMOST_PLUGIN_API_TARGET").cloned())
        .collect();
    let seen = || {
        case.require("LC-007")
            .seen("processes", pids(&entries))
            .and(
                "environments",
                entries.iter().filter_map(Entry::environment).count(),
            )
    };
    let said = restarted.words();
    seen().holds(
        restarted.is_ok_and(|activated| activated.started),
        "a plugin that was started again",
        said,
        "not-restarted",
    );
    seen().same(
        "processes of the plugin, one after the other",
        2,
        pids(&entries).len(),
        "not-restarted",
    );
    let (first, second) = (
        pids(&entries).first().copied().unwrap_or(0),
        entries.iter().position(|entry| entry.start == 2),
    );
    let order = second
        .map(|second| entries[second..].iter().all(|entry| entry.pid != first))
        .unwrap_or(false);
    seen().holds(
        order && !alive(first),
        "the old process gone first",
        entries.words(),
        "old-process-lives",
    );
    if !stage.has(Feature::Api) {
        return stage.close().await;
    }
    seen().holds(
        targets.len() == 2 && targets[0] != targets[1],
        "two addresses",
        targets.words(),
        "same-api-server",
    );
    stage.close().await
}

async fn side_services(case: &mut Case) -> ScenarioResult {
    // A plugin whose output is not taken answers no hook.
    let hook = case.scaled(Duration::from_secs(3));
    let stage = Stage::open_with(case, Setting::new().bound("hook", hook)).await?;
    let piece = fake_interpreters::script::Piece {
        channel: fake_interpreters::script::Stream::Stdout,
        text: "x".repeat(1024),
    };
    let serve = Serve {
        stdio: Stdio::MustBeRead(vec![piece; 128]),
        ..Serve::good()
    };
    let folder = stage.place("go-like", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let entries = folder.entries()?;
    let said = outcome.words();
    let seen = case.require("LC-008").seen("calls", called(&entries));
    let opened = !calls(&entries, "StreamStdio").is_empty();
    seen.holds(
        opened,
        "a call of StreamStdio",
        called(&entries).words(),
        "stdio-not-opened",
    );
    let seen = case.require("LC-008").seen("calls", called(&entries));
    seen.holds(
        outcome.is_ok(),
        "a plugin that is not blocked by its own output",
        said,
        "stdio-not-drained",
    );
    let serve = Serve {
        stdio: Stdio::Unimplemented,
        controller: Controller::Unimplemented,
        health: Health::Unimplemented,
        ..Serve::good()
    };
    let folder = stage.place("bare", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let said = outcome.words();
    let seen = case
        .require("LC-008")
        .seen("calls", called(&folder.entries()?));
    seen.holds(
        outcome.is_ok(),
        "a plugin without side services runs",
        said,
        "service-demanded",
    );
    stage.close().await
}
