//! The line by which a plugin under test shows that its handler ran and what it saw.
//!
//! Invariant: one line, newline included, has at most 4,096 bytes, so that one write of it is not torn.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::hex;

/// Longest line, newline included.
const LINE: usize = 4096;
/// Longest value that is written out.
const VALUE: usize = 256;

/// The line for one run of a handler.
pub(super) fn line(hook: &str, nonce: &str, saw: Value) -> String {
    let written = |saw: &Value| {
        let evidence = json!({ "conformance": 1, "hook": hook, "nonce": nonce, "saw": saw });
        format!("{evidence}\n")
    };
    let saw = shortened(saw);
    let line = written(&saw);
    if line.len() <= LINE {
        return line;
    }
    written(&digest(&saw))
}

/// The line of a handler whose call was given up.
pub(super) fn cancelled(hook: &str, nonce: &str) -> String {
    let evidence = json!({ "conformance": 1, "hook": hook, "nonce": nonce, "cancelled": true });
    format!("{evidence}\n")
}

/// The line of a handler that has read the whole body of its request.
pub(super) fn body(hook: &str, nonce: &str, length: usize, sha256: &str) -> String {
    let body = json!({ "len": length, "sha256": sha256 });
    let evidence = json!({ "conformance": 1, "hook": hook, "nonce": nonce, "body": body });
    format!("{evidence}\n")
}

/// Long texts as length and digest.
fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() > VALUE => digest_of(text.as_bytes()),
        Value::Array(values) => values.into_iter().map(shortened).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, shortened(value)))
                .collect(),
        ),
        other => other,
    }
}

fn digest(value: &Value) -> Value {
    digest_of(value.to_string().as_bytes())
}

fn digest_of(bytes: &[u8]) -> Value {
    json!({ "len": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes).as_slice()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_stand_as_length_and_digest() {
        let line = line(
            "MessageWillBePosted",
            "n1",
            json!({ "post": { "id": "p", "message": "x".repeat(257) } }),
        );
        let evidence: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(evidence["hook"], "MessageWillBePosted");
        assert_eq!(evidence["nonce"], "n1");
        assert_eq!(evidence["saw"]["post"]["id"], "p");
        assert_eq!(evidence["saw"]["post"]["message"]["len"], 257);
        assert_eq!(
            evidence["saw"]["post"]["message"]["sha256"]
                .as_str()
                .map(str::len),
            Some(64)
        );
    }

    #[test]
    fn one_line_newline_included_has_at_most_4096_bytes() {
        let many: Vec<String> = (0..400)
            .map(|n| format!("file {n} {}", "y".repeat(100)))
            .collect();
        let line = line(
            "MessageWillBePosted",
            "n1",
            json!({ "post": { "file_ids": many } }),
        );
        assert!(line.len() <= LINE);
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
    }
}
