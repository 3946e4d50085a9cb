//! What a terminal shows while many small cases are played: the last one and how many there were, in one line that is wiped at the end.

use std::io::{self, Write};

use crate::report::human::{CLEAR_LINE, Surface};
use crate::runner::event::{CaseName, CaseReport};

/// The line, or nothing where there is no terminal.
pub(super) struct Progress {
    shown: bool,
    done: usize,
}

impl Progress {
    pub(super) fn on(surface: Surface, json: bool) -> Progress {
        let shown = matches!(surface, Surface::Terminal(_)) && !json;
        Progress { shown, done: 0 }
    }

    pub(super) fn tell(&mut self, out: &mut dyn Write, report: &CaseReport) {
        if !self.shown {
            return;
        }
        self.done += 1;
        let CaseName {
            subject, scenario, ..
        } = &report.name;
        let done = self.done;
        // A terminal that cannot be written to is found out by what is shown at the end.
        let _ = write!(out, "{CLEAR_LINE}[{done}] {subject} {scenario}").and_then(|()| out.flush());
    }

    pub(super) fn clear(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.shown {
            write!(out, "{CLEAR_LINE}")?;
        }
        Ok(())
    }
}
