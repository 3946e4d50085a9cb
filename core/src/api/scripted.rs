//! A backend that does what a test says: expect this call, answer that, keep everything that was asked.
//!
//! Expectations of one method are used up in the order in which they were written down, each by the first call that fits.
//! A call that fits none is answered with an error in band that says so, and kept as a surprise. Requests are compared by what
//! they mean, not by their bytes. It gives no method a meaning of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use plugin_proto::pb::AppError;
use plugin_proto::reflect::{self, ReflectError};
use plugin_proto::{API, Call, Form, Method, Methods, Rpc};
use prost::Message as _;
use serde_json::Value;
use tonic::Status;

use crate::api::backend::Backend;
use crate::ids::PluginId;
use crate::in_band;

/// Id of the error for a call that no expectation fits.
pub const UNEXPECTED: &str = "plugin.api.unexpected.app_error";

/// What a call is answered with.
#[derive(Debug, Clone)]
pub enum Answer<T> {
    /// The response.
    Message(T),
    /// An error in band.
    Refused(AppError),
    /// A gRPC status.
    Failed(Status),
}

impl<T> Answer<T> {
    fn wire(
        self,
        encode: impl FnOnce(T) -> Result<Bytes, ReflectError>,
    ) -> Result<Wire, ReflectError> {
        Ok(match self {
            Self::Message(message) => Ok(encode(message)?),
            Self::Refused(error) => Ok(in_band::encode(error)),
            Self::Failed(status) => Err(status),
        })
    }
}

type Wire = Result<Bytes, Status>;

/// One call as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Who asked.
    pub plugin: PluginId,
    /// The method.
    pub method: &'static str,
    /// The request in proto field names.
    pub request: Value,
    /// The metadata `authorization`, as far as it is text.
    pub authorization: Option<String>,
}

struct Expectation {
    method: &'static Method,
    /// The request in proto field names; any will do where there is none.
    request: Option<Value>,
    answer: Wire,
    always: bool,
}

#[derive(Default)]
struct Script {
    expectations: Vec<Expectation>,
    asked: Vec<Asked>,
    surprises: Vec<Asked>,
}

/// The backend; cheap to clone, all clones share one script.
#[derive(Clone, Default)]
pub struct Scripted {
    script: Arc<Mutex<Script>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let script = self.lock();
        out.debug_struct("Scripted")
            .field("expectations", &script.expectations.len())
            .field("asked", &script.asked.len())
            .finish_non_exhaustive()
    }
}

impl Scripted {
    /// A backend that expects nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects one call with this request.
    ///
    /// # Errors
    /// When request or response has no JSON form, by which requests are compared.
    pub fn expect<R: Rpc>(
        &self,
        request: &R::Request,
        answer: Answer<R::Response>,
    ) -> Result<(), ReflectError> {
        let wire = request.encode_to_vec();
        let request = reflect::to_json(R::METHOD, Form::Request, &wire)?;
        let answer = answer.wire(|response| Ok(response.encode_to_vec().into()))?;
        self.add(R::METHOD, Some(request), answer, false);
        Ok(())
    }

    /// Answers every call of a method that no other expectation fits.
    ///
    /// # Errors
    /// Never for messages of the contract; they encode.
    pub fn always<R: Rpc>(&self, answer: Answer<R::Response>) -> Result<(), ReflectError> {
        let answer = answer.wire(|response| Ok(response.encode_to_vec().into()))?;
        self.add(R::METHOD, None, answer, true);
        Ok(())
    }

    /// Expects one call of any method, by the JSON form of its messages; without a request any will do.
    ///
    /// # Errors
    /// When a key is unknown or a value does not fit its field.
    pub fn expect_json(
        &self,
        method: &'static Method,
        request: Option<&Value>,
        answer: Answer<&Value>,
    ) -> Result<(), ReflectError> {
        // There and back, so that it has the form that arriving requests are compared in.
        let request = request
            .map(|json| {
                let wire = reflect::from_json(method, Form::Request, json)?;
                reflect::to_json(method, Form::Request, &wire)
            })
            .transpose()?;
        let answer = answer.wire(|json| reflect::from_json(method, Form::Response, json))?;
        self.add(method, request, answer, false);
        Ok(())
    }

    /// All calls so far, in the order of their arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// The calls that nothing fitted.
    pub fn surprises(&self) -> Vec<Asked> {
        self.lock().surprises.clone()
    }

    /// The names of methods whose expected calls have not come, one for each call.
    pub fn missing(&self) -> Vec<&'static str> {
        let script = self.lock();
        let open = script.expectations.iter().filter(|one| !one.always);
        open.map(|one| one.method.name).collect()
    }

    fn add(&self, method: &'static Method, request: Option<Value>, answer: Wire, always: bool) {
        self.lock().expectations.push(Expectation {
            method,
            request,
            answer,
            always,
        });
    }

    fn answer(&self, plugin: &PluginId, method: &'static Method, call: &Call) -> Wire {
        let request = reflect::to_json(method, Form::Request, &call.message)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let authorization = call.metadata.get("authorization");
        let asked = Asked {
            plugin: plugin.clone(),
            method: method.name,
            request,
            authorization: authorization.and_then(|text| Some(text.to_str().ok()?.to_owned())),
        };
        self.lock().answer(method, asked)
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn answer(&mut self, method: &'static Method, asked: Asked) -> Wire {
        let fits = |one: &Expectation| {
            one.method.name == method.name
                && one
                    .request
                    .as_ref()
                    .is_none_or(|wanted| *wanted == asked.request)
        };
        let once = |one: &Expectation| !one.always && fits(one);
        let answer = match self.expectations.iter().position(once) {
            Some(at) => self.expectations.remove(at).answer,
            None => match self.expectations.iter().find(|one| fits(one)) {
                Some(always) => always.answer.clone(),
                None => {
                    self.surprises.push(asked.clone());
                    Ok(in_band::encode(unexpected(method, &asked.request)))
                }
            },
        };
        self.asked.push(asked);
        answer
    }
}

