//! The first line: what a plugin writes on stdout before anything else, and what stands behind it.

use std::time::Duration;

use super::place;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words as _;
use crate::plugin_run::first_line::{Line, is_local, looks_like_one, target};
use crate::plugin_run::launch;
use crate::plugin_run::listener::wider_listener;
use crate::plugin_run::raw::{Raw, START, target_of};
use crate::scenario::{ScenarioResult, scenarios};
use plugin_host::event::{Stream, What};
use plugin_host::handshake::HandshakeError;

scenarios! {
    Plugin, Handshake;
    /// A start as a host makes it: one line, field by field, and a server behind the address.
    "plugin/handshake/line" => line: ["HS-053", "HS-054", "HS-055", "HS-056", "HS-057", "HS-058", "HS-059", "HS-061"],
        waits();
    /// Started without the right cookie, the plugin ends and says why.
    "plugin/handshake/cookie" => cookie: ["HS-051", "HS-052"], deadline(40);
    /// The protocol versions come in any order and in any company.
    "plugin/handshake/versions" => versions: ["HS-060"], deadline(40);
    /// Two processes of the plugin at the same time.
    "plugin/handshake/two-at-once" => two_at_once: ["HS-062"];
}

/// How long the last words of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Half of the time that a plugin has.
const HALF: Duration = Duration::from_secs(5);

async fn line(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let raw = Raw::start(case, &folder, |launch| {
        launch::remove(launch, "PYTHONUNBUFFERED")
    })
    .await?;
    let begun = std::time::Instant::now();
    let outcome = raw.handshake(START).await;
    let took = begun.elapsed();
    match (raw.first_line(), &outcome) {
        (Some(bytes), _) => judge_line(case, &raw, &Line::split(&bytes), took).await,
        (None, Err(error)) => judge_absence(case, &raw, error, took).await,
        (None, Ok(_)) => {}
    }
    raw.end().await;
    Ok(())
}

/// There was no line that a host could have read.
async fn judge_absence(case: &Case, raw: &Raw, error: &HandshakeError, took: Duration) {
    let bytes = raw.stdout_bytes();
    let seen = format!("{error}; {bytes} bytes on stdout");
    let on_stderr = raw
        .seen
        .lines(Stream::Stderr)
        .into_iter()
        .find(|line| looks_like_one(line));
    if let Some(line) = on_stderr {
        case.require("HS-053").fails(
            "handshake-on-stderr",
            "the handshake on stdout",
            format!("on stderr: {line}"),
        );
        return;
    }
    if matches!(error, HandshakeError::Timeout { .. }) {
        let reason = if bytes == 0 {
            "nothing-on-stdout"
        } else {
            "no-line-feed"
        };
        let go = "waits for its start timeout, then kills the plugin: \"timeout while waiting for plugin to start\"";
        case.require("HS-054")
            .go_host(go)
            .fails(reason, "a whole line, flushed", seen);
        case.require("HS-061").fails(
            "too-late",
            "the handshake within 5 s",
            format!("none after {} ms", took.as_millis()),
        );
        return;
    }
    let go = "\"Unrecognized remote plugin message\" with nothing after the colon";
    let ended = raw.exit_within(Duration::from_millis(500)).await;
    let ended = ended.map_or("stdout was closed".to_owned(), |exit| {
        format!("the process ended, {exit}")
    });
    case.require("HS-053")
        .go_host(go)
        .fails("no-line", "a handshake", format!("{seen}; {ended}"));
}

