//! The door of one plugin to the API, from its side: the suite calls in the plugin's place, at the address and with the token that the
//! host gave it. It judges nothing.

use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::PluginFolder;
use plugin_proto::dial::{Target, dial};
use plugin_proto::{Form, Method, find_api, reflect};
use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::super::traces::environment_of;
use crate::case::words::Words;
use crate::scenario::Interruption;

/// How long any answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of a call.
#[derive(Clone, Debug)]
pub(in crate::scenarios::host) enum Said {
    /// It was done; the answer in proto field names.
    Answer(Value),
    /// It was refused in band; the `AppError`.
    Error(Value),
    /// It was not answered.
    Status(Status),
}

impl Words for Said {
    fn words(&self) -> String {
        match self {
            Said::Answer(answer) => answer.to_string(),
            Said::Error(error) => format!("refused: {error}"),
            Said::Status(status) => format!("the status {:?}: {}", status.code(), status.message()),
        }
    }
}

/// A connection to the API server of a plugin.
#[derive(Clone, Debug)]
pub(in crate::scenarios::host) struct Door {
    target: String,
    channel: Channel,
    token: Option<String>,
}

impl Door {
    /// Opens the door of a plugin that runs.
    pub(in crate::scenarios::host) async fn open(
        folder: &PluginFolder,
    ) -> Result<Door, Interruption> {
        let entries = folder.entries()?;
        let variable = |name: &str| environment_of(&entries)?.get(name).cloned();
        let target = variable("MATTERMOST_PLUGIN_API_TARGET")
            .ok_or_else(|| Interruption::broken_off("the plugin was not told where its API is"))?;
        let address = match target.strip_prefix("unix:") {
            Some(path) => Target::Unix(path.trim_start_matches("//").into()),
            None => Target::Tcp(target.clone()),
        };
        let channel = dial(&address, Duration::from_secs(5)).await;
        let channel = channel.map_err(|error| {
            Interruption::broken_off(format!(
                "the API server at {target} cannot be reached: {error}"
            ))
        })?;
        Ok(Door {
            target,
            channel,
            token: variable("MATTERMOST_PLUGIN_API_TOKEN"),
        })
    }

    /// Where it is, as the plugin was told.
    pub(in crate::scenarios::host) fn target(&self) -> &str {
        &self.target
    }

    /// The connection, for what is no call.
    pub(in crate::scenarios::host) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Calls by path with bytes.
    pub(in crate::scenarios::host) async fn raw(
        &self,
        method: &str,
        message: Bytes,
    ) -> Result<Bytes, Status> {
        let path = format!("/mattermost.pluginapi.v1.PluginAPI/{method}");
        let mut request = Request::new(message);
        // The suite looks at its own clock first: what ends a call is said in one way.
        request.set_timeout(PATIENCE * 2);
        let token = self.token.as_ref();
        if let Some(value) = token.and_then(|token| format!("Bearer {token}").parse().ok()) {
            request.metadata_mut().insert("authorization", value);
        }
        let call = plugin_proto::call::call_raw(&self.channel, &path, request);
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(answer) => answer,
            Err(_) => Err(Status::deadline_exceeded("no answer at all")),
        }
    }

    /// Calls a method with the bytes of its request.
    pub(in crate::scenarios::host) async fn send(&self, method: &Method, message: Bytes) -> Said {
        let answer = match self.raw(method.name, message).await {
            Ok(answer) => answer,
            Err(status) => return Said::Status(status),
        };
        let mut json = match reflect::to_json(method, Form::Response, &answer) {
            Ok(json) => json,
            Err(error) => {
                return Said::Status(Status::data_loss(format!("the answer is none: {error}")));
            }
        };
        match json.get_mut("error") {
            Some(error) => Said::Error(error.take()),
            None => Said::Answer(json),
        }
    }

    /// Calls a method with its request as JSON.
    pub(in crate::scenarios::host) async fn call(
        &self,
        method: &str,
        request: &Value,
    ) -> Result<Said, Interruption> {
        let Some(row) = find_api(method) else {
            let reason = format!("the API has no method {method}");
            return Err(Interruption::Suite(reason.into()));
        };
        let message = reflect::from_json(row, Form::Request, request)?;
        Ok(self.send(row, message).await)
    }
}
