//! Why a scenario stops before its end, and whose fault that is.

use std::error::Error;

/// Why a scenario stops before its end.
#[derive(Debug)]
pub enum Interruption {
    /// The subject did not let it get far enough to judge; what was not judged is inconclusive.
    BrokenOff(String),
    /// Something failed that is not the subject's: a temporary folder, a file of ours. The suite fails.
    Suite(Box<dyn Error + Send + Sync>),
}

impl Interruption {
    /// The subject stands in the way: `return Err(Interruption::broken_off("the plugin did not start: …"))`.
    pub fn broken_off(reason: impl Into<String>) -> Interruption {
        Interruption::BrokenOff(reason.into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Interruption {
    fn from(error: E) -> Interruption {
        Interruption::Suite(Box::new(error))
    }
}

/// What a scenario returns; its verdicts are in the case, not here.
pub type ScenarioResult = Result<(), Interruption>;
