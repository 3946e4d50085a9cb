//! Documents: reports that are one whole, as files that are valid however the run ends.
//!
//! A document is written beside its file and put in place by a rename: at the first event, then at intervals, and at the end. It never
//! judges; it only keeps what the events say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Reporter;
use crate::runner::event::Event;

/// A report that is written as a whole.
pub trait Document {
    /// Takes in one event.
    fn take(&mut self, event: &Event);

    /// The document as far as the events go.
    fn render(&self) -> io::Result<String>;
}

impl<D: Document + ?Sized> Document for Box<D> {
    fn take(&mut self, event: &Event) {
        (**self).take(event);
    }

    fn render(&self) -> io::Result<String> {
        (**self).render()
    }
}

/// The shortest time between two writings.
const INTERVAL: Duration = Duration::from_millis(500);

/// No more than this part of a run is spent on writing one document, however large it is: one in twenty.
const SHARE: u32 = 20;

/// Keeps a document in its file.
#[derive(Debug)]
pub struct DocumentFile<D> {
    path: PathBuf,
    document: D,
    due: Option<Instant>,
    behind: bool,
}

impl<D: Document> DocumentFile<D> {
    /// A document in this file.
    pub fn new(path: &Path, document: D) -> DocumentFile<D> {
        DocumentFile {
            path: path.to_owned(),
            document,
            due: None,
            behind: false,
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let text = self.document.render()?;
        replace(&self.path, &text)?;
        let now = Instant::now();
        self.due = Some(now + INTERVAL.max((now - begun) * SHARE));
        self.behind = false;
        Ok(())
    }
}

impl<D: Document> Reporter for DocumentFile<D> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.document.take(event);
        self.behind = true;
        let last = matches!(event, Event::RunEnded(_));
        if last || self.due.is_none_or(|due| due <= Instant::now()) {
            self.write()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.behind { self.write() } else { Ok(()) }
    }
}

/// Puts a text in the place of a file, at once. Whoever reads the file finds the former text or this one, never a part.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
