//! SIGKILL and lost connections in each phase of a plugin's life after its handshake: one table, and one way to play each trouble.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use plugin_host::process::Exit;
use plugin_proto::dial::Target;
use plugin_proto::hook::{
    Implemented, MessageWillBePosted, OnActivate, OnConfigurationChange, OnDeactivate,
};
use plugin_proto::pb;
use rustix::process::Signal;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::super::place;
use super::{JUST_BORN, LONG, SOON, host, kill_in, starts_again, starts_fresh, store};
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::launch;
use crate::plugin_run::message::{Orderable as _, answered};
use crate::plugin_run::order::{self, Order, Word};
use crate::plugin_run::process;
use crate::plugin_run::raw::{Raw, START, Services, target_of};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Crash;
    /// Killed when it has announced itself.
    "plugin/crash/after-handshake" => after_handshake: ["CR-057"];
    /// Killed while it is asked for its hooks.
    "plugin/crash/implemented" => implemented: ["CR-058"];
    /// Killed while OnActivate runs.
    "plugin/crash/activating" => activating: ["CR-052"];
    /// Killed while nothing runs.
    "plugin/crash/idle" => idle: ["CR-053"];
    /// Killed while a hook runs.
    "plugin/crash/in-hook" => in_hook: ["CR-054"];
    /// Killed while OnDeactivate runs.
    "plugin/crash/deactivating" => deactivating: ["CR-055"];
    /// Killed while it ends.
    "plugin/crash/ending" => ending: ["CR-059"], deadline(30);
    /// Its connection is lost in each phase.
    "plugin/crash/cut-off" => cut_off: ["CR-060"], deadline(60);
    /// Its connection is lost while it ends.
    "plugin/crash/cut-off-ending" => cut_off_ending: ["CR-061"];
}

/// Where in its life the plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    AfterHandshake,
    Implemented,
    Activating,
    Idle,
    Hook,
    Deactivating,
    Shutdown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::AfterHandshake => "after its handshake",
            Phase::Implemented => "in Implemented",
            Phase::Activating => "in OnActivate",
            Phase::Idle => "while idle",
            Phase::Hook => "in a hook",
            Phase::Deactivating => "in OnDeactivate",
            Phase::Shutdown => "in its end",
        })
    }
}

/// Phases in which a plugin without a connection has to go on.
const CUTS: [Phase; 6] = [
    Phase::AfterHandshake,
    Phase::Implemented,
    Phase::Activating,
    Phase::Idle,
    Phase::Hook,
    Phase::Deactivating,
];

impl Phase {
    /// The hook without a text whose handler is at work in this phase.
    fn slow_hook(self) -> Option<&'static str> {
        match self {
            Phase::Activating => Some("OnActivate"),
            Phase::Deactivating => Some("OnDeactivate"),
            _ => None,
        }
    }

    /// Whether the plugin has been activated before.
    fn is_active(self) -> bool {
        matches!(
            self,
            Phase::Idle | Phase::Hook | Phase::Deactivating | Phase::Shutdown
        )
    }
}

/// The scenarios of kills: each in a folder of its own, so that what one leaves stands in the way of itself alone.
macro_rules! kills {
    ($($play:ident: $name:ident, $phase:ident, $id:literal;)+) => {
        $(async fn $name(case: &mut Case) -> ScenarioResult {
            $play(case, Phase::$phase, $id).await
        })+
    };
}

kills! {
    killed_by_hand: after_handshake, AfterHandshake, "CR-057";
    killed_by_hand: implemented, Implemented, "CR-058";
    killed_in_host: activating, Activating, "CR-052";
    killed_in_host: idle, Idle, "CR-053";
    killed_in_host: in_hook, Hook, "CR-054";
    killed_in_host: deactivating, Deactivating, "CR-055";
    killed_by_hand: ending, Shutdown, "CR-059";
}

