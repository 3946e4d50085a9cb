//! The rule of the plugin that was never ready: it has passed nothing.
//!
//! Ready means that the plugin's readiness scenario passed whole: SERVING was seen, and an announced hook was answered with evidence. Pure.

use super::{Outcome, OutcomeKind};

/// What is known of a plugin's readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The rule does not apply: hosts are judged case by case.
    NotAsked,
    /// The readiness scenario passed.
    Ready,
    /// The readiness scenario did not pass.
    NeverReady,
}

/// The reason that every pass of a plugin that was never ready turns into.
pub const NEVER_READY: &str = "never ready";

/// The readiness that the outcomes of a readiness scenario show.
pub fn readiness_of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Readiness {
    let mut any = false;
    let all = outcomes.into_iter().all(|outcome| {
        any = true;
        outcome.kind() == OutcomeKind::Passed
    });
    if all && any {
        Readiness::Ready
    } else {
        Readiness::NeverReady
    }
}

/// An outcome under the rule: a pass of a plugin that was never ready is inconclusive; nothing else changes.
pub fn under(readiness: Readiness, outcome: Outcome) -> Outcome {
    match (readiness, outcome) {
        (Readiness::NeverReady, Outcome::Passed { .. }) => Outcome::inconclusive(NEVER_READY),
        (_, outcome) => outcome,
    }
}

#[cfg(test)]
mod tests;
