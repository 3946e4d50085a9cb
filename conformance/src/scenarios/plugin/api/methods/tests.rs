//! No field of any message can be lost or changed without being noticed, and the place is named.

use super::*;

/// Messages of all methods, with something in every field.
fn messages() -> Vec<(&'static Method, Value)> {
    let both = |method: &'static Method| {
        [
            (method, Form::Request, filled::message(method.request)),
            (method, Form::Response, filled::response(method)),
        ]
    };
    let read = |(method, form, message): (&'static Method, Form, Value)| {
        (method, read(method, form, &message).unwrap().1)
    };
    API.iter().flat_map(both).map(read).collect()
}

/// Does something to the value number `n` of those that hold no other; says whether there is one.
fn at_leaf(value: &mut Value, n: &mut usize, change: &dyn Fn(&mut Value)) -> bool {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.values_mut().any(|value| at_leaf(value, n, change))
        }
        Value::Array(values) if !values.is_empty() => {
            values.iter_mut().any(|value| at_leaf(value, n, change))
        }
        leaf if *n == 0 => {
            change(leaf);
            true
        }
        _ => {
            *n -= 1;
            false
        }
    }
}

/// Every message once for each of its values, with that value changed.
fn each_changed(change: &dyn Fn(&mut Value)) -> usize {
    let mut count = 0;
    for (method, message) in messages() {
        for n in 0.. {
            let mut changed = message.clone();
            if !at_leaf(&mut changed, &mut { n }, change) {
                break;
            }
            if changed != message {
                let wrong = differ(&message, &changed);
                assert!(wrong.is_some(), "{}: {changed}", method.name);
                count += 1;
            }
        }
    }
    count
}

#[test]
fn every_value_that_is_lost_is_noticed() {
    let count = each_changed(&|leaf| *leaf = Value::Null);
    assert!(count > 5000, "{count}");
}

#[test]
fn every_value_that_is_changed_is_noticed() {
    let count = each_changed(&|leaf| match leaf {
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => *leaf = (number.as_f64().unwrap() + 2.0).into(),
        Value::String(text) => text.push('x'),
        other => *other = "x".into(),
    });
    assert!(count > 5000, "{count}");
}

#[test]
fn a_message_is_equal_to_itself() {
    for (method, message) in messages() {
        assert_eq!(differ(&message, &message), None, "{}", method.name);
    }
}
