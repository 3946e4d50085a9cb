//! One health check, with its deadline.

use std::time::{Duration, Instant};

use plugin_proto::call;
use plugin_proto::health::{CHECK, HealthCheckRequest, HealthCheckResponse, SERVICE};
use tonic::Request;
use tonic::transport::Channel;

use crate::event::{PluginEvents, What};
use crate::health::Health;
use crate::policy::Policy;

/// Asks once and reports what came of it.
pub async fn probe(
    channel: &Channel,
    within: Duration,
    policy: &Policy,
    events: &PluginEvents,
) -> Health {
    let began = Instant::now();
    let health = ask(channel, within).await;
    let healthy = health.is_healthy(policy);
    if !healthy {
        tracing::warn!(plugin = %events.plugin(), %health, "the plugin is not healthy");
    }
    events.emit(What::Health {
        healthy,
        status: health.word().to_owned(),
        took: began.elapsed(),
    });
    health
}

async fn ask(channel: &Channel, within: Duration) -> Health {
    let request = Request::new(HealthCheckRequest {
        service: SERVICE.to_owned(),
    });
    let exchange = call::call_message::<_, HealthCheckResponse>(channel, CHECK, request);
    match tokio::time::timeout(within, exchange).await {
        Ok(Ok(answer)) => Health::from_number(answer.status),
        Ok(Err(status)) => Health::from_failure(&status),
        Err(_) => Health::Deadline,
    }
}
