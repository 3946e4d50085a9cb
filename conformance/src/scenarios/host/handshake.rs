//! The handshake line, row by row: [`table`] has the rows, here they are played and judged.
//!
//! All rows of one requirement are played at the same time with one driver, between two good plugins.

pub mod row;
pub mod table;

use std::time::Duration;

use fake_interpreters::PluginFolder;
use futures_util::future::join_all;

use row::{Expect, Row};

use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::timeline::Source;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Detail, Order, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::host::DriverError;

scenarios! {
    Host, Handshake;
    /// A good line is accepted in pieces and late, and the host connects to its address.
    "host/handshake/accepted" => accepted: ["HS-001"], waits();
    /// White space counts around the line, not around fields.
    "host/handshake/white-space" => white_space: ["HS-002"];
    /// Further fields and lines are ignored.
    "host/handshake/surplus" => surplus: ["HS-003"];
    /// Without a line feed the host waits until the start timeout.
    "host/handshake/line-end" => line_end: ["HS-004"], waits();
    /// A first line that is no handshake is refused and shown.
    "host/handshake/no-handshake" => no_handshake: ["HS-005"];
    /// Core protocol version.
    "host/handshake/core-version" => core_version: ["HS-006"];
    /// Application protocol version.
    "host/handshake/app-version" => app_version: ["HS-007"];
    /// Networks but tcp and unix are refused.
    "host/handshake/network" => network: ["HS-008"];
    /// Addresses that cannot be are refused.
    "host/handshake/bad-address" => bad_address: ["HS-009"];
    /// Names, IPv6 addresses and sockets are connected to.
    "host/handshake/address" => address: ["HS-010"];
    /// Protocols but grpc are refused.
    "host/handshake/protocol" => protocol: ["HS-011"];
    /// A certificate that nobody asked for.
    "host/handshake/certificate" => certificate: ["HS-012"];
    /// Long lines up to the limit, and beyond it.
    "host/handshake/length" => length: ["HS-013"];
    /// The first wrong field is reported.
    "host/handshake/order" => order: ["HS-017"];
    /// Multiplexing that nobody asked for.
    "host/handshake/multiplexing" => multiplexing: ["HS-019"];
}

/// What came of one row.
pub(super) struct Played {
    pub(super) row: &'static Row,
    pub(super) outcome: Result<Result<Activated, Refusal>, DriverError>,
    /// How often the plugin was asked for its hooks.
    asked: usize,
}

async fn accepted(case: &mut Case) -> ScenarioResult {
    // A host that gives a plugin an eighth of its time does not wait for the late line.
    let start = case.scaled(Duration::from_secs(4));
    rows_with(
        case,
        Setting::new().bound("start", start),
        "HS-001",
        "bad-line-accepted",
    )
    .await
}

async fn white_space(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-002", "field-trimmed").await
}

async fn surplus(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-003", "bad-line-accepted").await
}

async fn no_handshake(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let played = between_controls(
        &stage,
        "HS-005",
        "no-handshake-accepted",
        rows_of(table::ROWS, "HS-005"),
    )
    .await?;
    for Played { row, outcome, .. } in &played {
        if let Ok(Err(refusal)) = outcome {
            let line = String::from_utf8_lossy(row.first_line()).trim().to_owned();
            let shown = refusal.detail.first_line.clone();
            // Of a blank line there is nothing to compare but that it is shown at all.
            let kept = shown.as_ref().is_some_and(|shown| shown.contains(&line));
            let what = format!("row {:?}, refused with", row.name);
            let judge = case.require("HS-005").seen(&what, refusal.kind.clone());
            judge.holds(
                kept,
                format!("first line {line:?} in the refusal"),
                shown.words(),
                "line-not-shown",
            );
        }
    }
    stage.close().await
}

async fn core_version(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-006", "bad-core-accepted").await
}

