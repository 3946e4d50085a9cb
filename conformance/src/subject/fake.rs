//! The Rust fake as a plugin under test: the scripted interpreter, placed as a plugin's own, playing a testee or a mutant of it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fake_interpreters::script::Script;

use super::{Capabilities, PluginSource, Skipped, Subject, SubjectFactory, SubjectKind};
use crate::requirement::Side;

/// The subject's name on the command line.
pub const NAME: &str = "rust-fake";
/// Names another fake binary than the one beside this program.
pub const BINARY_VARIABLE: &str = "PLUGIN_CONFORMANCE_FAKE";
/// The command that makes the fake.
pub const ENABLE: &str = "cargo build --package fake-interpreters";

const BINARY: &str = "fake-interpreter";
const PLUGIN_ID: &str = "com.example.conformance-fake";

/// A folder whose interpreter is the fake.
#[derive(Clone, Debug)]
pub struct FakePlugin {
    binary: PathBuf,
    script: Script,
}

impl FakePlugin {
    /// A fake that plays this script, if the binary is on this machine.
    pub fn playing(subject: &str, script: Script) -> Result<FakePlugin, Skipped> {
        match binary() {
            Some(binary) => Ok(FakePlugin { binary, script }),
            None => Err(Skipped {
                subject: subject.to_owned(),
                reason: format!(
                    "no {BINARY} beside this program, and {BINARY_VARIABLE} does not name one"
                ),
                enable: ENABLE.to_owned(),
            }),
        }
    }

    /// A subject that claims everything and plays this script.
    pub fn subject(name: &str, script: Script) -> Result<Subject, Skipped> {
        let source = FakePlugin::playing(name, script)?;
        Ok(Subject {
            name: name.to_owned(),
            kind: SubjectKind::Plugin(Arc::new(source)),
            capabilities: Capabilities::all(),
        })
    }
}

impl PluginSource for FakePlugin {
    fn place(&self, dir: &Path) -> io::Result<PathBuf> {
        let folder = dir.join("plugin");
        fake_interpreters::place(&folder, &self.binary, PLUGIN_ID, &self.script)?;
        Ok(folder)
    }
}

/// Makes the testee without a fault.
#[derive(Clone, Copy, Debug)]
pub struct RustFake;

impl SubjectFactory for RustFake {
    fn name(&self) -> &str {
        NAME
    }

    fn side(&self) -> Side {
        Side::Plugin
    }

    fn make(&self) -> Result<Subject, Skipped> {
        FakePlugin::subject(NAME, Script::testee())
    }
}

/// The fake's binary: named by the variable, or beside this program, or, for a test, in the folder above it.
pub fn binary() -> Option<PathBuf> {
    let named = std::env::var_os(BINARY_VARIABLE)
        .filter(|value| *value != OsString::new())
        .map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program
        .iter()
        .flat_map(|program| program.ancestors().skip(1).take(2))
        .map(|folder| folder.join(BINARY));
    named
        .into_iter()
        .chain(beside)
        .find(|candidate| candidate.is_file())
}
