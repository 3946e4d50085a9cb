//! The rows fit the descriptor: a row that nothing reads would be a fact that is not true.

use std::collections::HashSet;

use super::*;

#[test]
fn every_row_names_a_field_that_there_is() {
    for model in rows::MODELS {
        let name = format!("{PACKAGE}.{}", model.message);
        let message = reflect::pool().get_message_by_name(&name);
        let message = message.unwrap_or_else(|| panic!("no message {name}"));
        assert!(shape(&name).is_some(), "{name} is part of no model");
        let mut seen = HashSet::new();
        for row in model.rows {
            let field = message.get_field_by_name(row.field);
            assert!(field.is_some(), "{name} has no {}", row.field);
            assert!(seen.insert(row.field), "{name}.{} twice", row.field);
            let says_something = row.key.is_some() || row.form != Form::Same || row.empty.is_some();
            assert!(says_something, "{name}.{} says nothing", row.field);
        }
        let mut seen = HashSet::new();
        for omitted in model.omits {
            let field = message.get_field_by_name(omitted);
            assert!(field.is_some(), "{name} has no {omitted}");
            assert!(seen.insert(omitted), "{name} omits {omitted} twice");
        }
    }
}

#[test]
fn a_message_has_one_entry_and_a_key_one_meaning() {
    let mut messages = HashSet::new();
    for model in rows::MODELS {
        assert!(messages.insert(model.message), "{} twice", model.message);
        let shape = shape(model.message).unwrap();
        let keys = shape
            .fields()
            .iter()
            .filter(|field| field.form != Form::WireOnly)
            .map(|field| field.key.as_str())
            .chain(shape.lacks().iter().map(|lack| lack.key));
        let mut seen = HashSet::new();
        for key in keys {
            assert!(seen.insert(key), "{}: {key} twice", model.message);
        }
    }
}

#[test]
fn forms_stand_on_fields_of_their_type() {
    for name in crate::model::MODELS {
        for field in shape(name).unwrap().fields() {
            let fits = match field.form {
                Form::Same | Form::WireOnly => true,
                Form::Object => matches!(field.slot, Slot::One(Item::Free(_))),
                Form::Decimal | Form::ListOfOne | Form::Is(_) => {
                    field.slot == Slot::One(Item::Text)
                }
                Form::IsTime => field.slot == Slot::One(Item::Flag),
                Form::OneText => field.slot == Slot::List(Item::Text),
            };
            assert!(fits, "{}", field.descriptor.full_name());
        }
    }
}

#[test]
fn letters_are_those_of_the_enums() {
    for (name, letters) in rows::LETTERS {
        let found = reflect::pool().get_enum_by_name(&format!("{PACKAGE}.{name}"));
        let values: Vec<_> = found
            .unwrap()
            .values()
            .map(|value| value.number())
            .collect();
        let numbers: Vec<_> = (0..).take(letters.len()).collect();
        assert_eq!(values, numbers, "{name}");
        let different: HashSet<_> = letters.iter().collect();
        assert_eq!(different.len(), letters.len(), "{name}");
    }
}

#[test]
fn names_are_known_with_and_without_the_package() {
    assert!(shape("Post").is_some());
    assert!(shape("mattermost.pluginapi.v1.PostImage").is_some());
    assert!(shape("ServeHTTPRequest").is_none());
}
