//! What a hook's message says: the text that may hold an order, and the fields that the handler sees.

use bytes::Bytes;
use plugin_proto::method::Form;
use plugin_proto::pb::OnActivateRequest;
use plugin_proto::{Method, reflect};
use prost::Message as _;
use serde_json::{Map, Value};
use tonic::Status;

use super::place;

/// One call as a handler sees it.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) method: &'static Method,
    /// The text that may be an order.
    pub(super) text: String,
    /// The message in its JSON form. The RequestContext is not part of it: SDKs keep it to themselves.
    pub(super) fields: Value,
    /// The id of the request, which errors repeat.
    pub(super) request_id: String,
}

impl Input {
    /// Reads a hook's message. Hooks without any field of their own need no descriptor, which keeps the first hooks fast.
    pub(super) fn read(method: &'static Method, message: &Bytes) -> Result<Self, Status> {
        let undecodable = |error: &dyn std::fmt::Display| {
            Status::internal(format!("{} does not decode: {error}", method.request))
        };
        // All requests have their context in the same place.
        let context = OnActivateRequest::decode(message.clone())
            .map_err(|error| undecodable(&error))?
            .context
            .unwrap_or_default();
        let mut fields = Value::Object(Map::new());
        if has_fields(method.name) {
            fields = reflect::to_json(method, Form::Request, message)
                .map_err(|error| undecodable(&error))?;
        }
        if let Some(fields) = fields.as_object_mut() {
            fields.remove("context");
        }
        let text = place::of(method.name).and_then(|place| place::read(&fields, place));
        Ok(Self {
            method,
            text: text.unwrap_or_default(),
            fields,
            request_id: context.request_id,
        })
    }

    /// The same call with another text.
    pub(super) fn with_text(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.text = change(&self.text);
        if let Some(place) = place::of(self.method.name)
            && place::read(&self.fields, place).is_some()
        {
            place::write(&mut self.fields, place, &self.text);
        }
        self
    }

    /// A text of the message, or none.
    pub(super) fn text_at(&self, path: &str) -> &str {
        place::find(&self.fields, path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// False for the hooks whose message is a RequestContext and nothing else.
fn has_fields(hook: &str) -> bool {
    !matches!(
        hook,
        "OnActivate" | "OnDeactivate" | "OnConfigurationChange" | "OnSendDailyTelemetry"
    )
}
