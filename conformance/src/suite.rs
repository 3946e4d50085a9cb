//! The suite as a value: the register, the scenarios, the subjects and the mutants that one binary knows.
//!
//! Here the parts meet; nothing below this file lists them all. Tests make small suites of their own.

use crate::mutant::{Mutant, Workshop};
use crate::requirement::catalogue::Catalogue;
use crate::scenario::Scenario;
use crate::subject::SubjectFactory;

/// Everything that a run chooses from.
#[derive(Debug)]
pub struct Suite<'a> {
    /// The register.
    pub catalogue: &'a Catalogue,
    /// All scenarios.
    pub scenarios: Vec<Scenario>,
    /// All subjects that can be asked for by name.
    pub subjects: Vec<Box<dyn SubjectFactory>>,
    /// All mutants.
    pub mutants: Vec<Mutant>,
    /// Makes the mutants' subjects.
    pub workshop: Box<dyn Workshop>,
}
