//! Free-form JSON and `google.protobuf.Struct`: numbers are doubles there, and nesting has a bound.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;
use super::error::{Fault, ModelError};
use super::path::Path;
use super::read::Reader;

/// Integers up to here are doubles of their own; 2^53 + 1 would arrive as 2^53.
const LARGEST_EXACT: u64 = 1 << 53;

/// The object as it can travel. What cannot is an error, or left out, as the reader is told.
pub(super) fn read(
    reader: &mut Reader,
    object: &Map<String, Value>,
    at: &Path<'_>,
) -> Result<Struct, ModelError> {
    let mut fields = std::collections::BTreeMap::new();
    for (key, json) in object {
        if let Some(value) = read_value(reader, json, &at.key(key))? {
            fields.insert(key.clone(), value);
        }
    }
    Ok(Struct { fields })
}

fn read_value(
    reader: &mut Reader,
    json: &Value,
    at: &Path<'_>,
) -> Result<Option<Wire>, ModelError> {
    reader.within(at)?;
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Number(number) => match exact(number) {
            Some(double) => Kind::NumberValue(double),
            None => {
                let number = number.to_string();
                reader.lose(at, Fault::Inexact { number })?;
                return Ok(None);
            }
        },
        Value::Object(object) => Kind::StructValue(read(reader, object, at)?),
        Value::Array(list) => {
            let mut values = Vec::with_capacity(list.len());
            for (index, json) in list.iter().enumerate() {
                values.extend(read_value(reader, json, &at.index(index))?);
            }
            Kind::ListValue(ListValue { values })
        }
    };
    Ok(Some(Wire { kind: Some(kind) }))
}

/// The number as a double, if that is the same number for certain.
fn exact(number: &Number) -> Option<f64> {
    let integer = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
    match integer {
        Some(integer) if integer > LARGEST_EXACT => None,
        _ => number.as_f64(),
    }
}

/// The object in JSON, keys in order.
pub(super) fn write(
    object: &Struct,
    at: &Path<'_>,
    refuse: &impl Fn(&Path<'_>, Fault) -> ModelError,
) -> Result<Map<String, Value>, ModelError> {
    let fields = object.fields.iter();
    fields
        .map(|(key, value)| Ok((key.clone(), write_value(value, &at.key(key), refuse)?)))
        .collect()
}

fn write_value(
    value: &Wire,
    at: &Path<'_>,
    refuse: &impl Fn(&Path<'_>, Fault) -> ModelError,
) -> Result<Value, ModelError> {
    if at.depth() > MAX_DEPTH {
        return Err(refuse(at, Fault::TooDeep { limit: MAX_DEPTH }));
    }
    Ok(match &value.kind {
        None => return Err(refuse(at, Fault::NoValue)),
        Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(*flag),
        Some(Kind::StringValue(text)) => Value::String(text.clone()),
        Some(Kind::NumberValue(double)) => match number(*double) {
            Some(number) => Value::Number(number),
            None => {
                let number = double.to_string();
                return Err(refuse(at, Fault::NotFinite { number }));
            }
        },
        Some(Kind::StructValue(object)) => Value::Object(write(object, at, refuse)?),
        Some(Kind::ListValue(list)) => {
            let values = list.values.iter().enumerate();
            let values = values.map(|(index, value)| write_value(value, &at.index(index), refuse));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
    })
}

/// The double in JSON: 3 and not 3.0, as it will have been; `None` for what JSON cannot write.
fn number(double: f64) -> Option<Number> {
    // Zero below zero stays what it is.
    let is_integer = double.fract() == 0.0 && !(double == 0.0 && double.is_sign_negative());
    #[expect(clippy::cast_precision_loss, reason = "it is a power of two")]
    if is_integer && double.abs() <= LARGEST_EXACT as f64 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
        let integer = double as i64;
        return Some(integer.into());
    }
    Number::from_f64(double)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_are_exact_up_to_a_bound_on_both_sides() {
        let double = |json: Value| exact(json.as_number().unwrap());
        assert_eq!(
            double(json!(9_007_199_254_740_992_i64)),
            Some(2_f64.powi(53))
        );
        assert_eq!(
            double(json!(-9_007_199_254_740_992_i64)),
            Some(-2_f64.powi(53))
        );
        assert_eq!(double(json!(9_007_199_254_740_993_i64)), None);
        assert_eq!(double(json!(-9_007_199_254_740_993_i64)), None);
        assert_eq!(double(json!(u64::MAX)), None);
        assert_eq!(double(json!(i64::MIN)), None);
        assert_eq!(double(json!(1e300)), Some(1e300));
        assert_eq!(double(json!(0.1)), Some(0.1));
    }

    #[test]
    fn doubles_are_written_as_the_numbers_they_came_from() {
        assert_eq!(number(3.0), Some(3.into()));
        assert_eq!(number(-3.0), Some((-3).into()));
        assert_eq!(number(0.0), Some(0.into()));
        assert!(number(-0.0).unwrap().is_f64());
        assert_eq!(
            number(2_f64.powi(53)),
            Some(9_007_199_254_740_992_i64.into())
        );
        assert!(number(2_f64.powi(53) + 2.0).unwrap().is_f64());
        assert_eq!(number(0.5), Number::from_f64(0.5));
        assert_eq!(number(f64::NAN), None);
        assert_eq!(number(f64::NEG_INFINITY), None);
    }
}
