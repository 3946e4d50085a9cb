//! Many things at the same time: starts, hooks, plugins.

pub mod circles;
pub mod crowds;
pub mod races;

use std::time::Duration;

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Answer, Script, Serve};
use futures_util::future::{join_all, select};
use serde_json::{Value, json};

use super::stage::{Setting, Stage, good};
use super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::{Called, Order};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Activations of one plugin at the same time.
    "host/concurrency/activations" => activations: ["CC-001"];
    /// A slow hook and everything else.
    "host/concurrency/slow-hook" => slow_hook: ["CC-002"];
    /// Many hooks at the same time.
    "host/concurrency/many-hooks" => many_hooks: ["CC-003"];
    /// Starts, stops and restarts of one plugin at the same time.
    "host/concurrency/storm" => storm: ["CC-004"], deadline(60);
}

async fn activations(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.place("plugin", &Preset::Late.script())?;
    let outcomes = join_all((0..5).map(|_| stage.activate(&folder))).await;
    let outcomes: Vec<_> = outcomes.into_iter().collect::<Result<_, _>>()?;
    stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?
        .ok();
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageHasBeenPosted").is_empty()
        })
        .await?;
    let seen = || {
        case.require("CC-001")
            .seen("processes", pids(&entries))
            .and("answers", outcomes.len())
    };
    seen().same(
        "processes of the plugin",
        1,
        pids(&entries).len(),
        "second-process",
    );
    seen().same(
        "calls of OnActivate",
        1,
        calls(&entries, "OnActivate").len(),
        "activated-again",
    );
    let running = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    seen().same(
        "activations that succeeded",
        outcomes.len(),
        running,
        "activation-refused",
    );
    stage.close().await
}

async fn slow_hook(case: &mut Case) -> ScenarioResult {
    // Ends the slow hook in a host that lets everything else wait for it.
    let hook = case.scaled(Duration::from_secs(6));
    let stage = Stage::open_with(case, Setting::new().bound("hook", hook)).await?;
    let serve = Serve::good().hook("MessageWillBePosted", Answer::Hang);
    let slow = stage.started("slow", &Script::serving(serve)).await?;
    let other = stage.started("other", &good()).await?;
    // Everything else has to be answered while this call is still open: its order in the journal is the evidence, not the time.
    let hanging = Box::pin(stage.hook(&slow, "MessageWillBePosted", json!({})));
    let everything_else = Box::pin(async {
        let entries = stage
            .journal(&slow, |entries| {
                !calls(entries, "MessageWillBePosted").is_empty()
            })
            .await?;
        let same = stage.hook(&slow, "MessageHasBeenPosted", json!({})).await;
        let health = stage.health(&slow).await;
        let others = stage.hook(&other, "MessageHasBeenPosted", json!({})).await;
        Ok::<_, crate::scenario::Interruption>((entries, same, health, others))
    });
    match select(everything_else, hanging).await {
        futures_util::future::Either::Left((answers, _)) => {
            let (entries, same, health, others) = answers?;
            let open = calls(&entries, "MessageWillBePosted").len();
            let seen = || {
                case.require("CC-002")
                    .seen("open calls of the slow hook", some(open))
            };
            let answered = |outcome: &Result<Result<Called, _>, _>| {
                matches!(outcome, Ok(Ok(Called::Answered { .. })))
            };
            seen().holds(
                answered(&same),
                "another hook is answered",
                same.words(),
                "hook-delayed",
            );
            seen().holds(
                health.as_ref().is_ok_and(|health| health.healthy),
                "healthy",
                health.words(),
                "health-delayed",
            );
            seen().holds(
                answered(&others),
                "another plugin answers",
                others.words(),
                "plugin-delayed",
            );
        }
        futures_util::future::Either::Right((outcome, _)) => {
            let witness = case
                .require("CC-002")
                .seen("the slow hook", outcome.words());
            witness.holds(
                false,
                "answers while a hook hangs",
                "only after it had ended",
                "hook-delayed",
            );
        }
    }
    stage.close().await
}

async fn many_hooks(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &Preset::Testee.script()).await?;
    let numbers: Vec<String> = (0..30).map(|number| format!("n{number:02}")).collect();
    let answers = join_all(numbers.iter().map(|nonce| {
        let message = format!("conformance {nonce} modify");
        stage.hook(
            &folder,
            "MessageWillBePosted",
            json!({"post": {"id": nonce, "message": message}}),
        )
    }));
    let mut wrong = Vec::new();
    for (nonce, answer) in numbers.iter().zip(answers.await) {
        let own = match answer? {
            Ok(Called::Answered { response }) => {
                response["modified_post"]["message"]
                    == format!("conformance {nonce} modify [modified]")
            }
            _ => false,
        };
        if !own {
            wrong.push(nonce.clone());
        }
    }
    let entries = stage
        .journal(&folder, |entries| {
            calls(entries, "MessageWillBePosted").len() == numbers.len()
        })
        .await?;
    let asked = calls(&entries, "MessageWillBePosted").len();
    let seen = || {
        case.require("CC-003")
            .seen("calls of the hook", some(asked))
    };
    seen().absent(
        "hook with another answer than its own",
        &wrong,
        "mixed-answers",
    );
    seen().same(
        "calls that the plugin saw",
        numbers.len(),
        asked,
        "calls-lost",
    );
    stage.close().await
}

/// How many orders the storm has.
const ORDERS: u32 = 24;

async fn storm(case: &mut Case) -> ScenarioResult {
    let drawn: Vec<u64> = (0..ORDERS).map(|_| case.rng().next()).collect();
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let orders = drawn.iter().map(|number| {
        let plugin = folder.id.clone();
        // A plugin is started and stopped by one order at a time, so the last one waits for all others.
        stage.ask_behind::<Value>(
            ORDERS - 1,
            match number % 3 {
                0 => Order::Activate {
                    dir: folder.directory.clone(),
                },
                1 => Order::Restart { plugin },
                _ => Order::Deactivate { plugin },
            },
        )
    });
    let answers: Vec<_> = join_all(orders)
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    let last = stage.activate(&folder).await?;
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let entries = folder.entries()?;
    let processes = pids(&entries);
    let seen = || {
        let judge = case.require("CC-004");
        judge
            .seen("processes", processes.clone())
            .and("answers", answers.len())
    };
    let overlapping = overlaps(&entries);
    seen().absent(
        "process that ran beside a later one",
        &overlapping,
        "two-processes",
    );
    let alive: Vec<u32> = processes
        .iter()
        .copied()
        .filter(|pid| alive(*pid))
        .collect();
    seen().same(
        "living processes of the plugin",
        1,
        alive.len(),
        "two-processes",
    );
    let kept = last.is_ok() && matches!(next, Ok(Called::Answered { .. }));
    seen().holds(
        kept,
        "a running plugin in the end",
        format!("{}, {}", last.words(), next.words()),
        "not-running",
    );
    stage.close().await
}

/// The processes that wrote something after a later one had started.
pub(super) fn overlaps(entries: &[Entry]) -> Vec<u32> {
    let starts: Vec<usize> = (0..entries.len())
        .filter(|at| matches!(entries[*at].event, Seen::Started { .. }))
        .collect();
    let later = |start: &usize| {
        let pid = entries[*start].pid;
        let next = starts.iter().find(|other| *other > start)?;
        entries[*next..]
            .iter()
            .any(|entry| entry.pid == pid)
            .then_some(pid)
    };
    starts.iter().filter_map(later).collect()
}
