//! Messages with something in every field, no two values alike, made from the descriptor. Pure.
//!
//! A line of evidence holds less than most such messages, so they also come in parts: each field is in one of them.

use fake_interpreters::base64;
use fake_interpreters::testee::place;
use plugin_proto::Method;
use plugin_proto::reflect::pool;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};

/// The longest part, as JSON: with an order in it and with the blanks that some languages write it fits into a line of evidence.
const PART: usize = 2_400;
/// How deep a message may hold others of its own kind.
const OWN_KIND: usize = 2;

/// A hook's request with something in every field.
pub fn request(hook: &Method) -> Value {
    let mut whole = merged(pieces(hook.request));
    add_context(&mut whole);
    whole
}

/// A hook's response with something in every field but those that refuse.
pub fn response(hook: &Method) -> Value {
    let mut pieces = pieces(hook.response);
    pieces.retain(|(path, _)| path != "rejection_reason" && !path.starts_with("error."));
    merged(pieces)
}

/// Any message with something in every field.
pub fn message(name: &str) -> Value {
    merged(pieces(name))
}

/// The same request in parts that evidence can show whole; the context is in each of them.
pub fn parts(hook: &Method) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for piece in pieces(hook.request) {
        part.push(piece);
        if merged(part.clone()).to_string().len() > PART && part.len() > 1 {
            let next = part.split_off(part.len() - 1);
            parts.push(merged(std::mem::replace(&mut part, next)));
        }
    }
    // A hook without fields of its own is called once, too.
    parts.push(merged(part));
    parts.iter_mut().for_each(add_context);
    parts
}

/// Paths with values.
type Pieces = Vec<(String, Value)>;

fn pieces(message: &str) -> Pieces {
    let mut pieces = Vec::new();
    if let Some(message) = pool().get_message_by_name(message) {
        Filler::default().fill(&message, "", &mut pieces);
    }
    pieces.retain(|(path, _)| !path.starts_with("context."));
    pieces
}

fn merged(pieces: Pieces) -> Value {
    let mut message = json!({});
    for (path, value) in pieces {
        *place::make(&mut message, &path) = value;
    }
    message
}

fn add_context(message: &mut Value) {
    message["context"] = json!({
        "plugin_id": "com.example.conformance",
        "request_id": "request-of-the-suite",
        "session_id": "session-of-the-suite",
        "user_id": "u".repeat(26),
    });
}

/// Counts, so that no two values are alike.
#[derive(Default)]
struct Filler {
    count: i64,
    inside: Vec<MessageDescriptor>,
}

impl Filler {
    fn fill(&mut self, message: &MessageDescriptor, path: &str, pieces: &mut Pieces) {
        self.inside.push(message.clone());
        for field in message.fields() {
            let path = if path.is_empty() {
                field.name().to_owned()
            } else {
                format!("{path}.{}", field.name())
            };
            self.fill_field(&field, &path, pieces);
        }
        self.inside.pop();
    }

    fn fill_field(&mut self, field: &FieldDescriptor, path: &str, pieces: &mut Pieces) {
        let (kind, places) = match field.kind() {
            Kind::Message(entry) if field.is_map() => (
                entry.map_entry_value_field().kind(),
                vec![format!("{path}.key-{}", self.next())],
            ),
            kind if field.is_list() => (kind, vec![format!("{path}.0"), format!("{path}.1")]),
            kind => (kind, vec![path.to_owned()]),
        };
        for place in places {
            match &kind {
                Kind::Message(message) if !is_plain(message) => {
                    let own = self.inside.iter().filter(|outer| *outer == message).count();
                    if own < OWN_KIND {
                        self.fill(message, &place, pieces);
                    }
                }
                kind => {
                    let value = self.value(field.name(), kind);
                    pieces.push((place, value));
                }
            }
        }
    }

