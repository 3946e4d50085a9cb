//! Messages of the API made from the descriptor alone: requests that are empty, filled, of extremes, drawn at random, and those that ask
//! for what does not exist; answers with something in every field. Pure; it judges nothing.

use plugin_proto::{Method, reflect};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use crate::rng::Rng;

/// An id that nothing has.
pub const UNKNOWN: &str = "unknownunknownunknownunkno";

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// No field at all.
    Empty,
    /// Each field, with something plain.
    Filled,
    /// Each field, with the longest, greatest and strangest that it can hold.
    Extreme,
    /// Some fields, with anything.
    Random,
    /// Ids, and those of nothing.
    Unknown,
}

impl Draw {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Draw::Empty => "an empty request",
            Draw::Filled => "a filled request",
            Draw::Extreme => "a request of extremes",
            Draw::Random => "a random request",
            Draw::Unknown => "a request with ids of nothing",
        }
    }

    /// The bytes of a request.
    pub fn request(self, method: &Method, rng: &mut Rng) -> bytes::Bytes {
        let Some(message) = reflect::pool().get_message_by_name(method.request) else {
            return bytes::Bytes::new();
        };
        self.message(&message, rng, 0).encode_to_vec().into()
    }

    /// The bytes of an answer without an error.
    pub fn answer(self, method: &Method, rng: &mut Rng) -> bytes::Bytes {
        let Some(message) = reflect::pool().get_message_by_name(method.response) else {
            return bytes::Bytes::new();
        };
        let mut made = self.message(&message, rng, 0);
        made.clear_field_by_name("error");
        made.encode_to_vec().into()
    }

    fn message(self, message: &MessageDescriptor, rng: &mut Rng, depth: usize) -> DynamicMessage {
        let mut made = DynamicMessage::new(message.clone());
        for field in message.fields() {
            let skipped = match self {
                Draw::Empty => true,
                Draw::Random => rng.below(2) == 0,
                // What has to be there is, so that it is the id that is refused.
                Draw::Unknown => !(is_asked_for(&field) || depth == 0 && is_one_message(&field)),
                Draw::Filled | Draw::Extreme => false,
            };
            // A message that holds itself ends at some depth.
            if skipped || depth > DEEPEST && field.kind().as_message().is_some() {
                continue;
            }
            let value = self.field(&field, rng, depth);
            made.set_field(&field, value);
        }
        made
    }

    fn field(self, field: &FieldDescriptor, rng: &mut Rng, depth: usize) -> Value {
        let many = match self {
            Draw::Random => rng.below(4),
            Draw::Extreme => 3,
            _ => 2,
        };
        if let (true, Some(entry)) = (field.is_map(), field.kind().as_message()) {
            let of = entry.map_entry_value_field();
            let entries = (0..many).map(|at| {
                let value = self.one(&of, rng, depth);
                (MapKey::String(format!("key-{at}")), value)
            });
            return Value::Map(entries.collect());
        }
        if field.is_list() {
            return Value::List((0..many).map(|_| self.one(field, rng, depth)).collect());
        }
        self.one(field, rng, depth)
    }

    fn one(self, field: &FieldDescriptor, rng: &mut Rng, depth: usize) -> Value {
        match field.kind() {
            Kind::Message(message) if message.full_name() == "google.protobuf.Value" => {
                // A value of no kind cannot be written as JSON.
                let mut value = DynamicMessage::new(message);
                value.set_field_by_name("string_value", Value::String(self.text(field, rng)));
                Value::Message(value)
            }
            Kind::Message(message) => Value::Message(self.message(&message, rng, depth + 1)),
            Kind::String => Value::String(self.text(field, rng)),
            Kind::Bytes => Value::Bytes(self.bytes(rng)),
            Kind::Bool => Value::Bool(self != Draw::Random || rng.below(2) == 0),
            Kind::Double => Value::F64(1e300),
            Kind::Float => Value::F32(1e30),
            Kind::Enum(values) => Value::EnumNumber(self.enum_number(&values, rng)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.narrow(rng)),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.narrow(rng).unsigned_abs()),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.wide(rng).unsigned_abs()),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.wide(rng)),
        }
    }

    fn text(self, field: &FieldDescriptor, rng: &mut Rng) -> String {
        match self {
            // A new one each time: what one method keeps for an id, another would find.
            Draw::Unknown => (0..26)
                .map(|_| char::from(b'a' + rng.next().to_le_bytes()[0] % 26))
                .collect(),
            Draw::Extreme => format!("{}\u{0}\u{1f600}", field.name()).repeat(LONG / 16),
            Draw::Random => TEXTS[rng.below(TEXTS.len())].to_owned(),
            Draw::Empty | Draw::Filled => format!("{} \u{e9}", field.name()),
        }
    }

    fn bytes(self, rng: &mut Rng) -> bytes::Bytes {
        let length = match self {
            Draw::Extreme => LONG,
            Draw::Random => rng.below(64),
            _ => 4,
        };
        // Never JSON, so that no configuration is replaced by one that has no plugins in it.
        let bytes: Vec<u8> = (0..length)
            .map(|at| {
                if at == 0 {
                    0xff
                } else {
                    rng.next().to_le_bytes()[0]
                }
            })
            .collect();
        bytes.into()
    }

    fn narrow(self, rng: &mut Rng) -> i32 {
        match self {
            Draw::Extreme => i32::MAX,
            Draw::Random => [0, 1, -1, 7, 200, i32::MAX, i32::MIN][rng.below(7)],
            _ => 2,
        }
    }

    fn wide(self, rng: &mut Rng) -> i64 {
        match self {
            Draw::Extreme => i64::MIN,
            Draw::Random => [0, 1, -1, 7, 1_700_000_000_000, i64::MAX, i64::MIN][rng.below(7)],
            _ => 2,
        }
    }

    fn enum_number(self, values: &prost_reflect::EnumDescriptor, rng: &mut Rng) -> i32 {
        let known: Vec<i32> = values.values().map(|value| value.number()).collect();
        match self {
            Draw::Extreme => 99,
            Draw::Random => known[rng.below(known.len())],
            _ => known.last().copied().unwrap_or_default(),
        }
    }
}

