//! The end: by request, by signal, and when the host is gone.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use plugin_host::handshake::Handshake;
use plugin_host::process::stopping::{StopOutcome, StopStep};
use plugin_host::process::{Exit, ProcessStop};
use plugin_proto::hook::{MessageWillBePosted, OnActivate};
use plugin_proto::pb::OnActivateRequest;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tonic::Code;

use super::place;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::launch::{Prepared, leave_survivors, set};
use crate::plugin_run::message::{Orderable, answered};
use crate::plugin_run::order::Word;
use crate::plugin_run::process;
use crate::plugin_run::raw::{Raw, START, Services};
use crate::plugin_run::running::fresh;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Lifecycle;
    /// The host asks the plugin to end, as go-plugin does.
    "plugin/stop/shutdown" => shutdown: ["ST-051", "ST-052", "ST-056", "PR-051"];
    /// The plugin gets SIGTERM.
    "plugin/stop/term" => term: ["ST-053"];
    /// The host is killed.
    "plugin/stop/host-gone" => host_gone: ["ST-054"];
}

/// The same area, with orders of the hooks profile.
pub mod orders {
    use super::busy;
    use crate::scenario::scenarios;

    scenarios! {
        Plugin, Hooks;
        /// The host asks the plugin to end while a handler is running.
        "plugin/stop/busy" => busy: ["ST-055"];
    }
}

/// What go-plugin waits between `Shutdown` and SIGKILL.
const AFTER_SHUTDOWN: Duration = Duration::from_secs(2);
/// What a host waits between SIGTERM and SIGKILL.
const AFTER_TERM: Duration = Duration::from_secs(5);
/// How long a plugin may be on its own.
const WITHOUT_HOST: Duration = Duration::from_secs(5);

/// An activated process, with a folder for its temporary files.
async fn activated(
    case: &Case,
    temporary: &Path,
) -> Result<(Raw, Handshake, Services), Interruption> {
    let folder = place(case)?;
    let raw = Raw::start(case, &folder, |command| {
        set(command, "TMPDIR", temporary);
        leave_survivors(command);
    })
    .await?;
    let handshake = raw
        .handshake(START)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    let services = raw
        .connect(&handshake)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    let answer = services
        .hook::<OnActivate>(OnActivateRequest::default())
        .await;
    case.note(
        Source::Suite,
        format!("activated: {}", answered::<OnActivate>(&answer)),
    );
    Ok((raw, handshake, services))
}