    fn value(&mut self, name: &str, kind: &Kind) -> Value {
        let n = self.next();
        match kind {
            Kind::Bool => true.into(),
            Kind::String => format!("{name} {n} \u{fc}").into(),
            Kind::Bytes if name.ends_with("_json") => {
                // Not as any library would write it, so that nobody can have read and written it on the way.
                base64::encode(blob(name, n).as_bytes()).into()
            }
            Kind::Bytes => base64::encode(&[0, 0xff, n.to_le_bytes()[0], 0xfe]).into(),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
                (1_000_000 + n).into()
            }
            // Beyond what a double can hold.
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
                ((1_i64 << 53) + 1 + 2 * n).into()
            }
            #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
            Kind::Float | Kind::Double => (n as f64 + 0.5).into(),
            Kind::Enum(values) => values
                .values()
                .last()
                .map(|value| value.name().to_owned())
                .into(),
            Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => json!({
                "text": format!("{name} {n}"), "number": n, "half": 0.5, "yes": true, "nothing": null,
                "list": [n, "two", [], {}], "inner": { "deep": { "größe": n } },
            }),
            // The wrappers of numbers.
            Kind::Message(_) => (1_000_000 + n).into(),
        }
    }

    fn next(&mut self) -> i64 {
        self.count += 1;
        self.count
    }
}

/// JSON of Mattermost's, with the texts that orders and answers need.
fn blob(name: &str, n: i64) -> String {
    match name {
        "config_json" => format!(
            r#"{{ "TeamSettings":{{"SiteName":"site {n}" ,"MaxUsersPerTeam":{n}}},  "Unknown":[1.50,null] }}"#
        ),
        "notification_json" => format!(
            r#"{{ "subject":"subject {n}", "title":"title {n}","subtitle":"subtitle {n}","message_html":"<b>{n}</b>","message_text":"text {n}",
"button_text":"button {n}","button_url":"http://localhost/{n}","footer_text":"footer {n}","post_id":"post","is_direct_message":true }}"#
        ),
        _ => format!(r#"{{ "{name}":{n},"list" :[1.50, null] }}"#),
    }
}

/// Messages that JSON writes as plain values.
fn is_plain(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use fake_interpreters::testee::hooks;
    use plugin_proto::method::Form;
    use plugin_proto::reflect;

    use crate::plugin_run::evidence::{difference, surplus};

    #[test]
    fn requests_survive_the_wire_and_are_the_sum_of_their_parts() {
        for hook in hooks() {
            let whole = request(hook);
            let wire = reflect::from_json(hook, Form::Request, &whole).unwrap();
            let again = reflect::to_json(hook, Form::Request, &wire).unwrap();
            assert_eq!(difference(&whole, &again, ""), None, "{}", hook.name);
            assert_eq!(surplus(&whole, &again, ""), None, "{}", hook.name);
            let parts = parts(hook);
            let paths: usize = parts.iter().map(leaves).sum();
            assert_eq!(
                paths,
                leaves(&whole) + 4 * (parts.len() - 1),
                "{}: the context is in every part",
                hook.name
            );
            assert!(
                parts.iter().all(|part| part.to_string().len() < 3_500),
                "{}",
                hook.name
            );
        }
    }

    #[test]
    fn no_two_texts_or_numbers_of_a_request_are_alike() {
        for hook in hooks() {
            let mut seen = BTreeSet::new();
            let mut message = request(hook);
            message["context"] = Value::Null;
            distinct(&message, &mut seen);
        }
    }

    #[test]
    fn responses_fill_every_field_but_those_that_refuse() {
        let hook = |name| plugin_proto::find_hook(name).unwrap();
        let answer = response(hook("OnSharedChannelsSyncMsg"));
        assert_eq!(answer["response"].as_object().unwrap().len(), 10);
        assert!(answer.get("error").is_none());
        let answer = response(hook("FileWillBeUploaded"));
        assert_eq!(answer.as_object().unwrap().len(), 2);
        let answer = response(hook("ExecuteCommand"));
        assert!(answer["response"]["attachments"][1]["text"].is_string());
    }

    fn leaves(value: &Value) -> usize {
        match value {
            Value::Array(values) => values.iter().map(leaves).sum(),
            Value::Object(fields) => fields.values().map(leaves).sum(),
            _ => 1,
        }
    }

    fn distinct(value: &Value, seen: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| distinct(value, seen)),
            // What stands inside a Struct is the same everywhere, but for its number.
            Value::Object(fields) if fields.contains_key("half") => {}
            Value::Object(fields) => fields.values().for_each(|value| distinct(value, seen)),
            Value::String(text) if !text.contains("_TYPE_") => {
                assert!(seen.insert(text.clone()), "{text}");
            }
            Value::Number(number) => assert!(seen.insert(number.to_string()), "{number}"),
            _ => {}
        }
    }
}
