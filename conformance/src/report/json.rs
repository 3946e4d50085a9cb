//! The report for programs: one JSON object per line and event. Every line is whole before the next one begins, so a file is valid
//! however the run ends. What a line holds is said by `runner::event`, and by the schema that is made from it.

use std::io::{self, Write};

use super::Reporter;
use super::board::Board;
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
        self.0.write_all(line(event)?.as_bytes())?;
        self.0.flush()
    }
}

/// The log as one document: of a torn one its whole lines.
pub fn document(board: &Board) -> io::Result<String> {
    board.events().iter().map(line).collect()
}

fn line(event: &Event) -> io::Result<String> {
    let mut line = serde_json::to_string(event)?;
    line.push('\n');
    Ok(line)
}
