//! What is left when a plugin was stopped: no child of it, and no API server.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use fake_interpreters::journal::Event as Seen;
use fake_interpreters::script::{
    Answer, ApiOrder, Grandchild, Listen, Network, Script, Serve, Step,
};
use serde_json::json;

use super::crash::kill;
use super::held_call::HeldCall;
use super::refusal::{family, refused};
use super::stage::{Stage, good};
use super::stopping::{SLACK, Stop, limit, short, stop};
use super::traces::{alive, environment_of, is_there, listens};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::driver::protocol::{Activated, Order};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::DriverError;

scenarios! {
    Host, Lifecycle;
    /// Children of the plugin.
    "host/stop/children" => children: ["ST-005", "PR-016"];
    /// The sockets of plugins that cannot remove them.
    "host/stop/sockets" => sockets: ["ST-010"];
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
                format!("left: {}", left.words()),
                "process-left",
            );
        }
        let seen = case
            .require("ST-005")
            .seen("control: processes before the stop", running);
        seen.within(limit(&stage), took, "stop-held");
    }
    stage.close().await
}

async fn api(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(case, short().bound("hook", Duration::from_secs(10))).await?;
    stage.needs(Feature::Api)?;
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
            .and("held open", held_words.words())
    };
    let kept = matches!(&answer, Some((Some(_), None)));
    seen().holds(
        kept,
        "an answer during OnDeactivate",
        answer.words(),
        "api-gone-too-early",
    );
    let closed = stage.until(SLACK, || !listens(&address)).await;
    seen().holds(
        closed,
        "a closed port",
        format!("{address} answers"),
        "api-server-left",
    );
    seen().within(limit(&stage), took, "stop-held");
    drop(held);
    stage.close().await
}

/// A plugin that listens on a unix socket and leaves its file behind, as one that is killed does.
pub(super) fn on_socket(path: &Path) -> Script {
    let listen = Listen {
        network: Network::Unix,
        bind: Some(path.display().to_string()),
        leave_file: true,
    };
    let line = format!("1|1|unix|{}|grpc\n", path.display());
    Script::new()
        .step(Step::Listen(listen))
        .serve(Serve::good())
        .write(&line)
}

async fn sockets(case: &mut Case) -> ScenarioResult {
    // This socket is nobody's plugin: it was there before.
    let foreign = case.folder().join("foreign.sock");
    let _listener = UnixListener::bind(&foreign)?;
    let setting = short().bound("connect", Duration::from_millis(300));
    let stage = Stage::open_with(case, setting).await?;
    let control = stage.control("control").await?;
    let line = format!("1|1|unix|{}|grpc\n", foreign.display());
    let liar = stage.place("liar", &Script::new().write(&line).hang())?;
    let order = Order::Activate {
        dir: liar.directory.clone(),
    };
    let refusal = match stage.try_ask::<Activated>(order).await {
        // Whatever keeps the host waiting there is judged elsewhere.
        Err(DriverError::Silent { .. }) => "no answer".to_owned(),
        answer => refused(answer.map_err(Interruption::of_driver)?)?.message,
    };
    let seen = case
        .require("ST-010")
        .seen("control", control)
        .and("refusal", refusal);
    let kept = is_there(&foreign);
    seen.holds(
        kept,
        "a socket that is not the plugin's stays",
        "it is gone",
        "foreign-socket-removed",
    );
    for name in ["stopped", "killed"] {
        let socket = case.folder().join(format!("{name}.sock"));
        let folder = stage.started(name, &on_socket(&socket)).await?;
        let before = is_there(&socket).then(|| socket.display().to_string());
        if name == "killed" {
            kill(&stage, &folder.entries()?)?;
            stage.wait_exit(&folder).await?;
        } else {
            stop(&stage, &folder).await?;
        }
        let gone = stage.until(SLACK, || !is_there(&socket)).await;
        let seen = case
            .require("ST-010")
            .seen("control: the socket before", before);
        seen.holds(
            gone,
            format!("{name}: no socket left"),
            socket.display().to_string(),
            "socket-left",
        );
    }
    stage.close().await
}
