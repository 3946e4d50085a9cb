//! Why a scenario stops before its end, and whose fault that is.

use std::error::Error;

use crate::subject::host::DriverError;

/// Why a scenario stops before its end.
#[derive(Debug)]
pub enum Interruption {
    /// The subject did not let it get far enough to judge; what was not judged is inconclusive.
    BrokenOff(String),
    /// The host's driver does not claim what the scenario needs; what was not judged is not applicable.
    NotClaimed(String),
    /// The host's driver claims what the scenario needs, and does not do it; what was not judged has failed.
    Dead(String),
    /// Something failed that is not the subject's: a temporary folder, a file of ours. The suite fails.
    Suite(Box<dyn Error + Send + Sync>),
}

impl Interruption {
    /// The subject stands in the way: `return Err(Interruption::broken_off("the plugin did not start: …"))`.
    pub fn broken_off(reason: impl Into<String>) -> Interruption {
        Interruption::BrokenOff(reason.into())
    }

    /// What it means for a scenario that its driver is of no use.
    pub fn of_driver(error: DriverError) -> Interruption {
        match error {
            DriverError::NotClaimed { order } => Interruption::NotClaimed(format!("order {order}")),
            DriverError::Dead { order } => Interruption::Dead(format!("order {order}")),
            error => Interruption::broken_off(error.to_string()),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Interruption {
    fn from(error: E) -> Interruption {
        Interruption::Suite(Box::new(error))
    }
}

/// What a scenario returns; its verdicts are in the case, not here.
pub type ScenarioResult = Result<(), Interruption>;
