//! Plugins that are looked after: how often they are asked, when they are restarted, and when they are given up.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::Entry;
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Health, Script, Serve};
use serde_json::json;

use super::listing::{
    checked_again, listed, looked_after, once_listed, once_running, quick, starts, supervise,
    unchecked,
};
use super::stage::{PATIENCE, Setting, Stage, good};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::Called;
use crate::driver::protocol::environment::{Listed, Watch};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Lifecycle;
    /// The checks of a plugin that is well and of one that is not.
    "host/supervision/checks" => checks: ["HE-004", "HE-005", "HE-006"], waits();
    /// A plugin that is never well.
    "host/supervision/given-up" => given_up: ["HE-007", "HE-008"], waits();
    /// A plugin that does not answer checks.
    "host/supervision/hang" => hang: ["HE-009", "HE-010"], waits(), deadline(40);
    /// On and off.
    "host/supervision/switch" => switch: ["HE-011"], waits();
    /// A plugin that is stopped while it is about to be brought back.
    "host/supervision/deactivated" => deactivated: ["HE-012"], waits();
    /// Failures that are far apart.
    "host/supervision/window" => window: ["HE-013"], waits();
}

/// A plugin that is not well in its first processes, and good in the next.
fn ill(times: usize) -> Script {
    let mut script = Preset::NotServing.script();
    for _ in 1..times {
        script = script.next_start().then(&Preset::NotServing.script());
    }
    script.next_start().then(&good())
}

/// The checks of one process.
fn checks_of(entries: &[Entry], pid: u32) -> Vec<f64> {
    let own = calls(entries, "Check")
        .into_iter()
        .filter(|entry| entry.pid == pid);
    own.map(|entry| entry.t_ms).collect()
}

