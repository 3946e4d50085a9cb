//! The faults by which a client of the API sends, hands over or raises something else, at every method alike. Pure.

use serde_json::{Map, Value};

use crate::fault::Fault;

/// The request as a client with this fault sends it.
pub(super) fn sent(fault: Option<Fault>, mut request: Value) -> Value {
    match fault {
        Some(Fault::ApiRequestFieldLost) => drop_last(&mut request),
        Some(Fault::ApiRequestFieldsEmptied) => empty(&mut request),
        Some(Fault::ApiRequestPresenceLost) => prune(&mut request),
        // Where there is no text there is nothing to invent.
        Some(Fault::ApiRequestTextInvented) => drop(invent(&mut request)),
        _ => {}
    }
    request
}

/// The answer as a client with this fault hands it over.
pub(super) fn received(fault: Option<Fault>, mut answer: Value) -> Value {
    match fault {
        Some(Fault::ApiAnswerFieldLost) => drop_last(&mut answer),
        Some(Fault::ApiAnswerListsReversed) => reverse(&mut answer),
        Some(Fault::ApiAnswerPresenceLost) => prune(&mut answer),
        Some(Fault::ApiEmptyAnswerInvented) if answer == Value::Object(Map::new()) => {
            answer["status"] = "OK".into();
        }
        _ => {}
    }
    answer
}

/// The error in band as a client with this fault raises it; none if it takes it for success.
pub(super) fn refused(fault: Option<Fault>, mut error: Value) -> Option<Value> {
    let lost: &[&str] = match fault {
        Some(Fault::ApiErrorLost) => return None,
        Some(Fault::ApiErrorWithoutIdTaken) if error.get("id").is_none() => return None,
        Some(Fault::ApiErrorTextLost) => &["message"],
        Some(Fault::ApiErrorCodeLost) => &["status_code"],
        Some(Fault::ApiErrorIdLost) => &["id"],
        Some(Fault::ApiErrorDetailsLost) => &["detailed_error"],
        Some(Fault::ApiErrorWhereLost) => &["where"],
        Some(Fault::ApiErrorRequestIdLost) => &["request_id"],
        Some(Fault::ApiErrorParamsLost) => &["params"],
        _ => &[],
    };
    if let Some(fields) = error.as_object_mut() {
        fields.retain(|name, _| !lost.contains(&name.as_str()));
    }
    Some(error)
}

/// Takes away the last value that stands in no other one.
fn drop_last(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let Some(name) = fields.keys().next_back().cloned() else {
                return;
            };
            if fields.get(&name).is_some_and(holds_more) {
                drop_last(&mut fields[&name]);
            } else {
                fields.remove(&name);
            }
        }
        Value::Array(values) => match values.last_mut() {
            Some(last) if holds_more(last) => drop_last(last),
            _ => drop(values.pop()),
        },
        _ => {}
    }
}

fn holds_more(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(values) => !values.is_empty(),
        _ => false,
    }
}

/// Takes away everything inside of the fields that are messages.
fn empty(value: &mut Value) {
    for field in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(inner) = field.as_object_mut() {
            inner.clear();
        }
    }
}

/// Takes away what is there and empty.
fn prune(value: &mut Value) {
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        other => !holds_more(other),
    };
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| !says_nothing(value));
        }
        Value::Array(values) => values.iter_mut().for_each(prune),
        _ => {}
    }
}

/// Puts a word behind the first text.
fn invent(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            text.push('s');
            true
        }
        Value::Object(fields) => fields.values_mut().any(invent),
        Value::Array(values) => values.iter_mut().any(invent),
        _ => false,
    }
}

fn reverse(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(reverse),
        Value::Array(values) => {
            values.reverse();
            values.iter_mut().for_each(reverse);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_value_is_taken_away_and_no_more() {
        let dropped = |mut value: Value| {
            drop_last(&mut value);
            value
        };
        assert_eq!(dropped(json!({"a": 1, "b": 2})), json!({"a": 1}));
        assert_eq!(
            dropped(json!({"a": 1, "b": {"c": [{"d": 1, "e": 2}]}})),
            json!({"a": 1, "b": {"c": [{"d": 1}]}})
        );
        assert_eq!(dropped(json!({"a": ["x", "y"]})), json!({"a": ["x"]}));
        assert_eq!(dropped(json!({})), json!({}));
    }

    #[test]
    fn what_is_empty_is_pruned_from_inside() {
        let mut value = json!({"a": "", "b": {"c": 0, "d": {}}, "e": [{}], "f": "x"});
        prune(&mut value);
        assert_eq!(value, json!({"e": [{}], "f": "x"}));
    }

    #[test]
    fn an_error_loses_what_the_fault_says() {
        let error = json!({"id": "a", "message": "b"});
        assert_eq!(refused(None, error.clone()), Some(error.clone()));
        assert_eq!(
            refused(Some(Fault::ApiErrorIdLost), error.clone()),
            Some(json!({"message": "b"}))
        );
        assert_eq!(refused(Some(Fault::ApiErrorLost), error), None);
        let nameless = json!({"message": "b"});
        assert_eq!(refused(Some(Fault::ApiErrorWithoutIdTaken), nameless), None);
    }
}