async fn app_version(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let played = between_controls(
        &stage,
        "HS-007",
        "bad-app-accepted",
        rows_of(table::ROWS, "HS-007"),
    )
    .await?;
    for Played { outcome, .. } in &played {
        if let Ok(Err(refusal)) = outcome
            && let Some(version) = ["9", "0", "-1"]
                .into_iter()
                .find(|v| names_version(&refusal.detail, v))
            && refusal.kind == "handshake.app_version"
        {
            let named = |v: &str| {
                refusal
                    .message
                    .split(|c: char| !c.is_ascii_digit() && c != '-')
                    .any(|word| word == v)
            };
            let judge = case
                .require("HS-007")
                .seen("message", refusal.message.clone());
            let kept = named(version) && named("1");
            judge.holds(
                kept,
                format!("a message with {version} and 1"),
                &refusal.message,
                "versions-not-named",
            );
        }
    }
    stage.close().await
}

/// Whether the first line announced this application version.
fn names_version(detail: &Detail, version: &str) -> bool {
    detail
        .first_line
        .as_deref()
        .and_then(|line| line.split('|').nth(1))
        == Some(version)
}

async fn network(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-008", "bad-network-accepted").await
}

async fn bad_address(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-009", "bad-address-accepted").await
}

async fn address(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-010", "bad-line-accepted").await
}

async fn protocol(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-011", "bad-protocol-accepted").await
}

async fn certificate(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-012", "certificate-accepted").await
}

async fn length(case: &mut Case) -> ScenarioResult {
    // A host that waits for the end of the line without end comes to know it by the start timeout only.
    let start = case.scaled(Duration::from_secs(6));
    rows_with(
        case,
        Setting::new().bound("start", start),
        "HS-013",
        "overlong-line-accepted",
    )
    .await
}

async fn order(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-017", "bad-line-accepted").await
}

async fn multiplexing(case: &mut Case) -> ScenarioResult {
    rows(case, "HS-019", "multiplexing-accepted").await
}

async fn line_end(case: &mut Case) -> ScenarioResult {
    // The good lines have all the time of the machine: the short bound is only as long as it must be for the refused ones.
    let stage = Stage::open_with(
        case,
        Setting::new().bound("start", case.scaled(Duration::from_secs(2))),
    )
    .await?;
    stage.needs_bound("start")?;
    between_controls(
        &stage,
        "HS-004",
        "line-without-end-accepted",
        table::ENDINGS.iter().collect(),
    )
    .await?;
    stage.close().await
}

async fn rows(case: &mut Case, id: &'static str, accepted: &'static str) -> ScenarioResult {
    rows_with(case, Setting::new(), id, accepted).await
}

async fn rows_with(
    case: &mut Case,
    setting: Setting,
    id: &'static str,
    accepted: &'static str,
) -> ScenarioResult {
    let stage = Stage::open_with(case, setting).await?;
    between_controls(&stage, id, accepted, rows_of(table::ROWS, id)).await?;
    stage.close().await
}

fn rows_of(table: &'static [Row], id: &str) -> Vec<&'static Row> {
    table.iter().filter(|row| row.id == id).collect()
}

/// Plays and judges rows, with a good plugin before and after them. `accepted` is the reason if a bad line is accepted.
async fn between_controls(
    stage: &Stage<'_>,
    id: &'static str,
    accepted: &'static str,
    rows: Vec<&'static Row>,
) -> Result<Vec<Played>, Interruption> {
    let before = stage.control("before").await?;
    let played = play(stage, rows).await?;
    for one in &played {
        judge(stage, id, accepted, one, &before);
    }
    if played.iter().all(|one| one.outcome.is_ok()) {
        stage.control("after").await?;
    }
    Ok(played)
}

/// Plays rows at the same time.
pub(super) async fn play(
    stage: &Stage<'_>,
    rows: Vec<&'static Row>,
) -> Result<Vec<Played>, Interruption> {
    let mut folders: Vec<(&'static Row, PluginFolder)> = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        if !row.is_possible() {
            let text = format!("row {:?} is left out: not on this machine", row.name);
            stage.case().note(Source::Suite, text);
            continue;
        }
        let script = row.script(stage.case().folder());
        folders.push((row, stage.place(&format!("row-{number}"), &script)?));
    }
    let activations = folders.iter().map(|(row, folder)| async move {
        let dir = folder.directory.clone();
        let outcome = stage.try_ask(Order::Activate { dir }).await;
        let asked = calls(&folder.entries()?, "Implemented").len();
        Ok(Played {
            row,
            outcome,
            asked,
        })
    });
    join_all(activations).await.into_iter().collect()
}

