//! What the text shows and a `Value` would not.

use rstest::rstest;
use serde_json::json;

use super::*;

fn strict(text: &str) -> Result<Value, (String, Fault)> {
    value("Post", text.as_bytes(), Strictness::Strict)
        .map(|(value, dropped)| {
            assert!(dropped.is_empty(), "{dropped:?}");
            value
        })
        .map_err(|error| (error.path, error.fault))
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    let text = r#" {"a": [1, -2, 3.5, 1e300, "x\"1\\", true, null, {}], "18446744073709551616": {"b": []}} "#;
    assert_eq!(strict(text), Ok(serde_json::from_str(text).unwrap()));
    let text = format!("[{}, {}]", u64::MAX, i64::MIN);
    assert_eq!(strict(&text), Ok(json!([u64::MAX, i64::MIN])));
}

#[rstest]
#[case::in_the_root(r#"{"a": 1, "b": 2, "a": 3}"#, "a")]
#[case::further_in(r#"{"x": [{"a": {}, "a": {}}]}"#, "x[0].a")]
#[case::by_another_spelling(r#"{"a": 1, "\u0061": 1}"#, "a")]
fn a_key_that_stands_twice_is_named(#[case] text: &str, #[case] path: &str) {
    assert_eq!(strict(text), Err((path.to_owned(), Fault::DuplicateKey)));
}

#[rstest]
#[case::too_large("18446744073709551616")]
#[case::too_small("-9223372036854775809")]
fn an_integer_that_no_value_holds_is_named(#[case] number: &str) {
    let text = format!(r#"{{"1": 5, "x": ["7", -0.5, {number}], "y": 6}}"#);
    let fault = Fault::Inexact {
        number: number.to_owned(),
    };
    assert_eq!(strict(&text), Err(("x[2]".to_owned(), fault.clone())));

    let (value, dropped) = value("Post", text.as_bytes(), Strictness::Lenient).unwrap();
    assert_eq!(value, json!({"1": 5, "x": ["7", -0.5], "y": 6}));
    let path = "x[2]".to_owned();
    assert_eq!(dropped, [Dropped { path, fault }]);
}

#[test]
fn the_last_of_two_keys_wins_in_a_lenient_reading() {
    let text = br#"{"a": 1, "a": [2]}"#;
    let (value, dropped) = value("Post", text, Strictness::Lenient).unwrap();
    assert_eq!(value, json!({"a": [2]}));
    assert_eq!(
        dropped[0].to_string(),
        "a left out: the key stands more than once in its object"
    );
    assert_eq!(dropped.len(), 1);
}

#[rstest]
#[case::empty("", "", "EOF while parsing a value at line 1 column 0")]
#[case::unfinished("{\"a\": [1,\n", "a", "EOF while parsing a value at line 2 column 0")]
#[case::no_value(r#"{"a": {"b": x}}"#, "a.b", "expected value at line 1 column 13")]
#[case::more_after_it("{} x", "", "trailing characters at line 1 column 4")]
#[case::half_a_pair(
    r#"["\ud800"]"#,
    "[0]",
    "unexpected end of hex escape at line 1 column 9"
)]
#[case::out_of_range("[1e999]", "[0]", "number out of range at line 1 column 6")]
fn what_is_no_json_is_named_with_its_place(
    #[case] text: &str,
    #[case] path: &str,
    #[case] reason: &str,
) {
    let reason = reason.to_owned();
    assert_eq!(
        strict(text),
        Err((path.to_owned(), Fault::NotJson { reason }))
    );
}

#[test]
fn bytes_that_are_no_utf_8_are_counted() {
    let error = value("Post", b"{\"a\": \"\xff\"}", Strictness::Strict).unwrap_err();
    assert_eq!(error.fault, Fault::NotUtf8 { offset: 7 });
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(strict(&nested(MAX_DEPTH)).is_ok());
    let limit = MAX_DEPTH;
    let (path, fault) = strict(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(fault, Fault::TooDeep { limit });
    assert_eq!(path, "[0]".repeat(MAX_DEPTH + 1));
    // A document that never ends its nesting does not end the stack.
    assert!(matches!(
        strict(&"[".repeat(1_000_000)),
        Err((_, Fault::TooDeep { .. }))
    ));
}
