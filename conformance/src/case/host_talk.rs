//! What a host under test is told and what it says, in words for the timeline: a line of the driver protocol becomes an entry. Pure.
//!
//! What stands first is what a reader looks for; fields without a wording of their own follow as they are.

use serde_json::{Map, Value};

use super::timeline::Source;

/// Fields that say when and to whom, which the entry shows in another way.
const ELSEWHERE: [&str; 4] = ["event", "plugin", "at_ms", "id"];

/// A line with its arrow, as an entry; a line that is no message stays as it is.
pub fn told(line: &str) -> (Source, String) {
    let parsed = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    if let Some(order) = line.strip_prefix("→ ").and_then(parsed) {
        return (Source::Host, told_order(order));
    }
    match line.strip_prefix("← ").and_then(parsed) {
        Some(message) if message.contains_key("event") => told_event(message),
        Some(message) => (Source::Host, told_answer(&message)),
        None => (Source::Host, line.to_owned()),
    }
}

fn told_order(mut order: Map<String, Value>) -> String {
    let mut take = |field: &str| match order.remove(field) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(other) => Some(other.to_string()),
    };
    let id = take("id").unwrap_or_default();
    let first = [
        take("do"),
        take("hook"),
        take("plugin"),
        take("dir"),
        take("request"),
    ];
    let mut words: Vec<String> = first.into_iter().flatten().collect();
    order.retain(|_, value| !is_nothing(value));
    if !order.is_empty() {
        words.push(Value::Object(order).to_string());
    }
    format!("→ {id} {}", words.join(" "))
}

fn told_answer(message: &Map<String, Value>) -> String {
    let id = message.get("id").map(Value::to_string).unwrap_or_default();
    if let Some(error) = message.get("error") {
        let text = |field: &str| error.get(field).and_then(Value::as_str).unwrap_or_default();
        let go = match text("go") {
            "" => String::new(),
            go => format!(" (a Go host: {go})"),
        };
        return format!("← {id} refused, {}: {}{go}", text("kind"), text("message"));
    }
    match message.get("ok") {
        Some(Value::Object(fields)) => format!("← {id} done {}", in_words(fields)),
        Some(other) => format!("← {id} done {other}"),
        None => format!("← {}", Value::Object(message.clone())),
    }
}

fn told_event(event: Map<String, Value>) -> (Source, String) {
    let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default();
    let number = |field: &str| match event.get(field) {
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let took = || match event.get("took_ms").and_then(Value::as_f64) {
        Some(ms) => format!(" after {ms:.0} ms"),
        None => String::new(),
    };
    let name = text("event");
    let (source, words) = match name {
        "spawned" => (Source::Process, format!("started {}", number("pid"))),
        "exited" => (Source::Process, format!("ended: {}", text("exit"))),
        "stdout_first_line" => (Source::Stdout, format!("first line: {}", text("escaped"))),
        "handshake" => (
            Source::Host,
            format!(
                "handshake accepted: {} {}{}",
                text("network"),
                text("address"),
                took()
            ),
        ),
        "handshake_refused" => (
            Source::Host,
            format!("handshake refused, {}: {}", text("kind"), text("message")),
        ),
        "log" => {
            let source = match text("stream") {
                "stdout" => Source::Stdout,
                _ => Source::Stderr,
            };
            (
                source,
                format!("{} (taken as {})", text("raw"), text("level")),
            )
        }
        "hook_started" => (
            Source::Rpc,
            format!("{} is called, call {}", text("hook"), number("call")),
        ),
        "hook_ended" => (
            Source::Rpc,
            format!(
                "{} ended, call {}: {}{}",
                text("hook"),
                number("call"),
                text("outcome"),
                took()
            ),
        ),
        "api_call" => (
            Source::Rpc,
            format!("API {}: {}{}", text("method"), text("outcome"), took()),
        ),
        "health" => (Source::Rpc, format!("health: {}{}", text("status"), took())),
        "stop_step" => (
            Source::Host,
            format!("stopping, {}: {}{}", text("step"), text("outcome"), took()),
        ),
        "state_changed" => (Source::Host, format!("state: {}", text("state"))),
        other => (
            Source::Host,
            format!("{} {}", other.replace('_', " "), in_words(&event)),
        ),
    };
    let words = words.trim_end();
    let told = match text("plugin") {
        "" => words.to_owned(),
        plugin => format!("{plugin}: {words}"),
    };
    (source, told)
}

/// The fields that are not shown elsewhere, as JSON.
fn in_words(fields: &Map<String, Value>) -> String {
    let shown = fields
        .iter()
        .filter(|(name, value)| !ELSEWHERE.contains(&name.as_str()) && !is_nothing(value));
    let shown: Map<String, Value> = shown
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if shown.is_empty() {
        String::new()
    } else {
        Value::Object(shown).to_string()
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_talk_of_a_host_is_told_in_words() {
        for (line, source, words) in [
            (
                r#"→ {"id":7,"do":"hook","plugin":"conf.a","hook":"OnInstall","request":{"a":1}}"#,
                Source::Host,
                r#"→ 7 hook OnInstall conf.a {"a":1}"#,
            ),
            (
                r#"→ {"id":1,"do":"configure","timing_ms":{},"log_level":null}"#,
                Source::Host,
                "→ 1 configure",
            ),
            (
                r#"← {"id":7,"ok":{"outcome":"answered","response":{"x":1}}}"#,
                Source::Host,
                r#"← 7 done {"outcome":"answered","response":{"x":1}}"#,
            ),
            (
                r#"← {"id":2,"error":{"kind":"a.b","message":"no","go":"Oh"}}"#,
                Source::Host,
                "← 2 refused, a.b: no (a Go host: Oh)",
            ),
            (
                r#"← {"event":"exited","plugin":"conf.a","code":null,"at_ms":4.5,"exit":"signal 9"}"#,
                Source::Process,
                "conf.a: ended: signal 9",
            ),
            (
                r#"← {"event":"hook_ended","plugin":"p","hook":"H","outcome":"deadline","call":3,"took_ms":41.9}"#,
                Source::Rpc,
                "p: H ended, call 3: deadline after 42 ms",
            ),
            (
                r#"← {"event":"gave_up","plugin":"p","at_ms":1,"after":3}"#,
                Source::Host,
                r#"p: gave up {"after":3}"#,
            ),
            (
                "the line before is no message",
                Source::Host,
                "the line before is no message",
            ),
        ] {
            assert_eq!(told(line), (source, words.to_owned()), "{line}");
        }
    }
}
