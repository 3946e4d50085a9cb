//! Documents as Mattermost writes them beside the messages that they are, both written by hand: the witness against a table
//! that is consistent and wrong.
//!
//! `fixtures/<Model>.<variant>.json` holds `mattermost`, the document; `wire`, the message by the contract's field names;
//! `wire_only`, fields that the message may have beside them and the document does not show; and `not_carried`, keys that the
//! document may have beside its own and the message has no place for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use plugin_host::model::table::{self, Form, Item, Shape};
use plugin_host::model::{self, Fault, MODELS, Modelled, Strictness};
use plugin_proto::{pb, reflect};
use serde_json::Value;

struct Fixture {
    file: String,
    model: String,
    mattermost: Value,
    wire: Value,
    wire_only: Value,
    not_carried: Value,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model/fixtures");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            Fixture {
                model: file.split('.').next().unwrap().to_owned(),
                mattermost: json["mattermost"].take(),
                wire: json["wire"].take(),
                wire_only: json["wire_only"].take(),
                not_carried: json["not_carried"].take(),
                file,
            }
        })
        .collect()
}

impl Fixture {
    fn full_name(&self) -> String {
        format!("mattermost.pluginapi.v1.{}", self.model)
    }

    /// The message on the wire, with or without what only the wire has.
    fn wire(&self, whole: bool) -> bytes::Bytes {
        let mut json = self.wire.clone();
        if let (true, Value::Object(more)) = (whole, &self.wire_only) {
            json.as_object_mut().unwrap().extend(more.clone());
        }
        reflect::message_from_json(&self.full_name(), &json).unwrap()
    }

    /// In a form that can be compared: bytes of maps have no order.
    fn shown(&self, wire: &[u8]) -> Value {
        reflect::message_to_json(&self.full_name(), wire).unwrap()
    }
}

#[test]
fn documents_and_messages_are_each_others() {
    for fixture in fixtures() {
        let Fixture {
            file,
            model,
            mattermost,
            ..
        } = &fixture;
        for whole in [false, true] {
            let json = model::wire_to_json(model, &fixture.wire(whole)).unwrap();
            assert_eq!(json, *mattermost, "{file}: to JSON");
        }
        let (wire, dropped) = model::json_to_wire(model, mattermost, Strictness::Strict).unwrap();
        assert!(dropped.is_empty(), "{file}: {dropped:?}");
        let expected = fixture.shown(&fixture.wire(false));
        assert_eq!(fixture.shown(&wire), expected, "{file}: to wire");
        if !fixture.wire_only.is_null() {
            let whole = fixture.shown(&fixture.wire(true));
            assert_ne!(whole, expected, "{file}: wire_only says nothing");
        }
    }
}

#[test]
fn every_key_of_every_model_is_in_a_fixture() {
    let mut seen = BTreeSet::new();
    let mut models = BTreeSet::new();
    for fixture in fixtures() {
        let shape = table::shape(&fixture.model).unwrap();
        keys(shape, &fixture.mattermost, &mut seen);
        models.insert(fixture.model);
    }
    assert_eq!(
        models,
        MODELS.iter().map(|name| (*name).to_owned()).collect()
    );
    let mut missing = Vec::new();
    let mut shapes: Vec<_> = MODELS
        .iter()
        .map(|name| table::shape(name).unwrap())
        .collect();
    while let Some(shape) = shapes.pop() {
        for field in shape
            .fields()
            .iter()
            .filter(|field| field.form != Form::WireOnly)
        {
            let name = field.descriptor.full_name().to_owned();
            if !seen.contains(&name) {
                missing.push(name);
            }
            if let Item::Object(inner) = field.slot.item() {
                shapes.extend(table::shape(inner));
            }
        }
    }
    assert!(missing.is_empty(), "no fixture has {missing:?}");
}

#[test]
fn keys_that_are_not_carried_are_known_as_such() {
    let mut seen = BTreeSet::new();
    for fixture in fixtures() {
        let Value::Object(keys) = &fixture.not_carried else {
            continue;
        };
        for (key, value) in keys {
            let mut json = fixture.mattermost.clone();
            json[key] = value.clone();
            let error = model::json_to_wire(&fixture.model, &json, Strictness::Strict);
            let error = error.unwrap_err();
            let message = fixture.model.clone();
            assert_eq!(error.path, *key, "{}", fixture.file);
            assert_eq!(error.fault, Fault::NotCarried { message });
            seen.insert((fixture.model.clone(), key.clone()));
        }
    }
    let in_table = |name: &str| {
        let lacks = table::shape(name).unwrap().lacks().iter();
        lacks
            .map(|lack| (name.to_owned(), lack.key.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        seen,
        MODELS.iter().flat_map(|name| in_table(name)).collect()
    );
}

/// The fields about which the document says something.
fn keys(shape: &Shape, json: &Value, seen: &mut BTreeSet<String>) {
    for (key, value) in json.as_object().unwrap() {
        let Some(field) = shape.field_of(key) else {
            continue;
        };
        if field.empty_value().is_some_and(|empty| empty == *value) {
            continue;
        }
        seen.insert(field.descriptor.full_name().to_owned());
        if let Item::Object(inner) = field.slot.item() {
            let inner = table::shape(inner).unwrap();
            match value {
                Value::Array(values) => values.iter().for_each(|value| keys(inner, value, seen)),
                Value::Object(map) if field.descriptor.is_map() => {
                    map.values().for_each(|value| keys(inner, value, seen));
                }
                value => keys(inner, value, seen),
            }
        }
    }
}

/// Through the types, as a host uses it.
fn typed<M: Modelled + PartialEq + std::fmt::Debug>() {
    let mut count = 0;
    for fixture in fixtures().iter().filter(|fixture| fixture.model == M::NAME) {
        let expected = M::decode(fixture.wire(false)).unwrap();
        let strict = Strictness::Strict;
        let (message, _) = model::from_json::<M>(&fixture.mattermost, strict).unwrap();
        assert_eq!(message, expected, "{}", fixture.file);
        assert_eq!(model::to_json(&message).unwrap(), fixture.mattermost);
        let text = serde_json::to_vec_pretty(&fixture.mattermost).unwrap();
        assert_eq!(model::from_slice::<M>(&text, strict).unwrap().0, expected);
        count += 1;
    }
    assert!(count > 0, "no fixture of {}", M::NAME);
}

#[test]
fn types_stand_for_the_messages_of_their_names() {
    macro_rules! all {
        ($($message:ident)*) => {
            $(typed::<pb::$message>();)*
            assert_eq!([$(pb::$message::NAME),*], MODELS);
        };
    }
    all! {
        User Team TeamMember TeamUnread TeamStats Channel ChannelMember Post PostMetadata PostEmbed Reaction PostList
        PostSearchResults SearchParams SearchParameter FileInfo GetFileInfosOptions PluginKvSetOptions Preference Command
        CommandArgs CommandResponse PushNotification Bot ProductLimits EmailNotificationContent SyncResponse
    }
}
