//! Races: hooks during a restart, and activations against deactivations.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fake_interpreters::script::{Answer, Script, Serve};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::stage::{Setting, Stage, good};
use super::super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::{Called, Order};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Hooks before, during and after a restart.
    "host/concurrency/hooks-during-restart" => hooks_during_restart: ["CC-007"];
    /// Activations against deactivations of one plugin.
    "host/concurrency/activate-deactivate" => activate_deactivate: ["CC-010"];
}

async fn hooks_during_restart(case: &mut Case) -> ScenarioResult {
    let bound = case.scaled(Duration::from_secs(3));
    let stage = Stage::open_with(case, Setting::new().bound("hook", bound)).await?;
    // The plugin takes its time to go, so that there is time to call it meanwhile.
    let serve = Serve::good()
        .hook("OnDeactivate", Answer::empty().after(400))
        .hook("MessageWillBePosted", Answer::empty().after(30));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let over = AtomicBool::new(false);
    let restart = async {
        // Not before the first crowd has arrived: refusals alone would show little.
        stage
            .journal(&folder, |entries| {
                !calls(entries, "MessageWillBePosted").is_empty()
            })
            .await?;
        let restarted = stage.restart(&folder).await;
        over.store(true, Ordering::Relaxed);
        restarted
    };
    let crowds = async {
        let (mut ended, mut hanging) = (0, 0);
        // Whoever hangs once would hang again.
        while hanging == 0 && !over.load(Ordering::Relaxed) {
            let crowd = (0..8).map(|_| {
                let hook = stage.hook(&folder, "MessageWillBePosted", Value::Null);
                timeout(bound * 2, hook)
            });
            for outcome in join_all(crowd).await {
                match outcome {
                    Ok(outcome) => {
                        outcome?.ok();
                        ended += 1;
                    }
                    Err(_) => hanging += 1,
                }
            }
            // Refusals come at once; the next crowd need not be the same instant's.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok::<_, Interruption>((ended, hanging))
    };
    let (restarted, crowds) = tokio::join!(restart, crowds);
    let (restarted, (ended, hanging)) = (restarted?, crowds?);
    let next = stage
        .hook(&folder, "MessageWillBePosted", Value::Null)
        .await?;
    let entries = folder.entries()?;
    let processes = pids(&entries);
    let first = processes.first().copied();
    let before = entries
        .iter()
        .filter(|entry| Some(entry.pid) == first)
        .filter(|entry| entry.method() == Some("MessageWillBePosted"))
        .count();
    let seen = || {
        case.require("CC-007")
            .seen("hooks that ended during the restart", some(ended + hanging))
            .and("calls that the first process saw", some(before))
            .and("processes", processes.clone())
    };
    seen().same("hooks that never ended", 0, hanging, "never-ended");
    let goes_on = restarted.is_ok() && matches!(next, Ok(Called::Answered { .. }));
    seen().holds(
        goes_on && processes.len() == 2,
        "a restart, and an answered hook after it",
        format!("{}, {}", restarted.words(), next.words()),
        "not-running",
    );
    // No hook reaches a plugin that is being deactivated or not yet activated.
    let last = processes.last().copied();
    let early = entries
        .iter()
        .filter(|entry| Some(entry.pid) == last)
        .filter_map(|entry| entry.method())
        .take_while(|method| *method != "OnActivate")
        .filter(|method| *method == "MessageWillBePosted")
        .count();
    seen().same(
        "hooks that came before OnActivate was answered",
        0,
        early,
        "hook-before-activation",
    );
    stage.close().await
}

/// How many pairs of orders race.
const PAIRS: usize = 12;

async fn activate_deactivate(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let plugin = || folder.id.clone();
    for round in 0..3 {
        let orders = (0..PAIRS).flat_map(|_| {
            let activate = Order::Activate {
                dir: folder.directory.clone(),
            };
            [activate, Order::Deactivate { plugin: plugin() }]
        });
        let race = orders.map(|order| stage.ask::<Value>(order));
        for outcome in join_all(race).await {
            outcome?.ok();
        }
        // The last word: down after one round, up after the next.
        if round % 2 == 0 {
            stage
                .ask::<Value>(Order::Deactivate { plugin: plugin() })
                .await?
                .ok();
        } else {
            stage.activate(&folder).await?.ok();
        }
        let processes = pids(&folder.entries()?);
        let living: Vec<u32> = processes
            .iter()
            .copied()
            .filter(|pid| alive(*pid))
            .collect();
        let status = stage.status(&folder).await?;
        let hook = stage
            .hook(&folder, "MessageHasBeenPosted", json!({}))
            .await?;
        let answered = matches!(hook, Ok(Called::Answered { .. }));
        let seen = || {
            case.require("CC-010")
                .seen("processes so far", some(processes.len()))
                .and(
                    "activations",
                    some(calls(&folder.entries().unwrap_or_default(), "OnActivate").len()),
                )
        };
        let expected = usize::from(round % 2 == 1);
        seen().same(
            "living processes of the plugin",
            expected,
            living.len(),
            "wrong-processes",
        );
        let agrees = (status.state == "running") == (expected == 1) && answered == (expected == 1);
        seen().holds(
            agrees,
            format!("a state that is that of {expected} processes"),
            format!("{}, hook: {}", status.state, hook.words()),
            "state-untrue",
        );
    }
    stage.close().await
}