/// A short path: those of sockets have little room.
fn temporary_folder(case: &Case) -> io::Result<std::path::PathBuf> {
    let folder = case.folder().join("t");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

async fn shutdown(case: &mut Case) -> ScenarioResult {
    let temporary = temporary_folder(case)?;
    let (raw, handshake, services) = activated(case, &temporary).await?;
    let begun = Instant::now();
    // The answer is waited for no longer than the exit: a server may stop before it has sent it.
    let (answer, exit) = tokio::select! {
        answer = services.shutdown() => (Some(answer), raw.exit_within(AFTER_SHUTDOWN).await),
        Some(exit) = raw.exit_within(AFTER_SHUTDOWN) => (None, Some(exit)),
        else => (None, None),
    };
    let took = begun.elapsed();
    let ended = exit.map_or("still there".to_owned(), |exit| exit.to_string());
    let unserved = matches!(&answer, Some(Err(status)) if status.code() == Code::Unimplemented);
    let reason = if unserved {
        "shutdown-not-served"
    } else {
        "still-there"
    };
    let seen = format!(
        "{ended} after {} ms; answer: {}",
        took.as_millis(),
        answer.words()
    );
    let go = "waits two seconds, then sends SIGKILL";
    case.require("ST-051")
        .go_host(go)
        .seen("answer", answer.words())
        .holds(
            exit.is_some() && !unserved,
            "an end within 2 s",
            &seen,
            reason,
        );
    if let Some(exit) = exit {
        let reason = if exit.code().is_some() {
            "wrong-exit-status"
        } else {
            "ended-by-signal"
        };
        case.require("ST-052")
            .seen("end", &seen)
            .equals(Exit::Code(0), exit, reason);
        let left = sockets(&temporary, &handshake);
        case.require("ST-056")
            .seen("end", &seen)
            .absent("socket file", &left, "socket-left");
    }
    let stop = raw.end().await;
    if exit.is_some() {
        let left = survivors(&stop);
        case.require("PR-051")
            .seen("end", &seen)
            .and("search", search(&stop))
            .holds(
                !left,
                "no process of the plugin's",
                search(&stop).unwrap_or_default(),
                "process-left",
            );
    }
    Ok(())
}

/// Whether the search for descendants found any.
fn survivors(stop: &ProcessStop) -> bool {
    let found = |outcome| {
        matches!(
            outcome,
            StopOutcome::KilledSurvivors | StopOutcome::SurvivorsRemain
        )
    };
    stop.steps
        .iter()
        .any(|report| report.step == StopStep::Sweep && found(report.outcome))
}

/// What the search for descendants came to.
fn search(stop: &ProcessStop) -> Option<String> {
    let report = stop
        .steps
        .iter()
        .find(|report| report.step == StopStep::Sweep)?;
    Some(report.outcome.word().to_owned())
}

/// Socket files that are left: the announced one and those among the temporary files.
fn sockets(temporary: &Path, handshake: &Handshake) -> Vec<String> {
    use std::os::unix::fs::FileTypeExt;
    let announced = match &handshake.address {
        plugin_host::handshake::Address::Unix { path } => Some(path.into()),
        plugin_host::handshake::Address::Tcp { .. } => None,
    };
    let files = std::fs::read_dir(temporary)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let socket = |path: &std::path::PathBuf| {
        std::fs::metadata(path).is_ok_and(|file| file.file_type().is_socket())
    };
    announced
        .into_iter()
        .chain(files)
        .filter(socket)
        .map(|path| path.display().to_string())
        .collect()
}

async fn term(case: &mut Case) -> ScenarioResult {
    let temporary = temporary_folder(case)?;
    let (raw, _, services) = activated(case, &temporary).await?;
    let before = services.health("plugin").await;
    case.note(Source::Fault, format!("SIGTERM to {}", raw.pid()));
    process::signal(raw.pid(), Signal::TERM)?;
    let begun = Instant::now();
    let exit = raw.exit_within(AFTER_TERM).await;
    let seen = exit.map_or("still there".to_owned(), |exit| exit.to_string());
    case.require("ST-053")
        .seen("control, health before", before.ok())
        .and("after", begun.elapsed())
        .holds(exit.is_some(), "an end within 5 s", seen, "still-there");
    raw.end().await;
    Ok(())
}

async fn busy(case: &mut Case) -> ScenarioResult {
    let temporary = temporary_folder(case)?;
    let (raw, _, services) = activated(case, &temporary).await?;
    let order = fresh(case, Word::Sleep(8_000));
    let request = MessageWillBePosted::ordering(order.to_string());
    // The call stays open to the end: a host that gave it up would end the handler, too.
    let caller = services.clone();
    let sleeping =
        tokio::spawn(async move { caller.hook::<MessageWillBePosted>(request).await.is_ok() });
    let evidence = raw
        .seen
        .evidence_for(&order.nonce, case.scaled(Duration::from_secs(5)))
        .await;
    let begun = Instant::now();
    let exit = tokio::select! {
        exit = async { services.shutdown().await.ok(); raw.exit_within(AFTER_SHUTDOWN).await } => exit,
        exit = raw.exit_within(AFTER_SHUTDOWN) => exit,
    };
    let seen = exit.map_or("still there".to_owned(), |exit| exit.to_string());
    case.require("ST-055")
        .seen(
            "evidence of the handler",
            evidence.map(|evidence| evidence.nonce),
        )
        .holds(
            exit.is_some(),
            "an end within 2 s",
            format!("{seen} after {} ms", begun.elapsed().as_millis()),
            "waits-for-handler",
        );
    sleeping.abort();
    raw.end().await;
    Ok(())
}

/// A host in small: a shell that starts the plugin, says which process it is, and waits. When it is killed, the plugin has no parent any
/// more and nobody reads what it writes.
const HOST: &str = "\"$@\" </dev/null & echo \"pid $!\"; wait";

async fn host_gone(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let prepared = Prepared::new(&folder, case.mark(), "127.0.0.1:9").map_err(|error| {
        Interruption::broken_off(format!("the plugin cannot be started: {error}"))
    })?;
    let launch = &prepared.launch;
    let mut host = Command::new("/bin/sh")
        .args(["-c", HOST, "sh"])
        .arg(&launch.program)
        .args(&launch.arguments)
        .current_dir(&launch.directory)
        .env_clear()
        .envs(&launch.environment)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let first_lines = tokio::time::timeout(case.scaled(START), first_lines(&mut host)).await;
    let (pid, line) = match first_lines {
        Ok(Ok((Some(pid), line))) => (pid, line),
        other => {
            host.kill().await?;
            let seen = match other {
                Ok(Ok(_)) => "its output ended before".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(late) => late.words(),
            };
            return Err(Interruption::broken_off(format!(
                "no handshake through a shell: {seen}"
            )));
        }
    };
    case.spawned(pid);
    case.note(Source::Stdout, line.clone());
    let alive = process::is_alive(pid);
    case.note(Source::Fault, "SIGKILL to the host; its pipes close");
    // Both ends of the pipes go with the host.
    host.kill().await?;
    drop(host);
    let gone = process::gone_within(pid, case.scaled(WITHOUT_HOST)).await;
    case.require("ST-054")
        .seen("handshake before", &line)
        .and("process before", alive.then_some(pid))
        .holds(
            gone.is_some(),
            "an end within 5 s",
            "still there",
            "outlives-host",
        );
    if gone.is_none() {
        process::signal(pid, Signal::KILL)?;
    }
    Ok(())
}

/// The plugin's process id and its handshake, whichever of the two lines comes first.
async fn first_lines(host: &mut Child) -> io::Result<(Option<u32>, String)> {
    let Some(stdout) = host.stdout.take() else {
        return Ok((None, String::new()));
    };
    let mut lines = BufReader::new(stdout).lines();
    let (mut pid, mut handshake) = (None, String::new());
    while pid.is_none() || handshake.is_empty() {
        match lines.next_line().await? {
            None => break,
            Some(line) => match line.strip_prefix("pid ").and_then(|pid| pid.parse().ok()) {
                Some(found) => pid = Some(found),
                None => handshake = line,
            },
        }
    }
    Ok((pid.filter(|_| !handshake.is_empty()), handshake))
}
