//! Documents in files that are valid however the run ends: each is written beside its file and put in place by a rename, at the first event,
//! then at intervals, and at the end.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Reporter;
use super::board::Board;
use super::format::Format;
use crate::runner::event::Event;

/// The shortest time between two writings.
const INTERVAL: Duration = Duration::from_millis(100);

/// No more than this part of a run is spent on writing documents, however large they are: one in twenty.
const SHARE: u32 = 20;

/// When documents are written anew: as soon as there is something new, but not too often.
#[derive(Debug, Default)]
pub(super) struct Pace {
    due: Option<Instant>,
}

impl Pace {
    /// Whether they may be written now.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_none_or(|due| due <= Instant::now())
    }

    /// They were written, which was begun then.
    pub(super) fn has_written(&mut self, begun: Instant) {
        let now = Instant::now();
        self.due = Some(now + INTERVAL.max((now - begun) * SHARE));
    }
}

/// Keeps documents in their files.
#[derive(Debug)]
pub struct DocumentFiles {
    files: Vec<(Format, PathBuf)>,
    board: Board,
    pace: Pace,
    behind: bool,
}

impl DocumentFiles {
    /// These documents. All files are there and valid from now on.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn begin(files: Vec<(Format, PathBuf)>) -> Result<DocumentFiles, (PathBuf, io::Error)> {
        let documents = DocumentFiles {
            files,
            board: Board::default(),
            pace: Pace::default(),
            behind: false,
        };
        for (format, path) in &documents.files {
            documents
                .write(*format, path)
                .map_err(|error| (path.clone(), error))?;
        }
        Ok(documents)
    }

    fn write(&self, format: Format, path: &Path) -> io::Result<()> {
        replace(path, &format.render(&self.board)?)
    }

    fn write_all(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        let mut failed = None;
        for (format, path) in &self.files {
            if let Err(error) = self.write(*format, path) {
                failed.get_or_insert(error);
            }
        }
        self.pace.has_written(begun);
        self.behind = false;
        failed.map_or(Ok(()), Err)
    }
}

impl Reporter for DocumentFiles {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        self.board.take(event);
        self.behind = true;
        let last = matches!(event, Event::RunEnded(_));
        if last || self.pace.is_due() {
            self.write_all()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.behind {
            self.write_all()
        } else {
            Ok(())
        }
    }
}

/// Puts a text in the place of a file, at once: whoever reads the file finds the former text or this one, never a part. What is no file, a
/// pipe or a terminal, is written to.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let is_file = fs::metadata(path).is_ok_and(|there| there.is_file());
    if !is_file && path.exists() {
        return fs::write(path, text);
    }
    let mut beside = OsString::from(path);
    beside.push(".tmp");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
