//! What a plugin writes beside its handshake, and what it leaves behind.

use std::time::Duration;

use plugin_host::event::Stream;
use plugin_host::hooks::Outcome;
use plugin_proto::hook::MessageWillBePosted;
use serde_json::Value;

use super::place;
use crate::case::Case;
use crate::plugin_run::order::Word;
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Log lines that are JSON have the form that hosts can read.
    "plugin/output/log-lines" => log_lines: ["PR-052"];
    /// A handler writes a megabyte to each of its streams.
    "plugin/output/flood" => flood: ["PR-053"];
}

const MEGABYTE: usize = 1 << 20;

async fn log_lines(case: &mut Case) -> ScenarioResult {
    let folder = place(case)?;
    let running = Running::start(
        case,
        &folder,
        Setup::default().with("MATTERMOST_PLUGIN_LOG_LEVEL", "DEBUG"),
    )
    .await?;
    let mut last = String::new();
    for level in ["debug", "info", "warn", "error"] {
        last = case.nonce();
        let order = fresh(case, Word::Log(level, format!("\"{last}\"")));
        running.order::<MessageWillBePosted>(&order).await?;
    }
    let failing = fresh(case, Word::Fail("{\"@level\": 1}".to_owned()));
    running.order::<MessageWillBePosted>(&failing).await?;
    let within = running.scaled(Duration::from_secs(5));
    let logged = running
        .seen
        .wait(within, |what| line_with(what, &last))
        .await;
    let lines = running.seen.lines(Stream::Stderr);
    let fatal: Vec<&String> = lines.iter().filter(|line| is_fatal(line)).collect();
    case.require("PR-052")
        .go_host("the whole Mattermost server ends with \"interface conversion\"")
        .seen("a logged line", logged)
        .and("lines", lines.len())
        .absent(
            "JSON line with a number or an object where hosts read a string",
            &fatal,
            "fatal-log-line",
        );
    running.end().await;
    Ok(())
}

/// The line that holds a word and is no evidence.
fn line_with(what: &plugin_host::event::What, word: &str) -> Option<String> {
    match what {
        plugin_host::event::What::Log {
            stream: Stream::Stderr,
            raw,
            ..
        } if raw.contains(word) && !raw.starts_with("{\"conformance\":") => Some(raw.clone()),
        _ => None,
    }
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