/// In the phases in which a handler shows that it is at work, or nothing is.
async fn killed_in_host(case: &mut Case, phase: Phase, id: &'static str) -> ScenarioResult {
    let order = fresh(case, Word::Sleep(LONG));
    let orders: Vec<(&'static str, Order)> = phase
        .slow_hook()
        .map(|hook| (hook, order.clone()))
        .into_iter()
        .collect();
    let running = host(case, &orders)?;
    store(&running).await;
    if phase.is_active()
        && let Err(error) = running.activate(case).await
    {
        return Err(Interruption::broken_off(error.to_string()));
    }
    let (ended, killed) = match phase {
        Phase::Activating => {
            let (activated, killed) =
                tokio::join!(running.activate(case), kill_in(&running, &order));
            if activated.is_ok() {
                case.require(id)
                    .inconclusive("it was activated before it could be killed");
                running.end().await;
                return Ok(());
            }
            (
                activated.map_or_else(|error| error.to_string(), |_| "activated".to_owned()),
                killed?,
            )
        }
        Phase::Hook => {
            let call = running.order::<MessageWillBePosted>(&order);
            let (answer, killed) = tokio::join!(call, kill_in(&running, &order));
            (answer?.outcome.to_string(), killed?)
        }
        Phase::Deactivating => {
            let (report, killed) = tokio::join!(running.deactivate(), kill_in(&running, &order));
            let report = report.map_or("not running".to_owned(), |report| report.to_string());
            (report, killed?)
        }
        _ => {
            let pid = running.kill()?;
            let exit = running.exit_within(SOON).await;
            (exit.words(), format!("process {pid}, idle"))
        }
    };
    case.note(Source::Host, format!("killed {phase}: {ended}"));
    running.exit_within(SOON).await;
    starts_again(case, id, &running, killed).await?;
    running.end().await;
    Ok(())
}

/// In the phases in which only the clock says that something is under way: it is tried until the kill has come in time.
async fn killed_by_hand(case: &mut Case, phase: Phase, id: &'static str) -> ScenarioResult {
    let folder = place(case)?;
    let mut killed = None;
    for attempt in 0..JUST_BORN {
        let raw = Raw::start(case, &folder, |_| {}).await?;
        let pid = raw.pid();
        let in_time = match raw.handshake(START).await {
            Ok(handshake) => {
                let at = raw.connect(&handshake);
                kill_at(case, &raw, phase, attempt, at).await?
            }
            Err(error) if attempt == 0 => return Err(Interruption::broken_off(error.to_string())),
            Err(error) => {
                case.require(id).seen("starts before", attempt).holds(
                    false,
                    "a plugin that starts again",
                    error.to_string(),
                    "does-not-start-again",
                );
                raw.end().await;
                return Ok(());
            }
        };
        let exit = raw.exit_within(SOON).await;
        raw.end().await;
        if in_time && exit == Some(Exit::Signal(Signal::KILL.as_raw())) {
            killed = Some(format!("process {pid}, {phase}"));
            break;
        }
    }
    let running = Running::host(case, &folder, Setup::default())?;
    store(&running).await;
    match killed {
        None => case
            .require(id)
            .inconclusive("it was never caught in this phase"),
        Some(killed) => starts_fresh(case, id, &running, killed).await?,
    }
    running.end().await;
    Ok(())
}

/// Kills a plugin that has announced itself; false if it was quicker.
async fn kill_at(
    case: &Case,
    raw: &Raw,
    phase: Phase,
    attempt: usize,
    connecting: impl Future<Output = Result<Services, plugin_proto::connect::ConnectError>>,
) -> Result<bool, Interruption> {
    let kill = || {
        case.note(Source::Fault, format!("SIGKILL to {}", raw.pid()));
        // It may have ended by itself, which the exit status shows.
        process::signal(raw.pid(), Signal::KILL).is_ok()
    };
    if phase == Phase::AfterHandshake {
        return Ok(kill());
    }
    let services = connecting
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    if phase == Phase::Implemented {
        let call = services.hook::<Implemented>(pb::ImplementedRequest::default());
        // The first kill gives the call time to arrive.
        let killing = async {
            if attempt == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            kill()
        };
        let (answer, sent) = tokio::join!(call, killing);
        return Ok(sent && answer.is_err());
    }
    activate(&services).await?;
    if attempt.is_multiple_of(2) {
        // The answer says that it has begun to end.
        let answer = services.shutdown().await;
        case.note(Source::Rpc, format!("Shutdown: {}", answer.words()));
        return Ok(kill());
    }
    let (_, sent) = tokio::join!(services.shutdown(), async { kill() });
    Ok(sent)
}

async fn activate(services: &Services) -> ScenarioResult {
    let refused = |status: tonic::Status| Interruption::broken_off(format!("activation: {status}"));
    services
        .hook::<OnConfigurationChange>(pb::OnConfigurationChangeRequest::default())
        .await
        .map_err(refused)?;
    services
        .hook::<OnActivate>(pb::OnActivateRequest::default())
        .await
        .map_err(refused)?;
    Ok(())
}

/// A connection to the plugin that breaks when it is dropped.
struct Wire {
    services: Services,
    carrying: JoinHandle<()>,
}

impl Wire {
    async fn to(raw: &Raw, target: Target) -> Result<Wire, Interruption> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let carrying = tokio::spawn(async move {
            // Ends with this task, and each with its sockets.
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(carry(near, target.clone()));
            }
        });
        let connected = raw.connect_to(&Target::Tcp(address)).await;
        let services = connected.map_err(|error| Interruption::broken_off(error.to_string()))?;
        Ok(Wire { services, carrying })
    }

    async fn cut(&mut self, case: &Case) {
        case.note(Source::Fault, "the connection is cut");
        self.carrying.abort();
        // An error says that it was aborted, which is what is waited for.
        let _ = (&mut self.carrying).await;
    }
}

async fn carry(mut near: TcpStream, target: Target) -> std::io::Result<()> {
    match target {
        Target::Tcp(address) => {
            let mut far = TcpStream::connect(address).await?;
            copy_bidirectional(&mut near, &mut far).await?;
        }
        Target::Unix(path) => {
            let mut far = UnixStream::connect(path).await?;
            copy_bidirectional(&mut near, &mut far).await?;
        }
    }
    Ok(())
}

