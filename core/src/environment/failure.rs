//! A failure of a running plugin, from the moment it is noticed until everything about it is known and can be reported.

use std::fmt;
use std::time::Duration;

use crate::environment::life::Verdict;
use crate::event::What;
use crate::health::Health;
use crate::health::budget::Ruling;
use crate::process::Exit;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The process ended by itself.
    Exited(Exit),
    /// It did not answer that it is well, as often as it was asked.
    Unhealthy(Health),
    /// It was to be brought back and did not come up.
    Restart(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(exit) => write!(f, "the plugin ended by itself: {exit}"),
            Self::Unhealthy(health) => write!(f, "the plugin is not healthy: {health}"),
            Self::Restart(error) => write!(f, "the restart failed: {error}"),
        }
    }
}

impl Failure {
    /// The text for the status: what happened, and whether it was once too often.
    pub(super) fn text(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Ruled(Ruling::GiveUp) => {
                format!("{self}; it failed too often and is given up")
            }
            _ => self.to_string(),
        }
    }

    /// The event for it.
    pub(super) fn event(
        &self,
        verdict: Verdict,
        exit: Option<Exit>,
        stderr_tail: Vec<String>,
    ) -> What {
        let failure = match self {
            Self::Exited(_) => "exited",
            Self::Unhealthy(_) => "unhealthy",
            Self::Restart(_) => "restart",
        };
        let (next, pause) = match verdict {
            Verdict::Ruled(Ruling::Restart { after }) => ("restart", after),
            Verdict::Ruled(Ruling::GiveUp) => ("given_up", Duration::ZERO),
            Verdict::Alone | Verdict::Late => ("nothing", Duration::ZERO),
        };
        What::PluginFailed {
            failure: failure.to_owned(),
            message: self.to_string(),
            code: exit.and_then(Exit::code),
            signal: exit.and_then(Exit::signal),
            stderr_tail,
            next: next.to_owned(),
            pause,
        }
    }

    /// How long `OnDeactivate` may take then: a plugin that does not answer at all is given no more than another ping.
    pub(super) fn patience(&self, deactivate: Duration, ping: Duration) -> Duration {
        match self {
            Self::Unhealthy(Health::Deadline | Health::Unavailable) => deactivate.min(ping),
            _ => deactivate,
        }
    }
}
