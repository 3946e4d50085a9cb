//! Starts that end before or at the handshake: when the host gives up, what it says, and what it leaves behind.

use std::time::{Duration, Instant};

use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::preset::Preset;
use fake_interpreters::script::{Grandchild, Script, SignalName, Step, Stream};

use super::handshake::{Played, play, row::Expect, table};
use super::stage::{Setting, Stage};
use super::traces::{alive, environment_of, listens, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Refusal;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Handshake;
    /// A plugin that writes no line is given up at the start timeout.
    "host/refusal/start-timeout" => start_timeout: ["HS-014"], waits();
    /// A plugin that ends before its handshake is refused at once, with how it ended.
    "host/refusal/early-end" => early_end: ["HS-015"];
    /// A refused plugin leaves no process and no API server.
    "host/refusal/nothing-left" => nothing_left: ["HS-016"], waits();
    /// A refusal says what was known.
    "host/refusal/diagnosis" => diagnosis: ["HS-018"];
}

/// What a refused start may take beyond its bound on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

async fn start_timeout(case: &mut Case) -> ScenarioResult {
    let budget = Duration::from_millis(800);
    let stage = Stage::open_with(case, Setting::new().bound("start", budget)).await?;
    stage.needs_bound("start")?;
    let folder = stage.place("silent", &Preset::Silent.script())?;
    let began = Instant::now();
    let refusal = refused(stage.activate(&folder).await?)?;
    let took = began.elapsed();
    let entries = stage
        .journal(&folder, |entries| !entries.is_empty())
        .await?;
    let seen = || {
        case.require("HS-014")
            .seen("processes started", pids(&entries))
            .and("refusal", refusal.kind.clone())
    };
    seen().same(
        "the kind of the refusal",
        "handshake.timeout",
        refusal.kind.as_str(),
        "wrong-refusal",
    );
    let expected = format!("not before {} ms", budget.as_millis());
    seen().holds(
        took >= budget,
        expected,
        format!("{} ms", took.as_millis()),
        "gave-up-early",
    );
    seen().within(budget + case.scaled(SLACK), took, "gave-up-late");
    stage.close().await
}

async fn early_end(case: &mut Case) -> ScenarioResult {
    // Nobody waits for this bound: a host that needs it has not noticed the end.
    let stage =
        Stage::open_with(case, Setting::new().bound("start", Duration::from_secs(60))).await?;
    let ends = [
        (
            "exit-0",
            Script::new().write_stderr("fake: leaving\n").exit(0),
            (Some(0), None),
        ),
        (
            "exit-3",
            Script::new().write_stderr("fake: leaving\n").exit(3),
            (Some(3), None),
        ),
        (
            "kill",
            Script::new()
                .write_stderr("fake: leaving\n")
                .raise(SignalName::Kill),
            (None, Some(9)),
        ),
        (
            "abort",
            Script::new()
                .write_stderr("fake: leaving\n")
                .raise(SignalName::Abrt),
            (None, Some(6)),
        ),
        (
            "closed",
            Script::new()
                .write_stderr("fake: leaving\n")
                .step(Step::Close { fd: Stream::Stdout })
                .hang(),
            (None, None),
        ),
    ];
    for (name, script, (code, signal)) in ends {
        let folder = stage.place(name, &script)?;
        let began = Instant::now();
        let refusal = refused(stage.activate(&folder).await?)?;
        let took = began.elapsed();
        let entries = stage
            .journal(&folder, |entries| !entries.is_empty())
            .await?;
        let seen = || {
            let judge = case
                .require("HS-015")
                .go_host("says \"Unrecognized remote plugin message: \"");
            judge
                .seen("processes started", pids(&entries))
                .and(name, refusal.kind.clone())
        };
        seen().same(
            "the kind of the refusal",
            "handshake.stdout_closed",
            refusal.kind.as_str(),
            "wrong-refusal",
        );
        seen().within(case.scaled(Duration::from_secs(4)), took, "not-at-once");
        let end = (refusal.detail.exit_code, refusal.detail.signal);
        seen().same(
            "exit code and signal",
            (code, signal),
            end,
            "exit-status-missing",
        );
        let tail = refusal.detail.stderr_tail.join("\n");
        seen().contains("fake: leaving", &tail, "stderr-missing");
    }
    stage.control("after").await?;
    stage.close().await
}

