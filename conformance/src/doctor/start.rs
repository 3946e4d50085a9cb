//! The start: the process, its first line, the connection; and what happens without the cookie.

use std::time::{Duration, Instant};

use plugin_host::event::{Stream, What};
use plugin_host::handshake::{Address, Handshake, HandshakeError, LineError, line};
use plugin_host::process::Launch;
use plugin_host::process::environment::COOKIE_NAME;
use plugin_proto::connect::ConnectError;

use super::{Finding, Visit, wording};
use crate::plugin_run::launch::{leave_survivors, remove, set};
use crate::plugin_run::raw::{Raw, Services, StartError, target_of};

/// How long a handshake after another first line is waited for, and a listener after the handshake.
const LATER: Duration = Duration::from_secs(3);
/// How often a listener that is not there is looked for again.
const LOOK: Duration = Duration::from_millis(20);

/// Starts the plugin and connects to it; a failure is explained.
pub(super) async fn start(visit: &mut Visit<'_>, launch: &Launch) -> Option<(Raw, Services)> {
    let raw = begin(visit, leave_survivors).await?;
    let begun = Instant::now();
    let handshake = match raw.handshake(visit.options.start).await {
        Ok(handshake) => handshake,
        Err(error) => {
            let own_environment = launch.program.starts_with(&launch.directory);
            explain(visit, raw, error, own_environment).await;
            return None;
        }
    };
    let took = begun.elapsed();
    let says = format!(
        "{} {} after {} ms",
        handshake.address.network(),
        handshake.address,
        took.as_millis()
    );
    let slow = took > visit.options.start / 2;
    visit.note(if slow {
        Finding::warning(
            "handshake",
            format!(
                "{says}: more than half of the {} s that hosts give",
                visit.options.start.as_secs_f64()
            ),
        )
        .mend("import late what is not needed for the start, and ship compiled files")
    } else {
        Finding::fine("handshake", says)
    });
    beyond_this_machine(visit, &handshake);
    match connect(visit, &raw, &handshake).await {
        Some(services) => Some((raw, services)),
        None => {
            raw.end().await;
            None
        }
    }
}

/// Starts the process.
async fn begin(visit: &mut Visit<'_>, change: impl FnOnce(&mut Launch)) -> Option<Raw> {
    match Raw::start_on(&visit.ground, visit.folder, change).await {
        Ok(raw) => Some(raw),
        Err(error) => {
            let mend = match &error {
                StartError::Spawn(_) => {
                    "the interpreter or executable cannot be run on this machine: look at its first line, its architecture and its permissions"
                }
                StartError::Prepare(_) | StartError::Api(_) => "see above",
            };
            visit.note(Finding::fault("start", error.to_string()).mend(mend));
            None
        }
    }
}

/// No handshake: why.
async fn explain(visit: &mut Visit<'_>, raw: Raw, error: HandshakeError, own_environment: bool) {
    let budget = visit.options.start;
    match error {
        HandshakeError::Line(LineError::Closed) => {
            let (diagnosis, _) = raw.abandon(budget).await;
            visit.note(wording::of_early_end(&diagnosis, own_environment));
        }
        HandshakeError::Line(error) => {
            let first = raw.first_line().map(|line| line.escape_ascii().to_string());
            raw.seen.wait(LATER, is_last_word).await;
            let seen = raw.seen.clone();
            raw.end().await;
            let later = seen.all(later_handshake).into_iter().next();
            visit.note(wording::of_line(&error, first.as_deref(), later.as_deref()));
        }
        HandshakeError::Timeout { .. } => {
            let (diagnosis, _) = raw.abandon(budget).await;
            let unflushed = diagnosis.stdout_bytes == 0 && comes_unbuffered(visit).await;
            visit.note(if unflushed {
                wording::of_unflushed(budget)
            } else {
                wording::of_silence(&diagnosis)
            });
        }
    }
}

/// A line of stdout that would have been a good first one.
fn later_handshake(what: &What) -> Option<String> {
    match what {
        What::Log {
            stream: Stream::Stdout,
            raw,
            ..
        } => line::parse(raw.as_bytes()).ok().map(|_| raw.clone()),
        _ => None,
    }
}

