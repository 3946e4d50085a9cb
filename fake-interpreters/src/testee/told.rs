//! The orders whose result is told: calls of the API and looks at the environment.

use plugin_proto::find_api;
use serde_json::{Map, Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::Status;

use super::Testee;
use crate::apiclient;
use crate::base64;
use crate::fault::Fault;
use crate::stage::lock;

impl Testee {
    /// Calls a method of the API as the SDK of a plugin would; the result as JSON.
    pub(super) async fn call_api(&self, name: &str, request: &str) -> Value {
        let Some(method) = find_api(name) else {
            return json!({ "unmapped": name });
        };
        let late = self.has(Fault::ApiLate) && !self.activated.load(Ordering::Relaxed);
        let early = self.has(Fault::ApiClosedBeforeEnd) && self.ending.load(Ordering::Relaxed);
        if late || early || self.has(Fault::ApiNotConnected) {
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
            let cut = request["value"]
                .as_str()
                .and_then(base64::decode)
                .map(|value| {
                    let end = value
                        .iter()
                        .position(|byte| *byte == 0)
                        .unwrap_or(value.len());
                    base64::encode(&value[..end])
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
                .and_then(base64::decode)
                .map(|value| base64::encode(String::from_utf8_lossy(&value).as_bytes()));
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