/// How deep a message in a message goes.
const DEEPEST: usize = 3;
/// How long what is long is, in bytes.
const LONG: usize = 20_000;

/// Texts of every sort.
const TEXTS: [&str; 12] = [
    "",
    "a",
    UNKNOWN,
    "ffffffffffffffffffffffffff",
    "UPPER lower",
    "..",
    "/plugin/../x",
    "%00%ff",
    "\u{0}\u{1}\u{7f}",
    "\u{1f600}\u{fe0f}\u{202e}",
    "true",
    "{\"a\":[1,2,{\"b\":null}]}",
];

/// Whether a field holds one message.
fn is_one_message(field: &FieldDescriptor) -> bool {
    field.kind().as_message().is_some() && !field.is_list() && !field.is_map()
}

/// Whether a field asks for something by its id, or holds what does.
fn is_asked_for(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::String => is_id(field),
        Kind::Message(message) => !field.is_map() && message.fields().any(|field| is_id(&field)),
        _ => false,
    }
}

/// Whether a field is the id of something that has to be there.
fn is_id(field: &FieldDescriptor) -> bool {
    let name = field.name();
    let text = matches!(field.kind(), Kind::String);
    text && (matches!(name, "id" | "user_id_1" | "user_id_2")
        || name.ends_with("_id")
        || name.ends_with("_ids"))
}

/// Whether a method takes an id of something.
pub fn takes_ids(method: &Method) -> bool {
    let message = reflect::pool().get_message_by_name(method.request);
    message.is_some_and(|message| message.fields().any(|field| is_asked_for(&field)))
}

