//! Why a plugin did not start: the step, the cause, and the facts about the process. Pure.

use std::fmt;
use std::io;
use std::time::Duration;

use plugin_proto::connect::ConnectError;
use plugin_proto::dial::Target;
use plugin_proto::pb::AppError;

use crate::handshake::{HandshakeError, LineError};
use crate::hooks::outcome::{Failure, FailureKind};
use crate::ids::PluginId;
use crate::in_band;
use crate::process::{CommandError, Diagnosis, SpawnError};
use crate::supervisor::stop::StopReport;
use crate::tls::{self, TlsError, TlsSetupError};

/// The steps of a start, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartStep {
    /// Open the API server.
    ApiServer,
    /// Build the command.
    Command,
    /// Start the process.
    Spawn,
    /// Wait for its handshake.
    Handshake,
    /// Connect, and see HTTP/2 come back.
    Connect,
    /// Ask which hooks it has.
    Implemented,
    /// `OnConfigurationChange`, whose error is only logged.
    Configuration,
    /// `OnActivate`.
    Activate,
}

impl StartStep {
    /// Stable word for the step.
    pub fn word(self) -> &'static str {
        match self {
            Self::ApiServer => "api_server",
            Self::Command => "command",
            Self::Spawn => "spawn",
            Self::Handshake => "handshake",
            Self::Connect => "connect",
            Self::Implemented => "implemented",
            Self::Configuration => "configuration",
            Self::Activate => "activate",
        }
    }
}

impl fmt::Display for StartStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a start failed.
#[derive(Debug, thiserror::Error)]
pub enum StartCause {
    /// No port for the API server.
    #[error("opening the API server: {0}")]
    ApiServer(#[source] io::Error),
    /// No command could be built.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The process could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// There was no acceptable handshake.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// There is no usable connection.
    #[error(transparent)]
    Connect(ConnectError),
    /// AutoMTLS could not begin.
    #[error(transparent)]
    TlsSetup(#[from] TlsSetupError),
    /// The connection could not be secured.
    #[error("{target}: {source}")]
    Tls {
        /// Where to.
        target: Target,
        /// Why.
        source: TlsError,
    },
    /// The address was announced, but its name cannot be looked up.
    #[error(transparent)]
    Resolve(LineError),
    /// `Implemented` was not answered.
    #[error(transparent)]
    Implemented(Failure),
    /// `Implemented` was answered with an error in band.
    #[error("Implemented was refused: {}", in_band::describe(.0))]
    ImplementedRefused(Box<AppError>),
    /// `OnActivate` was not answered.
    #[error(transparent)]
    Activate(Failure),
    /// `OnActivate` was answered with an error in band.
    #[error("OnActivate was refused: {}", in_band::describe(.0))]
    ActivateRefused(Box<AppError>),
    /// `OnActivate` was answered with an error whose text the policy withholds.
    #[error("OnActivate was refused")]
    ActivateRefusedSilently,
    /// The start was called off.
    #[error("the start was called off")]
    CalledOff,
    /// Code that the application gave to the host panicked.
    #[error("the start panicked: {0}")]
    Panicked(String),
}

impl From<ConnectError> for StartCause {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unsecured { target, source } => match tls::explained(&source) {
                Some(source) => Self::Tls { target, source },
                None => Self::Connect(ConnectError::Unsecured { target, source }),
            },
            other => Self::Connect(other),
        }
    }
}

