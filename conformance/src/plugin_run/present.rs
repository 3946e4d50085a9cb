//! Messages in which everything is there that can be there or not, and is empty: whoever takes absent for empty changes them. Pure.

use plugin_proto::Method;
use plugin_proto::reflect::pool;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// A message of that name; an empty object if nothing in it can be there or not.
pub fn message(name: &str) -> Value {
    let message = pool().get_message_by_name(name);
    Value::Object(message.map_or_else(Map::new, |message| fields(&message, &mut Vec::new())))
}

/// A method's response, without an error.
pub fn response(method: &Method) -> Value {
    let mut response = message(method.response);
    if let Some(fields) = response.as_object_mut() {
        fields.remove("error");
    }
    response
}

fn fields(message: &MessageDescriptor, inside: &mut Vec<MessageDescriptor>) -> Map<String, Value> {
    inside.push(message.clone());
    let mut filled = Map::new();
    for field in message.fields() {
        if let Some(value) = value(&field, inside) {
            filled.insert(field.name().to_owned(), value);
        }
    }
    inside.pop();
    filled
}

/// What the field has when it is there and empty; nothing for fields that have no presence of their own.
fn value(field: &FieldDescriptor, inside: &mut Vec<MessageDescriptor>) -> Option<Value> {
    if field.is_list() || field.is_map() || !field.supports_presence() {
        return None;
    }
    Some(match field.kind() {
        Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => json!({}),
        Kind::Message(message) if message.package_name() == "google.protobuf" => {
            // Wrappers are written as what they wrap; of others JSON has no empty form.
            let wrapped = message.get_field_by_name("value")?;
            zero(&wrapped.kind()).filter(|_| message.fields().len() == 1)?
        }
        Kind::Message(message) if inside.contains(&message) => return None,
        Kind::Message(message) => Value::Object(fields(&message, inside)),
        kind => zero(&kind)?,
    })
}

fn zero(kind: &Kind) -> Option<Value> {
    Some(match kind {
        Kind::Message(_) => return None,
        Kind::Bool => false.into(),
        Kind::String | Kind::Bytes => "".into(),
        Kind::Enum(values) => values.default_value().name().into(),
        Kind::Float | Kind::Double => 0.0.into(),
        _ => 0.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::{API, Form, find_api, reflect};

    use crate::plugin_run::evidence::difference;

    #[test]
    fn what_is_there_stays_there_on_the_wire() {
        let mut some = 0;
        for method in API {
            for (form, message) in [
                (Form::Request, message(method.request)),
                (Form::Response, response(method)),
            ] {
                let wire = reflect::from_json(method, form, &message).unwrap();
                let again = reflect::to_json(method, form, &wire).unwrap();
                assert_eq!(difference(&message, &again, ""), None, "{}", method.name);
                some += usize::from(message != json!({}));
            }
        }
        assert!(some > 100, "{some}");
    }

    #[test]
    fn what_can_be_absent_is_there_at_any_depth() {
        let patch = message(find_api("PatchBot").unwrap().request);
        assert_eq!(patch["bot_patch"]["display_name"], "");
        let post = response(find_api("GetPost").unwrap());
        assert_eq!(post["post"]["remote_id"], "");
        assert!(post["post"]["metadata"].is_object());
        assert!(post.get("error").is_none());
    }
}
