//! Values and files that are larger than what gRPC takes if nobody tells it otherwise.

use fake_interpreters::base64;
use plugin_proto::{Form, find_api, reflect};
use serde_json::{Value, json};

use super::{Told, claimed, told};
use crate::case::Case;
use crate::plugin_run::backend::Mishap;
use crate::plugin_run::evidence::Digest;
use crate::plugin_run::running::{Running, Setup};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::scenarios::plugin::place;

scenarios! {
    Plugin, Api;
    /// A value of more than 4 MiB that is sent, and a file of that size that comes.
    "plugin/api/large" => large: ["AP-084"], deadline(60);
}

/// Above the usual limit of one message, and not more: the bytes travel as JSON, too.
const SIZE: usize = (4 << 20) + (64 << 10);

/// Bytes, no two pages of them alike, and no UTF-8; as base64.
fn bytes() -> String {
    let byte = |at: usize| ((at ^ (at >> 8) ^ (at >> 16)) & 0xff).to_le_bytes()[0] | 0x80;
    base64::encode(&(0..SIZE).map(byte).collect::<Vec<u8>>())
}

/// A text by its length and digest: what a reader can take in.
fn short(value: &Value) -> String {
    match value.as_str() {
        Some(text) => {
            let Digest { len, sha256 } = Digest::of(text.as_bytes());
            format!("{len} bytes of base64 with the SHA-256 {sha256}")
        }
        None => {
            let mut text = value.to_string();
            if let Some((end, _)) = text.char_indices().nth(400) {
                text.truncate(end);
                text.push('…');
            }
            text
        }
    }
}

async fn large(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-084", &["KVSet", "ReadFile"]) {
        return Ok(());
    }
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let value = bytes();
    let request = json!({ "key": "large", "value": value });
    sends(case, &running, "KVSet", request, "value").await?;
    let request = json!({ "path": "large" });
    gets(case, &running, "ReadFile", request, ("data", &value)).await?;
    running.end().await;
    Ok(())
}

/// A call whose field has to arrive whole.
async fn sends(
    case: &mut Case,
    running: &Running,
    method: &'static str,
    request: Value,
    field: &str,
) -> Result<(), Interruption> {
    let sent = short(&request[field]);
    let Told { answer, nonce } = told(case, running, method, request).await?;
    let arrived = running.api.take(method).pop();
    let seen = arrived.map_or_else(
        || format!("nothing at the host; the plugin says {}", short(&answer)),
        |call| short(&call.request[field]),
    );
    case.require("AP-084").seen("evidence", nonce).holds(
        sent == seen,
        format!("{method} with {field}: {sent}"),
        format!("{method} with {field}: {seen}"),
        "large-request-lost",
    );
    Ok(())
}

/// A call whose answer has to come back whole.
async fn gets(
    case: &mut Case,
    running: &Running,
    method: &'static str,
    request: Value,
    (field, value): (&str, &str),
) -> Result<(), Interruption> {
    let row = find_api(method)
        .ok_or_else(|| Interruption::Suite(format!("no method {method}").into()))?;
    let response = json!({ field: value });
    let wire = reflect::from_json(row, Form::Response, &response)
        .map_err(|error| Interruption::Suite(error.to_string().into()))?;
    running.api.mishap_of(method, Mishap::Answered(wire));
    let Told { answer, nonce } = told(case, running, method, request).await?;
    let got = match &answer["ok"][field] {
        Value::Null => short(&answer),
        got => short(got),
    };
    let expected = short(&response[field]);
    case.require("AP-084").seen("evidence", nonce).holds(
        got == expected,
        format!("{method} gives {field}: {expected}"),
        format!("{method} gives {field}: {got}"),
        "large-answer-lost",
    );
    Ok(())
}
