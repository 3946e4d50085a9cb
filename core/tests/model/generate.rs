//! Messages and JSON of any model, made from what the descriptor and the table say. Nothing here knows a model by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plugin_host::model::table::{self, Empty, Field, Form, Item, Shape, Slot};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use prost_reflect::{DynamicMessage, MapKey, Value as Wire};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as FreeValue};
use serde_json::{Map, Value, json};

const TWO_TO_53: i64 = 1 << 53;

fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "\\PC{1,8}", "[a-z0-9]{26}"].boxed()
}

fn filled_text() -> BoxedStrategy<String> {
    prop_oneof!["\\PC{1,8}", "[a-z0-9]{26}"].boxed()
}

fn key() -> BoxedStrategy<String> {
    prop_oneof!["[a-z_]{1,6}", "\\PC{0,4}"].boxed()
}

fn shape_of(name: &str) -> &'static Shape {
    table::shape(name).unwrap()
}

/// Any message of a model that Mattermost's JSON has a form for.
pub(crate) fn message(shape: &'static Shape) -> BoxedStrategy<DynamicMessage> {
    let values: Vec<_> = shape
        .fields()
        .iter()
        .map(|field| option::of(wire_field(field)))
        .collect();
    let build = |values: Vec<Option<Wire>>| {
        let mut message = DynamicMessage::new(shape.descriptor().clone());
        for (field, value) in shape.fields().iter().zip(values) {
            if let Some(value) = value {
                message.set_field(&field.descriptor, value);
            }
        }
        message
    };
    values.prop_map(build).boxed()
}

fn wire_field(field: &'static Field) -> BoxedStrategy<Wire> {
    match field.form {
        Form::Same | Form::Object | Form::IsTime | Form::ListOfOne => wire_slot(&field.slot),
        Form::WireOnly => match field.slot.item() {
            // The messages behind it are no part of any model; one is enough to see it go.
            Item::Object(_) => Just(Wire::default_value_for_field(&field.descriptor)).boxed(),
            _ => wire_slot(&field.slot),
        },
        Form::Decimal => prop_oneof![
            any::<i64>().prop_map(|number| Wire::String(number.to_string())),
            Just(Wire::String(String::new())),
        ]
        .boxed(),
        Form::OneText => vec(text().prop_map(Wire::String), 0..=1)
            .prop_map(Wire::List)
            .boxed(),
        Form::Is(word) => prop_oneof![Just(word.to_owned()), text()]
            .prop_map(Wire::String)
            .boxed(),
    }
}

fn wire_slot(slot: &'static Slot) -> BoxedStrategy<Wire> {
    match slot {
        Slot::One(item) => wire_item(item),
        Slot::List(item) => vec(wire_item(item), 0..3).prop_map(Wire::List).boxed(),
        Slot::Map(item) => btree_map(key(), wire_item(item), 0..3)
            .prop_map(|map| {
                let pairs = map.into_iter();
                Wire::Map(
                    pairs
                        .map(|(key, value)| (MapKey::String(key), value))
                        .collect(),
                )
            })
            .boxed(),
    }
}

fn wire_item(item: &'static Item) -> BoxedStrategy<Wire> {
    match item {
        Item::Text => text().prop_map(Wire::String).boxed(),
        Item::Bytes => vec(any::<u8>(), 0..9)
            .prop_map(|bytes| Wire::Bytes(bytes.into()))
            .boxed(),
        Item::Flag => any::<bool>().prop_map(Wire::Bool).boxed(),
        Item::Int32 => prop_oneof![Just(0), any::<i32>()]
            .prop_map(Wire::I32)
            .boxed(),
        Item::Int64 => prop_oneof![Just(0), any::<i64>()]
            .prop_map(Wire::I64)
            .boxed(),
        Item::Letter(_, letters) => (0..i32::try_from(letters.len()).unwrap())
            .prop_map(Wire::EnumNumber)
            .boxed(),
        Item::Object(name) => message(shape_of(name)).prop_map(Wire::Message).boxed(),
        Item::Free(descriptor) => free_message()
            .prop_map(|object| {
                let mut message = DynamicMessage::new(descriptor.clone());
                message.transcode_from(&object).unwrap();
                Wire::Message(message)
            })
            .boxed(),
        Item::Wrapped(descriptor, slot) => wire_slot(slot)
            .prop_map(|value| {
                let mut message = DynamicMessage::new(descriptor.clone());
                message.set_field_by_number(1, value);
                Wire::Message(message)
            })
            .boxed(),
    }
}

fn double() -> BoxedStrategy<f64> {
    prop_oneof![
        any::<f64>().prop_filter("JSON has only these", |double| double.is_finite()),
        any::<i32>().prop_map(f64::from),
        proptest::sample::select(vec![
            0.0,
            -0.0,
            2_f64.powi(53),
            -2_f64.powi(53),
            2_f64.powi(53) + 2.0,
            2_f64.powi(64),
            5e-324,
            f64::MAX,
        ]),
    ]
    .boxed()
}

