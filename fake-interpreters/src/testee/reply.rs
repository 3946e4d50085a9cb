//! What each hook answers, given how its handler came out: by the shape of the hook's answer, in its JSON form.
//!
//! A failure is answered in band: as an AppError where the answer has one, as a rejection where the hook may reject, with the
//! posts as they came, and not at all where the hook is a notification.

use bytes::Bytes;
use plugin_proto::method::{Form, Shape};
use plugin_proto::pb::AppError;
use plugin_proto::reflect;
use serde_json::{Map, Value, json};
use tonic::Status;

use super::input::Input;
use super::place;
use crate::base64;
use crate::fault::Fault;
use crate::serve::in_band;

/// The reason by which a post is dropped without a word to its author (Mattermost `plugin/hooks.go`).
const DISMISS: &str = "plugin.message_will_be_posted.dismiss_post";
/// What `modify` appends.
const MODIFIED: &str = " [modified]";

/// The field of the answer that holds the modified object, and the field of the message that the object comes from.
const MODIFIABLE: &[(&str, &str, &str)] = &[
    ("ConfigurationWillBeSaved", "modified_config", "new_config"),
    ("MessageWillBePosted", "modified_post", "post"),
    ("MessageWillBeUpdated", "modified_post", "new_post"),
    ("MessagesWillBeConsumed", "posts", "posts"),
    ("FileWillBeUploaded", "modified_file_info", "file_info"),
    (
        "NotificationWillBePushed",
        "modified_notification",
        "push_notification",
    ),
];

/// The texts of an e-mail, in the answer and in the JSON of the notification.
const EMAIL: &[(&str, &str)] = &[
    ("subject", "subject"),
    ("title", "title"),
    ("sub_title", "subtitle"),
    ("message_html", "message_html"),
    ("message_text", "message_text"),
    ("button_text", "button_text"),
    ("button_url", "button_url"),
    ("footer_text", "footer_text"),
];

/// How a handler came out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Allowed,
    Modified,
    Rejected(String),
    Dismissed,
    Failed(String),
    /// What came of a call of the API or a look at the environment.
    Told(Value),
    /// The answer itself, in its JSON form.
    Answered(Value),
}

/// One hook call that is about to be answered.
struct Reply<'a> {
    input: &'a Input,
    outcome: &'a Outcome,
    fault: Option<Fault>,
}

/// The answer of this hook.
pub(super) fn reply(
    input: &Input,
    outcome: &Outcome,
    fault: Option<Fault>,
) -> Result<Bytes, Status> {
    let name = input.method.name;
    if let Outcome::Failed(why) = outcome {
        let as_status = match fault {
            Some(Fault::ErrorAsStatus) => true,
            Some(Fault::ActivateErrorAsStatus) => name == "OnActivate",
            Some(Fault::TimeoutAsStatus) => why.contains("timed out"),
            _ => false,
        };
        if as_status {
            return Err(Status::unknown(format!(
                "Exception calling application: {why}"
            )));
        }
    }
    if fault == Some(Fault::ModifyFails) && *outcome == Outcome::Modified {
        return Err(Status::internal("the answer cannot be serialized"));
    }
    let reply = Reply {
        input,
        outcome,
        fault,
    };
    let mut answer = match input.method.shape {
        Shape::Notify => return Ok(Bytes::new()),
        Shape::Fallible => {
            if let Some(why) = reply.refusal()
                && let Some(error) = reply.error(why)
            {
                return Ok(in_band(error));
            }
            reply.result()
        }
        Shape::Filter => reply.filter(),
        Shape::Transform => reply.posts(),
        Shape::Query => reply.health(),
        Shape::Stream | Shape::Api => return Err(Status::unimplemented(name)),
    };
    reply.deviate(&mut answer);
    if answer == json!({}) {
        return Ok(Bytes::new());
    }
    reflect::from_json(input.method, Form::Response, &answer)
        .map_err(|error| Status::internal(error.to_string()))
}

