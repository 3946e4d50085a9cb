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

/// No call of the API and no connection to it takes longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A connection to the API, made at the first call.
#[derive(Debug, Default)]
pub(crate) struct ApiClient {
    target: Option<String>,
    channel: OnceCell<Channel>,
}

impl ApiClient {
    /// The API whose target the host has put into the environment.
    pub(crate) fn of_host() -> Self {
        Self::at(std::env::var(TARGET).ok())
    }

    /// The API at this target.
    pub(crate) fn at(target: Option<String>) -> Self {
        Self {
            target,
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

    async fn connect(&self) -> Result<Channel, Status> {
        let target = self
            .target
            .as_deref()
            .ok_or_else(|| Status::unavailable(format!("{TARGET} is not set")))?;
        let target = match target.strip_prefix("unix:") {
            Some(path) => Target::Unix(path.into()),
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
    let request = Request::new(encode(method, &order.request)?);
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
