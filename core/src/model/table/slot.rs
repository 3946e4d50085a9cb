//! What a field holds, read off its type: one of something, a list or a map, and of what.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::model::rows;

/// One value of a field: the field itself, or what is in its list or map.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text.
    Text,
    /// Bytes; base64 in JSON.
    Bytes,
    /// True or false.
    Flag,
    /// A number of 32 bits.
    Int32,
    /// A number of 64 bits.
    Int64,
    /// An enum; one of these letters in JSON, by number.
    Letter(&'static str, &'static [&'static str]),
    /// Another model, by the full name of its message.
    Object(String),
    /// `google.protobuf.Struct`: an object of anything.
    Free(MessageDescriptor),
    /// A message whose JSON is that of its only field.
    Wrapped(MessageDescriptor, Box<Slot>),
}

/// How many of an item a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Slot {
    /// At most one.
    One(Item),
    /// A list.
    List(Item),
    /// A map from text.
    Map(Item),
}

impl Slot {
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(Item::of(&entry.map_entry_value_field().kind()))
            }
            kind if field.is_list() => Self::List(Item::of(&kind)),
            kind => Self::One(Item::of(&kind)),
        }
    }

    /// The item, however many there are.
    #[must_use]
    pub fn item(&self) -> &Item {
        match self {
            Self::One(item) | Self::List(item) | Self::Map(item) => item,
        }
    }
}

impl Item {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Bool => Self::Flag,
            Kind::Int32 => Self::Int32,
            Kind::Int64 => Self::Int64,
            Kind::Enum(enumeration) => {
                let letters = rows::LETTERS
                    .iter()
                    .find(|(name, _)| *name == enumeration.name());
                let (name, letters) = letters.expect("every enum of a model has its letters");
                Self::Letter(name, letters)
            }
            Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => {
                Self::Free(message.clone())
            }
            Kind::Message(message) if rows::WRAPPERS.contains(&message.full_name()) => {
                let field = message.get_field(1).expect("a wrapper has one field");
                Self::Wrapped(message.clone(), Box::new(Slot::of(&field)))
            }
            Kind::Message(message) => Self::Object(message.full_name().to_owned()),
            kind => unreachable!("no model has a field of {kind:?}"),
        }
    }
}
