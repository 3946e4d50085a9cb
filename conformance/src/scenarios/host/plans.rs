//! Fault plans for hosts: a plugin that is hurt at drawn points in drawn ways, another one beside it that is well, and what the host makes of it.
//!
//! The judgements that any plan is worth: every order is answered in time, what is told is what the fakes wrote down, one process at a time,
//! the other plugin goes on, and in the end there is a plugin that runs, and then nothing.

mod call;
mod orders;
mod play;

use crate::case::Case;
use crate::fault_plan::generate::USUAL_HOST;
use crate::requirement::Side;
use crate::scenario::{ScenarioResult, scenarios};
use crate::scenarios::hunt::hunt;

scenarios! {
    Host, Crash;
    /// Plans drawn from the seed: a plugin that is hurt again and again, beside one that is well.
    "host/plans/drawn" => drawn: [
        "FP-001", "FP-002", "FP-003", "FP-004", "FP-005", "FP-006", "FP-007", "FP-008", "FP-009",
    ], deadline(120), plans(USUAL_HOST), waits();
}

async fn drawn(case: &mut Case) -> ScenarioResult {
    hunt(
        case,
        (Side::Host, USUAL_HOST),
        SCENARIOS[0].requirements,
        |case, plan| Box::pin(play::play(case, plan)),
    )
    .await
}