/// The handshake came after all, or nothing can come any more.
fn is_last_word(what: &What) -> Option<()> {
    let ended = matches!(what, What::Exited { .. });
    (ended || later_handshake(what).is_some()).then_some(())
}

/// Whether the handshake comes if Python does not buffer its output.
async fn comes_unbuffered(visit: &mut Visit<'_>) -> bool {
    let Some(raw) = begin(visit, |launch| set(launch, "PYTHONUNBUFFERED", "1")).await else {
        return false;
    };
    let came = raw.handshake(visit.options.start).await.is_ok();
    raw.end().await;
    came
}

/// An address that other machines can reach is a warning: hooks have no password.
fn beyond_this_machine(visit: &mut Visit<'_>, handshake: &Handshake) {
    let Address::Tcp { host, .. } = &handshake.address else {
        return;
    };
    let local = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    if !local {
        let says = format!(
            "the announced address {} is not a loopback address: others may call the plugin's hooks",
            handshake.address
        );
        visit.note(
            Finding::warning("handshake", says).mend("listen on 127.0.0.1 and announce that"),
        );
    }
}

/// Connects to the announced address; one that is not there yet is looked for a little longer, to tell early from wrong.
async fn connect(visit: &mut Visit<'_>, raw: &Raw, handshake: &Handshake) -> Option<Services> {
    let target = target_of(&handshake.address);
    let error = match raw.connect_to(&target).await {
        Ok(services) => return Some(services),
        Err(error) => error,
    };
    let begun = Instant::now();
    let mut later = None;
    while matches!(error, ConnectError::Refused { .. })
        && later.is_none()
        && begun.elapsed() < LATER
    {
        tokio::time::sleep(LOOK).await;
        later = raw.connect_to(&target).await.ok();
    }
    let finding = match (&error, &later) {
        (_, Some(_)) => Finding::fault(
            "connection",
            format!("the handshake comes too early: {target} took connections only {} ms after it", begun.elapsed().as_millis()),
        )
        .mend("listen first, then print the handshake"),
        (ConnectError::Refused { .. }, None) => Finding::fault("connection", format!("nobody listens at the announced address: {error}"))
            .mend("announce the port that the server really listens on (with port 0: the one that the system gave)"),
        (ConnectError::Mute { .. }, None) => Finding::fault("connection", error.to_string())
            .mend("start the gRPC server on that port; a listener alone does not answer"),
        (
            ConnectError::Closed { .. }
            | ConnectError::NotHttp2 { .. }
            | ConnectError::Unsecured { .. },
            None,
        ) => {
            Finding::fault("connection", error.to_string()).mend("serve gRPC in clear text (no TLS) on that port")
        }
    };
    visit.note(finding);
    later
}

/// A plugin that is started by hand should say so and end.
pub(super) async fn without_cookie(visit: &mut Visit<'_>) {
    let Some(raw) = begin(visit, |launch| remove(launch, COOKIE_NAME)).await else {
        return;
    };
    let says = match raw.handshake(visit.options.start).await {
        Ok(_) => Some("it starts without the cookie, too: whoever starts it by hand gets a process that waits for ever".to_owned()),
        Err(_) => match raw.exit_within(LATER).await {
            None => Some("without the cookie it neither starts nor ends".to_owned()),
            Some(exit) if exit.is_success() => Some("without the cookie it ends with exit status 0, as if all were well".to_owned()),
            Some(_) if raw.stdout_bytes() > 0 => Some("without the cookie it writes to stdout, where hosts read a handshake".to_owned()),
            Some(_) => None,
        },
    };
    raw.end().await;
    visit.note(match says {
        None => Finding::fine("cookie", "without it the plugin ends and says why"),
        Some(says) => Finding::warning("cookie", says).mend(format!(
            "if {COOKIE_NAME} is not {:?}, say on stderr that this is a plugin, and end with status 1",
            plugin_host::process::environment::COOKIE_VALUE
        )),
    });
}
