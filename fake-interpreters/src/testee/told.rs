//! The orders whose result is told: calls of the API and looks at the environment.

use plugin_proto::find_api;
use serde_json::{Map, Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::Status;

use super::Testee;
use crate::apiclient;
use crate::fault::Fault;
use crate::stage::lock;

impl Testee {
    /// Calls a method of the API as the SDK of a plugin would; the result as JSON.
    pub(super) async fn call_api(&self, name: &str, request: &str) -> Value {
        let Some(method) = find_api(name) else {
            return json!({ "unmapped": name });
        };
        let late = self.has(Fault::ApiLate) && !self.activated.load(Ordering::Relaxed);
        if late || self.has(Fault::ApiNotConnected) {
            return failure("plugin_api.not_connected", 0, "the client is not connected");
        }
        let request = match serde_json::from_str(if request.trim().is_empty() {
            "{}"
        } else {
            request
        }) {
            Ok(request) => self.mixed_up(self.sent(request)).await,
            Err(error) => return failure("plugin_api.request", 0, &format!("not JSON: {error}")),
        };
        let answer = async {
            let answer = self
                .api
                .call(method, apiclient::encode(method, &request)?)
                .await?;
            apiclient::decode(method, &answer)
        };
        match answer.await {
            Ok(answer) => self.received(name, answer),
            Err(status) => self.refused(&status),
        }
    }

    /// The request, or with the fault that mixes calls up the one that came last.
    async fn mixed_up(&self, request: Value) -> Value {
        if !self.has(Fault::ApiAnswersMixedUp) {
            return request;
        }
        *lock(&self.latest_request) = request;
        tokio::time::sleep(Duration::from_millis(20)).await;
        lock(&self.latest_request).clone()
    }

    /// The request, as the client sends it.
    fn sent(&self, mut request: Value) -> Value {
        let lost = match self.fault {
            Some(Fault::ApiLogPairsLost) => "key_value_pairs",
            Some(Fault::ApiPageIgnored) => "page",
            Some(Fault::ApiOldValueLost) => "old_value",
            Some(Fault::ApiOptionsLost) => "options",
            _ => "",
        };
        if let Some(fields) = request.as_object_mut() {
            fields.remove(lost);
        }
        if self.has(Fault::ApiValueTruncated) && request.get("value").is_some() {
            let cut = request["value"].as_str().and_then(unbase64).map(|value| {
                let end = value
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(value.len());
                base64(&value[..end])
            });
            request["value"] = cut.unwrap_or_default().into();
        }
        request
    }

    /// The answer, as the client hands it over.
    fn received(&self, name: &str, mut answer: Value) -> Value {
        let error = answer
            .as_object_mut()
            .and_then(|fields| fields.remove("error"));
        if let Some(error) = error.filter(|_| !self.has(Fault::ApiErrorLost)) {
            let text = if self.has(Fault::ApiErrorTextLost) {
                ""
            } else {
                error["message"].as_str().unwrap_or_default()
            };
            let code = if self.has(Fault::ApiErrorCodeLost) {
                0
            } else {
                error["status_code"].as_i64().unwrap_or_default()
            };
            return failure(error["id"].as_str().unwrap_or_default(), code, text);
        }
        if self.has(Fault::ApiSuccessLost)
            && let Some(fields) = answer.as_object_mut()
        {
            fields.remove("success");
        }
        if self.has(Fault::ApiPluginIdWrong) && name == "GetPluginID" {
            answer["plugin_id"] = "com.example.plugin".into();
        }
        if self.has(Fault::ApiBytesMangled) && answer["value"].is_string() {
            let mangled = answer["value"]
                .as_str()
                .and_then(unbase64)
                .map(|value| base64(String::from_utf8_lossy(&value).as_bytes()));
            answer["value"] = mangled.unwrap_or_default().into();
        }
        json!({ "ok": answer })
    }

    /// A status of the transport, as the client hands it over.
    fn refused(&self, status: &Status) -> Value {
        if self.has(Fault::ApiStatusKills) {
            self.stage.exit(1, "fault");
        }
        failure(&format!("grpc.{:?}", status.code()), 0, status.message())
    }
}

fn failure(id: &str, status_code: i64, message: &str) -> Value {
    json!({ "error": { "id": id, "status_code": status_code, "message": message } })
}

/// Variables of the environment; `null` for those that are not there.
pub(super) fn environment(names: &[String]) -> Value {
    let values: Map<_, _> = names
        .iter()
        .map(|name| (name.clone(), std::env::var(name).ok().into()))
        .collect();
    json!({ "ok": values })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let known = digit <= chunk.len();
            text.push(if known {
                char::from(ALPHABET[(group >> (18 - 6 * digit) & 63) as usize])
            } else {
                '='
            });
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text
        .trim_end_matches('=')
        .bytes()
        .map(|byte| {
            ALPHABET
                .iter()
                .position(|known| *known == byte)
                .and_then(|at| u32::try_from(at).ok())
        })
        .collect();
    let mut bytes = Vec::new();
    for chunk in digits?.chunks(4) {
        let group = chunk
            .iter()
            .enumerate()
            .fold(0, |group, (at, digit)| group | digit << (18 - 6 * at));
        bytes.extend(
            (0..chunk.len().saturating_sub(1)).map(|at| (group >> (16 - 8 * at) & 255) as u8),
        );
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"a\0\xff\xfe", "YQD//g=="),
        ] {
            assert_eq!(base64(bytes), text);
            assert_eq!(unbase64(text).as_deref(), Some(bytes));
        }
        assert_eq!(unbase64("?"), None);
    }
}
