//! What is left when a plugin was stopped: no child of it, and no API server.

use std::time::Duration;

use fake_interpreters::journal::Event as Seen;
use fake_interpreters::script::{Answer, ApiOrder, Grandchild, Script, Serve};
use serde_json::json;

use super::held_call::HeldCall;
use super::refusal::family;
use super::stage::{Stage, good};
use super::stopping::{SLACK, Stop, limit, short, stop};
use super::traces::{alive, environment_of, listens};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// Children of the plugin.
    "host/stop/children" => children: ["ST-005", "PR-016"];
    /// The API server to the end, and no longer.
    "host/stop/api" => api: ["ST-006"], waits();
}

async fn children(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, short()).await?;
    let rows = [
        ("plain", Grandchild::default()),
        (
            "deaf",
            Grandchild {
                ignore_term: true,
                ..Grandchild::default()
            },
        ),
        (
            "holds-pipes",
            Grandchild {
                holds_pipes: true,
                ignore_term: true,
                ..Grandchild::default()
            },
        ),
        (
            "own-session",
            Grandchild {
                setsid: true,
                ..Grandchild::default()
            },
        ),
        (
            "daemon",
            Grandchild {
                setsid: true,
                double_fork: true,
                holds_pipes: true,
                ignore_term: true,
                ..Grandchild::default()
            },
        ),
    ];
    for (name, grandchild) in rows {
        let script = Script::new().grandchild(grandchild).then(&good());
        let folder = stage.started(name, &script).await?;
        let before = family(&folder.entries()?);
        let running: Vec<u32> = before.iter().copied().filter(|pid| alive(*pid)).collect();
        let took = stop(&stage, &folder).await?.took;
        let gone = stage
            .until(SLACK, || !before.iter().any(|pid| alive(*pid)))
            .await;
        let left: Vec<u32> = before.iter().copied().filter(|pid| alive(*pid)).collect();
        for id in ["ST-005", "PR-016"] {
            let seen = case
                .require(id)
                .seen("control: processes before the stop", running.clone());
            let kept = gone && running.len() >= 2;
            seen.holds(
                kept,
                format!("{name}: two processes, none of them left"),
                format!("left: {left:?}"),
                "process-left",
            );
        }
        let seen = case
            .require("ST-005")
            .seen("control: processes before the stop", running);
        seen.within(limit(case), took, "stop-held");
    }
    stage.close().await
}

async fn api(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, short().bound("hook", Duration::from_secs(10))).await?;
    let version = ApiOrder {
        label: Some("late".to_owned()),
        ..ApiOrder::new("GetServerVersion", json!({}))
    };
    let serve = Serve::good().hook(
        "OnDeactivate",
        Answer::Api(version, Box::new(Answer::empty())),
    );
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let entries = folder.entries()?;
    let target =
        environment_of(&entries).and_then(|env| env.get("MATTERMOST_PLUGIN_API_TARGET").cloned());
    let address = target.clone().unwrap_or_default();
    // A call whose request never ends keeps its handler waiting for as long as the server lets it.
    let held = HeldCall::open(&address).await;
    let Stop { took, entries, .. } = stop(&stage, &folder).await?;
    let answer = entries.iter().find_map(|entry| match &entry.event {
        Seen::Api {
            response, status, ..
        } => Some((response.clone(), status.clone())),
        _ => None,
    });
    let held_words = held
        .as_ref()
        .map(|_| "a call whose request never ends")
        .map_err(ToString::to_string);
    let seen = || {
        case.require("ST-006")
            .seen("API target", target.clone())
            .and("held open", format!("{held_words:?}"))
    };
    let kept = matches!(&answer, Some((Some(_), None)));
    seen().holds(
        kept,
        "an answer during OnDeactivate",
        format!("{answer:?}"),
        "api-gone-too-early",
    );
    let closed = stage.until(SLACK, || !listens(&address)).await;
    seen().holds(
        closed,
        "a closed port",
        format!("{address} answers"),
        "api-server-left",
    );
    seen().within(limit(case), took, "stop-held");
    drop(held);
    stage.close().await
}
