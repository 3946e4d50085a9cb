//! What a run says about plans: how many fault plans are drawn, where cases and plans that fail are kept, or which one is played again.

use std::path::PathBuf;
use std::sync::Arc;

use crate::case_plan::StoredCase;
use crate::fault_plan::FaultPlan;

/// What a scenario of fault plans is told.
#[derive(Clone, Debug, Default)]
pub struct Planning {
    /// How many plans are drawn; if nobody says, the usual number of the side.
    pub count: Option<usize>,
    /// Where cases that fail are kept, and fault plans made small. Without it they are neither kept nor made small.
    pub folder: Option<PathBuf>,
    /// The plan that is played in place of drawn ones.
    pub given: Option<GivenPlan>,
    /// The case that is played again.
    pub again: Option<Arc<StoredCase>>,
}

impl Planning {
    /// What is stored of a case of this scenario, if it is played again.
    pub fn again(&self, scenario: &str) -> Option<&StoredCase> {
        self.again
            .as_deref()
            .filter(|stored| stored.scenario == scenario)
    }
}

/// A plan from a file.
#[derive(Clone, Debug)]
pub struct GivenPlan {
    /// The plan.
    pub plan: Arc<FaultPlan>,
    /// The file.
    pub file: PathBuf,
}