fn unexpected(method: &Method, request: &Value) -> AppError {
    AppError {
        id: UNEXPECTED.to_owned(),
        message: format!("Nobody expected this call of {}.", method.name),
        detailed_error: request.to_string(),
        status_code: 500,
        r#where: method.name.to_owned(),
        ..AppError::default()
    }
}

impl Backend for Scripted {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        for method in API {
            let (scripted, plugin) = (self.clone(), plugin.clone());
            methods.unary(method.path, move |call| {
                let answer = scripted.answer(&plugin, method, &call);
                async move { answer }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::api::{KVGet, KVSet};
    use plugin_proto::pb::{KvGetRequest, KvGetResponse, KvSetResponse};
    use plugin_proto::{InBandError as _, find_api};
    use serde_json::json;
    use tonic::Code;
    use tonic::metadata::MetadataMap;

    fn get(key: &str) -> KvGetRequest {
        KvGetRequest {
            key: key.to_owned(),
        }
    }

    fn value(text: &str) -> Answer<KvGetResponse> {
        Answer::Message(KvGetResponse {
            error: None,
            value: text.as_bytes().to_vec().into(),
        })
    }

    async fn ask(scripted: &Scripted, key: &str) -> Result<KvGetResponse, Code> {
        let mut methods = Methods::new();
        scripted.register(&PluginId::parse("a.b").unwrap(), &mut methods);
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", "Bearer x".parse().unwrap());
        let call = Call {
            path: KVGet::METHOD.path.into(),
            metadata,
            message: get(key).encode_to_vec().into(),
        };
        let answer = methods
            .dispatch(call)
            .await
            .map_err(|status| status.code())?;
        Ok(KvGetResponse::decode(answer).unwrap())
    }

    #[tokio::test]
    async fn expected_calls_are_answered_once_and_in_order() {
        let scripted = Scripted::new();
        scripted.expect::<KVGet>(&get("a"), value("1")).unwrap();
        scripted.expect::<KVGet>(&get("a"), value("2")).unwrap();
        scripted.always::<KVGet>(value("any")).unwrap();
        scripted
            .always::<KVSet>(Answer::Message(KvSetResponse::default()))
            .unwrap();
        for (key, expected) in [("b", "any"), ("a", "1"), ("a", "2"), ("a", "any")] {
            let answer = ask(&scripted, key).await.unwrap();
            assert_eq!(answer.value, expected.as_bytes(), "{key}");
        }
        assert_eq!(scripted.asked().len(), 4);
        assert_eq!(
            scripted.asked()[0].authorization.as_deref(),
            Some("Bearer x")
        );
        assert_eq!(scripted.surprises(), []);
        assert_eq!(scripted.missing(), [""; 0]);
    }

    #[tokio::test]
    async fn other_calls_are_refused_and_kept() {
        let scripted = Scripted::new();
        scripted.expect::<KVGet>(&get("a"), value("1")).unwrap();
        let answer = ask(&scripted, "b").await.unwrap();
        let error = answer.in_band_error().unwrap();
        assert_eq!((error.id.as_str(), error.status_code), (UNEXPECTED, 500));
        assert_eq!(scripted.surprises(), scripted.asked());
        assert_eq!(scripted.surprises()[0].request, json!({"key": "b"}));
        assert_eq!(scripted.missing(), ["KVGet"]);
    }

    #[tokio::test]
    async fn errors_of_both_kinds_and_json_are_answers_too() {
        let scripted = Scripted::new();
        let method = find_api("KVGet").unwrap();
        let error = AppError {
            id: "x".to_owned(),
            ..AppError::default()
        };
        let status = Status::not_found("x: gone");
        scripted
            .expect::<KVGet>(&get("a"), Answer::Refused(error.clone()))
            .unwrap();
        scripted
            .expect::<KVGet>(&get("a"), Answer::Failed(status))
            .unwrap();
        let (request, response) = (json!({"key": "a"}), json!({"value": "eA=="}));
        scripted
            .expect_json(method, Some(&request), Answer::Message(&response))
            .unwrap();
        scripted
            .expect_json(method, None, Answer::Message(&response))
            .unwrap();
        assert_eq!(
            ask(&scripted, "a").await.unwrap().in_band_error(),
            Some(&error)
        );
        assert_eq!(ask(&scripted, "a").await, Err(Code::NotFound));
        assert_eq!(ask(&scripted, "a").await.unwrap().value, "x");
        assert_eq!(ask(&scripted, "anything").await.unwrap().value, "x");
        let unknown = json!({"kez": "a"});
        assert!(
            scripted
                .expect_json(method, Some(&unknown), Answer::Message(&response))
                .is_err()
        );
    }
}
