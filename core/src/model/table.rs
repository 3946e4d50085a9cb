//! What the table of models means: rows joined with the descriptor, one [`Shape`] per message.
//!
//! Public for those who write about the models or test them. Converting is done by the functions of [`super`].

mod slot;

use std::collections::HashMap;
use std::sync::OnceLock;

use plugin_proto::reflect;
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Value, json};

use super::rows;

pub use slot::{Item, Slot};

/// Where the contract's messages live.
const PACKAGE: &str = "mattermost.pluginapi.v1";

/// What the table says about one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// Its name, without the package.
    pub(super) message: &'static str,
    /// Fields whose key is left out when they are empty.
    pub(super) omits: &'static [&'static str],
    /// Fields that differ otherwise.
    pub(super) rows: &'static [Row],
    /// Keys without a field.
    pub(super) lacks: &'static [Lack],
}

/// In what one field differs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) field: &'static str,
    key: Option<&'static str>,
    form: Form,
    empty: Option<Empty>,
}

impl Row {
    pub(super) const fn of(field: &'static str) -> Self {
        Self {
            field,
            key: None,
            form: Form::Same,
            empty: None,
        }
    }

    pub(super) const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    pub(super) const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    pub(super) const fn empty(mut self, empty: Empty) -> Self {
        self.empty = Some(empty);
        self
    }
}

/// How a field and the value of its key stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the field's type says.
    Same,
    /// An object on the wire, any value in JSON.
    Object,
    /// Text on the wire, a number in JSON.
    Decimal,
    /// On the wire whether there is a time, in JSON the time.
    IsTime,
    /// A list of texts on the wire, one text in JSON.
    OneText,
    /// A text on the wire, a list of at most one in JSON.
    ListOfOne,
    /// A text on the wire, in JSON whether it is this word.
    Is(&'static str),
    /// JSON has no such key.
    WireOnly,
}

/// What JSON holds for a field that is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// No key at all.
    Omit,
    /// `null`.
    Null,
    /// `""`, `0` or `false`.
    Zero,
    /// `[]` or `{}`.
    Container,
}

/// A key of Mattermost's JSON that the message has no field for. It is accepted as long as it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// The key.
    pub key: &'static str,
    /// What Mattermost writes there if it has nothing to say.
    pub written: Written,
}

/// An empty value, as Mattermost writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Nothing, not even the key.
    Never,
    /// `""`.
    Text,
    /// `0`.
    Number,
    /// `false`.
    Flag,
    /// `null`.
    Null,
}

impl Written {
    /// The value; `None` if there is no key.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Never => None,
            Self::Text => Some(json!("")),
            Self::Number => Some(json!(0)),
            Self::Flag => Some(json!(false)),
            Self::Null => Some(Value::Null),
        }
    }
}

/// A field of a message and its key.
#[derive(Debug)]
pub struct Field {
    /// The field.
    pub descriptor: FieldDescriptor,
    /// The key in Mattermost's JSON.
    pub key: String,
    /// How the two stand to each other.
    pub form: Form,
    /// What JSON holds if the field is empty.
    pub empty: Empty,
    /// What the field holds.
    pub slot: Slot,
}

impl Field {
    fn new(descriptor: FieldDescriptor, model: Option<&Model>) -> Self {
        let name = descriptor.name();
        let row = model.and_then(|model| model.rows.iter().find(|row| row.field == name));
        let omits = model.is_some_and(|model| model.omits.contains(&name));
        let form = row.map_or(Form::Same, |row| row.form);
        let key = row.and_then(|row| row.key).unwrap_or(name).to_owned();
        let has_null = descriptor.supports_presence()
            || descriptor.is_list()
            || descriptor.is_map()
            || form == Form::ListOfOne;
        let usual = if has_null { Empty::Null } else { Empty::Zero };
        let empty = match row.and_then(|row| row.empty) {
            Some(empty) => empty,
            None if omits => Empty::Omit,
            None => usual,
        };
        Self {
            key,
            form,
            empty,
            slot: Slot::of(&descriptor),
            descriptor,
        }
    }

    /// Whether the wire tells "set to its zero" from "not set", and Mattermost does not.
    #[must_use]
    pub fn loses_presence(&self) -> bool {
        self.descriptor.supports_presence() && self.empty == Empty::Zero
    }

    /// What JSON holds if the field is empty; `None` if it has no key then.
    #[must_use]
    pub fn empty_value(&self) -> Option<Value> {
        match self.empty {
            Empty::Omit => None,
            Empty::Null => Some(Value::Null),
            Empty::Container if self.descriptor.is_map() => Some(json!({})),
            Empty::Container => Some(json!([])),
            Empty::Zero => Some(match (self.form, &self.slot) {
                (Form::Is(_), _) | (Form::Same, Slot::One(Item::Flag)) => json!(false),
                (Form::IsTime | Form::Decimal, _)
                | (Form::Same, Slot::One(Item::Int32 | Item::Int64)) => json!(0),
                _ => json!(""),
            }),
        }
    }
}

/// How one message looks in Mattermost's JSON.
#[derive(Debug)]
pub struct Shape {
    descriptor: MessageDescriptor,
    fields: Vec<Field>,
    lacks: &'static [Lack],
    by_key: HashMap<String, usize>,
}

impl Shape {
    fn new(descriptor: MessageDescriptor) -> Self {
        let model = rows::MODELS
            .iter()
            .find(|model| model.message == descriptor.name());
        let fields: Vec<_> = descriptor
            .fields()
            .map(|field| Field::new(field, model))
            .collect();
        let keyed = fields.iter().enumerate();
        let by_key = keyed
            .filter(|(_, field)| field.form != Form::WireOnly)
            .map(|(index, field)| (field.key.clone(), index))
            .collect();
        Self {
            lacks: model.map_or(&[], |model| model.lacks),
            descriptor,
            fields,
            by_key,
        }
    }

    /// The message.
    #[must_use]
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.descriptor
    }

    /// Its fields, those without a key included.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Keys without a field.
    #[must_use]
    pub fn lacks(&self) -> &'static [Lack] {
        self.lacks
    }

    /// The field of a key.
    #[must_use]
    pub fn field_of(&self, key: &str) -> Option<&Field> {
        self.by_key.get(key).map(|index| &self.fields[*index])
    }
}

/// The shape of a message that is a model or part of one, by its name with or without the package.
#[must_use]
pub fn shape(name: &str) -> Option<&'static Shape> {
    static SHAPES: OnceLock<HashMap<String, Shape>> = OnceLock::new();
    let shapes = SHAPES.get_or_init(all);
    let found = shapes.get(name);
    found.or_else(|| shapes.get(&format!("{PACKAGE}.{name}")))
}

/// The models, and whatever is inside them.
fn all() -> HashMap<String, Shape> {
    let mut shapes = HashMap::new();
    let roots = super::MODELS.iter();
    let mut names: Vec<_> = roots.map(|name| format!("{PACKAGE}.{name}")).collect();
    while let Some(name) = names.pop() {
        if shapes.contains_key(&name) {
            continue;
        }
        let descriptor = reflect::pool().get_message_by_name(&name);
        let shape = Shape::new(descriptor.expect("a model is a message of the contract"));
        for field in shape.fields() {
            if let (Item::Object(inner), true) = (field.slot.item(), field.form != Form::WireOnly) {
                names.push(inner.clone());
            }
        }
        shapes.insert(name, shape);
    }
    shapes
}

#[cfg(test)]
mod tests;
