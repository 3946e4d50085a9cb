//! SIGKILL before the handshake, an exit in a hook, and what a good next start is. The other phases are in `phases`.

pub mod phases;

use std::time::{Duration, Instant};

use plugin_host::hooks::Outcome;
use plugin_host::process::Exit;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::{api, pb};
use rustix::process::Signal;

use super::place;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::process;
use crate::plugin_run::raw::{Raw, START};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Crash;
    /// Killed before it has announced itself.
    "plugin/crash/before-handshake" => before_handshake: ["CR-051"];
    /// Ends itself in a hook.
    "plugin/crash/exits" => exits: ["CR-056"];
}

/// How often a plugin is started only to be killed at once.
const JUST_BORN: usize = 40;
/// Long enough to be killed in.
const LONG: u64 = 60_000;
/// How long something may take that is a matter of milliseconds.
const SOON: Duration = Duration::from_secs(5);

/// The next start is a good one: activated, SERVING, a hook answered with evidence, and what was stored is still there.
async fn starts_again(
    case: &mut Case,
    id: &'static str,
    running: &Running,
    killed: String,
) -> Result<(), Interruption> {
    running.without_orders();
    let activated = match running.restart(case).await {
        Ok(activation) => activation,
        Err(error) => {
            let judge = case.require(id).seen("kill", &killed);
            judge.holds(
                false,
                "a plugin that starts again",
                error.to_string(),
                "does-not-start-again",
            );
            return Ok(());
        }
    };
    let health = running.health().await?.to_string();
    let order = fresh(case, Word::Allow);
    let obeyed = running.order::<MessageWillBePosted>(&order).await?;
    let answered = matches!(obeyed.outcome, Outcome::Answered(_)) && obeyed.evidence.is_some();
    let kept = running
        .api
        .ask::<api::KVGet>(
            &running.plugin,
            pb::KvGetRequest {
                key: KEPT.to_owned(),
            },
        )
        .await;
    let kept = kept.is_some_and(|answer| answer.value.as_ref() == KEPT.as_bytes());
    let reason = if kept {
        "not-ready-again"
    } else {
        "state-lost"
    };
    case.require(id)
        .seen("kill", &killed)
        .and("new process", activated.pid)
        .holds(
            health == "SERVING" && answered && kept,
            "SERVING, a hook answered with evidence, and the stored value",
            format!(
                "health {health}; hook: {}; value kept: {kept}",
                obeyed.outcome
            ),
            reason,
        );
    Ok(())
}

/// What is stored before the kill.
const KEPT: &str = "kept through the crash";

async fn store(running: &Running) {
    let request = pb::KvSetRequest {
        key: KEPT.to_owned(),
        value: KEPT.into(),
    };
    running
        .api
        .ask::<api::KVSet>(&running.plugin, request)
        .await;
}

/// A host whose plugin has not been started yet.
fn host(case: &Case, orders: &[(&'static str, Order)]) -> Result<Running, Interruption> {
    let folder = place(case)?;
    Running::host(case, &folder, Setup::default().ordering(orders))
}

async fn before_handshake(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let control = Raw::start(case, &folder, |_| {}).await?;
    let begun = Instant::now();
    let started = control.handshake(START).await;
    let usual = begun.elapsed();
    control.end().await;
    if let Err(error) = started {
        return Err(Interruption::broken_off(error.to_string()));
    }
    // Nearly there, in the middle and just born: a plugin has other things open in each. A quick one on a busy machine may be announced
    // before anybody can kill it; so the last is tried until it succeeds.
    let mut killed = Vec::new();
    for part in [0.8, 0.5].into_iter().chain([0.0; JUST_BORN]) {
        if part == 0.0 && !killed.is_empty() {
            break;
        }
        let raw = Raw::start(case, &folder, |_| {}).await?;
        let pid = raw.pid();
        let end = killed_at(case, &raw, usual.mul_f64(part)).await?;
        raw.end().await;
        match end {
            Early::Killed => killed.push(pid),
            Early::Announced => {}
            Early::EndedAlone(seen) => {
                let judge = case.require("CR-051").seen("kills before", killed.len());
                judge.holds(
                    false,
                    "a plugin that starts again",
                    seen,
                    "does-not-start-again",
                );
                return Ok(());
            }
        }
    }
    let running = Running::host(case, &folder, Setup::default())?;
    store(&running).await;
    if killed.is_empty() {
        case.require("CR-051")
            .inconclusive("it was never caught before its handshake");
    } else {
        starts_fresh(
            case,
            "CR-051",
            &running,
            format!("processes {}, before their handshakes", killed.words()),
        )
        .await?;
    }
    running.end().await;
    Ok(())
}

/// What a process came to that was to be killed before its handshake.
enum Early {
    /// It was killed in time.
    Killed,
    /// It was quicker.
    Announced,
    /// It ended by itself, and this is how it shows.
    EndedAlone(String),
}

/// Kills a process of this age, unless it has announced itself by then.
async fn killed_at(case: &Case, raw: &Raw, age: Duration) -> Result<Early, Interruption> {
    if !age.is_zero() {
        match tokio::time::timeout(age, raw.handshake(START)).await {
            Err(_) => {}
            Ok(Ok(_)) => return Ok(Early::Announced),
            Ok(Err(error)) => return Ok(Early::EndedAlone(error.to_string())),
        }
    }
    case.note(Source::Fault, format!("SIGKILL to {}", raw.pid()));
    process::signal(raw.pid(), Signal::KILL)?;
    // The line may have been on its way already.
    let announced = raw.handshake(START).await.is_ok();
    Ok(if announced {
        Early::Announced
    } else {
        Early::Killed
    })
}

/// As [`starts_again`], for a host that has not started the plugin before.
async fn starts_fresh(
    case: &mut Case,
    id: &'static str,
    running: &Running,
    killed: String,
) -> Result<(), Interruption> {
    match running.activate(case).await {
        Ok(_) => starts_again(case, id, running, killed).await,
        Err(error) => {
            let judge = case.require(id).seen("kill", &killed);
            judge.holds(
                false,
                "a plugin that starts again",
                error.to_string(),
                "does-not-start-again",
            );
            Ok(())
        }
    }
}

/// Waits for the evidence of an order that is being obeyed, then kills the plugin.
async fn kill_in(running: &Running, order: &Order) -> Result<String, Interruption> {
    let evidence = running
        .seen
        .evidence_for(&order.nonce, running.scaled(SOON))
        .await;
    let evidence = evidence
        .ok_or_else(|| Interruption::broken_off("the handler to be killed in never ran"))?;
    let pid = running.kill()?;
    Ok(format!("process {pid}, in {}", evidence.hook))
}

async fn exits(case: &mut Case) -> ScenarioResult {
    let running = host(case, &[])?;
    running
        .activate(case)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    let code = 40 + i32::try_from(case.rng().below(50)).unwrap_or_default();
    let order = fresh(case, Word::Exit(code));
    let answer = running.order::<MessageWillBePosted>(&order).await?;
    let exit = running.exit_within(SOON).await;
    let reason = if exit.is_some() {
        "wrong-exit-status"
    } else {
        "still-there"
    };
    case.require("CR-056")
        .seen("evidence", answer.evidence.map(|evidence| evidence.nonce))
        .equals(Some(Exit::Code(code)), exit, reason);
    running.end().await;
    Ok(())
}
