//! Plugins that nobody would write, so `run` takes them only when asked to. Those that do nothing useful show what nothing scores;
//! those that do what they can to hold the suite up show that every case ends in time and leaves nothing behind.

use fake_interpreters::preset::Preset;
use fake_interpreters::script::{
    Controller, Flood, Grandchild, Script, Serve, SignalName, Step, Stream,
};

use super::fake::FakePlugin;
use super::{Skipped, Subject, SubjectFactory};
use crate::requirement::Side;

/// Makes what one of them plays.
type Play = fn() -> Script;

/// Each subject: its name and what it plays.
const TABLE: &[(&str, Play)] = &[
    ("null-exit", || Preset::ExitZero.script()),
    ("null-silent", || Preset::SilentForever.script()),
    ("null-handshake", || Preset::HandshakeThenNothing.script()),
    ("null-unimplemented", || Preset::UnimplementedToAll.script()),
    ("null-empty", || Preset::EmptyOkToAll.script()),
    ("hostile-goes-on", goes_on),
    ("hostile-grandchild", || {
        Script::testee().grandchild(Grandchild {
            holds_pipes: true,
            ignore_term: true,
            ..Grandchild::default()
        })
    }),
    ("hostile-escapes", || {
        Script::testee().grandchild(Grandchild {
            holds_pipes: true,
            setsid: true,
            double_fork: true,
            ignore_term: true,
            ..Grandchild::default()
        })
    }),
    ("hostile-no-newline", || Preset::NoNewline.script()),
    ("hostile-half-line", || {
        Script::new().listen().write("1|1|tcp|127.0.").exit(0)
    }),
    ("hostile-flood", || {
        Script::testee().step(Step::Flood(Flood {
            to: Stream::Stderr,
            bytes: 16 << 20,
            line_length: 200,
        }))
    }),
    ("hostile-stopped", || {
        Script::testee().raise(SignalName::Stop)
    }),
    ("hostile-listener-gone", || {
        Script::testee()
            .step(Step::CloseListener {})
            .step(Step::CutConnections {})
            .hang()
    }),
];

/// Goes on after Shutdown and after SIGTERM.
fn goes_on() -> Script {
    let serve = Serve {
        controller: Controller::Ignore,
        ..Serve::testee()
    };
    Script::new().ignore_term().then(&Script::serving(serve))
}

/// Makes one of them.
#[derive(Clone, Copy, Debug)]
pub struct Staged {
    name: &'static str,
    script: Play,
}

impl Staged {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Staged> {
        TABLE.iter().map(|&(name, script)| Staged { name, script })
    }
}

impl SubjectFactory for Staged {
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
        FakePlugin::subject(self.name, (self.script)())
    }
}
