//! What a hook's message says: the text that may hold an order, and the fields that the handler sees.

use plugin_proto::method::Form;
use plugin_proto::pb::{
    ExecuteCommandRequest, MessageHasBeenPostedRequest, MessageWillBePostedRequest,
    UserWillLogInRequest,
};
use plugin_proto::{Method, reflect};
use prost::Message;
use serde_json::{Map, Value};
use tonic::Status;

/// One call as a handler sees it.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) method: &'static Method,
    pub(super) text: String,
    pub(super) body: Body,
}

/// The message, where more than its text matters for the answer.
#[derive(Clone, Debug)]
pub(super) enum Body {
    WillBePosted(Box<MessageWillBePostedRequest>),
    HasBeenPosted(Box<MessageHasBeenPostedRequest>),
    Command(Box<ExecuteCommandRequest>),
    Login(Box<UserWillLogInRequest>),
    Other(bytes::Bytes),
}

impl Input {
    /// Reads the message of a hook that a testee has.
    pub(super) fn read(method: &'static Method, message: &bytes::Bytes) -> Result<Self, Status> {
        let body = match method.name {
            "MessageWillBePosted" => Body::WillBePosted(Box::new(decode(method, message)?)),
            "MessageHasBeenPosted" => Body::HasBeenPosted(Box::new(decode(method, message)?)),
            "ExecuteCommand" => Body::Command(Box::new(decode(method, message)?)),
            "UserWillLogIn" => Body::Login(Box::new(decode(method, message)?)),
            _ => Body::Other(message.clone()),
        };
        let mut input = Self {
            method,
            text: String::new(),
            body,
        };
        input.text = input.text_field().cloned().unwrap_or_default();
        Ok(input)
    }

    /// The same call with another text.
    pub(super) fn with_text(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.text = change(&self.text);
        let text = self.text.clone();
        if let Some(field) = self.text_field() {
            *field = text;
        }
        self
    }

    fn text_field(&mut self) -> Option<&mut String> {
        match &mut self.body {
            Body::WillBePosted(request) => request.post.as_mut().map(|post| &mut post.message),
            Body::HasBeenPosted(request) => request.post.as_mut().map(|post| &mut post.message),
            Body::Command(request) => request.args.as_mut().map(|args| &mut args.command),
            Body::Login(request) => request.user.as_mut().map(|user| &mut user.username),
            Body::Other(_) => None,
        }
    }

    /// Whether the hook's answer has a text that can hold what an order asked for.
    pub(super) fn has_room(&self) -> bool {
        matches!(
            self.body,
            Body::WillBePosted(_) | Body::Command(_) | Body::Login(_)
        )
    }

    /// The fields that a handler sees, in proto field names. The RequestContext is not among them: SDKs keep it to
    /// themselves. Hooks without any other field need no descriptor, which keeps the first hooks fast.
    pub(super) fn saw(&self) -> Map<String, Value> {
        let wire = match &self.body {
            Body::WillBePosted(request) => request.encode_to_vec(),
            Body::HasBeenPosted(request) => request.encode_to_vec(),
            Body::Command(request) => request.encode_to_vec(),
            Body::Login(request) => request.encode_to_vec(),
            Body::Other(wire) if has_fields(self.method.name) => wire.to_vec(),
            Body::Other(_) => return Map::new(),
        };
        match reflect::to_json(self.method, Form::Request, &wire) {
            Ok(Value::Object(mut fields)) => {
                fields.remove("context");
                fields
            }
            _ => Map::new(),
        }
    }
}

/// False for the hooks whose message is a RequestContext and nothing else.
fn has_fields(hook: &str) -> bool {
    !matches!(
        hook,
        "OnActivate" | "OnDeactivate" | "OnConfigurationChange"
    )
}

fn decode<M: Message + Default>(method: &Method, message: &bytes::Bytes) -> Result<M, Status> {
    M::decode(message.clone())
        .map_err(|error| Status::internal(format!("{} does not decode: {error}", method.request)))
}
