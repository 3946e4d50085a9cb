//! Answers of plugins: whatever bytes a hook is answered with, there is a ruling; one that cannot be used names the hook and
//! changes nothing, and one that changes something leaves alone what the hook does not ask about.

use bytes::Bytes;
use plugin_host::hooks::outcome::{FailureKind, Outcome};
use plugin_host::hooks::ruling::{Ruling, rule};
use plugin_host::hooks::table::{Effect, Row, TABLE, row};
use plugin_host::policy::{Consumed, HookPolicy};
use plugin_proto::reflect;
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Any message of a kind, with others inside of it up to a depth.
fn message(descriptor: &MessageDescriptor, depth: usize) -> BoxedStrategy<DynamicMessage> {
    let is_shallow = |kind: &Kind| depth > 0 || kind.as_message().is_none();
    let fields: Vec<_> = descriptor
        .fields()
        .filter(|field| is_shallow(&field.kind()) && !field.is_map() || depth > 0)
        .collect();
    let values: Vec<_> = fields
        .iter()
        .map(|field| option::of(value(field, depth)))
        .collect();
    let descriptor = descriptor.clone();
    values
        .prop_map(move |values| {
            let mut message = DynamicMessage::new(descriptor.clone());
            for (field, value) in fields.iter().zip(values) {
                if let Some(value) = value {
                    message.set_field(field, value);
                }
            }
            message
        })
        .boxed()
}

fn value(field: &FieldDescriptor, depth: usize) -> BoxedStrategy<Value> {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let inner = one(&entry.map_entry_value_field().kind(), depth);
        return hash_map("[a-z]{0,4}".prop_map(MapKey::String), inner, 0..3)
            .prop_map(Value::Map)
            .boxed();
    }
    let inner = one(&field.kind(), depth);
    if field.is_list() {
        return vec(inner, 0..3).prop_map(Value::List).boxed();
    }
    inner
}

fn one(kind: &Kind, depth: usize) -> BoxedStrategy<Value> {
    match kind {
        Kind::String => prop_oneof![Just(String::new()), "\\PC{1,6}", "[ab]"]
            .prop_map(Value::String)
            .boxed(),
        Kind::Bytes => prop_oneof![
            vec(any::<u8>(), 0..6),
            select(vec!["{}", "{\"a\":[1]}", "null", "{"]).prop_map(|text| text.into()),
        ]
        .prop_map(|bytes| Value::Bytes(bytes.into()))
        .boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int32 => any::<i32>().prop_map(Value::I32).boxed(),
        Kind::Int64 => any::<i64>().prop_map(Value::I64).boxed(),
        Kind::Uint32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Double => any::<i32>()
            .prop_map(|number| Value::F64(number.into()))
            .boxed(),
        Kind::Enum(_) => any::<i32>().prop_map(Value::EnumNumber).boxed(),
        Kind::Message(inner) => message(inner, depth.saturating_sub(1))
            .prop_map(Value::Message)
            .boxed(),
        kind => unreachable!("the contract's hooks have no {kind:?}"),
    }
}

/// Bytes that are nearly always a message, and sometimes were hurt.
fn bytes(descriptor: &MessageDescriptor) -> BoxedStrategy<Bytes> {
    let wounds = vec((any::<Index>(), any::<u8>()), 0..3);
    let hurt = (
        message(descriptor, 2),
        wounds,
        option::weighted(0.2, any::<Index>()),
    );
    let hurt = hurt.prop_map(|(message, wounds, cut)| {
        let mut bytes = message.encode_to_vec();
        for (place, byte) in wounds {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        let length = cut.map_or(bytes.len(), |cut| cut.index(bytes.len() + 1));
        bytes.truncate(length);
        Bytes::from(bytes)
    });
    prop_oneof![
        3 => hurt,
        3 => message(descriptor, 2).prop_map(|message| message.encode_to_vec().into()),
        1 => vec(any::<u8>(), 0..20).prop_map(Bytes::from),
    ]
    .boxed()
}

/// Fields of the request that an answer may replace.
fn may_change(request: &MessageDescriptor, answer: &MessageDescriptor, effect: Effect) -> Vec<u32> {
    let names: Vec<String> = match effect {
        Effect::Posts => vec!["posts".to_owned()],
        Effect::Email => vec!["email_notification".to_owned()],
        _ => answer
            .fields()
            .filter_map(|field| Some(field.name().strip_prefix("modified_")?.to_owned()))
            .collect(),
    };
    request
        .fields()
        .filter(|field| {
            names
                .iter()
                .any(|name| field.name().ends_with(name.as_str()))
        })
        .map(|field| field.number())
        .collect()
}

fn descriptor(name: &str) -> MessageDescriptor {
    reflect::pool().get_message_by_name(name).unwrap()
}

/// Plays a law for every hook, its request intact and its answer whatever it is.
fn for_every_hook(law: impl Fn(&'static Row, Bytes, Bytes, Consumed) -> Result<(), TestCaseError>) {
    for row in TABLE.iter().filter_map(|found| row(found.hook)) {
        let (request, answer) = (descriptor(row.hook.request), descriptor(row.hook.response));
        let request = message(&request, 2).prop_map(|message| message.encode_to_vec().into());
        let consumed = select(vec![Consumed::ReplaceById, Consumed::AnswerIsAll]);
        let mut runner = TestRunner::new(Config {
            cases: 48,
            failure_persistence: None,
            ..Config::default()
        });
        let inputs = (request, bytes(&answer), consumed);
        let result = runner.run(&inputs, |(request, answer, consumed)| {
            law(row, request, answer, consumed)
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", row.hook.name));
    }
}

#[test]
fn whatever_is_answered_there_is_a_ruling() {
    for_every_hook(|row, request, answer, consumed| {
        let policy = HookPolicy {
            consumed,
            ..HookPolicy::default()
        };
        let ruled = rule(row, &policy, &request, Outcome::Answered(answer.clone()));
        let (asked, answers) = (descriptor(row.hook.request), descriptor(row.hook.response));
        let is_answer = DynamicMessage::decode(answers.clone(), answer.clone()).is_ok();
        match &ruled.ruling {
            Ruling::Failed { failure, .. } => {
                prop_assert_eq!(failure.hook, row.hook.name);
                prop_assert_eq!(failure.kind, FailureKind::Violation);
                prop_assert!(!failure.text.is_empty());
                let is_checked = matches!(row.effect, Effect::Configuration | Effect::Email);
                prop_assert!(!is_answer || is_checked, "{}", failure);
                prop_assert_eq!(&ruled.request, &request);
            }
            ruling => {
                prop_assert!(is_answer, "{:?} of what is no answer", ruling);
                if matches!(ruling, Ruling::Changed(_)) {
                    let mut before =
                        DynamicMessage::decode(asked.clone(), request.clone()).unwrap();
                    let mut after =
                        DynamicMessage::decode(asked.clone(), ruled.request.clone()).unwrap();
                    for number in may_change(&asked, &answers, row.effect) {
                        before.clear_field_by_number(number);
                        after.clear_field_by_number(number);
                    }
                    prop_assert_eq!(before, after);
                } else {
                    prop_assert_eq!(&ruled.request, &request);
                }
            }
        }
        Ok(())
    });
}
