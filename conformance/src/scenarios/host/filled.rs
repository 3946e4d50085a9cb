//! Messages with every field filled, made from the descriptor, and how two messages differ. It judges nothing.

use plugin_proto::reflect;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// `{"a":1}`: bytes that are JSON, too, because many such fields hold some.
const JSON_BYTES: &str = "eyJhIjoxfQ==";

/// What no plugin is told, by message.
const SECRETS: [(&str, &[&str]); 2] = [
    ("User", &["password", "mfa_secret", "auth_data"]),
    ("RemoteCluster", &["token", "remote_token"]),
];

/// A message in which every field has a value of its own, in proto field names. Messages that hold themselves end at the second.
pub(super) fn filled(name: &str) -> Value {
    fill(name, &|_, _| false)
}

/// The same without the fields that are secret.
pub(super) fn filled_without_secrets(name: &str) -> Value {
    fill(name, &is_secret)
}

/// The paths of the secret fields that a message holds.
pub(super) fn secrets(name: &str, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(message) = reflect::pool().get_message_by_name(name) {
        look(&message, value, "", &mut found);
    }
    found
}

/// How a message differs from what it should be, by path; a field with its default value is one that is not there.
pub(super) fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, got, "", &mut found);
    found
}

type Skip<'a> = &'a dyn Fn(&MessageDescriptor, &FieldDescriptor) -> bool;

fn is_secret(message: &MessageDescriptor, field: &FieldDescriptor) -> bool {
    let secret = SECRETS.iter().find(|(name, _)| *name == message.name());
    secret.is_some_and(|(_, fields)| fields.contains(&field.name()))
}

fn fill(name: &str, skip: Skip<'_>) -> Value {
    let message = reflect::pool().get_message_by_name(name);
    let value = message.map_or(Value::Null, |message| {
        object(&message, name, &mut Vec::new(), skip)
    });
    // What the wire makes of it: defaults, numbers and names of enum values in their one form.
    let wire = reflect::message_from_json(name, &value);
    wire.and_then(|wire| reflect::message_to_json(name, &wire))
        .unwrap_or(value)
}

fn object(
    message: &MessageDescriptor,
    path: &str,
    within: &mut Vec<String>,
    skip: Skip<'_>,
) -> Value {
    let name = message.full_name();
    match name {
        "google.protobuf.Struct" => {
            return json!({"text": path, "list": [1.5, true, null, {"x": "y"}]});
        }
        "google.protobuf.Value" => return json!(path),
        _ if name.starts_with("google.protobuf.") => return json!(7),
        _ => {}
    }
    within.push(name.to_owned());
    let mut fields = Map::new();
    for field in message.fields() {
        let holds_itself = field
            .kind()
            .as_message()
            .is_some_and(|inner| within.iter().any(|outer| outer == inner.full_name()));
        if holds_itself || skip(message, &field) {
            continue;
        }
        let path = format!("{path}.{}", field.name());
        fields.insert(
            field.name().to_owned(),
            several(&field, &path, within, skip),
        );
    }
    within.pop();
    Value::Object(fields)
}

fn several(field: &FieldDescriptor, path: &str, within: &mut Vec<String>, skip: Skip<'_>) -> Value {
    if field.is_map()
        && let Some(entry) = field.kind().as_message()
    {
        let value = one(&entry.map_entry_value_field(), path, within, skip);
        return json!({ "key": value });
    }
    if field.is_list() {
        let items = [0, 1].map(|at| one(field, &format!("{path}[{at}]"), within, skip));
        return Value::from(items.to_vec());
    }
    one(field, path, within, skip)
}

fn one(field: &FieldDescriptor, path: &str, within: &mut Vec<String>, skip: Skip<'_>) -> Value {
    let number = field.number();
    match field.kind() {
        Kind::Message(inner) => object(&inner, path, within, skip),
        Kind::String => json!(format!("{path} \u{e9}\u{1f600}")),
        Kind::Bytes => json!(JSON_BYTES),
        Kind::Bool => json!(true),
        Kind::Float | Kind::Double => json!(f64::from(number) + 0.5),
        Kind::Enum(values) => json!(values.values().last().map(|value| value.number())),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
            json!(1_700_000_000_000_u64 + u64::from(number))
        }
        _ => json!(100 + number),
    }
}

fn look(message: &MessageDescriptor, value: &Value, path: &str, found: &mut Vec<String>) {
    for field in message.fields() {
        let value = &value[field.name()];
        if value.is_null() {
            continue;
        }
        let path = format!("{path}.{}", field.name());
        if is_secret(message, &field) {
            found.push(path);
        } else if let (Kind::Message(inner), false) = (field.kind(), field.is_map()) {
            let items = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            for item in items {
                look(&inner, item, &path, found);
            }
        }
    }
}

fn compare(expected: &Value, got: &Value, path: &str, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for name in expected
                .keys()
                .chain(got.keys().filter(|name| !expected.contains_key(*name)))
            {
                let of =
                    |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                compare(&of(expected), &of(got), &format!("{path}.{name}"), found);
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (at, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(expected, got, &format!("{path}[{at}]"), found);
            }
        }
        _ if expected == got => {}
        _ => found.push(format!("{path}: {expected} became {got}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::HOOKS;

    #[test]
    fn every_field_of_every_hook_is_filled() {
        for hook in HOOKS {
            for name in [hook.request, hook.response] {
                let message = reflect::pool().get_message_by_name(name).unwrap();
                let value = filled(name);
                for field in message.fields() {
                    assert!(!value[field.name()].is_null(), "{name}.{}", field.name());
                }
            }
        }
    }

    #[test]
    fn secrets_are_found_where_they_are() {
        let name = "mattermost.pluginapi.v1.OnSharedChannelsProfileImageSyncMsgRequest";
        assert_eq!(secrets(name, &filled(name)).len(), 5);
        assert_eq!(secrets(name, &filled_without_secrets(name)), [""; 0]);
        let name = "mattermost.pluginapi.v1.MessageWillBePostedRequest";
        assert_eq!(secrets(name, &filled(name)).len(), 6);
        let lost = differences(&filled(name), &filled_without_secrets(name));
        assert_eq!(lost.len(), 6, "{lost:?}");
    }

    #[test]
    fn differences_are_named_by_path() {
        let expected = json!({"a": {"b": [1, 2]}, "c": "x"});
        assert_eq!(differences(&expected, &expected), [""; 0]);
        let got = json!({"a": {"b": [1, 3]}, "d": true});
        assert_eq!(
            differences(&expected, &got),
            [
                ".a.b[1]: 2 became 3",
                ".c: \"x\" became null",
                ".d: null became true"
            ]
        );
    }
}
