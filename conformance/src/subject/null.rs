//! Plugins that do nothing useful. They exist to show what nothing scores, so `run` takes them only when asked to.

use fake_interpreters::preset::Preset;

use super::fake::FakePlugin;
use super::{Skipped, Subject, SubjectFactory};
use crate::requirement::Side;

/// Each null subject: its name and what it plays.
const TABLE: &[(&str, Preset)] = &[
    ("null-exit", Preset::ExitZero),
    ("null-silent", Preset::SilentForever),
    ("null-handshake", Preset::HandshakeThenNothing),
    ("null-unimplemented", Preset::UnimplementedToAll),
    ("null-empty", Preset::EmptyOkToAll),
];

/// Makes one null subject.
#[derive(Clone, Copy, Debug)]
pub struct Null {
    name: &'static str,
    preset: Preset,
}

impl Null {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Null> {
        TABLE.iter().map(|(name, preset)| Null {
            name,
            preset: *preset,
        })
    }
}

impl SubjectFactory for Null {
    fn name(&self) -> &str {
        self.name
    }

    fn side(&self) -> Side {
        Side::Plugin
    }

    fn by_default(&self) -> bool {
        false
    }

    fn make(&self) -> Result<Subject, Skipped> {
        FakePlugin::subject(self.name, self.preset.script())
    }
}