impl Reply<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn name(&self) -> &'static str {
        self.input.method.name
    }

    /// Why a fallible hook fails. A command that is rejected responds with the reason.
    fn refusal(&self) -> Option<&str> {
        match self.outcome {
            Outcome::Failed(why) => Some(why),
            Outcome::Rejected(why) if self.name() != "ExecuteCommand" => {
                Some(why.as_str()).filter(|_| !self.has(Fault::RefusalLost))
            }
            _ => None,
        }
    }

    /// The error in band, if the fault leaves one.
    fn error(&self, why: &str) -> Option<AppError> {
        let mut error = AppError {
            id: format!("plugin.{}.error", snake_case(self.name())),
            message: why.to_owned(),
            status_code: 500,
            r#where: self.name().to_owned(),
            request_id: self.input.request_id.clone(),
            ..AppError::default()
        };
        match (self.fault, self.name()) {
            (Some(Fault::ActivateErrorSwallowed), "OnActivate")
            | (Some(Fault::DeactivateErrorSwallowed), "OnDeactivate")
            | (Some(Fault::ConfigurationErrorSwallowed), "OnConfigurationChange")
            | (Some(Fault::CommandErrorSwallowed), "ExecuteCommand")
            | (Some(Fault::SamlErrorSwallowed), "OnSAMLLogin") => return None,
            (Some(Fault::ActivateErrorTextLost), "OnActivate")
            | (Some(Fault::ErrorTextLost), _) => {
                error.message = "An error occurred.".to_owned();
            }
            (Some(Fault::ActivateErrorWhereWrong), "OnActivate") => {
                error.r#where = "OnDeactivate".to_owned();
            }
            (Some(Fault::ActivateErrorIdEmpty), "OnActivate") => error.id = String::new(),
            (Some(Fault::ErrorCodeZero), _) => error.status_code = 0,
            (Some(Fault::RequestIdLost), _) => error.request_id = String::new(),
            _ => {}
        }
        Some(error)
    }

    /// What a fallible hook gives besides its error.
    fn result(&self) -> Value {
        if let Outcome::Answered(answer) = self.outcome {
            return answer.clone();
        }
        match self.name() {
            "ExecuteCommand" => {
                let mut text = self.input.text_at("args.command").to_owned();
                match self.outcome {
                    Outcome::Rejected(why) => text.clone_from(why),
                    Outcome::Modified => text.push_str(MODIFIED),
                    Outcome::Told(told) => text = told.to_string(),
                    _ => {}
                }
                if self.has(Fault::CommandResponseLost) {
                    return json!({});
                }
                json!({ "response": { "response_type": "ephemeral", "text": text } })
            }
            "ConfigurationWillBeSaved" if *self.outcome == Outcome::Modified => self.modified(),
            _ => json!({}),
        }
    }

    fn filter(&self) -> Value {
        let rejected = |reason: &str| json!({ "rejection_reason": reason });
        match self.outcome {
            Outcome::Allowed if self.has(Fault::AllowRejects) => rejected("rejected by plugin"),
            Outcome::Allowed => json!({}),
            Outcome::Rejected(_)
                if self.has(Fault::RejectDropped)
                    || (self.has(Fault::LoginRejectDropped) && self.name() == "UserWillLogIn") =>
            {
                json!({})
            }
            Outcome::Rejected(_) if self.has(Fault::RejectTextLost) => {
                rejected("rejected by plugin")
            }
            Outcome::Rejected(why) => rejected(why),
            Outcome::Dismissed if self.has(Fault::DismissDropped) => json!({}),
            Outcome::Dismissed if self.has(Fault::DismissAltered) => {
                rejected("plugin.message_will_be_posted.dismissed")
            }
            Outcome::Dismissed => rejected(DISMISS),
            Outcome::Failed(_) if self.has(Fault::ErrorAllows) => json!({}),
            Outcome::Failed(_) if self.has(Fault::ErrorTextLost) => rejected("Plugin error"),
            Outcome::Failed(why) => rejected(&format!("Plugin error: {why}")),
            Outcome::Told(told) => rejected(&told.to_string()),
            Outcome::Modified => self.modified(),
            Outcome::Answered(answer) => answer.clone(),
        }
    }

    fn posts(&self) -> Value {
        let mut posts = self.input.fields.get("posts").cloned().unwrap_or(json!([]));
        match self.outcome {
            Outcome::Answered(answer) => return answer.clone(),
            Outcome::Failed(_) if self.has(Fault::ConsumedFailureEmpty) => return json!({}),
            Outcome::Allowed if self.has(Fault::ConsumedUnchangedEmpty) => return json!({}),
            Outcome::Modified if !self.has(Fault::ConsumedChangeLost) => return self.modified(),
            Outcome::Dismissed if !self.has(Fault::ConsumedRemovalLost) => {
                if let Some(posts) = posts.as_array_mut().filter(|posts| !posts.is_empty()) {
                    posts.remove(0);
                }
            }
            _ => {}
        }
        json!({ "posts": posts })
    }

    fn health(&self) -> Value {
        let healthy = match self.outcome {
            Outcome::Answered(answer) => return answer.clone(),
            Outcome::Failed(_) => self.has(Fault::PingFailureHealthy),
            Outcome::Rejected(_) => false,
            _ => !self.has(Fault::PingUnhealthy),
        };
        if healthy {
            json!({ "healthy": true })
        } else {
            json!({})
        }
    }

    /// The object with the order's text changed, whole.
    fn modified(&self) -> Value {
        if self.has(Fault::ModifyDropped) {
            return json!({});
        }
        let mut fields = self.input.fields.clone();
        let mut text = format!("{}{MODIFIED}", self.input.text);
        if self.has(Fault::ModifyCutsText) {
            text.pop();
        }
        if let Some(place) = place::of(self.name()) {
            place::write(&mut fields, place, &text);
        }
        if self.name() == "EmailNotificationWillBeSent" {
            return json!({ "modified_content": self.email(&fields) });
        }
        let Some((_, to, from)) = MODIFIABLE.iter().find(|(hook, ..)| *hook == self.name()) else {
            return json!({});
        };
        let mut answer = json!({ (*to): fields[*from] });
        if self.name() == "FileWillBeUploaded" && !self.has(Fault::FileContentKept) {
            let mut content =
                base64::decode(self.input.text_at("file_content")).unwrap_or_default();
            content.extend(MODIFIED.as_bytes());
            answer["modified_content"] = base64::encode(&content).into();
        }
        answer
    }

    fn email(&self, fields: &Value) -> Value {
        let json = place::find(fields, "email_notification.notification_json")
            .and_then(Value::as_str)
            .and_then(base64::decode)
            .unwrap_or_default();
        let notification: Value = serde_json::from_slice(&json).unwrap_or_default();
        let mut texts: Map<String, Value> = EMAIL
            .iter()
            .filter_map(|(to, from)| Some(((*to).to_owned(), notification.get(*from)?.clone())))
            .collect();
        if self.has(Fault::EmailSubtitleLost) {
            texts.remove("sub_title");
        }
        texts.into()
    }

    /// The faults of an answer that is complete.
    fn deviate(&self, answer: &mut Value) {
        let Some(fields) = answer.as_object_mut() else {
            return;
        };
        match self.fault {
            Some(Fault::ModifyDropsProps) => fields.values_mut().for_each(|object| {
                if let Some(object) = object.as_object_mut() {
                    object.remove("props");
                }
            }),
            Some(Fault::ModifyDropsFields) if *self.outcome == Outcome::Modified => {
                fields.values_mut().for_each(|object| {
                    if let Some(object) = object.as_object_mut() {
                        object.retain(|name, _| ["message", "name", "subject"].contains(&&**name));
                    }
                });
            }
            Some(Fault::ModifyRejects) if *self.outcome == Outcome::Modified => {
                fields.insert("rejection_reason".to_owned(), "modified".into());
            }
            Some(Fault::AnswerFieldsLost) if matches!(self.outcome, Outcome::Answered(_)) => {
                for (_, object) in fields.iter_mut() {
                    drop_last(object);
                }
            }
            Some(Fault::SupportFilesCut) => {
                if let Some(files) = fields.get_mut("files").and_then(Value::as_array_mut) {
                    files.truncate(1);
                }
            }
            Some(Fault::SuccessWithError)
                if self.input.method.has_error && self.name() != "OnActivate" =>
            {
                fields.insert("error".to_owned(), json!({}));
            }
            _ => {}
        }
    }
}

/// Takes the last field from an object or from all objects of a list; a plain value becomes nothing.
fn drop_last(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(last) = fields.keys().next_back().cloned() {
                fields.remove(&last);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(drop_last),
        value => *value = Value::Null,
    }
}

/// `OnActivate` as `on_activate`, `OnSAMLLogin` as `on_saml_login`.
pub(super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let follows_small = at > 0 && !letters[at - 1].is_ascii_uppercase();
        let begins_word = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if at > 0 && letter.is_ascii_uppercase() && (follows_small || begins_word) {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_errors_are_in_snake_case() {
        for (name, expect) in [
            ("OnActivate", "on_activate"),
            ("OnSAMLLogin", "on_saml_login"),
            ("ServeHTTP", "serve_http"),
            ("RunDataRetention", "run_data_retention"),
        ] {
            assert_eq!(snake_case(name), expect);
        }
    }
}
