//! What an answer makes of the request it answers: the rule of each effect. Pure.
//!
//! All is done on the bytes, so that fields that only the plugin and the caller know are not lost in between.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use plugin_proto::{HOOKS, Method, reflect};
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Map, Value};

use crate::hooks::refill;
use crate::hooks::table::{Effect, Row};
use crate::hooks::wire::{self, WireError};
use crate::policy::Consumed;

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum EffectError {
    /// A message does not decode.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A changed configuration that is none.
    #[error("the modified configuration is no JSON object: {0}")]
    Configuration(serde_json::Error),
    /// A notification into which nothing can be written.
    #[error("the e-mail notification is no JSON object: {0}")]
    Email(serde_json::Error),
}

/// What is known about a hook's messages.
struct Messages {
    /// Fields of the answer that replace fields of the request: number in the answer, number in the request, kind.
    pairs: Vec<(u32, u32, Carried)>,
    rejection: Option<u32>,
    request: MessageDescriptor,
    answer: MessageDescriptor,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    Message,
    /// From which secrets were taken out.
    Post,
    Bytes,
}

/// The reason in an answer that rejects.
pub(super) fn rejection(hook: &Method, answer: &Bytes) -> Result<Option<String>, WireError> {
    let Some(number) = messages(hook).rejection else {
        return Ok(None);
    };
    let reason = wire::scalar(answer, number)?;
    let reason = String::from_utf8(reason.into()).map_err(|_| WireError)?;
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

/// Whether an answer that decodes can be unusable all the same, because of the JSON in it.
pub(super) fn may_fail(row: &Row) -> bool {
    matches!(row.effect, Effect::Configuration | Effect::Email)
}

/// The request with what the answer changes; `None` if that is nothing.
pub(super) fn apply(
    row: &Row,
    consumed: Consumed,
    request: &Bytes,
    answer: &Bytes,
) -> Result<Option<Bytes>, EffectError> {
    let messages = messages(row.hook);
    match row.effect {
        Effect::Plain => Ok(messages.replace(request, answer)?),
        Effect::File => messages.replace_file(request, answer),
        Effect::Configuration => messages.replace_configuration(request, answer),
        Effect::Email => messages.write_email(request, answer),
        Effect::Posts => messages.replace_posts(consumed, request, answer),
    }
}

impl Messages {
    fn of(hook: &Method) -> Self {
        let message = |name: &str| {
            let message = reflect::pool().get_message_by_name(name);
            message.expect("the descriptor has the messages of each of its methods")
        };
        let (request, answer) = (message(hook.request), message(hook.response));
        let pairs = answer.fields().filter_map(|field| {
            let name = field.name().strip_prefix("modified_")?;
            let replaced = request
                .fields()
                .find(|other| other.kind() == field.kind() && other.name().ends_with(name))?;
            let carried = match field.kind().as_message() {
                Some(message) if message.name() == "Post" => Carried::Post,
                Some(_) => Carried::Message,
                None => Carried::Bytes,
            };
            Some((field.number(), replaced.number(), carried))
        });
        let rejection = answer.get_field_by_name("rejection_reason");
        Self {
            pairs: pairs.collect(),
            rejection: rejection.map(|field| field.number()),
            request,
            answer,
        }
    }

    /// Puts each replacement in the place of what it replaces.
    fn replace(&self, request: &Bytes, answer: &Bytes) -> Result<Option<Bytes>, WireError> {
        let mut changed = None;
        for (from, to, carried) in &self.pairs {
            let value = match carried {
                Carried::Message => wire::message(answer, *from)?,
                Carried::Post => match wire::message(answer, *from)? {
                    Some(post) => {
                        let asked = wire::message(request, *to)?.unwrap_or_default();
                        Some(refill::post(&asked, post)?)
                    }
                    None => None,
                },
                Carried::Bytes => {
                    Some(wire::scalar(answer, *from)?).filter(|value| !value.is_empty())
                }
            };
            if let Some(value) = value {
                let so_far = changed.as_ref().unwrap_or(request);
                changed = Some(wire::with(so_far, *to, &[value])?);
            }
        }
        Ok(changed)
    }

    /// New content has a new size, also if the plugin did not count it. Content cannot become empty: on the wire that is no content.
    fn replace_file(&self, request: &Bytes, answer: &Bytes) -> Result<Option<Bytes>, EffectError> {
        let Some(changed) = self.replace(request, answer)? else {
            return Ok(None);
        };
        let content = wire::scalar(answer, number(&self.answer, "modified_content"))?;
        if content.is_empty() {
            return Ok(Some(changed));
        }
        let info = field(&self.request, "file_info");
        let size = info.kind().as_message().map(|info| number(info, "size"));
        let size = size.expect("a file's description is a message");
        let described = wire::message(&changed, info.number())?.unwrap_or_default();
        let described = wire::with_number(&described, size, content.len() as u64)?;
        Ok(Some(wire::with(&changed, info.number(), &[described])?))
    }

    /// A configuration without text is no configuration, so the old one stays.
    fn replace_configuration(
        &self,
        request: &Bytes,
        answer: &Bytes,
    ) -> Result<Option<Bytes>, EffectError> {
        let modified = field(&self.answer, "modified_config");
        let Some(wrapper) = wire::message(answer, modified.number())? else {
            return Ok(None);
        };
        let json = modified
            .kind()
            .as_message()
            .map(|config| number(config, "config_json"));
        let json = wire::scalar(&wrapper, json.expect("a configuration is a message"))?;
        if json.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(&json)
            .map_err(EffectError::Configuration)?;
        Ok(self.replace(request, answer)?)
    }

    /// The texts replace those of the notification as a whole, an empty text too; who gets what about which post stays.
    fn write_email(&self, request: &Bytes, answer: &Bytes) -> Result<Option<Bytes>, EffectError> {
        let modified = field(&self.answer, "modified_content");
        let Some(content) = wire::message(answer, modified.number())? else {
            return Ok(None);
        };
        let notification = field(&self.request, "email_notification");
        let wrapper = wire::message(request, notification.number())?.unwrap_or_default();
        let json = notification
            .kind()
            .as_message()
            .map(|inner| number(inner, "notification_json"));
        let json = json.expect("a notification is a message");
        let text = wire::scalar(&wrapper, json)?;
        let mut texts: Map<String, Value> =
            serde_json::from_slice(&text).map_err(EffectError::Email)?;
        let fields = modified.kind();
        for field in fields
            .as_message()
            .into_iter()
            .flat_map(MessageDescriptor::fields)
        {
            let value = wire::scalar(&content, field.number())?;
            let value = String::from_utf8(value.into()).map_err(|_| WireError)?;
            // The one name that JSON and wire do not share.
            let key = if field.name() == "sub_title" {
                "subtitle"
            } else {
                field.name()
            };
            if value.is_empty() {
                texts.shift_remove(key);
            } else {
                texts.insert(key.to_owned(), value.into());
            }
        }
        let text = Value::Object(texts).to_string();
        let wrapper = wire::with(&wrapper, json, &[text.into()])?;
        Ok(Some(wire::with(
            request,
            notification.number(),
            &[wrapper],
        )?))
    }

    fn replace_posts(
        &self,
        consumed: Consumed,
        request: &Bytes,
        answer: &Bytes,
    ) -> Result<Option<Bytes>, EffectError> {
        let asked = field(&self.request, "posts");
        let given = wire::values(request, asked.number())?;
        let answered = wire::values(answer, number(&self.answer, "posts"))?;
        let id = asked.kind().as_message().map(|post| number(post, "id"));
        let id = id.expect("a post is a message");
        let answered = refilled(&given, answered, id)?;
        let posts = match consumed {
            Consumed::AnswerIsAll => answered,
            Consumed::ReplaceById => by_id(&given, answered, id)?,
        };
        if posts == given {
            return Ok(None);
        }
        Ok(Some(wire::with(request, asked.number(), &posts)?))
    }
}

/// The answers, each with the secrets of the post that has its id.
fn refilled(given: &[Bytes], answered: Vec<Bytes>, id: u32) -> Result<Vec<Bytes>, WireError> {
    let mut asked = BTreeMap::new();
    for post in given {
        asked.insert(wire::scalar(post, id)?, post);
    }
    let refill = |post: Bytes| match asked.get(&wire::scalar(&post, id)?) {
        Some(asked) => refill::post(asked, post),
        None => Ok(post),
    };
    answered.into_iter().map(refill).collect()
}

/// The posts, each with the last answer of its id in its place. A post that nobody asked about replaces nothing.
fn by_id(given: &[Bytes], answered: Vec<Bytes>, id: u32) -> Result<Vec<Bytes>, WireError> {
    let mut replacements = BTreeMap::new();
    for post in answered {
        replacements.insert(wire::scalar(&post, id)?, post);
    }
    given
        .iter()
        .map(|post| {
            let replaced = replacements.get(&wire::scalar(post, id)?);
            Ok(replaced.unwrap_or(post).clone())
        })
        .collect()
}

fn messages(hook: &Method) -> &'static Messages {
    static ALL: OnceLock<Vec<Messages>> = OnceLock::new();
    &ALL.get_or_init(|| HOOKS.iter().map(Messages::of).collect())[hook.index]
}

fn field(message: &MessageDescriptor, name: &str) -> FieldDescriptor {
    let field = message.get_field_by_name(name);
    field.expect("the pinned contract has the field")
}

fn number(message: &MessageDescriptor, name: &str) -> u32 {
    field(message, name).number()
}
