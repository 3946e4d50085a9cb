//! Keeps a store's changes in a file: one thread owns the file and writes whatever has come together since it last wrote, in one
//! transaction.
//!
//! Invariant: nobody is answered before what they may have seen is kept. What could not be written is tried again with what comes next;
//! until then every answer is an error that says so. Not here: what a file looks like (`file`), and what changed (`journal`).

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::memory::journal::{Change, Unreadable};
use file::File;

/// What a step changed, and which step it is.
struct Batch {
    number: u64,
    changes: Vec<Change>,
}

/// The newest of each row that is not written yet.
type Unwritten = BTreeMap<(&'static str, Vec<u8>), Option<Vec<u8>>>;

/// How far the file is.
#[derive(Debug, Clone, Default)]
struct Written {
    /// The last step that was tried.
    number: u64,
    /// Why it, and perhaps those before, are not in the file.
    trouble: Option<Arc<str>>,
}

/// A row as it stands in a file, and the name of its table.
pub(super) type Found = (String, Vec<u8>);

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be read or made.
    #[error("cannot open the store {}: {reason}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine or the system says.
        reason: String,
    },
    /// Something else is in the file.
    #[error("{} is no store: nothing of it was changed", .0.display())]
    Foreign(PathBuf),
    /// A later version of this program made it.
    #[error(
        "the store {} has format {found}, and this program knows {known}: it was made by a newer one",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is known.
        known: u64,
    },
    /// Another process has it.
    #[error("the store {} is in use: another process has it open", .0.display())]
    Locked(PathBuf),
    /// It was a store once.
    #[error("the store {} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// It holds a table that nobody here would look at.
    #[error("the store {} holds a table {table}, which this program does not know", .path.display())]
    UnknownTable {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// A row of it cannot be read.
    #[error("a row of {table} in the store {} cannot be read", .path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
        /// Why not.
        source: Unreadable,
    },
}

/// What was done is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the store {}: {reason}", .path.display())]
pub struct NotKept {
    path: PathBuf,
    reason: Arc<str>,
}

/// The handle of the thread.
pub(super) struct Keeper {
    path: PathBuf,
    /// Nothing once the file is closed.
    batches: Mutex<Option<mpsc::Sender<Batch>>>,
    /// The last step that was handed over.
    handed: AtomicU64,
    written: watch::Receiver<Written>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Keeper {
    /// Opens a file, or makes it; what is in it, and who keeps what comes.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Found>), StoreError> {
        let (batches, coming) = mpsc::channel();
        let (opened, open) = mpsc::channel();
        let (progress, written) = watch::channel(Written::default());
        let own = path.to_owned();
        let thread = std::thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || {
            let found = File::open(&own).and_then(|file| Ok((file.rows()?, file)));
            let (found, file) = match found {
                Ok((found, file)) => (Ok(found), Some(file)),
                Err(error) => (Err(error), None),
            };
            if opened.send(found).is_ok()
                && let Some(file) = file
            {
                keep(Reopened::new(file), &coming, &progress);
            }
        });
        let thread = thread.map_err(|error| StoreError::Open {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        // The engine panics where a damaged file contradicts itself.
        let found = open.recv().unwrap_or_else(|_| {
            Err(StoreError::Damaged {
                path: path.to_owned(),
                reason: "its pages contradict each other".to_owned(),
            })
        })?;
        let keeper = Self {
            path: path.to_owned(),
            batches: Mutex::new(Some(batches)),
            handed: AtomicU64::new(0),
            written,
            thread: Some(thread),
        };
        Ok((keeper, found))
    }

    /// Takes what a step changed. Steps come in their order: whoever hands one over holds the lock under which it was made.
    pub(super) fn hand_over(&self, changes: Vec<Change>) {
        let number = self.handed.load(Ordering::Relaxed) + 1;
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batches) = &*batches {
            // Nobody hears it any more: whoever waits for it is told.
            let _ = batches.send(Batch { number, changes });
        }
        self.handed.store(number, Ordering::Release);
    }

    /// Waits until all that was handed over up to now is in the file.
    pub(super) async fn kept(&self) -> Result<(), NotKept> {
        let wanted = self.handed.load(Ordering::Acquire);
        let mut written = self.written.clone();
        let reason = match written.wait_for(|written| written.number >= wanted).await {
            Ok(written) => match &written.trouble {
                None => return Ok(()),
                Some(trouble) => trouble.clone(),
            },
            Err(_) => "it is closed".into(),
        };
        Err(NotKept {
            path: self.path.clone(),
            reason,
        })
    }

    /// Writes what is left, and closes the file. What is done afterwards is not kept.
    pub(super) async fn close(&self) -> Result<(), NotKept> {
        let kept = self.kept().await;
        drop(
            self.batches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut written = self.written.clone();
        while written.changed().await.is_ok() {}
        kept
    }
}

impl Drop for Keeper {
    /// The file is free when this is gone.
    fn drop(&mut self) {
        drop(
            self.batches
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(store = %self.path.display(), "the store's thread panicked");
        }
    }
}

/// Writes what comes until nothing comes any more.
fn keep(mut file: Reopened, coming: &mpsc::Receiver<Batch>, progress: &watch::Sender<Written>) {
    let mut unwritten = Unwritten::new();
    while let Ok(first) = coming.recv() {
        let mut number = 0;
        for batch in std::iter::once(first).chain(coming.try_iter()) {
            number = batch.number;
            let rows = batch.changes.into_iter();
            unwritten.extend(rows.map(|change| ((change.table, change.key), change.row)));
        }
        let trouble = match file.write(&unwritten) {
            Ok(()) => {
                unwritten.clear();
                None
            }
            Err(reason) => {
                let path = file.path.display();
                tracing::error!(store = %path, "{} rows cannot be written: {reason}", unwritten.len());
                Some(reason.into())
            }
        };
        progress.send_replace(Written { number, trouble });
    }
}

/// A file that is opened anew after it could not be written: the engine goes on with none that failed.
struct Reopened {
    path: PathBuf,
    file: Option<File>,
}

impl Reopened {
    fn new(file: File) -> Self {
        Self {
            path: file.path().to_owned(),
            file: Some(file),
        }
    }

    fn write(&mut self, rows: &Unwritten) -> Result<(), String> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path).map_err(|error| error.to_string())?,
        };
        file.write(rows).map_err(|error| error.to_string())?;
        self.file = Some(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
