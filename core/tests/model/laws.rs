//! What holds for every model, whatever the document or the message.

use plugin_host::model::table::{self, Empty, Form, Item, Shape, Slot};
use plugin_host::model::{self, MODELS, Strictness};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value as Wire};
use serde_json::{Value, json};

use crate::generate::{Fill, document, is_empty, message};

/// Plays a law for every model, with names in what it reports.
fn for_every_model<S: Strategy>(
    cases: u32,
    inputs: impl Fn(&'static Shape) -> S,
    law: impl Fn(&'static Shape, S::Value) -> Result<(), TestCaseError>,
) {
    for name in MODELS {
        let shape = table::shape(name).unwrap();
        let mut runner = TestRunner::new(Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        });
        let result = runner.run(&inputs(shape), |input| law(shape, input));
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn name(shape: &Shape) -> &str {
    shape.descriptor().name()
}

fn strict(shape: &Shape, json: &Value) -> DynamicMessage {
    let (wire, dropped) = model::json_to_wire(name(shape), json, Strictness::Strict)
        .unwrap_or_else(|error| panic!("{error}\n{json}"));
    assert!(dropped.is_empty(), "{dropped:?}");
    DynamicMessage::decode(shape.descriptor().clone(), wire).unwrap()
}

fn json_of(shape: &Shape, message: &DynamicMessage) -> Value {
    model::wire_to_json(name(shape), &message.encode_to_vec())
        .unwrap_or_else(|error| panic!("{error}\n{message:?}"))
}

#[test]
fn what_mattermost_writes_comes_back_as_it_was() {
    let fill = prop_oneof![Just(Fill::Some), Just(Fill::All)];
    let documents = move |shape| {
        fill.clone()
            .prop_flat_map(move |fill| document(shape, fill))
    };
    for_every_model(24, documents, |shape, json| {
        let message = strict(shape, &json);
        let back = json_of(shape, &message);
        prop_assert_eq!(&back, &json);
        prop_assert_eq!(strict(shape, &back), message);
        Ok(())
    });
}

#[test]
fn every_key_of_a_full_document_reaches_a_field_of_its_own() {
    let documents = |shape| document(shape, Fill::All);
    for_every_model(4, documents, |shape, json| {
        let whole = strict(shape, &json);
        for field in shape
            .fields()
            .iter()
            .filter(|field| field.form != Form::WireOnly)
        {
            let mut without = json.clone();
            without.as_object_mut().unwrap().remove(&field.key).unwrap();
            let mut expected = whole.clone();
            expected.clear_field(&field.descriptor);
            prop_assert!(whole.has_field(&field.descriptor), "{} is lost", field.key);
            prop_assert_eq!(strict(shape, &without), expected);
        }
        Ok(())
    });
}

#[test]
fn a_message_comes_back_but_for_the_losses_that_are_written_down() {
    for_every_model(32, message, |shape, message| {
        let json = json_of(shape, &message);
        let back = strict(shape, &json);
        let mut expected = message;
        lose(shape, &mut expected);
        let expected = expected.encode_to_vec();
        let expected = DynamicMessage::decode(shape.descriptor().clone(), &*expected).unwrap();
        prop_assert_eq!(back, expected, "{}", json);
        Ok(())
    });
}

/// Takes out of a message what `MODEL.md` says that JSON does not hold.
fn lose(shape: &Shape, message: &mut DynamicMessage) {
    for field in shape.fields() {
        if !message.has_field(&field.descriptor) {
            continue;
        }
        let value = message.get_field_mut(&field.descriptor);
        let is_lost = match field.form {
            Form::WireOnly => true,
            Form::Is(word) => value.as_str() != Some(word),
            Form::OneText => matches!(value.as_list(), Some([one]) if one.as_str() == Some("")),
            _ => field.loses_presence() && value.is_default(&field.descriptor.kind()),
        };
        if is_lost {
            message.clear_field(&field.descriptor);
        } else if let Item::Object(inner) = field.slot.item() {
            let inner = table::shape(inner).unwrap();
            for message in messages_in(value) {
                lose(inner, message);
            }
        }
    }
}

fn messages_in(value: &mut Wire) -> Vec<&mut DynamicMessage> {
    match value {
        Wire::Message(message) => vec![message],
        Wire::List(values) => values.iter_mut().flat_map(messages_in).collect(),
        Wire::Map(map) => map.values_mut().flat_map(messages_in).collect(),
        _ => vec![],
    }
}

#[test]
fn nothing_may_be_said_in_any_way() {
    let inputs = |shape| {
        (
            document(shape, Fill::Some),
            proptest::collection::vec(any::<u8>(), 1..32),
        )
    };
    for_every_model(24, inputs, |shape, (json, choices)| {
        let mut loose = json.clone();
        let mut choices = choices.iter().copied().cycle();
        loosen(shape, &mut loose, &mut choices);
        prop_assert_eq!(strict(shape, &loose), strict(shape, &json), "{}", loose);
        Ok(())
    });
}

/// Says every nothing of the document in another of the ways that `MODEL.md` lists.
fn loosen(shape: &Shape, json: &mut Value, choices: &mut impl Iterator<Item = u8>) {
    let object = json.as_object_mut().unwrap();
    for field in shape
        .fields()
        .iter()
        .filter(|field| field.form != Form::WireOnly)
    {
        let nothing = field.empty_value();
        if object.get(&field.key) != nothing.as_ref() {
            if let (Item::Object(inner), Some(value)) =
                (field.slot.item(), object.get_mut(&field.key))
            {
                let inner = table::shape(inner).unwrap();
                let one: &mut dyn FnMut(&mut Value) = &mut |value| loosen(inner, value, choices);
                match (&field.slot, value) {
                    (Slot::List(_), Value::Array(values)) => values.iter_mut().for_each(one),
                    (Slot::Map(_), Value::Object(map)) => map.values_mut().for_each(one),
                    (_, value) => one(value),
                }
            }
            continue;
        }
        let mut ways = vec![None, Some(Value::Null)];
        ways.extend(nothing.map(Some));
        let has_presence = field.descriptor.supports_presence() && field.empty != Empty::Zero;
        if !has_presence {
            ways.push(Some(zero(field)));
        }
        let way = usize::from(choices.next().unwrap()) % ways.len();
        match ways.swap_remove(way) {
            Some(value) => object.insert(field.key.clone(), value),
            None => object.remove(&field.key),
        };
    }
    for lack in shape.lacks() {
        let ways = [
            None,
            Some(Value::Null),
            Some(json!("")),
            Some(json!(0)),
            Some(json!({})),
        ];
        let way = usize::from(choices.next().unwrap()) % ways.len();
        match ways[way].clone() {
            Some(value) => object.insert(lack.key.to_owned(), value),
            None => object.remove(lack.key),
        };
    }
}

/// The zero of the key's own type.
fn zero(field: &table::Field) -> Value {
    let zero = match (field.form, &field.slot) {
        (Form::Decimal, _) => Value::Null,
        (Form::IsTime, _) | (Form::Same, Slot::One(Item::Int32 | Item::Int64)) => json!(0),
        (Form::Is(_), _) | (Form::Same, Slot::One(Item::Flag)) => json!(false),
        (Form::ListOfOne, _) | (Form::Same, Slot::List(_)) => json!([]),
        (Form::Same, Slot::Map(_)) => json!({}),
        _ => json!(""),
    };
    assert!(is_empty(&zero));
    zero
}

#[test]
fn only_whether_there_is_a_time_travels() {
    for time in [1_i64, -1, 1_700_000_000_000] {
        let message = strict(
            table::shape("PostList").unwrap(),
            &json!({"first_inaccessible_post_time": time}),
        );
        let value = message.get_field_by_name("first_inaccessible_post_time");
        assert_eq!(value.unwrap().as_bool(), Some(true));
    }
}

#[test]
fn text_and_value_are_read_alike() {
    let shape = table::shape("Post").unwrap();
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let documents = document(shape, Fill::Some);
    let result = runner.run(&documents, |json| {
        let text = serde_json::to_vec(&json).unwrap();
        type Post = plugin_proto::pb::Post;
        let (of_text, dropped) = model::from_slice::<Post>(&text, Strictness::Strict).unwrap();
        prop_assert!(dropped.is_empty());
        let (of_value, _) = model::from_json::<Post>(&json, Strictness::Strict).unwrap();
        prop_assert_eq!(&of_text, &of_value);
        prop_assert_eq!(model::to_json(&of_text).unwrap(), json);
        Ok(())
    });
    result.unwrap();
}