/// A plugin with two ways to it, one of which can be cut.
struct Reached {
    raw: Raw,
    near: Services,
    wire: Wire,
}

async fn reach(
    case: &Case,
    folder: &Path,
    orders: &[(&'static str, Order)],
) -> Result<Reached, Interruption> {
    let raw = Raw::start(case, folder, |command| {
        launch::set(command, order::VARIABLE, order::variable(orders));
    })
    .await?;
    let broken_off = |error: &dyn std::fmt::Display| Interruption::broken_off(error.to_string());
    let handshake = raw.handshake(START).await.map_err(|e| broken_off(&e))?;
    let near = raw.connect(&handshake).await.map_err(|e| broken_off(&e))?;
    let wire = Wire::to(&raw, target_of(&handshake.address)).await?;
    Ok(Reached { raw, near, wire })
}

async fn cut_off(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    for phase in CUTS {
        let order = fresh(case, Word::Sleep(LONG));
        let orders: Vec<_> = phase
            .slow_hook()
            .map(|hook| (hook, order.clone()))
            .into_iter()
            .collect();
        let Reached {
            raw,
            near,
            mut wire,
        } = reach(case, &folder, &orders).await?;
        if phase.is_active() {
            activate(&wire.services).await?;
        }
        let services = wire.services.clone();
        let call = async {
            match phase {
                Phase::Implemented => {
                    let call = services.hook::<Implemented>(pb::ImplementedRequest::default());
                    call.await.err()
                }
                Phase::Activating => {
                    let call = services.hook::<OnActivate>(pb::OnActivateRequest::default());
                    call.await.err()
                }
                Phase::Hook => {
                    let request = MessageWillBePosted::ordering(order.to_string());
                    services.hook::<MessageWillBePosted>(request).await.err()
                }
                Phase::Deactivating => {
                    let call = services.hook::<OnDeactivate>(pb::OnDeactivateRequest::default());
                    call.await.err()
                }
                Phase::AfterHandshake | Phase::Idle | Phase::Shutdown => None,
            }
        };
        let shows = phase == Phase::Hook || phase.slow_hook().is_some();
        let within = case.scaled(SOON);
        let cutting = async {
            let at_work = !shows || raw.seen.evidence_for(&order.nonce, within).await.is_some();
            wire.cut(case).await;
            at_work
        };
        let (status, at_work) = tokio::join!(call, cutting);
        if !at_work {
            return Err(Interruption::broken_off(
                "the handler to be cut off never ran",
            ));
        }
        let health = near.health("plugin").await;
        let later = fresh(case, Word::Allow);
        let request = MessageWillBePosted::ordering(later.to_string());
        let answer = near.hook::<MessageWillBePosted>(request).await;
        let evidence = raw.seen.evidence_for(&later.nonce, within).await;
        let exit = raw.exit();
        let serving = health.as_deref().is_ok_and(|health| health == "SERVING");
        let reason = if exit.is_some() {
            "process-ended"
        } else {
            "not-ready-again"
        };
        case.require("CR-060")
            .seen("phase", phase.to_string())
            .and("the call that was cut", status.words())
            .holds(
                exit.is_none() && serving && answer.is_ok() && evidence.is_some(),
                "the same process, SERVING, and a hook answered with evidence on another connection",
                format!(
                    "exit: {}; health: {}; hook: {}",
                    exit.words(),
                    health.words(),
                    answered::<MessageWillBePosted>(&answer)
                ),
                reason,
            );
        raw.end().await;
    }
    Ok(())
}

async fn cut_off_ending(case: &mut Case) -> ScenarioResult {
    let Reached {
        raw,
        near,
        mut wire,
    } = reach(case, &place(case)?, &[]).await?;
    activate(&near).await?;
    let order = fresh(case, Word::Sleep(LONG));
    let request = MessageWillBePosted::ordering(order.to_string());
    let within = case.scaled(SOON);
    let busy = near.hook::<MessageWillBePosted>(request);
    let services = wire.services.clone();
    let ending = async {
        let evidence = raw.seen.evidence_for(&order.nonce, within).await;
        // Whether it answers or not, it has heard of it by then.
        let answer = tokio::time::timeout(HEARD, services.shutdown()).await;
        wire.cut(case).await;
        let exit = raw.exit_within(SOON).await;
        (evidence, answer.is_ok(), exit)
    };
    // The hook ends with the plugin.
    let ((evidence, answered, exit), _) = tokio::join!(ending, busy);
    case.require("CR-061")
        .seen(
            "evidence of a hook that runs",
            evidence.map(|evidence| evidence.nonce),
        )
        .and("Shutdown answered", answered.to_string())
        .holds(
            exit.is_some(),
            format!("an end within {} of the loss", SOON.words()),
            exit.words(),
            "still-there",
        );
    raw.end().await;
    Ok(())
}

/// By when a request that was sent has arrived.
const HEARD: Duration = Duration::from_millis(300);
