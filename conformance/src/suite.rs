//! The suite as a value: the register, the scenarios, the subjects and the mutants that one binary knows.
//!
//! Here the parts meet; nothing below this file lists them all. Tests make small suites of their own.

use std::ffi::OsString;
use std::path::PathBuf;

use fake_interpreters::fault::Fault;

use crate::mutant::{How, Mutant, Workshop};
use crate::mutants;
use crate::requirement::Side;
use crate::requirement::catalogue::Catalogue;
use crate::scenario::Scenario;
use crate::scenarios;
use crate::subject::fake::{FakePlugin, RustFake};
use crate::subject::host::OwnHost;
use crate::subject::python::PythonSdk;
use crate::subject::staged::Staged;
use crate::subject::{Skipped, Subject, SubjectFactory};

/// The program that is a keeper when it is started with a folder and a mark as its last arguments.
#[derive(Clone, Debug)]
pub struct KeeperProgram {
    /// The program.
    pub program: PathBuf,
    /// The arguments before the two.
    pub args: Vec<OsString>,
}

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
    /// What cleans up when a run is killed. Without one, a run that is killed leaves its folder and its processes.
    pub keeper: Option<KeeperProgram>,
}

impl<'a> Suite<'a> {
    /// The suite of this binary, without a keeper: only a `main` knows which program it is.
    pub fn of_this_binary(catalogue: &'a Catalogue) -> Suite<'a> {
        let mut subjects: Vec<Box<dyn SubjectFactory>> = vec![
            Box::new(OwnHost::new()),
            Box::new(RustFake),
            Box::new(PythonSdk),
        ];
        subjects.extend(Staged::all().map(|staged| Box::new(staged) as Box<dyn SubjectFactory>));
        Suite {
            catalogue,
            scenarios: scenarios::all(),
            subjects,
            mutants: mutants::all(),
            workshop: Box::new(OwnWorkshop),
            keeper: None,
        }
    }
}

/// Makes mutants out of our own host and of the Rust testee.
#[derive(Clone, Copy, Debug)]
pub struct OwnWorkshop;

impl Workshop for OwnWorkshop {
    fn baseline(&self, side: Side) -> Result<Subject, Skipped> {
        match side {
            Side::Host => OwnHost::new().make(),
            Side::Plugin => RustFake.make(),
        }
    }

    fn mutant(&self, mutant: &Mutant) -> Result<Subject, Skipped> {
        match mutant.how {
            How::Driver(fault) => OwnHost::with_fault(fault).make(),
            How::Damage(text) => OwnHost::with_damage(text).make(),
            How::Testee(fault) => {
                FakePlugin::subject(mutant.name, testee_with(mutant, fault)?.script())
            }
        }
    }
}

fn testee_with(mutant: &Mutant, name: &str) -> Result<Fault, Skipped> {
    Fault::named(name).ok_or_else(|| Skipped {
        subject: mutant.name.to_owned(),
        reason: format!("the testee has no fault {name:?}"),
        enable: "a row with the name of a fault".to_owned(),
    })
}