impl StartCause {
    /// Stable word for the cause.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ApiServer(_) => "api.listen",
            Self::Command(error) => error.kind(),
            Self::Spawn(_) => "spawn",
            Self::Handshake(error) => error.kind(),
            Self::Connect(ConnectError::Refused { .. }) => "connect.refused",
            Self::Connect(ConnectError::Mute { .. }) => "connect.mute",
            Self::Connect(ConnectError::Closed { .. }) => "connect.closed",
            Self::Connect(ConnectError::NotHttp2 { .. }) => "connect.not_http2",
            Self::Connect(ConnectError::Unsecured { .. }) => "connect.unsecured",
            Self::TlsSetup(_) => "tls.setup",
            Self::Tls { source, .. } => source.kind(),
            Self::Resolve(error) => error.kind(),
            Self::Implemented(_) | Self::ImplementedRefused(_) => "hook.implemented",
            Self::Activate(failure) => match failure.kind {
                FailureKind::Deadline => "activate.deadline",
                FailureKind::Unavailable | FailureKind::NotSent => "activate.unavailable",
                FailureKind::Unimplemented => "activate.unimplemented",
                FailureKind::Status(_) => "activate.status",
                FailureKind::Violation => "activate.violation",
                FailureKind::Overloaded => "activate.overloaded",
                FailureKind::RequestBroken => "activate.request_broken",
                FailureKind::RequestStalled => "activate.request_stalled",
                FailureKind::BadStatus => "activate.bad_status",
            },
            Self::ActivateRefused(_) | Self::ActivateRefusedSilently => "activate.refused",
            Self::CalledOff => "start.called_off",
            Self::Panicked(_) => "start.panicked",
        }
    }

    /// Whether the connection is gone, or was never there.
    pub(super) fn is_loss(&self) -> bool {
        match self {
            Self::Connect(ConnectError::Refused { .. } | ConnectError::Closed { .. }) => true,
            Self::Tls { source, .. } => *source == TlsError::Closed,
            Self::Implemented(failure) | Self::Activate(failure) => {
                failure.kind == FailureKind::Unavailable
            }
            _ => false,
        }
    }

    /// What a Go host says, where it says something of its own.
    pub fn go_wording(&self) -> Option<String> {
        match self {
            Self::ApiServer(error) => Some(format!(
                "failed to start PluginAPI server for Python plugin: failed to create listener for PluginAPI server: {error}"
            )),
            Self::Command(error) => error.go_wording(),
            Self::Handshake(error) => Some(error.go_wording()),
            Self::Resolve(error) => Some(error.go_wording()),
            Self::Tls { source, .. } => Some(source.go_wording()),
            Self::Implemented(failure) => Some(format!(
                "failed to query implemented hooks: {}",
                failure.text
            )),
            Self::ImplementedRefused(error) => Some(format!(
                "failed to query implemented hooks: {}",
                error.message
            )),
            Self::Activate(failure) => {
                Some(format!("gRPC OnActivate call failed: {}", failure.text))
            }
            // Go's host drops the message and shows the translation of the id, which for plugins is the id itself.
            Self::ActivateRefused(error) => Some(error.id.clone()),
            Self::Spawn(_)
            | Self::Connect(_)
            | Self::TlsSetup(_)
            | Self::ActivateRefusedSilently
            | Self::CalledOff
            | Self::Panicked(_) => None,
        }
    }
}

/// A start that failed. Nothing of the plugin is left.
#[derive(Debug, thiserror::Error)]
#[error("plugin {plugin} did not start, step {step}: {cause}")]
pub struct StartError {
    /// Which plugin.
    pub plugin: PluginId,
    /// The step that failed.
    pub step: StartStep,
    /// Why.
    #[source]
    pub cause: StartCause,
    /// The facts about the process, if there was one.
    pub diagnosis: Option<Box<Diagnosis>>,
    /// How it was cleaned up, if there was a process.
    pub stop: Option<Box<StopReport>>,
    /// Time from the beginning of the start to its failure, without the cleaning.
    pub elapsed: Duration,
}

impl StartError {
    /// Stable word for the cause.
    pub fn kind(&self) -> &'static str {
        self.cause.kind()
    }

    /// What a Go host says, where it says something of its own.
    pub fn go_wording(&self) -> Option<String> {
        self.cause.go_wording()
    }

    /// The error that the plugin answered in band, if it did.
    pub fn app_error(&self) -> Option<&AppError> {
        match &self.cause {
            StartCause::ImplementedRefused(error) | StartCause::ActivateRefused(error) => {
                Some(error)
            }
            _ => None,
        }
    }
}
