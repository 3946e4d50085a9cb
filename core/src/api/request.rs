//! What every request of the API has to be, whatever its method does with it; read off the descriptor. Pure.
//!
//! A message that a method is about has to be there, an enum has to have a value that is known, a text and a list have their limits. What
//! breaks a rule is answered in band, with method, field and rule. Whether an id exists, or a name is allowed, is the backend's affair;
//! bytes that do not decode are the decoder's.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use bytes::{Buf as _, Bytes};
use plugin_proto::pb::AppError;
use plugin_proto::{API, Method, reflect};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};

/// Id of the error for a request that breaks one of these rules.
pub const INVALID: &str = "plugin.api.invalid_request.app_error";
/// Longest text, in bytes.
pub const LONGEST_TEXT: usize = 4 << 20;
/// Longest list, in entries.
pub const LONGEST_LIST: usize = 100_000;

/// Messages that a method does without: its own rule is another, or absent means empty.
const OPTIONAL: &[(&str, &str)] = &[
    ("CreateDefaultSyncableMemberships", "params"),
    ("GetBots", "options"),
    ("GetFileInfos", "options"),
    ("GetGroups", "opts"),
    ("GetGroups", "view_restrictions"),
    ("GetUsers", "view_restrictions"),
    ("KVSetWithOptions", "options"),
    ("LogAuditRec", "record"),
    ("LogAuditRecWithLevel", "record"),
    ("PublishPluginClusterEvent", "opts"),
    ("PublishWebSocketEvent", "broadcast"),
    ("PublishWebSocketEvent", "payload"),
    ("SearchPostsInTeamForUser", "search_params"),
    ("SearchPropertyFields", "opts"),
    ("SearchPropertyValues", "opts"),
    ("UpdateUserCustomStatus", "custom_status"),
];

/// What one message has to be.
#[derive(Default)]
struct Rules {
    required: Vec<(u32, String)>,
    enums: BTreeMap<u32, (String, Vec<i32>)>,
    nested: BTreeMap<u32, (String, Rules)>,
}

/// What a rule was broken by.
struct Broken {
    field: String,
    rule: String,
}

/// Checks a request.
///
/// # Errors
/// With the error for the caller, naming method, field and rule.
pub fn check(method: &Method, message: &Bytes) -> Result<(), Box<AppError>> {
    static RULES: OnceLock<HashMap<&'static str, Rules>> = OnceLock::new();
    let all = RULES.get_or_init(|| API.iter().map(|row| (row.name, Rules::of(row))).collect());
    let Some(rules) = all.get(method.name) else {
        return Ok(());
    };
    let mut checked = rules.check(message, "");
    if checked.is_ok() && message.len() > LONGEST_LIST {
        checked = check_sizes(method, message);
    }
    checked.map_err(|Broken { field, rule }| {
        Box::new(AppError {
            id: INVALID.to_owned(),
            message: format!("{}: {field} {rule}.", method.name),
            detailed_error: format!("method={} field={field}", method.name),
            status_code: 400,
            r#where: method.name.to_owned(),
            ..AppError::default()
        })
    })
}

impl Rules {
    fn of(method: &Method) -> Self {
        let request = reflect::pool().get_message_by_name(method.request);
        let request = request.expect("the descriptor has the messages of each of its methods");
        let mut rules = Self::of_enums(&request, &mut Vec::new());
        for field in request.fields() {
            let optional = OPTIONAL.contains(&(method.name, field.name()));
            if field.kind().as_message().is_some()
                && !field.is_list()
                && !field.is_map()
                && !optional
            {
                let required = (field.number(), field.name().to_owned());
                rules.required.push(required);
            }
        }
        rules
    }

    fn of_enums(message: &MessageDescriptor, above: &mut Vec<MessageDescriptor>) -> Self {
        let mut rules = Self::default();
        above.push(message.clone());
        for field in message.fields() {
            match field.kind() {
                Kind::Enum(kind) => {
                    let known = kind.values().map(|value| value.number()).collect();
                    rules
                        .enums
                        .insert(field.number(), (field.name().to_owned(), known));
                }
                Kind::Message(inner) if !field.is_map() && !above.contains(&inner) => {
                    let inner = Self::of_enums(&inner, above);
                    if !inner.enums.is_empty() || !inner.nested.is_empty() {
                        rules
                            .nested
                            .insert(field.number(), (field.name().to_owned(), inner));
                    }
                }
                _ => {}
            }
        }
        above.pop();
        rules
    }

    fn check(&self, message: &Bytes, above: &str) -> Result<(), Broken> {
        if self.required.is_empty() && self.enums.is_empty() && self.nested.is_empty() {
            return Ok(());
        }
        let mut missing: Vec<_> = self.required.iter().collect();
        let mut rest = message.clone();
        while rest.has_remaining() {
            // What does not decode is not judged here.
            let Ok((tag, wire_type)) = decode_key(&mut rest) else {
                return Ok(());
            };
            missing.retain(|(number, _)| *number != tag);
            match wire_type {
                WireType::Varint => {
                    let Ok(value) = decode_varint(&mut rest) else {
                        return Ok(());
                    };
                    self.check_enum(tag, value, above)?;
                }
                WireType::LengthDelimited => {
                    let length = decode_varint(&mut rest).map(usize::try_from);
                    let Ok(Ok(length)) = length else {
                        return Ok(());
                    };
                    if length > rest.len() {
                        return Ok(());
                    }
                    let inner = rest.split_to(length);
                    if let Some((name, rules)) = self.nested.get(&tag) {
                        rules.check(&inner, &format!("{above}{name}."))?;
                    }
                }
                wire_type => {
                    if skip_field(wire_type, tag, &mut rest, DecodeContext::default()).is_err() {
                        return Ok(());
                    }
                }
            }
        }
        missing.first().map_or(Ok(()), |(_, name)| {
            Err(Broken {
                field: format!("{above}{name}"),
                rule: "is missing".to_owned(),
            })
        })
    }

