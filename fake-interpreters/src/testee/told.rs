//! The orders whose result is told: calls of the API and looks at the environment.

use plugin_proto::{Method, find_api};
use serde_json::{Map, Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::metadata::MetadataValue;
use tonic::{Request, Status};

use super::{Testee, slip, status};
use crate::apiclient;
use crate::base64;
use crate::fault::Fault;
use crate::stage::lock;

/// The token that the host has given this process, if it has (its API may want to see it).
const TOKEN: &str = "MATTERMOST_PLUGIN_API_TOKEN";
/// What servers take in one message if nobody has told them otherwise.
const USUAL_LIMIT: usize = 4 * 1024 * 1024;

impl Testee {
    /// Calls a method of the API as the SDK of a plugin would, in a hook with that request id; the result as JSON.
    pub(super) async fn call_api(&self, name: &str, request: &str, request_id: &str) -> Value {
        let Some(method) = find_api(name) else {
            return json!({ "unmapped": name });
        };
        let late = self.has(Fault::ApiLate) && !self.activated.load(Ordering::Relaxed);
        let early = self.has(Fault::ApiClosedBeforeEnd) && self.ending.load(Ordering::Relaxed);
        if late || early || self.has(Fault::ApiNotConnected) {
            return failure("plugin_api.not_connected", 0, "the client is not connected");
        }
        if self.has(Fault::ApiNothingSent) {
            return json!({ "ok": {} });
        }
        let text = if request.trim().is_empty() {
            "{}"
        } else {
            request
        };
        let request = match serde_json::from_str(text) {
            Ok(request) => slip::sent(self.fault, self.sent(request)),
            Err(error) => return failure("plugin_api.request", 0, &format!("not JSON: {error}")),
        };
        let request = self.mixed_up(request).await;
        let _turn = match self.fault {
            Some(Fault::ApiCallsSerialised) => Some(self.turn.lock().await),
            _ => None,
        };
        match self.ask(method, &request, request_id).await {
            Ok(answer) => self.received(name, answer),
            Err(status) => self.failed_call(&status).await,
        }
    }

    /// The call itself.
    async fn ask(
        &self,
        method: &'static Method,
        request: &Value,
        request_id: &str,
    ) -> Result<Value, Status> {
        let message = apiclient::encode(method, request)?;
        if self.has(Fault::ApiLargeRequestRefused) && message.len() > USUAL_LIMIT {
            return Err(Status::resource_exhausted(
                "Sent message larger than max (4194304)",
            ));
        }
        let mut request = Request::new(message);
        if !self.has(Fault::ApiDeadlineNotSent) {
            request.set_timeout(apiclient::DEADLINE);
        }
        let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        let authorization = match (self.fault, token) {
            (Some(Fault::ApiTokenNotSent), _) => None,
            (Some(Fault::ApiTokenInvented), None) => Some("Bearer None".to_owned()),
            (Some(Fault::ApiTokenBare), Some(token)) => Some(token),
            (_, token) => token.map(|token| format!("Bearer {token}")),
        };
        let request_id = (!request_id.is_empty() && !self.has(Fault::ApiRequestIdNotSent))
            .then(|| request_id.to_owned());
        for (name, value) in [
            ("authorization", authorization),
            ("x-request-id", request_id),
        ] {
            // What cannot stand in a header is left out, as it would be by any library.
            let value = value.and_then(|value| MetadataValue::try_from(value).ok());
            if let Some(value) = value {
                request.metadata_mut().insert(name, value);
            }
        }
        let answer = self.api.call(method, request).await?;
        if self.has(Fault::ApiLargeAnswerRefused) && answer.len() > USUAL_LIMIT {
            return Err(Status::resource_exhausted(
                "Received message larger than max (4194304)",
            ));
        }
        apiclient::decode(method, &answer)
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
        if let Some(error) = error.and_then(|error| slip::refused(self.fault, error)) {
            return json!({ "error": error });
        }
        let raised = match self.fault {
            Some(Fault::ApiSuccessRaised) => true,
            Some(Fault::ApiEmptyAnswerRaised) => answer == json!({}),
            _ => false,
        };
        if raised {
            return failure("plugin_api.answer", 0, "the answer has no result");
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
        json!({ "ok": slip::received(self.fault, answer) })
    }

    /// A status of the transport, as the client hands it over.
    async fn failed_call(&self, status: &Status) -> Value {
        match self.fault {
            Some(Fault::ApiStatusKills) => self.stage.exit(1, "fault"),
            Some(Fault::ApiLossWaitedOut) => std::future::pending().await,
            Some(Fault::ApiStatusSwallowed) => json!({ "ok": {} }),
            Some(Fault::ApiStatusTextLost) => failure("", 0, "the call failed"),
            Some(Fault::ApiStatusOpaque) => failure("", 0, status.message()),
            _ => json!({ "error": status::error(status) }),
        }
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
