//! A mutant: a subject with one fault, the requirement that the fault breaks, and the reason by which the check must catch it.
//!
//! Rows only; the tables are in `mutants/`. `runner::kill_matrix` plays them.

use std::fmt;

use clap::ValueEnum as _;
use fake_interpreters::fault::Fault;

use crate::driver;
use crate::driver::damage::Damages;
use crate::requirement::Side;
use crate::subject::{Skipped, Subject};

/// How a mutant comes to its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Our host driver, started with `--fault NAME`.
    Driver(&'static str),
    /// Our host driver, started with `--damage TEXT`: a fault of the API as data, see `driver::damage`.
    Damage(&'static str),
    /// The scripted testee with `"fault": NAME` in its `serve` step.
    Testee(&'static str),
}

/// One row of a mutant table.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Its name, `host/starts-twice`; stable.
    pub name: &'static str,
    /// The kind of subject it is.
    pub side: Side,
    /// The requirement it breaks.
    pub breaks: &'static str,
    /// The reason by which the check of that requirement must catch it.
    pub reason: &'static str,
    /// Where the fault is.
    pub how: How,
}

impl Mutant {
    /// What it does wrong, in a sentence: that of the fault it is made by.
    pub fn about(&self) -> String {
        let of_driver = |name: &str| {
            let fault = driver::fault::Fault::from_str(name, false).ok()?;
            fault
                .to_possible_value()?
                .get_help()
                .map(ToString::to_string)
        };
        let about = match self.how {
            How::Driver(name) => of_driver(name),
            How::Damage(text) => text.parse().ok().map(|damages: Damages| damages.about()),
            How::Testee(name) => Fault::named(name).map(|fault| fault.describe().to_owned()),
        };
        // A test reads them all.
        let about = about.unwrap_or_default();
        if about.ends_with('.') {
            about
        } else {
            format!("{about}.")
        }
    }
}

/// Makes the subjects of the kill matrix.
pub trait Workshop: Send + Sync + fmt::Debug {
    /// The subject without a fault: it must pass wherever a mutant must fail.
    fn baseline(&self, side: Side) -> Result<Subject, Skipped>;

    /// The subject with the fault.
    fn mutant(&self, mutant: &Mutant) -> Result<Subject, Skipped>;
}

/// Writes a table `MUTANTS` of one side: `"name": breaks "ID" by "reason", How(…);`.
#[macro_export]
macro_rules! mutant_table {
    ($side:ident; $($name:literal: breaks $id:literal by $reason:literal, $how:ident($what:expr);)+) => {
        /// The mutants of this file.
        pub const MUTANTS: &[$crate::mutant::Mutant] = &[$(
            $crate::mutant::Mutant {
                name: $name,
                side: $crate::requirement::Side::$side,
                breaks: $id,
                reason: $reason,
                how: $crate::mutant::How::$how($what),
            },
        )+];
    };
}

pub use crate::mutant_table as mutants;
