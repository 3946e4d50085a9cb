//! From Mattermost's JSON to a message: walks the document along the shapes.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prost_reflect::{DynamicMessage, MapKey, Value as Wire};
use serde_json::Value;

use super::error::{Dropped, Fault, ModelError, start_of};
use super::path::Path;
use super::table::{self, Field, Form, Item, Shape, Slot};
use super::{MAX_DEPTH, Strictness, structure};

/// One document on its way.
pub(super) struct Reader {
    model: String,
    strictness: Strictness,
    pub(super) dropped: Vec<Dropped>,
}

impl Reader {
    pub(super) fn new(model: &str, strictness: Strictness) -> Self {
        Self {
            model: model.to_owned(),
            strictness,
            dropped: Vec::new(),
        }
    }

    fn refuse<T>(&self, at: &Path<'_>, fault: Fault) -> Result<T, ModelError> {
        Err(ModelError::new(&self.model, at, fault))
    }

    /// What stands here has no place on the wire: the end of a strict reader, a line in the report of a lenient one.
    pub(super) fn lose(&mut self, at: &Path<'_>, fault: Fault) -> Result<(), ModelError> {
        match self.strictness {
            Strictness::Strict => self.refuse(at, fault),
            Strictness::Lenient => {
                let path = at.to_string();
                self.dropped.push(Dropped { path, fault });
                Ok(())
            }
        }
    }

    /// Nesting has a bound.
    pub(super) fn within(&self, at: &Path<'_>) -> Result<(), ModelError> {
        if at.depth() > MAX_DEPTH {
            return self.refuse(at, Fault::TooDeep { limit: MAX_DEPTH });
        }
        Ok(())
    }

    fn mismatch<T>(
        &self,
        expected: &'static str,
        found: &Value,
        at: &Path<'_>,
    ) -> Result<T, ModelError> {
        let found = kind_of(found);
        self.refuse(at, Fault::Type { expected, found })
    }