async fn nothing_left(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open_with(
        case,
        Setting::new().bound("start", Duration::from_millis(1500)),
    )
    .await?;
    let child = || {
        Script::new().grandchild(Grandchild {
            ignore_term: true,
            ..Grandchild::default()
        })
    };
    let stray = || {
        Script::new().grandchild(Grandchild {
            setsid: true,
            double_fork: true,
            ..Grandchild::default()
        })
    };
    let scripts = [
        ("wrong", child().write("2|1|tcp|127.0.0.1:1|grpc\n").hang()),
        ("silent", child().hang()),
        ("stray", stray().write("2|1|tcp|127.0.0.1:1|grpc\n").hang()),
        (
            "deaf",
            Script::new()
                .ignore_term()
                .write("2|1|tcp|127.0.0.1:1|grpc\n")
                .hang(),
        ),
    ];
    for (name, script) in scripts {
        let folder = stage.place(name, &script)?;
        let refusal = refused(stage.activate(&folder).await?)?;
        let entries = stage
            .journal(&folder, |entries| !entries.is_empty())
            .await?;
        let family = family(&entries);
        let gone = stage
            .until(Duration::from_secs(3), || {
                !family.iter().any(|pid| alive(*pid))
            })
            .await;
        let left: Vec<u32> = family.iter().copied().filter(|pid| alive(*pid)).collect();
        let seen = || {
            case.require("HS-016")
                .seen("processes", family.clone())
                .and(name, refusal.kind.clone())
        };
        seen().holds(
            gone,
            "no process left",
            format!("left: {}", left.words()),
            "process-left",
        );
        if !stage.has(Feature::Api) {
            continue;
        }
        let target = environment_of(&entries)
            .and_then(|env| env.get("MATTERMOST_PLUGIN_API_TARGET").cloned());
        let closed = match &target {
            Some(target) => {
                stage
                    .until(Duration::from_secs(3), || !listens(target))
                    .await
            }
            None => false,
        };
        seen().and("API target", target.clone()).holds(
            closed,
            "a closed port",
            format!("{} answers", target.words()),
            "api-server-left",
        );
    }
    stage.close().await
}

async fn diagnosis(case: &mut Case) -> ScenarioResult {
    let budget = Duration::from_secs(30);
    let script = Script::new()
        .write_stderr("first words\nlast words\n")
        .write("1|1|udp|\u{e9}\t|grpc\nmore\n")
        .hang();
    let stage = Stage::open_with(case, Setting::new().bound("start", budget)).await?;
    let folder = stage.place("wrong", &script)?;
    let began = Instant::now();
    let refusal = refused(stage.activate(&folder).await?)?;
    let took = began.elapsed();
    let detail = &refusal.detail;
    let seen = || {
        case.require("HS-018")
            .seen("refusal", format!("{}: {}", refusal.kind, refusal.message))
    };
    let line = detail.first_line.clone().unwrap_or_default();
    let kept = line.is_ascii()
        && !line.contains(['\t', '\n'])
        && line.starts_with("1|1|udp|")
        && line.ends_with("|grpc");
    seen().holds(
        kept,
        "the first line as printable ASCII",
        detail.first_line.words(),
        "first-line-missing",
    );
    // What was read beyond the first line is the host's to choose, so only a bound is known.
    let bytes = detail.stdout_bytes;
    seen().holds(
        bytes.is_some_and(|count| (17..=25).contains(&count)),
        "17 to 25 bytes",
        bytes.words(),
        "stdout-bytes-missing",
    );
    seen().contains(
        "last words",
        &detail.stderr_tail.join("\n"),
        "stderr-missing",
    );
    let (elapsed, allowed) = (
        detail.elapsed_ms.unwrap_or(-1.0),
        detail.budget_ms.unwrap_or(-1.0),
    );
    let kept = elapsed > 0.0
        && elapsed <= took.as_secs_f64() * 1000.0
        && (allowed - budget.as_secs_f64() * 1000.0).abs() < 1.0;
    let expected = format!(
        "more than 0 and at most {} of {} ms",
        took.as_millis(),
        budget.as_millis()
    );
    seen().holds(
        kept,
        expected,
        format!("{elapsed} of {allowed} ms"),
        "time-missing",
    );
    go_wording(case, &stage).await?;
    stage.close().await
}

/// Every refusal of the table in the words of a Go host.
async fn go_wording(case: &Case, stage: &Stage<'_>) -> ScenarioResult {
    let rows = table::ROWS
        .iter()
        .filter(|row| matches!(row.expect, Expect::Refused { .. }))
        .collect();
    for Played { row, outcome, .. } in play(stage, rows).await? {
        let (Expect::Refused { go, .. }, Ok(Err(refusal))) = (row.expect, outcome) else {
            continue;
        };
        let words = refusal.go.unwrap_or_default();
        let witness = case
            .require("HS-018")
            .seen(&format!("row {:?}", row.escaped()), refusal.kind);
        let expected = format!("for {}: {}", row.escaped(), go.words());
        witness.holds(
            !words.is_empty() && words.contains(go),
            expected,
            words.words(),
            "go-wording-missing",
        );
    }
    Ok(())
}

/// The plugin's processes: all that wrote into its journal.
pub(super) fn family(entries: &[Entry]) -> Vec<u32> {
    let born =
        |entry: &&Entry| matches!(entry.event, Seen::Started { .. } | Seen::Grandchild { .. });
    entries.iter().filter(born).map(|entry| entry.pid).collect()
}

/// The refusal of a start that must not succeed for the scenario to go on.
pub(super) fn refused<A: Words>(outcome: Result<A, Refusal>) -> Result<Refusal, Interruption> {
    outcome.map_or_else(Ok, |started| {
        Err(Interruption::broken_off(format!(
            "the plugin was not refused: {}",
            started.words()
        )))
    })
}
