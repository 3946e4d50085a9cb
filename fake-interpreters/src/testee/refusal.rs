//! Messages and methods that a testee refuses, by right or by fault, and what faults make of a handler that failed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use plugin_proto::{Call, Form, Method, Shape, find_path, reflect};
use serde_json::json;
use tonic::Status;

use super::Testee;
use crate::apiclient::TARGET;
use crate::fault::Fault;
use crate::serve::unknown;

impl Testee {
    /// The faults that refuse a message for what it is.
    pub(super) fn refuse(&self, call: &Call, method: &'static Method) -> Result<(), Status> {
        let size = call.message.len();
        if self.has(Fault::LargeMessageRefused) && size > 64 * 1024 {
            return Err(Status::resource_exhausted(
                "Received message larger than max",
            ));
        }
        if self.has(Fault::HooksNeedApiTarget) && std::env::var_os(TARGET).is_none() {
            return Err(Status::internal("there is no API to connect to"));
        }
        if self.has(Fault::FileRefused) && size > 4 * 1024 * 1024 {
            return Err(Status::resource_exhausted(
                "Received message larger than max",
            ));
        }
        if self.has(Fault::MissingObjectKills) && size == 0 && method.shape != Shape::Fallible {
            self.stage.exit(1, "fault");
        }
        if self.has(Fault::EmptyMessageRefused) && size == 0 && method.shape != Shape::Fallible {
            return Err(Status::internal(
                "'NoneType' object has no attribute 'message'",
            ));
        }
        if self.has(Fault::UnknownFieldRefused) && has_unknown_field(method, &call.message) {
            return Err(Status::internal("unknown field"));
        }
        Ok(())
    }

    pub(super) fn answer_unknown(&self, call: &Call) -> Result<Bytes, Status> {
        let of_library = call.path.starts_with("/plugin.");
        if self.has(Fault::AbsentRejects)
            && find_path(&call.path).is_some_and(|method| method.shape == Shape::Filter)
        {
            let answer = json!({ "rejection_reason": "not implemented" });
            return find_path(&call.path)
                .and_then(|method| reflect::from_json(method, Form::Response, &answer).ok())
                .ok_or_else(|| unknown(call));
        }
        match self.fault {
            Some(Fault::UnknownRpcCrashes) if !of_library => self.stage.exit(1, "fault"),
            Some(Fault::UnknownRpcInternal) if !of_library => Err(Status::internal("KeyError")),
            Some(Fault::UnknownRpcEmpty) if !of_library => Ok(Bytes::new()),
            _ => Err(unknown(call)),
        }
    }

    /// The faults that end the process when a handler has failed.
    pub(super) fn after_failure(&self, name: &str) {
        let kills = match self.fault {
            Some(Fault::ErrorKills) => true,
            Some(Fault::ActivateErrorKills) => name == "OnActivate",
            Some(Fault::ConfigurationErrorKills) => name == "OnConfigurationChange",
            _ => false,
        };
        if kills {
            self.stage.exit(1, "fault");
        }
        if self.has(Fault::FailureStopsHooks) {
            self.stuck.store(true, Ordering::Relaxed);
        }
        if self.has(Fault::NotifyErrorKills) && name == "MessageHasBeenPosted" {
            let (stage, before) = (Arc::clone(&self.stage), self.stage.written());
            tokio::spawn(async move {
                stage.drain(before).await;
                stage.exit(1, "fault");
            });
        }
    }
}

/// Whether the contract does not know all of a message: what it knows is shorter then.
fn has_unknown_field(method: &'static Method, message: &Bytes) -> bool {
    reflect::to_json(method, Form::Request, message)
        .and_then(|json| reflect::from_json(method, Form::Request, &json))
        .is_ok_and(|known| known.len() < message.len())
}
