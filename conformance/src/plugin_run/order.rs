//! Orders to a plugin under test, as words in a text field of a hook's own input. Pure.

use std::fmt;

use serde_json::Value;

/// The variable with the orders for hooks whose input has no text: a JSON object, hook to order.
pub const VARIABLE: &str = "CONFORMANCE_ORDERS";

/// What a handler is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Let the subject pass, or do nothing.
    Allow,
    /// Append [`MODIFIED`] to the text.
    Modify,
    /// Reject, for this reason.
    Reject(String),
    /// Give back this response.
    Answer(Value),
    /// Drop the post without a word to anybody.
    Dismiss,
    /// Raise an error with this text.
    Fail(String),
    /// Take so many milliseconds, then allow.
    Sleep(u64),
    /// End the process at once with this status.
    Exit(i32),
    /// End the handler by the language's own exit call.
    Quit(i32),
    /// Call a method of the API, and answer with what came of it.
    Api(&'static str, Value),
    /// Log a line at this level.
    Log(&'static str, String),
    /// Write so many bytes to stdout and as many to stderr.
    Flood(usize),
}

/// What `modify` appends.
pub const MODIFIED: &str = " [modified]";

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Allow => f.write_str("allow"),
            Word::Modify => f.write_str("modify"),
            Word::Reject(why) => write!(f, "reject {why}"),
            Word::Answer(answer) => write!(f, "answer {}", exact(answer)),
            Word::Dismiss => f.write_str("dismiss"),
            Word::Fail(why) => write!(f, "fail {why}"),
            Word::Sleep(ms) => write!(f, "sleep {ms}"),
            Word::Exit(code) => write!(f, "exit {code}"),
            Word::Quit(code) => write!(f, "quit {code}"),
            Word::Api(method, request) => write!(f, "api {method} {}", exact(request)),
            Word::Log(level, text) => write!(f, "log {level} {text}"),
            Word::Flood(bytes) => write!(f, "flood {bytes}"),
        }
    }
}

/// The largest whole number up to which a JSON number is the same in every language.
const EXACT: u64 = (1 << 53) - 1;

/// JSON with whole numbers that doubles do not hold as texts, as protobuf maps 64-bit numbers: in some languages every JSON number is a double.
fn exact(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_i64().map(i64::unsigned_abs).or(number.as_u64()) {
            Some(size) if size > EXACT => Value::String(number.to_string()),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, field)| (name.clone(), exact(field)))
                .collect(),
        ),
        _ => value.clone(),
    }
}

/// A word with the nonce by which its evidence is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The nonce.
    pub nonce: String,
    /// The word.
    pub word: Word,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conformance {} {}", self.nonce, self.word)
    }
}

/// The value of [`VARIABLE`].
pub fn variable(orders: &[(&'static str, Order)]) -> String {
    let object = orders
        .iter()
        .map(|(hook, order)| ((*hook).to_owned(), Value::String(order.to_string())))
        .collect();
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_words_in_a_row() {
        let order = |word| {
            Order {
                nonce: "00ff".to_owned(),
                word,
            }
            .to_string()
        };
        assert_eq!(order(Word::Modify), "conformance 00ff modify");
        assert_eq!(
            order(Word::Reject("not here".to_owned())),
            "conformance 00ff reject not here"
        );
        assert_eq!(
            order(Word::Api("KVGet", serde_json::json!({"key": "k"}))),
            r#"conformance 00ff api KVGet {"key":"k"}"#
        );
    }

    #[test]
    fn numbers_that_a_double_does_not_hold_are_texts() {
        let answer = serde_json::json!({
            "list": [9_007_199_254_740_991_u64, 9_007_199_254_740_992_u64, -9_007_199_254_740_992_i64],
            "count": u64::MAX,
            "props": {"half": 0.5, "large": 1e300},
        });
        assert_eq!(
            Word::Answer(answer).to_string(),
            r#"answer {"list":[9007199254740991,"9007199254740992","-9007199254740992"],"count":"18446744073709551615","props":{"half":0.5,"large":1e+300}}"#
        );
    }
}