fn free_message() -> BoxedStrategy<Struct> {
    let leaf = prop_oneof![
        Just(Kind::NullValue(0)),
        any::<bool>().prop_map(Kind::BoolValue),
        double().prop_map(Kind::NumberValue),
        text().prop_map(Kind::StringValue),
    ];
    let of_kind = |kind| FreeValue { kind: Some(kind) };
    let value = leaf
        .prop_map(of_kind)
        .prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(|values| Kind::ListValue(ListValue { values })),
                btree_map(key(), inner, 0..3)
                    .prop_map(|fields| Kind::StructValue(Struct { fields })),
            ]
            .prop_map(of_kind)
        });
    btree_map(key(), value, 0..3)
        .prop_map(|fields| Struct { fields })
        .boxed()
}

/// Any JSON at all; numbers are as a parser would have them.
pub(crate) fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        double().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key(), inner, 0..4).prop_map(object),
        ]
    })
    .boxed()
}

/// JSON that a Struct holds as it is.
fn free_json() -> BoxedStrategy<Value> {
    let number = prop_oneof![
        (-TWO_TO_53..=TWO_TO_53).prop_map(Value::from),
        double()
            .prop_filter("whole numbers are written as such", |double| {
                double.fract() != 0.0 || double.abs() > 2_f64.powi(53)
            })
            .prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(key(), inner, 0..3).prop_map(object),
        ]
    });
    btree_map(key(), value, 0..3).prop_map(object).boxed()
}

fn object(pairs: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(pairs.into_iter().collect())
}

/// How much of a model a generated document says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    Some,
    All,
}

/// A document of a model as Mattermost would write it.
pub(crate) fn document(shape: &'static Shape, fill: Fill) -> BoxedStrategy<Value> {
    let fields: Vec<_> = shape
        .fields()
        .iter()
        .filter(|field| field.form != Form::WireOnly)
        .collect();
    let value = |field: &&'static Field| match fill {
        Fill::All => json_field(field, fill).prop_map(Some).boxed(),
        Fill::Some => option::of(json_field(field, fill)).boxed(),
    };
    let values: Vec<_> = fields.iter().map(value).collect();
    let build = move |values: Vec<Option<Value>>| {
        let mut object = Map::new();
        for (field, value) in fields.iter().zip(values) {
            let value = value.or_else(|| field.empty_value());
            object.extend(value.map(|value| (field.key.clone(), value)));
        }
        for lack in shape.lacks() {
            let value = lack.written.value();
            object.extend(value.map(|value| (lack.key.to_owned(), value)));
        }
        Value::Object(object)
    };
    values.prop_map(build).boxed()
}

/// Something that the field's key says, in other words not its empty value.
fn json_field(field: &'static Field, fill: Fill) -> BoxedStrategy<Value> {
    match field.form {
        Form::Same | Form::Object => {
            let has_zero = field.descriptor.supports_presence() && field.empty != Empty::Zero;
            json_slot(&field.slot, fill)
                .prop_filter("an empty one is written otherwise", move |value| {
                    has_zero || !is_empty(value)
                })
                .boxed()
        }
        Form::Decimal => any::<i64>().prop_map(Value::from).boxed(),
        Form::IsTime => Just(json!(1)).boxed(),
        Form::OneText => filled_text().prop_map(Value::from).boxed(),
        Form::ListOfOne => filled_text().prop_map(|text| json!([text])).boxed(),
        Form::Is(_) => Just(json!(true)).boxed(),
        Form::WireOnly => unreachable!(),
    }
}

fn json_slot(slot: &'static Slot, fill: Fill) -> BoxedStrategy<Value> {
    let least = usize::from(fill == Fill::All);
    match slot {
        Slot::One(item) => json_item(item, fill),
        Slot::List(item) => vec(json_item(item, fill), least..3)
            .prop_map(Value::from)
            .boxed(),
        Slot::Map(item) => btree_map(key(), json_item(item, fill), least..3)
            .prop_map(object)
            .boxed(),
    }
}

fn json_item(item: &'static Item, fill: Fill) -> BoxedStrategy<Value> {
    match item {
        Item::Text => text().prop_map(Value::from).boxed(),
        Item::Bytes => vec(any::<u8>(), 0..9)
            .prop_map(|bytes| Value::from(STANDARD.encode(bytes)))
            .boxed(),
        Item::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Item::Int32 => any::<i32>().prop_map(Value::from).boxed(),
        Item::Int64 => any::<i64>().prop_map(Value::from).boxed(),
        Item::Letter(_, letters) => proptest::sample::select(*letters)
            .prop_map(Value::from)
            .boxed(),
        Item::Object(name) => document(shape_of(name), fill),
        Item::Free(_) => free_json(),
        Item::Wrapped(_, slot) => json_slot(slot, fill)
            .prop_map(|value| match value {
                Value::Array(values) if values.is_empty() => Value::Null,
                value => value,
            })
            .boxed(),
    }
}

/// Null, empty or zero.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}
