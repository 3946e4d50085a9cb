//! Evidence: the line on stderr by which a handler shows that it ran, and with what. Pure.
//!
//! `{"conformance":1,"hook":"MessageWillBePosted","nonce":"…","saw":{…}}`, one write of at most 4,096 bytes; texts of more than 256 bytes
//! are given as their length and SHA-256.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use sha2::{Digest as _, Sha256};

use crate::case::words::Words;

/// The longest line of evidence, its newline included: what a pipe takes in one piece.
pub const LONGEST: usize = 4096;
/// Longer texts are given as a digest.
pub const LONGEST_TEXT: usize = 256;

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The version of the contract: 1.
    pub conformance: u32,
    /// The hook whose handler ran.
    pub hook: String,
    /// The order's nonce; empty or absent if there was no order.
    #[serde(default)]
    pub nonce: String,
    /// What the handler saw, by the names of the hook's own fields.
    #[serde(default)]
    pub saw: Value,
    /// Not what the handler saw at its beginning, but that its call was given up meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Nor that, but the body that it has read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Digest>,
}

/// A value by its length and digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Bytes.
    pub len: usize,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut sha256 = String::new();
        for byte in Sha256::digest(bytes) {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Digest {
            len: bytes.len(),
            sha256,
        }
    }
}

impl Words for Digest {
    fn words(&self) -> String {
        format!("{} bytes with the SHA-256 {}", self.len, self.sha256)
    }
}

impl Words for Evidence {
    fn words(&self) -> String {
        format!("evidence of {} with the nonce {}", self.hook, self.nonce)
    }
}

impl Evidence {
    /// The evidence in a line of stderr, if it is one.
    pub fn read(line: &str) -> Option<Evidence> {
        if !line.starts_with('{') || line.len() >= LONGEST {
            return None;
        }
        any(line).filter(|evidence| !evidence.cancelled && evidence.body.is_none())
    }

    /// The evidence that a handler noticed that nobody waits for it any more.
    pub fn read_cancelled(line: &str) -> Option<Evidence> {
        any(line).filter(|evidence| evidence.cancelled)
    }

    /// The evidence that a handler has read the body of its request to its end.
    pub fn read_body(line: &str) -> Option<Evidence> {
        any(line).filter(|evidence| evidence.body.is_some())
    }
}

fn any(line: &str) -> Option<Evidence> {
    let read = serde_json::from_str(line).ok();
    read.filter(|evidence: &Evidence| evidence.conformance == 1)
}

