//! An entry of a fake's journal, and a fake's script, in words for the timeline. Pure.
//!
//! Of an environment only the names are told, and the values that reports may show.

use std::collections::BTreeMap;

use fake_interpreters::journal::{Entry, Event, Payload};
use plugin_proto::health::{CHECK, HealthCheckRequest};
use prost::Message as _;
use serde_json::Value;

use crate::case::timeline::Source;
use crate::redaction::SHOWN;

/// An entry of a journal.
pub(super) fn entry(entry: &Entry) -> (Source, String) {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match &entry.event {
        Event::Started { argv, cwd, env, .. } => (
            Source::Process,
            format!(
                "start {}, process {}: {} in {cwd}; environment: {}",
                entry.start,
                entry.pid,
                argv.join(" "),
                environment(env)
            ),
        ),
        Event::Wrote { to, bytes, text } => {
            let source = if to == "stderr" {
                Source::Stderr
            } else {
                Source::Stdout
            };
            let shown = match text {
                Some(text) => format!("writes {text:?}"),
                None => format!("writes {bytes} bytes"),
            };
            (source, shown)
        }
        Event::Listening { network, address } => {
            (Source::Plugin, format!("listens at {network} {address}"))
        }
        Event::Connected {} => (Source::Rpc, "a connection is accepted".to_owned()),
        Event::Rpc { path, message, .. } => {
            let request = match entry.request() {
                Some(json) => json.to_string(),
                None => service(path, message).unwrap_or_else(|| bytes(message)),
            };
            (Source::Rpc, format!("{} arrives: {request}", name(path)))
        }
        Event::HttpRequest {
            messages,
            inits,
            bytes,
            largest,
            complete,
            ..
        } => {
            let end = if *complete {
                "complete"
            } else {
                "without an end"
            };
            let text = format!(
                "ServeHTTP: {bytes} body bytes in {messages} frames, {inits} of them with a head, the largest of {largest} bytes, {end}"
            );
            (Source::Rpc, text)
        }
        Event::Answered {
            path,
            code,
            message,
            bytes,
        } => {
            let words = match message.as_str() {
                "" => format!("{code}, {bytes} bytes"),
                message => format!("{code}: {message}"),
            };
            (Source::Rpc, format!("{} is answered: {words}", name(path)))
        }
        Event::Abandoned { path } => (
            Source::Rpc,
            format!("the caller of {} went away", name(path)),
        ),
        Event::Signal { signal } => (
            Source::Process,
            format!("process {} takes SIG{signal}", entry.pid),
        ),
        Event::Api {
            method,
            response,
            status,
            ..
        } => {
            let words = match (response, status) {
                (Some(response), _) => response.to_string(),
                (None, Some(status)) => status.clone(),
                (None, None) => "no answer".to_owned(),
            };
            (Source::Rpc, format!("API {method} answers: {words}"))
        }
        other @ (Event::Secured { .. } | Event::NotSecured { .. }) => {
            let words = serde_json::to_string(other);
            let words = words.unwrap_or_else(|error| format!("cannot be told: {error}"));
            (Source::Rpc, format!("TLS: {words}"))
        }
        Event::Grandchild { ppid, pgid, .. } => (
            Source::Fault,
            format!(
                "process {} is left behind, parent {ppid}, group {pgid}",
                entry.pid
            ),
        ),
        Event::ParentDied {} => (Source::Process, "the parent has died".to_owned()),
        Event::Trouble { message } => (
            Source::Plugin,
            format!("the script cannot be played on: {message}"),
        ),
        Event::Exiting { code, why } => (
            Source::Process,
            format!(
                "process {} ends itself with {code}, because of {why}",
                entry.pid
            ),
        ),
    }
}

fn environment(variables: &BTreeMap<String, String>) -> String {
    let word = |(name, value): (&String, &String)| match SHOWN.contains(&name.as_str()) {
        true => format!("{name}={value}"),
        false => name.clone(),
    };
    variables.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The service that a check of the health is about.
fn service(path: &str, message: &Payload) -> Option<String> {
    let check = HealthCheckRequest::decode(message.bytes()?.as_slice());
    let check = check.ok().filter(|_| path == CHECK);
    check.map(|check| format!("health of {:?}", check.service))
}

fn bytes(message: &Payload) -> String {
    match &message.hex {
        Some(hex) if !hex.is_empty() => format!("{} bytes, {hex}", message.len),
        _ => format!("{} bytes", message.len),
    }
}

/// The steps of a script, without what is as usual.
pub(super) fn script(script: &Value) -> String {
    let steps = script.get("steps").unwrap_or(script);
    without_nothing(steps).unwrap_or(Value::Null).to_string()
}

fn without_nothing(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let kept = items
                .iter()
                .map(|item| without_nothing(item).unwrap_or(Value::Null));
            Some(Value::Array(kept.collect()))
        }
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), without_nothing(value)?)));
            Some(Value::Object(kept.collect()))
        }
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(event: Value) -> String {
        let mut whole = json!({"t_ms": 1.0, "pid": 5, "start": 2});
        whole
            .as_object_mut()
            .unwrap()
            .extend(event.as_object().unwrap().clone());
        entry(&serde_json::from_value(whole).unwrap()).1
    }

    #[test]
    fn what_a_fake_saw_is_told_in_words() {
        let started = json!({
            "event": "started", "argv": ["python", "plugin.py"], "cwd": "/d", "pgid": 5, "sid": 5, "ppid": 4, "stdin": "/dev/null",
            "env": {"A_SECRET": "hidden", "PATH": "/bin"},
        });
        let expect = "start 2, process 5: python plugin.py in /d; environment: A_SECRET PATH=/bin";
        assert_eq!(words(started), expect);
        let wrote = json!({"event": "wrote", "to": "stdout", "bytes": 4, "text": "1|1\n"});
        assert_eq!(words(wrote), r#"writes "1|1\n""#);
        let signal = json!({"event": "signal", "signal": "TERM"});
        assert_eq!(words(signal), "process 5 takes SIGTERM");
        let call = json!({
            "event": "rpc", "path": "/a.B/NoSuch", "message": {"len": 2, "hex": "0a00"}, "metadata": {"authorization": "Bearer x"},
            "authority": "a",
        });
        assert_eq!(words(call), "NoSuch arrives: 2 bytes, 0a00");
    }

    #[test]
    fn what_is_as_usual_in_a_script_is_not_told() {
        let told = script(
            &json!({"steps": [{"serve": {"health": null, "hooks": {}, "late": 5, "twice": false}}]}),
        );
        assert_eq!(told, r#"[{"serve":{"hooks":{},"late":5}}]"#);
    }
}
