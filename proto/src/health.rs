//! The two messages of the gRPC health checking protocol that hosts and plugins exchange.

/// gRPC path of the check.
pub const CHECK: &str = "/grpc.health.v1.Health/Check";

/// The service name that go-plugin hosts ask for.
pub const SERVICE: &str = "plugin";

/// Asks for the state of one service.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct HealthCheckRequest {
    /// Name of the service; empty for the whole server.
    #[prost(string, tag = "1")]
    pub service: String,
}

/// The state of that service.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct HealthCheckResponse {
    /// See [`ServingStatus`].
    #[prost(enumeration = "ServingStatus", tag = "1")]
    pub status: i32,
}

/// States of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ServingStatus {
    /// Not said.
    Unknown = 0,
    /// It takes calls.
    Serving = 1,
    /// It takes no calls.
    NotServing = 2,
    /// Only `Watch` answers this.
    ServiceUnknown = 3,
}

impl ServingStatus {
    /// The name on the wire's JSON, for instance `NOT_SERVING`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        }
    }
}
