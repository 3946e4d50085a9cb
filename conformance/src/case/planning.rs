//! What a run says about fault plans: how many are drawn, where those that fail are kept, or which one is played in their place.

use std::path::PathBuf;
use std::sync::Arc;

use crate::fault_plan::FaultPlan;

/// What a scenario of fault plans is told.
#[derive(Clone, Debug, Default)]
pub struct Planning {
    /// How many plans are drawn; if nobody says, the usual number of the side.
    pub count: Option<usize>,
    /// Where plans that fail are kept, made small. Without it they are neither kept nor made small.
    pub folder: Option<PathBuf>,
    /// The plan that is played in place of drawn ones.
    pub given: Option<GivenPlan>,
}

/// A plan from a file.
#[derive(Clone, Debug)]
pub struct GivenPlan {
    /// The plan.
    pub plan: Arc<FaultPlan>,
    /// The file.
    pub file: PathBuf,
}
