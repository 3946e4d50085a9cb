//! The host's own death by SIGKILL: it can do nothing any more, and yet nothing may be left.

use std::time::{Duration, Instant};

use fake_interpreters::script::{Grandchild, Script, Serve};

use super::aftermath::on_socket;
use super::refusal::family;
use super::stage::{Stage, good};
use super::traces::{alive, is_there};
use crate::case::Case;
use crate::case::words::Words;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// A killed host takes its plugins and all their children with it.
    "host/guard/host-killed" => host_killed: ["ST-007", "ST-010"];
}

/// The bound of the requirement.
const BOUND: Duration = Duration::from_secs(2);

async fn host_killed(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let daemon = Grandchild {
        setsid: true,
        double_fork: true,
        ignore_term: true,
        ..Grandchild::default()
    };
    let rows = [
        ("plain", good()),
        ("deaf", Script::new().ignore_term().then(&good())),
        (
            "child",
            Script::new()
                .grandchild(Grandchild {
                    holds_pipes: true,
                    ignore_term: true,
                    ..Grandchild::default()
                })
                .then(&good()),
        ),
        (
            "daemon",
            Script::new()
                .grandchild(daemon)
                .then(&Script::serving(Serve::good())),
        ),
    ];
    let socket = case.folder().join("plugin.sock");
    let on_socket = [("socket", on_socket(&socket))];
    let mut all = Vec::new();
    for (name, script) in rows.into_iter().chain(on_socket) {
        let folder = stage.started(name, &script).await?;
        all.extend(family(&folder.entries()?));
    }
    let running: Vec<u32> = all.iter().copied().filter(|pid| alive(*pid)).collect();
    let before = is_there(&socket).then(|| socket.display().to_string());
    let began = Instant::now();
    stage.host().kill().await?;
    let gone = stage
        .until(BOUND, || !all.iter().any(|pid| alive(*pid)))
        .await;
    let took = began.elapsed();
    let left: Vec<u32> = all.iter().copied().filter(|pid| alive(*pid)).collect();
    let seen = || {
        let judge = case.require("ST-007").go_host("leaves them all");
        judge
            .seen("control: processes before the kill", running.clone())
            .and("gone after", took)
    };
    seen().same(
        "plugin processes that ran until the host was killed",
        all.len(),
        running.len(),
        "process-ended-before",
    );
    seen().holds(
        gone,
        format!("none of {} processes left after {BOUND:?}", all.len()),
        format!("left: {}", left.words()),
        "process-left",
    );
    let gone = stage.until(BOUND, || !is_there(&socket)).await;
    let seen = case
        .require("ST-010")
        .seen("control: the socket before", before);
    seen.holds(
        gone,
        "no socket left",
        socket.display().to_string(),
        "socket-left",
    );
    Ok(())
}
