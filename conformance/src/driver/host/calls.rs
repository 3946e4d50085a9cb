//! Hook calls: JSON to bytes, bytes to JSON, and how a call ended in the protocol's words.

use plugin_host::hooks::Outcome;
use plugin_proto::pb::AppError;
use plugin_proto::{Form, Method, find_hook, reflect};
use serde_json::{Value, json};

use super::{Answer, Host, NOT_RUNNING, plugin_id, refusal, told};
use crate::driver::fault::Fault;
use crate::driver::protocol::Called;
use crate::driver::seams::circle::HookRuns;

impl Host {
    pub(super) async fn hook(&self, plugin: &str, hook: &str, request: Value) -> Answer {
        if let Some(answer) = self.trouble_before_hook(hook).await {
            return answer;
        }
        let id = plugin_id(plugin)?;
        let method = find_hook(hook)
            .ok_or_else(|| refusal("hook.unknown", &format!("no hook is called {hook:?}")))?;
        let mut request = if request.is_null() {
            json!({})
        } else {
            request
        };
        if self.has(Fault::DropsRequestField)
            && let Some(fields) = request.as_object_mut()
        {
            fields.remove("plugin_context");
        }
        let bytes = reflect::from_json(method, Form::Request, &request)
            .map_err(|error| refusal("hook.request", &error.to_string()))?;
        let hooks = match self.environment.hooks(&id) {
            Ok(hooks) => hooks,
            Err(_) if self.has(Fault::AnswersForTheDead) => {
                return told(&Called::Answered {
                    response: json!({}),
                });
            }
            Err(error) => return Err(refusal(NOT_RUNNING, &error.to_string())),
        };
        let is_waited_for = matches!(
            self.fault,
            Some(Fault::ApiWaitsForHooks | Fault::NestedHooksWait)
        );
        let _running = is_waited_for.then(HookRuns::new);
        let outcome = hooks.call_raw(method, bytes).await;
        let called = self.trouble_after_hook(self.called(method, outcome));
        self.manner_after_hook(&id, &called).await;
        let answer = told(&called)?;
        if self.has(Fault::MixesAnswers) {
            let before = self.mixed.lock().await.replace(answer.clone());
            return Ok(before.unwrap_or(answer));
        }
        Ok(answer)
    }

    pub(super) fn called(&self, method: &'static Method, outcome: Outcome<bytes::Bytes>) -> Called {
        match outcome {
            Outcome::Answered(bytes) => match reflect::to_json(method, Form::Response, &bytes) {
                Ok(mut response) => {
                    if self.has(Fault::DropsAnswerField)
                        && let Some(fields) = response
                            .get_mut("modified_post")
                            .and_then(Value::as_object_mut)
                    {
                        fields.remove("message");
                    }
                    Called::Answered { response }
                }
                Err(error) => Called::Failed {
                    kind: "violation".to_owned(),
                    message: error.to_string(),
                },
            },
            Outcome::NotImplemented => Called::NotImplemented {},
            Outcome::Refused(error) if self.has(Fault::ErrorsLookAlike) => Called::Failed {
                kind: "status".to_owned(),
                message: error.message,
            },
            Outcome::Refused(error) => {
                let error = match self.has(Fault::ErrorsLoseDetail) {
                    true => message_of(*error),
                    false => *error,
                };
                let wire = prost::Message::encode_to_vec(&error);
                let error = reflect::message_to_json("mattermost.pluginapi.v1.AppError", &wire)
                    .unwrap_or_default();
                Called::Refused { error }
            }
            Outcome::Failed(failure) => Called::Failed {
                kind: failure.kind.word().to_owned(),
                message: failure.to_string(),
            },
        }
    }
}

/// The same error with nothing but its message.
pub(super) fn message_of(error: AppError) -> AppError {
    AppError {
        message: error.message,
        ..AppError::default()
    }
}
