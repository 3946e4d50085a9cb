//! The gRPC health checking protocol, as scripted.

use bytes::Bytes;
use plugin_proto::health::{HealthCheckRequest, HealthCheckResponse, ServingStatus};
use prost::Message as _;
use tonic::Status;

use super::Server;
use crate::script::Health;

impl Server {
    /// `/grpc.health.v1.Health/Check`.
    pub(super) async fn check_health(&self, request: &Bytes) -> Result<Bytes, Status> {
        let services = match &self.serve.health {
            Health::Services(services) => services,
            Health::Unimplemented => {
                return Err(Status::unimplemented(
                    "unknown service grpc.health.v1.Health",
                ));
            }
            Health::Hang => std::future::pending().await,
        };
        let request = HealthCheckRequest::decode(request.clone())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        // As grpc-go's health server says it.
        let word = services
            .get(&request.service)
            .or_else(|| services.get("*"))
            .ok_or_else(|| Status::not_found("unknown service"))?;
        let down = self.testee.as_ref().is_some_and(|testee| testee.is_down());
        let status = if down {
            ServingStatus::NotServing as i32
        } else {
            number(word)
        };
        Ok(HealthCheckResponse { status }.encode_to_vec().into())
    }
}

/// The number of a status name; numbers, known to the protocol or not, are taken as they are.
fn number(word: &str) -> i32 {
    let known = [
        ServingStatus::Unknown,
        ServingStatus::Serving,
        ServingStatus::NotServing,
        ServingStatus::ServiceUnknown,
    ];
    known
        .into_iter()
        .find(|status| status.name() == word)
        .map_or_else(|| word.parse().unwrap_or_default(), |status| status as i32)
}