/// What is said of a first line, field by field.
async fn judge_line(case: &Case, raw: &Raw, line: &Line, took: Duration) {
    let entry = case.note(Source::Suite, format!("judging {}", line.text.words()));
    case.require("HS-054")
        .seen("first line", line.text.words())
        .and("time", took)
        .holds(true, "", "", "no-line-feed");
    case.require("HS-061")
        .seen("time to the first line", took)
        .within(case.scaled(HALF), took, "too-late");
    let go = "kills the plugin: \"Unrecognized remote plugin message\"";
    let form = line.form();
    let judge = case
        .require("HS-053")
        .at(entry)
        .go_host(go)
        .seen("first line", line.text.words());
    if !judge.holds(
        form.is_ok(),
        "1|1|NETWORK|ADDRESS|grpc",
        line.text.words(),
        form.err().unwrap_or("no-line"),
    ) {
        return;
    }
    let versions = (line.field(0), line.field(1));
    let reason = if versions.0 == Some("1") {
        "wrong-app-version"
    } else {
        "wrong-core-version"
    };
    case.require("HS-055")
        .at(entry)
        .seen("first line", &line.text)
        .same("the versions", (Some("1"), Some("1")), versions, reason);
    let announces = if line.field(4).is_none() {
        "protocol-missing"
    } else {
        "wrong-protocol"
    };
    case.require("HS-058")
        .at(entry)
        .seen("first line", &line.text)
        .same("the protocol", Some("grpc"), line.field(4), announces);
    let certificate = line.field(5).is_some_and(|field| !field.is_empty());
    let beyond = line.fields.get(6..).unwrap_or_default();
    let reason = if certificate {
        "certificate-announced"
    } else {
        "seventh-field"
    };
    case.require("HS-059")
        .at(entry)
        .seen("first line", &line.text)
        .holds(
            !certificate && beyond.is_empty(),
            "nothing after the fifth field but perhaps one empty field",
            line.fields.get(5..).unwrap_or_default().words(),
            reason,
        );
    judge_address(case, raw, line, entry).await;
}

async fn judge_address(case: &Case, raw: &Raw, line: &Line, entry: usize) {
    let (network, address) = (
        line.field(2).unwrap_or_default(),
        line.field(3).unwrap_or_default(),
    );
    let target = match target(network, address) {
        Ok(target) => target,
        Err(reason) => {
            let seen = format!("{network} {address}");
            case.require("HS-057").at(entry).fails(
                reason,
                "tcp with a loopback address and a port, or a unix socket",
                seen,
            );
            return;
        }
    };
    let connected = raw.connect_to(&target).await;
    let problem = connected
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    let go = "starts, and its first call fails with \"connection refused\"";
    case.require("HS-056")
        .at(entry)
        .go_host(go)
        .seen("announced", target.to_string())
        .holds(
            connected.is_ok(),
            "an HTTP/2 server at the address as soon as the line is there",
            problem,
            "not-listening",
        );
    let reason = if is_local(&target) {
        "listens-beyond-loopback"
    } else {
        "not-loopback"
    };
    let wider = if connected.is_ok() {
        wider_listener(&target)
    } else {
        None
    };
    case.require("HS-057")
        .at(entry)
        .seen("announced", target.to_string())
        .holds(
            is_local(&target) && wider.is_none(),
            "a listener on loopback or on a unix socket",
            wider.unwrap_or_else(|| target.to_string()),
            reason,
        );
}

async fn cookie(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let control = Raw::start(case, &folder, |_| {}).await?;
    let started = control.handshake(START).await;
    control.end().await;
    if let Err(error) = started {
        case.require("HS-051")
            .inconclusive(format!("it does not start with the cookie either: {error}"));
        case.require("HS-052")
            .inconclusive("it does not start with the cookie either");
        return Ok(());
    }
    let name = plugin_host::process::environment::COOKIE_NAME;
    for (what, value) in [
        ("without", None),
        (
            "with another value of",
            Some("Securely message teams, anywhere?"),
        ),
    ] {
        let raw = Raw::start(case, &folder, |launch| match value {
            None => launch::remove(launch, name),
            Some(value) => launch::set(launch, name, value),
        })
        .await?;
        case.note(Source::Fault, format!("started with {what} the cookie"));
        judge_cookie(case, &raw, what).await;
        raw.end().await;
    }
    Ok(())
}

