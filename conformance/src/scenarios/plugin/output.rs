//! What a plugin writes beside its handshake, and what it leaves behind.

use std::time::Duration;

use plugin_host::event::{Level, Stream};
use plugin_host::hooks::Outcome;
use plugin_proto::hook::MessageWillBePosted;
use serde_json::Value;

use super::place;
use crate::case::Case;
use crate::case::words::Words as _;
use crate::plugin_run::logged::{Logged, Way};
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Log lines that are JSON have the form that hosts can read.
    "plugin/output/log-lines" => log_lines: ["PR-052", "PR-054", "PR-055"];
    /// A handler writes a megabyte to each of its streams.
    "plugin/output/flood" => flood: ["PR-053"];
}

const MEGABYTE: usize = 1 << 20;
/// How long a log line may be on its way after the answer.
const ON_ITS_WAY: Duration = Duration::from_secs(3);
/// The levels of orders and of hosts.
const LEVELS: [(&str, Level); 4] = [
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];

async fn log_lines(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let setup = Setup::default().with("MATTERMOST_PLUGIN_LOG_LEVEL", "DEBUG");
    let running = Running::start(case, &folder, setup).await?;
    let mut logged = Vec::new();
    for (word, level) in LEVELS {
        let mark = case.nonce();
        let order = fresh(case, Word::Log(word, format!("\"{mark}\"")));
        let obeyed = running.order::<MessageWillBePosted>(&order).await?;
        let record = running.logged(&mark, running.scaled(ON_ITS_WAY)).await;
        judge_way(case, word, record.as_ref(), obeyed.evidence.is_some());
        if let Some(Logged {
            level: found, text, ..
        }) = &record
        {
            let text = format!("{word} read as {}: {text}", found.words());
            case.require("PR-055").seen("log line", &text).same(
                "the level",
                level,
                *found,
                "level-unreadable",
            );
        }
        logged.extend(record);
    }
    let failing = fresh(case, Word::Fail("{\"@level\": 1}".to_owned()));
    running.order::<MessageWillBePosted>(&failing).await?;
    let lines = running.seen.lines(Stream::Stderr);
    let fatal: Vec<&String> = lines.iter().filter(|line| is_fatal(line)).collect();
    case.require("PR-052")
        .go_host("the whole Mattermost server ends with \"interface conversion\"")
        .seen("a logged line", logged.pop().map(|record| record.text))
        .and("lines", lines.len())
        .absent(
            "JSON line with a number or an object where hosts read a string",
            &fatal,
            "fatal-log-line",
        );
    running.end().await;
    Ok(())
}

/// What was logged is on stderr or came by the API; where there is none at all, the evidence shows that there should be one.
fn judge_way(case: &Case, word: &str, record: Option<&Logged>, obeyed: bool) {
    let way = record.map(|record| record.way);
    let (reason, seen) = match record {
        Some(Logged { text, .. }) => ("logged-to-stdout", format!("on stdout: {text}")),
        None => ("log-line-lost", format!("nothing logged at {word}")),
    };
    let evidence = obeyed.then(|| format!("a handler logged at {word}"));
    case.require("PR-054").seen("evidence", evidence).holds(
        matches!(way, Some(Way::Api | Way::Stream(Stream::Stderr))),
        "a line on stderr, or a call of the API that logs",
        seen,
        reason,
    );
}

/// A JSON object whose level, message or time is no string.
fn is_fatal(line: &str) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
        return false;
    };
    ["@level", "@message", "@timestamp"]
        .iter()
        .filter_map(|name| fields.get(*name))
        .any(|value| !value.is_string())
}

async fn flood(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let order = fresh(case, Word::Flood(MEGABYTE));
    let flooding = running.order::<MessageWillBePosted>(&order).await?;
    let later = fresh(case, Word::Allow);
    let after = running.order::<MessageWillBePosted>(&later).await;
    let answered = matches!(flooding.outcome, Outcome::Answered(_));
    let goes_on = after.as_ref().is_ok_and(|obeyed| {
        matches!(obeyed.outcome, Outcome::Answered(_)) && obeyed.evidence.is_some()
    });
    let after = after.map_or_else(
        |_| "the plugin does not run any more".to_owned(),
        |obeyed| obeyed.outcome.to_string(),
    );
    let reason = if answered {
        "stuck-afterwards"
    } else {
        "not-answered"
    };
    case.require("PR-053")
        .seen("evidence", flooding.evidence.map(|evidence| evidence.nonce))
        .holds(
            answered && goes_on,
            "an answer, and another hook answered with evidence afterwards",
            format!(
                "the flooding hook: {}; the next one: {after}",
                flooding.outcome
            ),
            reason,
        );
    running.end().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_with_wrong_types_are_fatal() {
        for (line, fatal) in [
            (r#"{"@level":"info","@message":"x"}"#, false),
            (r#"{"@level":3}"#, true),
            (r#"{"@message":null}"#, true),
            (r#"{"level":3}"#, false),
            (r#"[{"@level":3}]"#, false),
            ("plain", false),
        ] {
            assert_eq!(is_fatal(line), fatal, "{line}");
        }
    }
}