/// Whether an answer of a method holds nothing: it is a list, a count or a yes, and says that there is none.
pub fn is_empty(method: &Method, answer: &serde_json::Value) -> bool {
    let message = reflect::pool().get_message_by_name(method.response);
    let plain = message.is_some_and(|message| {
        let mut results = message
            .fields()
            .filter(|field| field.name() != "error")
            .peekable();
        results.peek().is_some() && results.all(|field| is_countable(&field))
    });
    plain && holds_nothing(answer)
}

/// A list, a map, a number, a yes or no, or a message that is made of these.
fn is_countable(field: &FieldDescriptor) -> bool {
    let listed = field.is_list() || field.is_map();
    listed
        || match field.kind() {
            Kind::String | Kind::Bytes | Kind::Enum(_) => false,
            Kind::Message(message) => message
                .fields()
                .all(|inner| inner.is_list() || inner.is_map() || is_plain(&inner)),
            _ => true,
        }
}

fn is_plain(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(_) | Kind::Bytes | Kind::Enum(_) => false,
        // A list says where it goes on, statistics whose they are.
        Kind::String => field.name().ends_with("_id"),
        _ => true,
    }
}

fn holds_nothing(answer: &serde_json::Value) -> bool {
    match answer {
        serde_json::Value::Array(list) => list.is_empty(),
        serde_json::Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| name.ends_with("_id") || holds_nothing(value)),
        serde_json::Value::Number(number) => number.as_f64() == Some(0.0),
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Bool(yes) => !yes,
        serde_json::Value::Null => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::{API, Form};

    #[test]
    fn every_request_is_one_of_its_method() {
        let mut rng = Rng::new(1);
        for method in API {
            for draw in [
                Draw::Empty,
                Draw::Filled,
                Draw::Extreme,
                Draw::Random,
                Draw::Unknown,
            ] {
                let bytes = draw.request(method, &mut rng);
                let json = reflect::to_json(method, Form::Request, &bytes);
                assert!(json.is_ok(), "{} {draw:?}: {json:?}", method.name);
                assert_eq!(draw == Draw::Empty, bytes.is_empty() && draw == Draw::Empty);
            }
        }
    }

    #[test]
    fn a_filled_request_has_every_field() {
        let mut rng = Rng::new(1);
        for method in API {
            let message = reflect::pool().get_message_by_name(method.request).unwrap();
            let bytes = Draw::Filled.request(method, &mut rng);
            let made = DynamicMessage::decode(message.clone(), bytes).unwrap();
            for field in message.fields() {
                assert!(made.has_field(&field), "{}.{}", method.name, field.name());
            }
        }
    }

    #[test]
    fn a_filled_answer_is_no_error_and_says_that_there_is_something() {
        for method in API {
            let bytes = Draw::Filled.answer(method, &mut Rng::new(1));
            let json = reflect::to_json(method, Form::Response, &bytes).unwrap();
            assert_eq!(json.get("error"), None, "{}", method.name);
            assert!(!is_empty(method, &json), "{}: {json}", method.name);
        }
    }

    #[test]
    fn ids_are_seen_where_they_stand() {
        let takes = |name: &str| takes_ids(plugin_proto::find_api(name).unwrap());
        assert!(takes("GetUser") && takes("CreatePost") && takes("GetUsersByIds"));
        assert!(!takes("KVSet") && !takes("GetServerVersion") && !takes("SearchTeams"));
        let empty = |name: &str, answer: serde_json::Value| {
            is_empty(plugin_proto::find_api(name).unwrap(), &answer)
        };
        assert!(empty("GetUsersInTeam", serde_json::json!({})));
        assert!(empty(
            "GetTeamStats",
            serde_json::json!({"team_stats": {"team_id": "x"}})
        ));
        assert!(empty(
            "GetPostsForChannel",
            serde_json::json!({"post_list": {}})
        ));
        assert!(!empty(
            "GetUsersInTeam",
            serde_json::json!({"users": [{"id": "x"}]})
        ));
        assert!(
            !empty("GetUser", serde_json::json!({})) && !empty("DeletePost", serde_json::json!({}))
        );
    }
}
