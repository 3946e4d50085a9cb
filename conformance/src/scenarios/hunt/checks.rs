//! The checks of one play. The first that fails ends it: what comes after a contradiction shows nothing by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::case::Case;
use crate::scenario::Interruption;

/// What was checked so far.
#[derive(Debug)]
pub(in crate::scenarios) struct Checks<'a> {
    case: &'a Case,
    kept: Mutex<BTreeMap<&'static str, usize>>,
}

impl<'a> Checks<'a> {
    pub(in crate::scenarios) fn new(case: &'a Case) -> Checks<'a> {
        Checks {
            case,
            kept: Mutex::default(),
        }
    }

    /// One check of a requirement, with what was expected and what was seen.
    pub(in crate::scenarios) fn check(
        &self,
        id: &'static str,
        kept: bool,
        (expected, seen): (impl Into<String>, impl Into<String>),
        reason: &'static str,
    ) -> Result<(), Interruption> {
        if !kept {
            self.case.require(id).fails(reason, expected, seen);
            return Err(Interruption::broken_off(format!(
                "{id} was broken: {reason}"
            )));
        }
        let mut count = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *count.entry(id).or_default() += 1;
        Ok(())
    }

    /// What was checked in a play that came to its end has passed.
    pub(in crate::scenarios) fn pass(&self) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, count) in kept.iter() {
            let witness = self.case.require(id).seen("checks", *count);
            witness.holds(true, "", "", "kept");
        }
    }
}