/// A value as evidence shows it: long texts become their length and digest, empty ones are left out as on the wire.
pub fn as_seen(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => digest(text),
        Value::Array(items) => items.iter().map(as_seen).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), as_seen(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The first place in which `seen` does not hold what was sent; fields beyond those that were sent are not looked at.
pub fn difference(sent: &Value, seen: &Value, place: &str) -> Option<String> {
    match (sent, seen) {
        (Value::Object(sent), Value::Object(seen)) => sent.iter().find_map(|(name, value)| {
            let place = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            match seen.get(name) {
                Some(seen) => difference(value, seen, &place),
                None => Some(format!("{place} is missing, {value} was sent")),
            }
        }),
        (Value::Array(sent), Value::Array(seen)) if sent.len() == seen.len() => {
            let pairs = sent.iter().zip(seen).enumerate();
            pairs
                .into_iter()
                .find_map(|(at, (sent, seen))| difference(sent, seen, &format!("{place}[{at}]")))
        }
        (Value::Number(sent), Value::Number(seen)) if same_number(sent, seen) => None,
        // Protobuf's JSON writes numbers of 64 bits as texts.
        (Value::Number(sent), Value::String(seen)) if sent.to_string() == *seen => None,
        (sent, seen) if sent == seen => None,
        (sent, seen) => Some(format!("{place} is {seen}, {sent} was sent")),
    }
}

/// The first place in which `seen` holds something that was not sent. What is empty may have been left out on the way.
pub fn surplus(sent: &Value, seen: &Value, place: &str) -> Option<String> {
    match (sent, seen) {
        (Value::Object(sent), Value::Object(seen)) => seen.iter().find_map(|(name, value)| {
            let place = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            match sent.get(name) {
                Some(sent) => surplus(sent, value, &place),
                None if is_empty(value) => None,
                None => Some(format!("{place} is {value}, nothing was sent")),
            }
        }),
        (Value::Array(sent), Value::Array(seen)) => {
            let mut pairs = sent.iter().zip(seen).enumerate();
            pairs.find_map(|(at, (sent, seen))| surplus(sent, seen, &format!("{place}[{at}]")))
        }
        _ => None,
    }
}

/// Whether a value says as little as an absent one.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0" || text.ends_with("_UNSPECIFIED"),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

/// Whole numbers are compared as such: as doubles, large ones would be equal to their neighbours.
fn same_number(sent: &Number, seen: &Number) -> bool {
    match (sent.as_i64(), seen.as_i64()) {
        (Some(sent), Some(seen)) => sent == seen,
        _ => sent.as_f64() == seen.as_f64(),
    }
}

fn digest(text: &str) -> Value {
    let digest = Digest::of(text.as_bytes());
    json!({ "len": digest.len, "sha256": digest.sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_of_the_right_form_are_evidence() {
        let line = r#"{"conformance":1,"hook":"OnActivate","nonce":"","saw":{}}"#;
        assert_eq!(Evidence::read(line).unwrap().hook, "OnActivate");
        for line in [
            r#"{"conformance":2,"hook":"OnActivate"}"#,
            r#" {"conformance":1,"hook":"OnActivate"}"#,
            r#"{"@message":"x"}"#,
            "conformance",
            &format!(r#"{{"conformance":1,"hook":"{}"}}"#, "x".repeat(LONGEST)),
        ] {
            assert_eq!(Evidence::read(line), None, "{line}");
        }
    }

    #[test]
    fn long_texts_become_digests() {
        let seen = as_seen(&json!({"short": "x", "long": "é".repeat(200)}));
        assert_eq!(seen["short"], "x");
        assert_eq!(seen["long"]["len"], 400);
        assert_eq!(seen["long"]["sha256"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn what_was_not_sent_is_a_surplus_unless_it_is_empty() {
        let sent = json!({"post": {"id": "p", "list": [{}]}});
        let extra = |seen: Value| surplus(&sent, &seen, "");
        assert_eq!(
            extra(json!({"post": {"id": "q", "create_at": "0", "metadata": {"files": []}}})),
            None
        );
        assert!(
            extra(json!({"post": {"user_id": "u"}}))
                .unwrap()
                .starts_with("post.user_id is")
        );
        assert!(
            extra(json!({"post": {"list": [{"n": 1}]}}))
                .unwrap()
                .starts_with("post.list[0].n is")
        );
    }

    #[test]
    fn large_numbers_are_compared_as_they_are_and_may_be_texts() {
        let large = 9_007_199_254_740_993_i64;
        let sent = json!({ "n": large });
        assert_eq!(difference(&sent, &json!({ "n": large }), ""), None);
        assert_eq!(
            difference(&sent, &json!({ "n": large.to_string() }), ""),
            None
        );
        assert!(difference(&sent, &json!({ "n": large - 1 }), "").is_some());
        assert!(difference(&sent, &json!({ "n": "9007199254740992" }), "").is_some());
    }

    #[test]
    fn differences_name_their_place() {
        let sent = json!({"post": {"id": "p", "props": {"n": 1}, "file_ids": ["a", "b"]}});
        assert_eq!(
            difference(
                &sent,
                &json!({"post": {"id": "p", "props": {"n": 1.0}, "file_ids": ["a", "b"], "more": 1}}),
                ""
            ),
            None
        );
        let differs = |seen: Value| difference(&sent, &seen, "").unwrap();
        assert!(differs(json!({"post": {"id": "q"}})).starts_with("post.id is"));
        assert!(differs(json!({"post": {"id": "p"}})).starts_with("post.props is missing"));
        assert!(
            differs(json!({"post": {"id": "p", "props": {"n": 1}, "file_ids": ["a", "c"]}}))
                .starts_with("post.file_ids[1] is")
        );
    }
}