    pub(super) fn array<'j>(
        &self,
        json: &'j Value,
        at: &Path<'_>,
    ) -> Result<&'j [Value], ModelError> {
        match json {
            Value::Array(values) => Ok(values),
            _ => self.mismatch("a list", json, at),
        }
    }

    fn text<'j>(&self, json: &'j Value, at: &Path<'_>) -> Result<&'j str, ModelError> {
        match json {
            Value::String(text) => Ok(text),
            _ => self.mismatch("a text", json, at),
        }
    }

    fn flag(&self, json: &Value, at: &Path<'_>) -> Result<bool, ModelError> {
        match json {
            Value::Bool(flag) => Ok(*flag),
            _ => self.mismatch("true or false", json, at),
        }
    }

    fn integer(&self, json: &Value, at: &Path<'_>) -> Result<i64, ModelError> {
        match json {
            Value::Number(number) if number.is_f64() => self.mismatch("a whole number", json, at),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Ok(integer),
                None => self.refuse(at, range(number, "int64")),
            },
            _ => self.mismatch("a whole number", json, at),
        }
    }

    /// A message from the object that stands here.
    pub(super) fn object(
        &mut self,
        shape: &Shape,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<DynamicMessage, ModelError> {
        self.within(at)?;
        let Value::Object(object) = json else {
            return self.mismatch("an object", json, at);
        };
        let mut message = DynamicMessage::new(shape.descriptor().clone());
        let name = || shape.descriptor().name().to_owned();
        for (key, json) in object {
            let at = at.key(key);
            if let Some(field) = shape.field_of(key) {
                if let Some(value) = self.field(field, json, &at)? {
                    message.set_field(&field.descriptor, value);
                }
            } else if !shape.lacks().iter().any(|lack| lack.key == key) {
                self.lose(&at, Fault::UnknownKey { message: name() })?;
            } else if !says_nothing(json) {
                self.lose(&at, Fault::NotCarried { message: name() })?;
            }
        }
        Ok(message)
    }

    /// What the field holds then; `None` leaves it unset.
    fn field(
        &mut self,
        field: &Field,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<Option<Wire>, ModelError> {
        if json.is_null() {
            return Ok(None);
        }
        let value = match field.form {
            Form::Same => return self.same(field, json, at),
            Form::Object if json.is_object() => return self.slot(&field.slot, json, at),
            Form::Object => {
                let message = field.descriptor.parent_message().name().to_owned();
                self.lose(at, Fault::NotCarried { message })?;
                return Ok(None);
            }
            Form::Decimal => Wire::String(self.integer(json, at)?.to_string()),
            Form::IsTime => Wire::Bool(self.integer(json, at)? != 0),
            Form::OneText => match self.text(json, at)? {
                "" => return Ok(None),
                text => Wire::List(vec![Wire::String(text.to_owned())]),
            },
            Form::ListOfOne => return self.one_of(field, json, at),
            Form::Is(word) => match self.flag(json, at)? {
                true => Wire::String(word.to_owned()),
                false => return Ok(None),
            },
            Form::WireOnly => unreachable!("fields of the wire alone have no key"),
        };
        Ok(Some(value))
    }

    fn same(
        &mut self,
        field: &Field,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<Option<Wire>, ModelError> {
        let value = self.slot(&field.slot, json, at)?;
        // Mattermost's zero is the wire's absence where Mattermost has no other way to say it.
        Ok(value.filter(|_| !(field.loses_presence() && says_nothing(json))))
    }

    /// The first text of a list: the wire has no room for more, nor for an empty one, which would be no text at all.
    fn one_of(
        &mut self,
        field: &Field,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<Option<Wire>, ModelError> {
        let values = self.array(json, at)?;
        let mut texts = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            texts.push(self.text(value, &at.index(index))?);
        }
        let Some(first) = texts.first() else {
            return Ok(None);
        };
        if texts.len() > 1 {
            let count = texts.len();
            self.lose(at, Fault::OneOnly { count })?;
        }
        if first.is_empty() {
            let message = field.descriptor.parent_message().name().to_owned();
            self.lose(&at.index(0), Fault::NotCarried { message })?;
            return Ok(None);
        }
        Ok(Some(Wire::String((*first).to_owned())))
    }

    /// What a field or a wrapper holds by its type; `None` if nothing is left of it.
    fn slot(
        &mut self,
        slot: &Slot,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<Option<Wire>, ModelError> {
        match slot {
            Slot::One(item) => self.item(item, json, at),
            Slot::List(item) => {
                let values = self.array(json, at)?;
                let mut list = Vec::with_capacity(values.len());
                for (index, json) in values.iter().enumerate() {
                    list.extend(self.item(item, json, &at.index(index))?);
                }
                Ok(Some(Wire::List(list)))
            }
            Slot::Map(item) => {
                let Value::Object(object) = json else {
                    return self.mismatch("an object", json, at);
                };
                let mut map = HashMap::with_capacity(object.len());
                for (key, json) in object {
                    if let Some(value) = self.item(item, json, &at.key(key))? {
                        map.insert(MapKey::String(key.clone()), value);
                    }
                }
                Ok(Some(Wire::Map(map)))
            }
        }
    }

    fn item(
        &mut self,
        item: &Item,
        json: &Value,
        at: &Path<'_>,
    ) -> Result<Option<Wire>, ModelError> {
        self.within(at)?;
        let value = match item {
            Item::Text => Wire::String(self.text(json, at)?.to_owned()),
            Item::Bytes => Wire::Bytes(self.bytes(json, at)?),
            Item::Flag => Wire::Bool(self.flag(json, at)?),
            Item::Int64 => Wire::I64(self.integer(json, at)?),
            Item::Int32 => {
                let integer = self.integer(json, at)?;
                match i32::try_from(integer) {
                    Ok(integer) => Wire::I32(integer),
                    Err(_) => return self.refuse(at, range(integer, "int32")),
                }
            }
            Item::Letter(enumeration, letters) => {
                let letter = self.text(json, at)?;
                match (0..).zip(*letters).find(|(_, known)| **known == letter) {
                    Some((number, _)) => Wire::EnumNumber(number),
                    None => {
                        let letter = start_of(letter);
                        self.lose(
                            at,
                            Fault::Letter {
                                enumeration,
                                letter,
                            },
                        )?;
                        return Ok(None);
                    }
                }
            }
            Item::Object(name) => {
                let shape = table::shape(name).expect("models are known with all inside them");
                Wire::Message(self.object(shape, json, at)?)
            }
            Item::Free(descriptor) => {
                let Value::Object(object) = json else {
                    return self.mismatch("an object", json, at);
                };
                let object = structure::read(self, object, at)?;
                let mut message = DynamicMessage::new(descriptor.clone());
                message
                    .transcode_from(&object)
                    .expect("it is such a message, and its depth is bounded");
                Wire::Message(message)
            }
            Item::Wrapped(descriptor, slot) => {
                let mut message = DynamicMessage::new(descriptor.clone());
                let is_absent_list = json.is_null() && matches!(**slot, Slot::List(_));
                let inner = match is_absent_list {
                    true => None,
                    false => self.slot(slot, json, at)?,
                };
                if let Some(inner) = inner {
                    message.set_field_by_number(1, inner);
                }
                Wire::Message(message)
            }
        };
        Ok(Some(value))
    }

    fn bytes(&self, json: &Value, at: &Path<'_>) -> Result<Bytes, ModelError> {
        match STANDARD.decode(self.text(json, at)?) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => {
                let reason = error.to_string();
                self.refuse(at, Fault::Base64 { reason })
            }
        }
    }
}

fn range(number: impl ToString, holds: &'static str) -> Fault {
    let number = number.to_string();
    Fault::Range { number, holds }
}

fn kind_of(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction or exponent",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Null, empty or zero: what Mattermost writes for a field that it has nothing to say about.
fn says_nothing(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}
