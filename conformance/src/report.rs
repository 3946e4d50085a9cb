//! Reporters: they see events and nothing else, and they never judge.
//!
//! `bodies` is what `fuzz` says; `human` writes for people, `json` one object per event, which `record` reads back; `file` keeps documents in
//! their files, `format` knows them by name: `junit`, `tap`, `markdown` and `badge` for CI systems, `html` as a page. They are functions of the
//! `board`, which has all events. `schema` says in JSON Schema what a log holds, `varying` which fields differ between equal runs; `merge`
//! joins the logs of shards, and `compare` says what changed between two. `failure` is the text of one failed check, `ledger` what became of
//! expected failures, `outset` what a run was asked for and what it cost; `listing` shows the register and the scenarios, `methods` the API
//! method by method.

pub mod badge;
pub mod board;
pub mod bodies;
pub mod compare;
pub mod failure;
pub mod file;
pub mod format;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod ledger;
pub mod listing;
pub mod markdown;
pub mod matrix;
pub mod merge;
pub mod methods;
pub mod outset;
pub mod paint;
pub mod record;
pub mod schema;
pub mod tap;
pub mod texts;
pub mod varying;

use std::io;

use crate::runner::event::Event;

/// Something that writes down what happens.
pub trait Reporter {
    /// Takes one event. What is written is valid after each of them, however the run ends.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// There are no more events; whatever was kept back is written.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Several reporters as one; the first error of any of them is kept, and the others go on.
#[derive(Default)]
pub struct Reporters<'a> {
    reporters: Vec<Box<dyn Reporter + 'a>>,
    failed: Option<io::Error>,
}

impl<'a> Reporters<'a> {
    /// Adds one.
    pub fn add(&mut self, reporter: impl Reporter + 'a) {
        self.reporters.push(Box::new(reporter));
    }

    /// Tells all of them.
    pub fn tell(&mut self, event: &Event) {
        for reporter in &mut self.reporters {
            if let Err(error) = reporter.event(event) {
                self.failed.get_or_insert(error);
            }
        }
    }

    /// Whether everything could be written.
    pub fn finish(mut self) -> io::Result<()> {
        for reporter in &mut self.reporters {
            if let Err(error) = reporter.finish() {
                self.failed.get_or_insert(error);
            }
        }
        self.failed.map_or(Ok(()), Err)
    }
}

impl std::fmt::Debug for Reporters<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporters")
            .field("count", &self.reporters.len())
            .finish_non_exhaustive()
    }
}
