//! The lines of one stream to log entries, with what must be remembered from line to line. Pure.

use serde_json::{Map, Value};

use super::hclog;
use super::lines::Line;
use super::text;
use super::traceback::Traceback;
use crate::event::Level;

/// One thing that was logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// How grave it is.
    pub level: Level,
    /// The message: of an hclog record its `@message`, of anything else the text.
    pub message: String,
    /// What was written, invalid UTF-8 replaced; several lines for a traceback.
    pub raw: String,
    /// Key/value pairs of an hclog record.
    pub fields: Map<String, Value>,
    /// What it was recognised by.
    pub form: Form,
}

/// What an entry was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// hclog's JSON.
    Hclog,
    /// A level in brackets.
    Tagged,
    /// A Go program dying, and what follows.
    Panic,
    /// A Python traceback.
    Traceback,
    /// A piece of a line that is too long to be looked at.
    Piece,
    /// Anything else.
    Plain,
}

impl Entry {
    /// An entry that is what was written and nothing more.
    pub fn of_text(level: Level, text: &str, form: Form) -> Self {
        Self {
            level,
            message: text.to_owned(),
            raw: text.to_owned(),
            fields: Map::new(),
            form,
        }
    }
}

/// Turns lines into entries.
#[derive(Debug)]
pub struct Classifier {
    is_panicking: bool,
    traceback: Option<Traceback>,
    sees_tracebacks: bool,
}

impl Classifier {
    /// A classifier for the beginning of a stream; `sees_tracebacks` is false only for the reference's behaviour.
    pub fn new(sees_tracebacks: bool) -> Self {
        Self {
            is_panicking: false,
            traceback: None,
            sees_tracebacks,
        }
    }

    /// Takes a line, and gives every entry that it completes to `each`.
    pub fn push(&mut self, line: &Line, mut each: impl FnMut(Entry)) {
        let bytes = line.bytes.strip_suffix(b"\r").unwrap_or(&line.bytes);
        let text = String::from_utf8_lossy(bytes);
        if line.is_piece {
            return each(Entry::of_text(Level::Debug, &text, Form::Piece));
        }
        let reading = hclog::read(&text);
        // Other threads may log while one writes its traceback: such lines do not end it.
        let is_of_its_own = reading != hclog::Reading::Text
            || matches!(text::read(&text), text::Reading::Tagged(_));
        if !is_of_its_own {
            if self
                .traceback
                .as_mut()
                .is_some_and(|traceback| traceback.take(&text))
            {
                return;
            }
            self.flush(&mut each);
            self.traceback = Traceback::begin(&text).filter(|_| self.sees_tracebacks);
            if self.traceback.is_some() {
                return;
            }
        }
        each(match reading {
            hclog::Reading::Record(record) => record_entry(record, &text),
            hclog::Reading::Foreign => Entry::of_text(Level::Debug, &text, Form::Plain),
            hclog::Reading::Text => self.text_entry(&text),
        });
    }

    /// Whether an entry waits only for the case that more of it follows.
    pub fn is_waiting(&self) -> bool {
        self.traceback.as_ref().is_some_and(Traceback::is_ended)
    }

    /// Gives up waiting, because nothing follows for now, or at all.
    pub fn flush(&mut self, mut each: impl FnMut(Entry)) {
        if let Some(traceback) = self.traceback.take() {
            let text = traceback.text();
            each(Entry::of_text(
                Level::Error,
                text.trim_end_matches('\n'),
                Form::Traceback,
            ));
        }
    }

    fn text_entry(&mut self, line: &str) -> Entry {
        match text::read(line) {
            text::Reading::Tagged(level) => Entry::of_text(level, line, Form::Tagged),
            text::Reading::Panic => {
                self.is_panicking = true;
                Entry::of_text(Level::Error, line, Form::Panic)
            }
            text::Reading::PythonNotice if self.sees_tracebacks => {
                Entry::of_text(Level::Error, line, Form::Traceback)
            }
            _ if self.is_panicking => Entry::of_text(Level::Error, line, Form::Panic),
            _ => Entry::of_text(Level::Debug, line, Form::Plain),
        }
    }
}

fn record_entry(record: hclog::Record, raw: &str) -> Entry {
    Entry {
        level: record.level,
        message: record.message,
        raw: raw.to_owned(),
        fields: record.fields,
        form: Form::Hclog,
    }
}

#[cfg(test)]
mod tests;