    fn check_enum(&self, tag: u32, value: u64, above: &str) -> Result<(), Broken> {
        let Some((name, known)) = self.enums.get(&tag) else {
            return Ok(());
        };
        // As the decoder takes it: the lowest 32 bits.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "enums are 32 bits on the wire"
        )]
        let value = value as i32;
        if known.contains(&value) {
            return Ok(());
        }
        Err(Broken {
            field: format!("{above}{name}"),
            rule: format!("has the unknown value {value}"),
        })
    }
}

fn check_sizes(method: &Method, message: &Bytes) -> Result<(), Broken> {
    let request = reflect::pool().get_message_by_name(method.request);
    let decoded = request.map(|request| DynamicMessage::decode(request, message.clone()));
    match decoded {
        Some(Ok(decoded)) => sizes_of(&decoded, ""),
        _ => Ok(()),
    }
}

fn sizes_of(message: &DynamicMessage, above: &str) -> Result<(), Broken> {
    for (field, value) in message.fields() {
        size_of(value, &format!("{above}{}", field.name()))?;
    }
    Ok(())
}

fn size_of(value: &Value, field: &str) -> Result<(), Broken> {
    let too_many = |length: usize| {
        (length > LONGEST_LIST).then(|| Broken {
            field: field.to_owned(),
            rule: format!("has {length} entries, but at most {LONGEST_LIST} are taken"),
        })
    };
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => Err(Broken {
            field: field.to_owned(),
            rule: format!(
                "has {} bytes, but at most {LONGEST_TEXT} are taken",
                text.len()
            ),
        }),
        Value::Message(inner) if is_free_form(inner) => Ok(()),
        Value::Message(inner) => sizes_of(inner, &format!("{field}.")),
        Value::List(list) => match too_many(list.len()) {
            Some(broken) => Err(broken),
            None => list.iter().try_for_each(|value| size_of(value, field)),
        },
        Value::Map(map) => match too_many(map.len()) {
            Some(broken) => Err(broken),
            None => map.values().try_for_each(|value| size_of(value, field)),
        },
        _ => Ok(()),
    }
}

/// JSON may nest deeply, and what it may be is up to the method.
fn is_free_form(message: &DynamicMessage) -> bool {
    message.descriptor().package_name() == "google.protobuf"
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::{Form, find_api};
    use rstest::rstest;
    use serde_json::json;

    fn broken(method: &str, request: &serde_json::Value) -> Option<String> {
        let method = find_api(method).unwrap();
        let request = reflect::from_json(method, Form::Request, request).unwrap();
        let error = check(method, &request).err()?;
        assert_eq!((error.id.as_str(), error.status_code), (INVALID, 400));
        assert_eq!(error.r#where, method.name);
        Some(error.message)
    }

    #[rstest]
    #[case::missing("CreatePost", json!({}), "CreatePost: post is missing.")]
    #[case::missing_beside("PatchBot", json!({"bot_user_id": "x"}), "PatchBot: bot_patch is missing.")]
    #[case::unknown("CreateChannel", json!({"channel": {"type": 9}}), "CreateChannel: channel.type has the unknown value 9.")]
    #[case::negative("UpdateTeam", json!({"team": {"type": -1}}), "UpdateTeam: team.type has the unknown value -1.")]
    #[case::long_text(
        "CreatePost", json!({"post": {"message": "x".repeat(LONGEST_TEXT + 1)}}),
        "CreatePost: post.message has 4194305 bytes, but at most 4194304 are taken."
    )]
    #[case::long_list(
        "GetUsersByIds", json!({"user_ids": vec!["x"; LONGEST_LIST + 1]}),
        "GetUsersByIds: user_ids has 100001 entries, but at most 100000 are taken."
    )]
    fn refused(#[case] method: &str, #[case] request: serde_json::Value, #[case] message: &str) {
        assert_eq!(broken(method, &request).as_deref(), Some(message));
    }

    #[rstest]
    #[case::empty_message("CreatePost", json!({"post": {}}))]
    #[case::optional("GetBots", json!({}))]
    #[case::own_rule("UpdateUserCustomStatus", json!({}))]
    #[case::known("CreateChannel", json!({"channel": {"type": "CHANNEL_TYPE_GROUP"}}))]
    #[case::longest("CreatePost", json!({"post": {"message": "x".repeat(LONGEST_TEXT)}}))]
    #[case::any_bytes("KVSet", json!({"key": "k", "value": "eHh4".repeat(LONGEST_TEXT)}))]
    fn taken(#[case] method: &str, #[case] request: serde_json::Value) {
        assert_eq!(broken(method, &request), None);
    }

    #[test]
    fn what_is_optional_exists() {
        for (method, field) in OPTIONAL {
            let method = find_api(method).unwrap();
            let request = reflect::pool().get_message_by_name(method.request).unwrap();
            let field = request.get_field_by_name(field).expect(field);
            assert!(field.kind().as_message().is_some());
        }
    }

    #[test]
    fn garbage_is_left_to_the_decoder() {
        let method = find_api("CreatePost").unwrap();
        for garbage in [&b"\x0a\xff"[..], b"\xff\xff\xff", b"\x0b"] {
            assert!(check(method, &Bytes::from_static(garbage)).is_ok());
        }
    }
}
