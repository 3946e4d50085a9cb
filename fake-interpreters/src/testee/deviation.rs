//! The faults by which a handler sees something else than the host sent. Pure.

use serde_json::{Value, json};

use super::input::Input;
use super::place;
use crate::base64;
use crate::fault::Fault;

/// Fields that never reach the handler.
const LOST: &[(Fault, &[&str])] = &[
    (
        Fault::PostMetadataLost,
        &[
            "post.metadata",
            "new_post.metadata",
            "old_post.metadata",
            "posts.0.metadata",
        ],
    ),
    (Fault::FileContentLost, &["file_content"]),
    (Fault::ReactionTimeLost, &["reaction.create_at"]),
    (Fault::PushSenderLost, &["push_notification.sender_name"]),
    (Fault::UserMapsLost, &["user.notify_props"]),
    (Fault::ActorLost, &["actor"]),
    (Fault::WebSocketDataLost, &["request.data"]),
    (Fault::ClusterOptionsLost, &["remote_cluster.options"]),
    (Fault::LimitsLost, &["limits"]),
    (Fault::PluginContextLost, &["plugin_context.user_agent"]),
    (Fault::HttpHostLost, &["host"]),
];

/// Fields of bytes that are not always text.
const BYTES: &[&str] = &["file_content", "event.data"];

/// The input as the handler of a testee with this fault sees it.
pub(super) fn deviate(fault: Option<Fault>, mut input: Input) -> Input {
    let Some(fault) = fault else {
        return input;
    };
    let lost = LOST.iter().filter(|(of, _)| *of == fault);
    for path in lost.flat_map(|(_, paths)| *paths) {
        remove(&mut input.fields, path);
    }
    let fields = &mut input.fields;
    match fault {
        Fault::TextMangled => {
            return input.with_text(|text| text.replace(|c: char| !c.is_ascii(), "?"));
        }
        Fault::TextTruncated => return input.with_text(|text| first_kib(text).to_owned()),
        Fault::BytesAsText => {
            for path in BYTES {
                if let Some(bytes) = place::find(fields, path).and_then(Value::as_str) {
                    let bytes = base64::decode(bytes).unwrap_or_default();
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    *place::make(fields, path) = base64::encode(text.as_bytes()).into();
                }
            }
        }
        Fault::AbsentIsEmpty if input.method.name.starts_with("UserHas") => {
            let member = fields.get("channel_member").or(fields.get("team_member"));
            if member.is_some() && fields.get("actor").is_none() {
                fields["actor"] = json!({});
            }
        }
        Fault::HttpQueryLost => {
            if let Some(uri) = fields.get_mut("request_uri")
                && let Some((path, _)) = uri.as_str().unwrap_or_default().split_once('?')
            {
                *uri = path.into();
            }
        }
        Fault::HttpUnknownLengthLost if fields.get("content_length") == Some(&json!(-1)) => {
            fields["content_length"] = json!(0);
        }
        Fault::ZeroLimitLost => each(fields, "", &mut |name, value| {
            if ["active", "history", "total_storage"].contains(&name) && *value == json!(0) {
                *value = Value::Null;
            }
        }),
        Fault::ListsReversed => each(fields, "", &mut |_, value| {
            if let Some(list) = value.as_array_mut() {
                list.reverse();
            }
        }),
        Fault::NumbersAsDoubles => each(fields, "", &mut |_, value| {
            if let Some(number) = value.as_i64() {
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    reason = "the loss is the fault"
                )]
                let rounded = number as f64 as i64;
                *value = rounded.into();
            }
        }),
        Fault::AstralLost => each(fields, "", &mut |_, value| {
            if let Some(text) = value.as_str() {
                *value = text.replace(|c: char| c > '\u{ffff}', "\u{fffd}").into();
            }
        }),
        Fault::StructListsLost => each(fields, "", &mut |name, value| {
            if name == "list" && value.is_array() {
                *value = Value::Null;
            }
        }),
        _ => {}
    }
    input
}

fn remove(message: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = if parent.is_empty() {
        Some(message)
    } else if place::find(message, parent).is_some() {
        Some(place::make(message, parent))
    } else {
        None
    };
    if let Some(fields) = parent.and_then(Value::as_object_mut) {
        fields.remove(name);
    }
}

/// Shows every value with the name that it has, or that its list has.
fn each(value: &mut Value, name: &str, change: &mut dyn FnMut(&str, &mut Value)) {
    change(name, value);
    match value {
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| each(value, name, change)),
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, value)| each(value, name, change)),
        _ => {}
    }
}

/// As much of the text as fits into 1,024 bytes.
fn first_kib(text: &str) -> &str {
    let end = (0..=text.len().min(1024))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}
