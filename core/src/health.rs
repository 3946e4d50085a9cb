//! Whether a plugin says that it is well, and what its failures lead to. Pure; [`probe`](mod@probe) and [`checker`] ask.
//!
//! The check is `Check` of the gRPC health checking protocol for the service `plugin`, as go-plugin's `grpc_client.go`
//! asks it. Only SERVING is well: a plugin that says NOT_SERVING is taken at its word.

pub mod probe;

pub mod checker;

pub mod budget;

pub use probe::probe;

use std::fmt;

use plugin_proto::health::ServingStatus;
use tonic::{Code, Status};

use crate::hooks::outcome::{FailureKind, classify};
use crate::policy::Policy;

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// The plugin answered with a status.
    Status(ServingStatus),
    /// The plugin answered with a status that the protocol does not have.
    OddStatus(i32),
    /// The plugin has no health service.
    NoService,
    /// The plugin has a health service that does not know `plugin`.
    UnknownName,
    /// No answer in time.
    Deadline,
    /// The plugin cannot be reached.
    Unavailable,
    /// Another gRPC status.
    Failed(Code),
}

impl Health {
    /// Reads the number in an answer.
    pub(crate) fn from_number(status: i32) -> Self {
        ServingStatus::try_from(status).map_or(Self::OddStatus(status), Self::Status)
    }

    /// Reads the status of a call that failed.
    pub(crate) fn from_failure(status: &Status) -> Self {
        match classify(status) {
            FailureKind::Unimplemented => Self::NoService,
            FailureKind::Unavailable => Self::Unavailable,
            _ if status.code() == Code::NotFound => Self::UnknownName,
            _ => Self::Failed(status.code()),
        }
    }

    /// Whether the plugin counts as healthy.
    pub fn is_healthy(self, policy: &Policy) -> bool {
        match self {
            Self::Status(ServingStatus::Serving) => true,
            Self::Status(_) | Self::OddStatus(_) => policy.ignore_health_status,
            _ => false,
        }
    }

    /// Stable word: the status as the protocol names it, or what went wrong.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status(status) => status.name(),
            Self::OddStatus(_) => "odd_status",
            Self::NoService => "no_service",
            Self::UnknownName => "unknown_name",
            Self::Deadline => "deadline",
            Self::Unavailable => "unavailable",
            Self::Failed(_) => "status",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OddStatus(number) => write!(f, "status number {number}"),
            Self::Failed(code) => write!(f, "gRPC status {code:?}"),
            other => f.write_str(other.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Health::from_number(1), "SERVING", true, true)]
    #[case(Health::from_number(0), "UNKNOWN", false, true)]
    #[case(Health::from_number(2), "NOT_SERVING", false, true)]
    #[case(Health::from_number(3), "SERVICE_UNKNOWN", false, true)]
    #[case(Health::from_number(77), "odd_status", false, true)]
    #[case(Health::from_failure(&Status::unimplemented("")), "no_service", false, false)]
    #[case(Health::from_failure(&Status::not_found("")), "unknown_name", false, false)]
    #[case(Health::from_failure(&Status::unavailable("")), "unavailable", false, false)]
    #[case(Health::from_failure(&Status::internal("")), "status", false, false)]
    #[case(Health::Deadline, "deadline", false, false)]
    fn verdicts(
        #[case] health: Health,
        #[case] word: &str,
        #[case] healthy: bool,
        #[case] when_status_is_ignored: bool,
    ) {
        assert_eq!(health.word(), word);
        assert_eq!(health.is_healthy(&Policy::default()), healthy);
        let reference = Policy::reference();
        assert_eq!(health.is_healthy(&reference), when_status_is_ignored);
    }
}
