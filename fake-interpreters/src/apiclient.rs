//! Calls of the API that the host offers, by method name and JSON.

use std::time::Duration;

use bytes::Bytes;
use plugin_proto::call::call_raw;
use plugin_proto::dial::{Target, dial};
use plugin_proto::method::Form;
use plugin_proto::{Method, find_api, reflect};
use serde_json::Value;
use tokio::sync::OnceCell;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::journal::Event;
use crate::script::ApiOrder;
use crate::stage::Stage;

/// Where the host tells the target of its API (Mattermost `plugin/python_supervisor.go`).
pub(crate) const TARGET: &str = "MATTERMOST_PLUGIN_API_TARGET";

/// Where the host tells the token that every call carries.
const TOKEN: &str = "MATTERMOST_PLUGIN_API_TOKEN";

/// The metadata by which a call says in which hook it is made.
const REQUEST_ID: &str = "x-request-id";

tokio::task_local! {
    /// The request id of the hook that is running.
    static HOOK: String;
}

/// What is called in this future says that it is called in this hook.
pub(crate) async fn within<T>(hook: Option<String>, work: impl Future<Output = T>) -> T {
    match hook {
        Some(hook) => HOOK.scope(hook, work).await,
        None => work.await,
    }
}

/// No call of the API and no connection to it takes longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A connection to the API, made at the first call.
#[derive(Debug, Default)]
pub(crate) struct ApiClient {
    target: Option<String>,
    token: Option<String>,
    channel: OnceCell<Channel>,
}

impl ApiClient {
    /// The API whose target the host has put into the environment.
    pub(crate) fn of_host() -> Self {
        Self::at(std::env::var(TARGET).ok())
    }

    /// The API at this target; whosever it is, it gets the token of this plugin.
    pub(crate) fn at(target: Option<String>) -> Self {
        Self {
            target,
            token: std::env::var(TOKEN).ok().filter(|token| !token.is_empty()),
            channel: OnceCell::new(),
        }
    }

    /// Calls a method with bytes.
    pub(crate) async fn call(
        &self,
        method: &Method,
        request: Request<Bytes>,
    ) -> Result<Bytes, Status> {
        let called = async {
            let channel = self.channel.get_or_try_init(|| self.connect()).await?;
            call_raw(channel, method.path, request).await
        };
        tokio::time::timeout(DEADLINE, called)
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("the API does not answer")))
    }

    /// A request that says whose it is and in which hook it is made, as far as that is known.
    fn introduced(&self, request: Bytes) -> Result<Request<Bytes>, Status> {
        let mut request = Request::new(request);
        let unsendable = |_| Status::internal("what the host has told cannot be sent");
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {token}").parse().map_err(unsendable)?;
            request.metadata_mut().insert("authorization", bearer);
        }
        if let Ok(hook) = HOOK.try_with(|hook| hook.parse()) {
            let hook = hook.map_err(unsendable)?;
            request.metadata_mut().insert(REQUEST_ID, hook);
        }
        Ok(request)
    }

    async fn connect(&self) -> Result<Channel, Status> {
        let target = self
            .target
            .as_deref()
            .ok_or_else(|| Status::unavailable(format!("{TARGET} is not set")))?;
        let target = match target.strip_prefix("unix:") {
            // Both `unix:PATH` and `unix:///PATH`, as gRPC has it.
            Some(path) => Target::Unix(path.strip_prefix("//").unwrap_or(path).into()),
            None => Target::Tcp(target.to_owned()),
        };
        dial(&target, DEADLINE)
            .await
            .map_err(|error| Status::unavailable(format!("cannot connect to {target}: {error}")))
    }
}

/// Carries out the API order of a script; the journal says how it ended.
pub(crate) async fn obey(stage: &Stage, host: &ApiClient, order: &ApiOrder) {
    let other = order
        .target
        .clone()
        .map(|target| ApiClient::at(Some(target)));
    let answer = answer(other.as_ref().unwrap_or(host), order).await;
    let (response, status) = match answer {
        Ok(response) => (Some(response), None),
        Err(status) => (
            None,
            Some(format!("{:?}: {}", status.code(), status.message())),
        ),
    };
    stage.journal.note(Event::Api {
        method: order.method.clone(),
        label: order.label.clone(),
        response,
        status,
    });
    stage.happened(&format!("api:{}", order.method));
}

async fn answer(client: &ApiClient, order: &ApiOrder) -> Result<Value, Status> {
    let method = find_api(&order.method).ok_or_else(|| Status::not_found("no such method"))?;
    let request = client.introduced(encode(method, &order.request)?)?;
    let answer = client.call(method, request).await?;
    decode(method, &answer)
}

/// The bytes of a request; `null` is an empty one.
pub(crate) fn encode(method: &Method, request: &Value) -> Result<Bytes, Status> {
    if request.is_null() {
        return Ok(Bytes::new());
    }
    reflect::from_json(method, Form::Request, request)
        .map_err(|error| Status::invalid_argument(error.to_string()))
}

/// A response as JSON.
pub(crate) fn decode(method: &Method, answer: &[u8]) -> Result<Value, Status> {
    reflect::to_json(method, Form::Response, answer)
        .map_err(|error| Status::internal(error.to_string()))
}
