//! Reads the log of a run back, which `run --json` has written: one event a line.
//!
//! A run that was killed may leave one torn line, the last one, which is left out and said. Anything else that is not a whole log, or not of
//! the known format, is an error with its file and line: a report from half of the truth is worse than none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::runner::event::{CaseReport, Event, FORMAT, RunStarted, RunSummary};

/// A log that was read back. It begins with the start of a run; it lacks the end if the run was killed.
#[derive(Clone, Debug)]
pub struct Record {
    started: RunStarted,
    events: Vec<Event>,
    torn: Option<usize>,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be read.
    #[error("cannot read the log {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Not one whole line.
    #[error("{}: the log has no whole line", .0.display())]
    Empty(PathBuf),
    /// Another version of the vocabulary.
    #[error("{}:1: the log has the format {found}, and this version reads only {FORMAT}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The number there, or that there is none.
        found: String,
    },
    /// A line is not an event.
    #[error("{}:{line}: {what}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

/// What says which vocabulary the rest is written in; all that may be assumed of a first line.
#[derive(Deserialize)]
struct Head {
    event: String,
    format: Option<serde_json::Value>,
}

impl Record {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Record, RecordError> {
        let bytes = fs::read(path).map_err(|source| RecordError::Read {
            path: path.to_owned(),
            source,
        })?;
        Record::parse(path, &bytes)
    }

    /// Reads what is in a file of this name.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Record, RecordError> {
        let mut events: Vec<Event> = Vec::new();
        let mut started = None;
        let mut torn = None;
        for (place, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = place + 1;
            let wrong = |what: String| RecordError::Line {
                path: path.to_owned(),
                line,
                what,
            };
            // The beginning of an object is no JSON, so what is JSON lacks nothing but its line feed.
            let whole = text.ends_with(b"\n") || is_json(text);
            if !whole {
                torn = Some(line);
                break;
            }
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            if line == 1 {
                check_head(path, text)?;
            }
            let event = serde_json::from_slice(text).map_err(|error| wrong(words(&error)))?;
            match (&event, events.last()) {
                (Event::RunStarted(run), None) => started = Some(run.clone()),
                (_, None) => return Err(wrong("a log begins with run_started".to_owned())),
                (Event::RunStarted(_), Some(_)) => {
                    return Err(wrong("a second run_started".to_owned()));
                }
                (_, Some(Event::RunEnded(_))) => {
                    return Err(wrong("an event after run_ended".to_owned()));
                }
                _ => {}
            }
            events.push(event);
        }
        match started {
            Some(started) => Ok(Record {
                started,
                events,
                torn,
            }),
            None => Err(RecordError::Empty(path.to_owned())),
        }
    }

    /// How the run began.
    pub fn started(&self) -> &RunStarted {
        &self.started
    }

    /// All whole events, in the order of the log.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The cases that came to their end.
    pub fn cases(&self) -> impl Iterator<Item = &CaseReport> {
        self.events.iter().filter_map(|event| match event {
            Event::CaseEnded(report) => Some(report),
            _ => None,
        })
    }

    /// What the run came to; `None` if it was killed.
    pub fn ended(&self) -> Option<&RunSummary> {
        match self.events.last() {
            Some(Event::RunEnded(summary)) => Some(summary),
            _ => None,
        }
    }

    /// The torn line that was left out.
    pub fn torn(&self) -> Option<usize> {
        self.torn
    }

    /// What a reader has to know about a log that is not whole.
    pub fn note(&self) -> Option<String> {
        let torn = self
            .torn
            .map(|line| format!("line {line} is torn and was left out"));
        let cut = self.ended().is_none().then(|| {
            let ended = self.cases().count();
            let planned = self.started.cases;
            format!("the run did not come to its end: {ended} of {planned} cases are in the log")
        });
        let notes: Vec<String> = [cut, torn].into_iter().flatten().collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

fn check_head(path: &Path, text: &[u8]) -> Result<(), RecordError> {
    let head: Head = serde_json::from_slice(text).map_err(|error| RecordError::Line {
        path: path.to_owned(),
        line: 1,
        what: words(&error),
    })?;
    if head.event != "run_started" {
        return Err(RecordError::Line {
            path: path.to_owned(),
            line: 1,
            what: "a log begins with run_started".to_owned(),
        });
    }
    match head.format {
        Some(format) if format == FORMAT => Ok(()),
        other => Err(RecordError::Format {
            path: path.to_owned(),
            found: other.map_or(
                "of a version before there were numbers".to_owned(),
                |format| format.to_string(),
            ),
        }),
    }
}

/// The message without serde's own line, which is always the first.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    match error.column() {
        0 => message.to_owned(),
        column => format!("column {column}: {message}"),
    }
}

#[cfg(test)]
mod tests;