async fn judge_cookie(case: &Case, raw: &Raw, what: &str) {
    let expected = "an end with a status other than 0, and nothing on stdout";
    tokio::select! {
        line = raw.handshake(START) => if line.is_ok() {
            let entry = case.note(Source::Suite, format!("it announced itself, started {what} the cookie"));
            case.require("HS-051").at(entry).fails("runs-without-cookie", expected, format!("{what} the cookie it announced itself"));
            return;
        },
        _ = raw.exit_within(START) => {}
    }
    let Some(exit) = raw.exit_within(START).await else {
        case.require("HS-051").fails(
            "runs-without-cookie",
            expected,
            format!("{what} the cookie it is still there"),
        );
        return;
    };
    // What it said may still be on its way: it comes by a pipe.
    let says = raw
        .seen
        .wait(case.scaled(LAST_WORDS), stderr_line_about_plugins)
        .await;
    let stderr = raw.seen.lines(Stream::Stderr).join("\n");
    let wrote = raw.stdout_bytes();
    let (kept, reason) = match exit.code() {
        _ if wrote > 0 => (false, "wrote-to-stdout"),
        Some(0) => (false, "exit-status-zero"),
        Some(_) => (true, "exit-status-zero"),
        None => (false, "ended-by-signal"),
    };
    let seen = format!("{what} the cookie: {exit}, {wrote} bytes on stdout");
    case.require("HS-051")
        .seen("end", &seen)
        .and("control", "with the cookie it starts")
        .holds(kept, expected, &seen, reason);
    case.require("HS-052").seen("end", &seen).holds(
        says.is_some(),
        "words on stderr that name it a plugin",
        format!("stderr: {}", stderr.words()),
        "silent",
    );
}

fn stderr_line_about_plugins(what: &What) -> Option<()> {
    match what {
        What::Log {
            stream: Stream::Stderr,
            raw,
            ..
        } => raw.to_lowercase().contains("plugin").then_some(()),
        _ => None,
    }
}

async fn versions(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let mut offers = ["1,2,10", "2,10,1", "10,1,2", "3,x,1"];
    case.rng().shuffle(&mut offers);
    for offer in ["1"].into_iter().chain(offers) {
        let raw = Raw::start(case, &folder, |launch| {
            launch::set(launch, "PLUGIN_PROTOCOL_VERSIONS", offer)
        })
        .await?;
        let outcome = raw.handshake(START).await;
        let version = outcome
            .as_ref()
            .map(|handshake| handshake.app_version)
            .map_err(ToString::to_string);
        raw.end().await;
        if let (Err(error), "1") = (&version, offer) {
            case.require("HS-060").inconclusive(format!(
                "it does not start with the usual offer either: {error}"
            ));
            break;
        }
        if !case.require("HS-060").seen("offered", offer).same(
            "the version",
            Ok(1),
            version,
            "needs-one-version",
        ) {
            break;
        }
    }
    Ok(())
}

async fn two_at_once(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let first = Raw::start(case, &folder, |_| {}).await?;
    let second = Raw::start(case, &folder, |_| {}).await?;
    let (one, other) = tokio::join!(first.handshake(START), second.handshake(START));
    match (&one, &other) {
        (Ok(one), Ok(other)) => {
            let both = format!(
                "{} and {}",
                target_of(&one.address),
                target_of(&other.address)
            );
            let answering = first.connect(one).await.is_ok() && second.connect(other).await.is_ok();
            let apart = one.address != other.address;
            let reason = if apart {
                "not-listening"
            } else {
                "same-address"
            };
            case.require("HS-062").seen("addresses", &both).holds(
                apart && answering,
                "two servers at two addresses",
                &both,
                reason,
            );
        }
        (Err(error), Err(_)) => case
            .require("HS-062")
            .inconclusive(format!("neither started: {error}")),
        (Err(error), _) | (_, Err(error)) => {
            case.require("HS-062").fails(
                "second-does-not-start",
                "two handshakes",
                error.to_string(),
            );
        }
    }
    first.end().await;
    second.end().await;
    Ok(())
}
