//! The file of a store: a redb database with one table for each of the store's, rows as bytes by keys as bytes, and one that says what
//! it is.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    TableHandle as _,
};

use crate::memory::keeper::{Found, StoreError, Unwritten};

/// Goes up when files are written that an older program would read wrongly.
pub(super) const FORMAT: u64 = 1;
/// What the file is.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about the store");
/// The row of it that says the format.
const FORMAT_KEY: &str = "format";
/// How every file of the engine begins.
const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// One table.
type Rows<'a> = TableDefinition<'a, &'static [u8], &'static [u8]>;

/// An open file; no other process can open it meanwhile.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    database: Database,
}

impl File {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if !is_new_or_ours(path).map_err(|error| unopened(path, &error))? {
            return Err(StoreError::Foreign(path.to_owned()));
        }
        let database = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::Locked(path.to_owned()),
            DatabaseError::Storage(redb::StorageError::Corrupted(reason)) => damaged(path, &reason),
            error => unopened(path, &error),
        })?;
        let file = Self {
            path: path.to_owned(),
            database,
        };
        file.check_format()?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A database without any table is one that was never begun.
    fn check_format(&self) -> Result<(), StoreError> {
        let damaged = |error: redb::Error| damaged(&self.path, &error);
        match self.format().map_err(damaged)? {
            Some(FORMAT) => Ok(()),
            Some(0) => self.begin().map_err(|error| unopened(&self.path, &error)),
            Some(found) => Err(StoreError::Newer {
                path: self.path.clone(),
                found,
                known: FORMAT,
            }),
            None => Err(StoreError::Foreign(self.path.clone())),
        }
    }

    /// The format: 0 if nothing is in the file, nothing if something else is.
    fn format(&self) -> Result<Option<u64>, redb::Error> {
        let reading = self.database.begin_read()?;
        match reading.open_table(ABOUT) {
            Ok(about) => Ok(about.get(FORMAT_KEY)?.map(|format| format.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => {
                Ok((reading.list_tables()?.count() == 0).then_some(0))
            }
            Err(redb::TableError::TableTypeMismatch { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn begin(&self) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        writing.open_table(ABOUT)?.insert(FORMAT_KEY, FORMAT)?;
        writing.commit()?;
        Ok(())
    }

    /// All rows.
    pub(super) fn rows(&self) -> Result<Vec<Found>, StoreError> {
        self.read().map_err(|error| damaged(&self.path, &error))
    }

    fn read(&self) -> Result<Vec<Found>, redb::Error> {
        let reading = self.database.begin_read()?;
        let mut found = Vec::new();
        for table in reading.list_tables()? {
            if table.name() == redb::TableHandle::name(&ABOUT) {
                continue;
            }
            let rows = reading.open_table(Rows::new(table.name()))?;
            for row in rows.iter()? {
                let (_, row) = row?;
                found.push((table.name().to_owned(), row.value().to_vec()));
            }
        }
        Ok(found)
    }

    /// Writes rows and forgets those that are no more; all or none, and on the disk when this returns.
    pub(super) fn write(&self, rows: &Unwritten) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        let mut rows = rows.iter().peekable();
        while let Some(((name, _), _)) = rows.peek() {
            let name = *name;
            let mut table = writing.open_table(Rows::new(name))?;
            while let Some(((_, key), row)) = rows.next_if(|((of, _), _)| *of == name) {
                match row {
                    Some(row) => drop(table.insert(key.as_slice(), row.as_slice())?),
                    None => drop(table.remove(key.as_slice())?),
                }
            }
        }
        writing.commit()?;
        Ok(())
    }
}

/// Whether there is no such file, or nothing in it, or something of the engine.
fn is_new_or_ours(path: &Path) -> io::Result<bool> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut beginning = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning.is_empty() || beginning == MAGIC)
}

fn unopened(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn damaged(path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
