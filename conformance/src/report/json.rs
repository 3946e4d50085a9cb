//! The report for programs: one JSON object per line and event. Every line is whole before the next one begins, so a file is valid
//! however the run ends. What a line holds is said by `runner::event`.

use std::io::{self, Write};

use super::Reporter;
use crate::runner::event::Event;

/// Writes JSON lines.
#[derive(Debug)]
pub struct Json<W>(W);

impl<W: Write> Json<W> {
    /// A report to this writer, which should not buffer.
    pub fn new(out: W) -> Json<W> {
        Json(out)
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.flush()
    }
}