fn judge(
    stage: &Stage<'_>,
    id: &'static str,
    accepted: &'static str,
    played: &Played,
    control: &str,
) {
    let Played {
        row,
        outcome,
        asked,
    } = played;
    let line = format!("row {:?}, first line {:?}", row.name, row.escaped());
    let mut judge = stage.case().require(id);
    if let Expect::Refused { go, .. } = row.expect {
        judge = judge.go_host(format!("says {}", go.words()));
    }
    let expected = match row.expect {
        Expect::Runs => "a plugin that runs and is asked for its hooks".to_owned(),
        Expect::Unreachable => "an accepted line, and a connection that fails".to_owned(),
        Expect::Refused { kind, .. } => format!("refused with {kind}"),
    };
    let seen = match outcome {
        Err(error) => error.to_string(),
        Ok(Ok(_)) => format!("it runs and was asked {asked} times"),
        Ok(Err(refusal)) => words(refusal),
    };
    let broken = match (row.expect, outcome) {
        (_, Err(_)) => Some("host-ended"),
        (Expect::Runs, Ok(Ok(_))) if *asked > 0 => None,
        (Expect::Runs | Expect::Unreachable, Ok(Ok(_))) => Some("not-connected"),
        (Expect::Unreachable, Ok(Err(refusal))) if refusal.kind.starts_with("connect.") => None,
        (Expect::Runs | Expect::Unreachable, Ok(Err(_))) => Some("good-line-refused"),
        (Expect::Refused { kind, .. }, Ok(Err(refusal))) if same_field(kind, &refusal.kind) => None,
        (Expect::Refused { .. }, Ok(Err(refusal))) if refusal.kind.starts_with("handshake.") => {
            Some("wrong-refusal")
        }
        // It runs, or it was refused in a later phase: the line itself was accepted.
        (Expect::Refused { .. }, Ok(_)) => Some(accepted),
    };
    let witness = judge.seen("control", control).and(&line, seen.clone());
    let expected = format!("{line}: {expected}");
    witness.holds(broken.is_none(), expected, seen, broken.unwrap_or(accepted));
}

/// Whether two kinds of refusals speak of the same part of the line. How finely a host tells the defects of one field apart is its own.
fn same_field(one: &str, other: &str) -> bool {
    let field = |kind: &str| {
        let word = kind.strip_prefix("handshake.")?.to_owned();
        let field = match word.as_str() {
            "blank" | "malformed" => "line",
            // A Go host has then read no line at all, and says so.
            "overlong" | "stdout_closed" => "no line",
            "no_such_host" => "address",
            "netrpc" => "protocol",
            "auto_mtls" => "certificate",
            word => word.split('_').next().unwrap_or_default(),
        };
        Some(field.to_owned())
    };
    field(one).is_some() && field(one) == field(other)
}

fn words(refusal: &Refusal) -> String {
    format!(
        "{}: {}",
        refusal.kind,
        refusal.message.lines().next().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_one_field_are_alike_and_others_are_not() {
        let same = |one: &str, other: &str| same_field(&format!("handshake.{one}"), other);
        assert!(same("core_syntax", "handshake.core_version"));
        assert!(same("netrpc", "handshake.protocol_missing"));
        assert!(same("blank", "handshake.malformed"));
        assert!(!same("core_version", "handshake.app_version"));
        assert!(!same("address", "handshake.network"));
        assert!(!same("overlong", "handshake.timeout"));
        assert!(!same("network", "start.failed"));
        assert!(!same_field("start.failed", "start.failed"));
    }
}
