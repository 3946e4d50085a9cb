//! From a message to Mattermost's JSON: walks the message along its shape.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, MapKey, Value as Wire};
use serde_json::{Map, Value};

use super::error::{Fault, ModelError, start_of};
use super::path::Path;
use super::structure;
use super::table::{self, Field, Form, Item, Shape, Slot};

/// One message on its way.
pub(super) struct Writer {
    model: String,
}

impl Writer {
    pub(super) fn new(model: &str) -> Self {
        let model = model.to_owned();
        Self { model }
    }

    fn error(&self, at: &Path<'_>, fault: Fault) -> ModelError {
        ModelError::new(&self.model, at, fault)
    }

    /// The object of a message: its fields in the contract's order, then the keys that have no field.
    pub(super) fn object(
        &self,
        shape: &Shape,
        message: &DynamicMessage,
        at: &Path<'_>,
    ) -> Result<Value, ModelError> {
        let mut object = Map::new();
        for field in shape.fields() {
            if field.form == Form::WireOnly {
                continue;
            }
            let value = if message.has_field(&field.descriptor) {
                let value = message.get_field(&field.descriptor);
                self.field(field, &value, &at.key(&field.key))?
            } else {
                field.empty_value()
            };
            object.extend(value.map(|value| (field.key.clone(), value)));
        }
        for lack in shape.lacks() {
            let value = lack.written.value();
            object.extend(value.map(|value| (lack.key.to_owned(), value)));
        }
        Ok(Value::Object(object))
    }

    /// The value of a field that is set; `None` if Mattermost would leave it out.
    fn field(
        &self,
        field: &Field,
        value: &Wire,
        at: &Path<'_>,
    ) -> Result<Option<Value>, ModelError> {
        let text = || value.as_str().expect("such a form stands on a text");
        let value = match field.form {
            Form::Same | Form::Object => self.slot(&field.slot, value, at)?,
            Form::Decimal => {
                let text = text();
                let number = text.parse::<i64>().ok();
                let number = number.filter(|number| number.to_string() == text);
                let number = number.ok_or_else(|| {
                    let text = start_of(text);
                    self.error(at, Fault::Decimal { text })
                })?;
                Value::from(number)
            }
            // The time itself is not known; any but 0 says that there is one.
            Form::IsTime => Value::from(1),
            Form::OneText => match value.as_list().expect("such a form stands on a list") {
                [one] => match one.as_str().expect("its list is one of texts") {
                    "" => return Ok(None),
                    text => Value::from(text),
                },
                more => {
                    let count = more.len();
                    return Err(self.error(at, Fault::OneOnly { count }));
                }
            },
            Form::ListOfOne => Value::from(vec![text()]),
            Form::Is(word) => Value::from(text() == word),
            Form::WireOnly => unreachable!("fields of the wire alone are passed over"),
        };
        Ok(Some(value))
    }

    fn slot(&self, slot: &Slot, value: &Wire, at: &Path<'_>) -> Result<Value, ModelError> {
        match (slot, value) {
            (Slot::List(item), Wire::List(values)) => {
                let values = values.iter().enumerate();
                let values = values.map(|(index, value)| self.item(item, value, &at.index(index)));
                Ok(Value::Array(values.collect::<Result<_, _>>()?))
            }
            (Slot::Map(item), Wire::Map(map)) => {
                let mut object = Map::new();
                for (key, value) in in_order(map) {
                    object.insert(key.to_owned(), self.item(item, value, &at.key(key))?);
                }
                Ok(Value::Object(object))
            }
            (Slot::One(item), value) => self.item(item, value, at),
            (slot, value) => unreachable!("the descriptor says {slot:?}, not {value:?}"),
        }
    }

    fn item(&self, item: &Item, value: &Wire, at: &Path<'_>) -> Result<Value, ModelError> {
        Ok(match (item, value) {
            (Item::Text, Wire::String(text)) => Value::from(text.as_str()),
            (Item::Bytes, Wire::Bytes(bytes)) => Value::from(STANDARD.encode(bytes)),
            (Item::Flag, Wire::Bool(flag)) => Value::from(*flag),
            (Item::Int32, Wire::I32(number)) => Value::from(*number),
            (Item::Int64, Wire::I64(number)) => Value::from(*number),
            (Item::Letter(enumeration, letters), Wire::EnumNumber(number)) => {
                let index = usize::try_from(*number).ok();
                let letter = index.and_then(|index| letters.get(index));
                let letter = letter.ok_or_else(|| {
                    let number = *number;
                    self.error(
                        at,
                        Fault::EnumNumber {
                            enumeration,
                            number,
                        },
                    )
                })?;
                Value::from(*letter)
            }
            (Item::Object(name), Wire::Message(message)) => {
                let shape = table::shape(name).expect("models are known with all inside them");
                self.object(shape, message, at)?
            }
            (Item::Free(_), Wire::Message(message)) => {
                let object = message.transcode_to();
                let object = object.map_err(|error| {
                    let reason = error.to_string();
                    self.error(at, Fault::Wire { reason })
                })?;
                let refuse = |at: &Path<'_>, fault| self.error(at, fault);
                Value::Object(structure::write(&object, at, &refuse)?)
            }
            (Item::Wrapped(_, slot), Wire::Message(message)) => {
                let inner = message.get_field_by_number(1);
                let inner = inner.expect("a wrapper has one field");
                match (&**slot, &*inner) {
                    (Slot::List(_), Wire::List(values)) if values.is_empty() => Value::Null,
                    (slot, inner) => self.slot(slot, inner, at)?,
                }
            }
            (item, value) => unreachable!("the descriptor says {item:?}, not {value:?}"),
        })
    }
}

/// The map in the order of its keys, as Go writes it.
fn in_order(map: &std::collections::HashMap<MapKey, Wire>) -> BTreeMap<&str, &Wire> {
    let pairs = map.iter();
    pairs
        .map(|(key, value)| {
            let key = key
                .as_str()
                .expect("JSON's keys are texts, and so are a model's maps");
            (key, value)
        })
        .collect()
}