/// The times between them.
fn gaps(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

async fn checks(case: &mut Case) -> ScenarioResult {
    let interval = 500;
    let watch = Watch {
        interval_ms: Some(interval),
        ..quick()
    };
    let stage = looked_after(case, Setting::new(), watch).await?;
    let well = stage.started("well", &good()).await?;
    let ill = stage.started("ill", &ill(1)).await?;
    let again = once_running(&stage, &ill, 2, PATIENCE).await?;
    // One check is made at the start, and is not one of those that are judged.
    let entries = stage
        .journal(&well, |entries| calls(entries, "Check").len() > 3)
        .await?;
    let times: Vec<f64> = calls(&entries, "Check")
        .iter()
        .map(|entry| entry.t_ms)
        .collect();
    let seen = || {
        case.require("HE-004").seen(
            "control: calls of OnActivate",
            calls(&entries, "OnActivate").len(),
        )
    };
    seen().holds(
        times.len() > 3,
        "checks",
        format!("{} of them", times.len()),
        "not-checked",
    );
    let gaps = gaps(times.get(1..).unwrap_or_default());
    let kept = gaps.iter().all(|gap| *gap >= 0.5 * interval as f64);
    seen().holds(
        kept,
        format!("{interval} ms between checks"),
        gaps.words(),
        "checked-too-often",
    );

    let entries = ill.entries()?;
    let processes = pids(&entries);
    let first = processes.first().copied().unwrap_or_default();
    let seen = |id| case.require(id).seen("processes", processes.clone());
    seen("HE-006").holds(
        again.state == "running" && processes.len() == 2 && !alive(first),
        "a second process",
        again.words(),
        "not-restarted",
    );
    if processes.len() == 2 {
        let asked = checks_of(&entries, first).len();
        seen("HE-005").same(
            "health checks of one failed check",
            4,
            asked,
            "wrong-number-of-pings",
        );
    }
    stage.close().await
}

async fn given_up(case: &mut Case) -> ScenarioResult {
    let stage = looked_after(
        case,
        Setting::new(),
        Watch {
            interval_ms: Some(150),
            ..quick()
        },
    )
    .await?;
    let well = stage.started("well", &good()).await?;
    let ill = stage.started("ill", &ill(4)).await?;
    let is_over = |listed: &Listed| listed.state == "failed_to_stay_running";
    let over = once_listed(&stage, &ill, PATIENCE, is_over).await?;
    let control = checked_again(&stage, &well, 4).await?;
    let processes = pids(&ill.entries()?);
    let after = listed(&stage, &ill.id).await?;
    let seen = || {
        case.require("HE-007")
            .seen("processes", processes.clone())
            .and("control: checks of another plugin", control)
    };
    seen().holds(
        processes.len() >= 3,
        "three processes",
        processes.words(),
        "given-up-early",
    );
    let kept = processes.len() == 3 && is_over(&after);
    seen().holds(
        kept,
        "three processes, then failed_to_stay_running",
        format!("{}, {}", processes.words(), after.words()),
        "not-given-up",
    );
    seen().holds(
        over.error.is_some(),
        "the reason",
        over.words(),
        "error-missing",
    );
    if !kept {
        return Ok(());
    }
    let by_hand = stage.activate(&ill).await?;
    let good = once_running(&stage, &ill, 5, PATIENCE).await?;
    let processes = pids(&ill.entries()?);
    let seen = || {
        case.require("HE-008")
            .seen("processes", processes.clone())
            .and("given up", over.error.clone())
    };
    seen().holds(
        by_hand.is_ok(),
        "an activation",
        by_hand.words(),
        "not-activated",
    );
    let kept = good.state == "running" && processes.len() == 5;
    seen().holds(
        kept,
        "brought back after one more failure",
        good.words(),
        "no-new-allowance",
    );
    stage.close().await
}

async fn hang(case: &mut Case) -> ScenarioResult {
    let (interval, ping) = (Duration::from_millis(300), Duration::from_millis(1500));
    let watch = Watch {
        interval_ms: Some(300),
        ..quick()
    };
    let stage = looked_after(case, Setting::new().bound("health", ping), watch).await?;
    let hanging = Script::serving(Serve {
        health: Health::Hang,
        ..Serve::good()
    });
    let well = stage.started("well", &good()).await?;
    let began = Instant::now();
    let hung = stage
        .started("hung", &hanging.next_start().then(&good()))
        .await?;
    let limit = interval + ping * 3 + case.scaled(Duration::from_secs(6));
    let again = once_running(&stage, &hung, 2, limit).await?;
    let took = began.elapsed();
    let (entries, others) = (hung.entries()?, well.entries()?);
    let processes = pids(&entries);
    let seen = || {
        case.require("HE-009")
            .go_host("waits for ever")
            .seen("processes", processes.clone())
    };
    let kept = again.state == "running" && processes.len() == 2;
    let said = format!("{} ms: {}", took.as_millis(), again.words());
    seen().holds(
        kept,
        format!("a second process within {} ms", limit.as_millis()),
        said,
        "hang-not-noticed",
    );
    // From the first check of the job to its end three pings hung; meanwhile the other was checked at its interval.
    let pings = checks_of(&entries, processes.first().copied().unwrap_or_default());
    let (Some(from), Some(to)) = (pings.get(1), starts(&entries).get(1).copied()) else {
        return Ok(());
    };
    let meanwhile = calls(&others, "Check")
        .iter()
        .filter(|entry| (*from..to).contains(&entry.t_ms))
        .count();
    let seen = case.require("HE-010").seen("pings that hung", pings.len());
    seen.holds(
        meanwhile >= 6,
        "checks of another plugin, every 300 ms",
        format!("{meanwhile} in {:.0} ms", to - from),
        "check-delayed",
    );
    stage.close().await
}

async fn switch(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(
        case,
        Setting::new().watch(Watch {
            interval_ms: Some(100),
            ..quick()
        }),
    )
    .await?;
    supervise(&stage, false).await?;
    let folder = stage.started("plugin", &good()).await?;
    for _ in 0..2 {
        supervise(&stage, true).await?;
    }
    let checked = checked_again(&stage, &folder, 3).await?;
    for _ in 0..2 {
        supervise(&stage, false).await?;
    }
    let before = calls(&folder.entries()?, "Check").len();
    tokio::time::sleep(case.scaled(Duration::from_millis(800))).await;
    let asked = stage.health(&folder).await?;
    let after = calls(&folder.entries()?, "Check").len();
    let seen = || {
        case.require("HE-011")
            .seen("checks while it was on", some(checked))
            .and(
                "control: a check by hand",
                asked.healthy.then_some("healthy"),
            )
    };
    // One may have been on its way, and one was asked for.
    seen().holds(
        after <= before + 2,
        "no further checks",
        format!("{before}, then {after}"),
        "checked-after-off",
    );
    supervise(&stage, true).await?;
    let again = checked_again(&stage, &folder, 2).await?;
    seen().holds(
        again >= 2,
        "checks when it is on again",
        again.to_string(),
        "not-checked",
    );
    stage.close().await
}

async fn deactivated(case: &mut Case) -> ScenarioResult {
    let watch = Watch {
        interval_ms: Some(100),
        backoff_ms: Some(1500),
        backoff_cap_ms: Some(5000),
        ..quick()
    };
    let stage = looked_after(case, Setting::new(), watch).await?;
    let well = stage.started("well", &good()).await?;
    let ends = good().wait_for("answered:OnActivate").sleep(50).exit(3);
    let rows: [(&str, Script, &str); 2] =
        [("idle", good(), "running"), ("ended", ends, "recovering")];
    for (name, script, state) in rows {
        let folder = stage.started(name, &script).await?;
        let before = once_listed(&stage, &folder, PATIENCE, |listed| listed.state == state).await?;
        stage.deactivate(&folder).await?;
        let control = checked_again(&stage, &well, 20).await?;
        let after = listed(&stage, &folder.id).await?;
        let processes = pids(&folder.entries()?);
        let seen = || {
            case.require("HE-012")
                .seen("control: checks of another plugin", control)
                .and("before", before.state.clone())
        };
        seen().same(
            "processes of the plugin",
            1,
            processes.len(),
            "brought-back",
        );
        seen().same(
            "the state",
            "not_running",
            after.state.as_str(),
            "not-deactivated",
        );
    }
    stage.close().await
}

async fn window(case: &mut Case) -> ScenarioResult {
    let watch = Watch {
        window_ms: Some(300),
        ..unchecked()
    };
    let stage = looked_after(case, Setting::new(), watch).await?;
    let seldom = good().wait_for("answered:OnActivate").sleep(700).exit(3);
    let folder: PluginFolder = stage.started("seldom", &seldom).await?;
    let enough = |entries: &[Entry]| pids(entries).len() >= 5;
    let is_over = |listed: &Listed| listed.state == "failed_to_stay_running";
    let last = once_listed(&stage, &folder, PATIENCE, |listed| {
        is_over(listed) || folder.entries().is_ok_and(|entries| enough(&entries))
    })
    .await?;
    let entries = folder.entries()?;
    let seen = case
        .require("HE-013")
        .seen("processes", pids(&entries))
        .and("began", json!(starts(&entries)));
    seen.holds(
        enough(&entries),
        "a fifth process",
        last.words(),
        "given-up",
    );
    let control = stage.control("control").await?;
    let hook = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    // It may be between two processes; that it answers or is refused is all that can be said.
    let kept = match &hook {
        Ok(Called::Answered { .. } | Called::Failed { .. }) => true,
        Err(refusal) => refusal.kind == "plugin.not_running",
        Ok(_) => false,
    };
    let seen = case.require("HE-013").seen("control", control);
    seen.holds(
        kept,
        "an answer or plugin.not_running",
        hook.words(),
        "odd-answer",
    );
    stage.close().await
}
