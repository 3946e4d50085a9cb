//! Input that nobody meant: anything may come out of it but a panic, and whatever is accepted has to make sense.

use plugin_host::model::{self, MODELS, ModelError, Strictness, table};
use plugin_proto::pb;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message as _;
use serde_json::Value;

use crate::generate::{Fill, any_json, document, message};

/// A document whose keys are often those of the model.
fn nearly(name: &'static str) -> BoxedStrategy<Value> {
    let shape = table::shape(name).unwrap();
    let fields = shape.fields().iter().map(|field| field.key.clone());
    let keys: Vec<_> = fields
        .chain(shape.lacks().iter().map(|lack| lack.key.to_owned()))
        .collect();
    let object = btree_map(select(keys), any_json(), 0..4);
    prop_oneof![
        4 => object.prop_map(|map| Value::Object(map.into_iter().collect())),
        1 => any_json(),
    ]
    .boxed()
}

fn of_any_model<S>(
    strategy: impl Fn(&'static str) -> S + 'static,
) -> BoxedStrategy<(&'static str, S::Value)>
where
    S: Strategy + 'static,
{
    select(MODELS)
        .prop_flat_map(move |name| (Just(name), strategy(name)))
        .boxed()
}

/// What was accepted can be written, and read again as the same.
fn makes_sense(name: &str, wire: &[u8]) -> Result<(), TestCaseError> {
    let json = model::wire_to_json(name, wire);
    let json = json.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let again = model::json_to_wire(name, &json, Strictness::Strict);
    let (again, _) = again.map_err(|error| TestCaseError::fail(format!("{error}\n{json}")))?;
    prop_assert_eq!(model::wire_to_json(name, &again).unwrap(), json);
    Ok(())
}

fn is_named(error: &ModelError, name: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(&error.model, name);
    let text = error.to_string();
    prop_assert!(text.starts_with(name) && text.contains(": "), "{}", text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_read_or_refused_by_name((name, json) in of_any_model(nearly)) {
        let strict = model::json_to_wire(name, &json, Strictness::Strict);
        let lenient = model::json_to_wire(name, &json, Strictness::Lenient);
        match strict {
            Ok((wire, dropped)) => {
                prop_assert!(dropped.is_empty());
                makes_sense(name, &wire)?;
                let (lenient, dropped) = lenient.unwrap();
                prop_assert!(dropped.is_empty());
                prop_assert_eq!(model::wire_to_json(name, &lenient), model::wire_to_json(name, &wire));
            }
            Err(error) => {
                is_named(&error, name)?;
                match lenient {
                    Ok((wire, dropped)) => {
                        prop_assert_eq!(&dropped[0].path, &error.path);
                        prop_assert_eq!(&dropped[0].fault, &error.fault);
                        makes_sense(name, &wire)?;
                    }
                    Err(error) => is_named(&error, name)?,
                }
            }
        }
    }

    #[test]
    fn an_error_points_to_what_is_wrong(
        (name, mut json) in of_any_model(|name| document(table::shape(name).unwrap(), Fill::Some)),
        steps in vec(any::<Index>(), 1..6),
        instead in any_json(),
    ) {
        let path = replace(&mut json, &steps, instead);
        if let Err(error) = model::json_to_wire(name, &json, Strictness::Strict) {
            is_named(&error, name)?;
            prop_assert!(error.path.starts_with(&path), "{} is not at {}: {}", error, path, json);
        }
    }

    #[test]
    fn any_bytes_are_a_document_or_refused_by_name(bytes in vec(any::<u8>(), 0..64)) {
        text_makes_sense(&bytes)?;
    }

    #[test]
    fn text_that_was_hurt_is_read_or_refused_by_name(
        json in document(table::shape("Post").unwrap(), Fill::Some),
        wounds in vec((any::<Index>(), select(&b"\"\\{}[],:0-9eEnul \x00\xff\xc3.+"[..])), 1..4),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut text = serde_json::to_vec(&json).unwrap();
        for (place, byte) in &wounds {
            let place = place.index(text.len());
            text[place] = *byte;
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        text_makes_sense(&text)?;
    }

    #[test]
    fn any_bytes_of_the_wire_are_written_or_refused_by_name(
        (name, bytes) in of_any_model(|name| {
            let message = message(table::shape(name).unwrap());
            (message, vec((any::<Index>(), any::<u8>()), 0..4)).prop_map(|(message, wounds)| {
                let mut bytes = message.encode_to_vec();
                for (place, byte) in wounds {
                    match bytes.len() {
                        0 => bytes.push(byte),
                        length => bytes[place.index(length)] = byte,
                    }
                }
                bytes
            })
        }),
    ) {
        match model::wire_to_json(name, &bytes) {
            Ok(_) => makes_sense(name, &bytes)?,
            Err(error) => is_named(&error, name)?,
        }
    }
}

/// Both readings of a text, against the parser that everybody uses.
fn text_makes_sense(text: &[u8]) -> Result<(), TestCaseError> {
    let known = serde_json::from_slice::<Value>(text);
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        match model::from_slice::<pb::Post>(text, strictness) {
            Ok((post, _)) => {
                prop_assert!(known.is_ok());
                makes_sense("Post", &post.encode_to_vec())?;
            }
            Err(error) => is_named(&error, "Post")?,
        }
    }
    Ok(())
}

/// Follows the steps as far as they lead, puts the other value there, and says where that is.
fn replace(json: &mut Value, steps: &[Index], instead: Value) -> String {
    let (mut path, mut pointer) = (String::new(), String::new());
    let mut here = &*json;
    for step in steps {
        match here {
            Value::Object(object) if !object.is_empty() => {
                let (key, value) = object.iter().nth(step.index(object.len())).unwrap();
                let is_word = !key.is_empty()
                    && key
                        .bytes()
                        .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
                path += &match (is_word, path.is_empty()) {
                    (true, true) => key.clone(),
                    (true, false) => format!(".{key}"),
                    (false, _) => format!("[{key:?}]"),
                };
                pointer += &format!("/{}", key.replace('~', "~0").replace('/', "~1"));
                here = value;
            }
            Value::Array(values) if !values.is_empty() => {
                let nth = step.index(values.len());
                path += &format!("[{nth}]");
                pointer += &format!("/{nth}");
                here = &values[nth];
            }
            _ => break,
        }
    }
    *json.pointer_mut(&pointer).unwrap() = instead;
    path
}
