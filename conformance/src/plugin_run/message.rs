//! The messages of hooks with an order in them. Pure.

use plugin_proto::hook;
use plugin_proto::method::{Form, Method, Rpc};
use plugin_proto::pb;
use plugin_proto::reflect;
use prost::Message as _;
use serde_json::Value;
use tonic::Status;

use crate::case::words::Words as _;

/// A hook's request that carries an order in one of its own texts, as TESTEE.md's table says.
pub trait Orderable: Rpc {
    /// A request with this text in that place, and all else as a host would send it.
    fn ordering(text: String) -> Self::Request;
}

impl Orderable for hook::MessageWillBePosted {
    fn ordering(text: String) -> Self::Request {
        pb::MessageWillBePostedRequest {
            context: context(),
            plugin_context: plugin_context(),
            post: Some(post(text)),
        }
    }
}

impl Orderable for hook::MessageWillBeUpdated {
    fn ordering(text: String) -> Self::Request {
        let old_post = Some(pb::Post {
            message: "as it was before".to_owned(),
            ..post(String::new())
        });
        pb::MessageWillBeUpdatedRequest {
            context: context(),
            plugin_context: plugin_context(),
            new_post: Some(post(text)),
            old_post,
        }
    }
}

impl Orderable for hook::MessageHasBeenPosted {
    fn ordering(text: String) -> Self::Request {
        pb::MessageHasBeenPostedRequest {
            context: context(),
            plugin_context: plugin_context(),
            post: Some(post(text)),
        }
    }
}

impl Orderable for hook::ExecuteCommand {
    fn ordering(text: String) -> Self::Request {
        let args = pb::CommandArgs {
            user_id: "u".repeat(26),
            channel_id: "c".repeat(26),
            team_id: "t".repeat(26),
            trigger_id: "trigger".to_owned(),
            command: text,
            site_url: "http://localhost:8065".to_owned(),
            ..pb::CommandArgs::default()
        };
        pb::ExecuteCommandRequest {
            context: context(),
            plugin_context: plugin_context(),
            args: Some(args),
        }
    }
}

impl Orderable for hook::UserWillLogIn {
    fn ordering(text: String) -> Self::Request {
        pb::UserWillLogInRequest {
            context: context(),
            plugin_context: plugin_context(),
            user: Some(user(text)),
        }
    }
}

/// A request as the JSON that evidence is compared with.
pub fn as_json<R: Rpc>(request: &R::Request) -> Value {
    let wire = request.encode_to_vec();
    reflect::to_json(R::METHOD, Form::Request, &wire).unwrap_or(Value::Null)
}

/// An answer in words: its JSON, or what came in its place.
pub fn answered<R: Rpc>(answer: &Result<R::Response, Status>) -> String {
    match answer {
        Ok(answer) => in_words::<R>(answer),
        Err(status) => status.words(),
    }
}

/// What a hook answered, as JSON.
pub fn in_words<R: Rpc>(answer: &R::Response) -> String {
    let wire = answer.encode_to_vec();
    match reflect::to_json(R::METHOD, Form::Response, &wire) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("an answer that has no JSON: {error}"),
    }
}

/// A post with every kind of field in it.
pub fn post(message: String) -> pb::Post {
    pb::Post {
        id: "p".repeat(26),
        create_at: 1_700_000_000_123,
        update_at: 1_700_000_000_456,
        is_pinned: true,
        user_id: "u".repeat(26),
        channel_id: "c".repeat(26),
        root_id: "r".repeat(26),
        message,
        r#type: "custom_conformance".to_owned(),
        props: Some(properties()),
        hashtags: "#one #two".to_owned(),
        file_ids: vec!["f".repeat(26), "g".repeat(26)],
        pending_post_id: "pending:1".to_owned(),
        remote_id: Some("remote".to_owned()),
        reply_count: 3,
        ..pb::Post::default()
    }
}

/// A user with every kind of field in it.
pub fn user(username: String) -> pb::User {
    pb::User {
        id: "u".repeat(26),
        create_at: 1_700_000_000_123,
        username,
        email: "someone@example.com".to_owned(),
        email_verified: true,
        nickname: "Zoë".to_owned(),
        roles: "system_user".to_owned(),
        locale: "fr".to_owned(),
        ..pb::User::default()
    }
}

/// Plain and nested values, text outside ASCII among them.
/// The most bytes of a message that the timeline shows decoded.
const DECODED: usize = 4_096;

/// A message on the wire as the timeline shows it: in its JSON form, or its size where it is large or no such message.
pub fn on_the_wire(hook: &Method, form: Form, bytes: &[u8]) -> String {
    if bytes.len() <= DECODED
        && let Ok(json) = reflect::to_json(hook, form, bytes)
    {
        return json.to_string();
    }
    format!("{} bytes", bytes.len())
}

fn properties() -> prost_types::Struct {
    use prost_types::value::Kind;
    let value = |kind| prost_types::Value { kind: Some(kind) };
    let inner = prost_types::Struct {
        fields: [("deep".to_owned(), value(Kind::BoolValue(true)))]
            .into_iter()
            .collect(),
    };
    let fields = [
        (
            "from".to_owned(),
            value(Kind::StringValue("Größe 大きさ".to_owned())),
        ),
        ("count".to_owned(), value(Kind::NumberValue(42.5))),
        ("nothing".to_owned(), value(Kind::NullValue(0))),
        ("inner".to_owned(), value(Kind::StructValue(inner))),
    ];
    prost_types::Struct {
        fields: fields.into_iter().collect(),
    }
}

fn context() -> Option<pb::RequestContext> {
    Some(pb::RequestContext {
        plugin_id: "com.example.conformance".to_owned(),
        request_id: "request".to_owned(),
        session_id: "session".to_owned(),
        user_id: "u".repeat(26),
    })
}

fn plugin_context() -> Option<pb::PluginContext> {
    Some(pb::PluginContext {
        session_id: "session".to_owned(),
        request_id: "request".to_owned(),
        ip_address: "192.0.2.7".to_owned(),
        accept_language: "fr-CH".to_owned(),
        user_agent: "conformance".to_owned(),
    })
}
