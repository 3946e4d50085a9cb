//! Rows by their keys, and which of them changed since somebody last asked: whatever outlives the host is written through here.
//!
//! A row is a protobuf message that knows its table and its key; its JSON is what fixtures hold (`form`). Reading goes through to the
//! map. Not here: where changes go (`journal`), and the orders in which an area looks at its rows beside that of their keys.

pub(super) mod form;

mod key;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use prost::Message;
use serde_json::Value;

use crate::memory::journal::{Change, Kept, Unreadable};
use form::Fault;
pub(super) use key::Key;

/// What a table holds.
pub(super) trait Row: Message + Default + Clone {
    /// By what it is found.
    type Key: Key;
    /// What the table is called, in files and in fixtures. Never changes.
    const TABLE: &'static str;

    /// By what this one is found.
    fn key(&self) -> Self::Key;

    /// As a fixture holds it.
    fn to_json(&self) -> Result<Value, Fault>;

    /// From a fixture, where it is the so-and-so-manieth of its table.
    fn from_json(json: &Value, place: usize) -> Result<Self, Fault>;
}

/// Says of a message how it is a row: the form of its JSON, its table, and its key.
macro_rules! row {
    ($row:ty, $table:literal, $form:ident $(($name:literal))?, $key:ty: |$it:ident| $value:expr) => {
        impl crate::memory::rows::Row for $row {
            type Key = $key;
            const TABLE: &'static str = $table;

            fn key(&self) -> $key {
                let $it = self;
                $value
            }

            fn to_json(&self) -> Result<serde_json::Value, crate::memory::rows::form::Fault> {
                crate::memory::rows::form::$form::write(self $(, $name)?)
            }

            fn from_json(
                json: &serde_json::Value,
                _: usize,
            ) -> Result<Self, crate::memory::rows::form::Fault> {
                crate::memory::rows::form::$form::read(json $(, $name)?)
            }
        }
    };
}
pub(super) use row;

/// The rows of a table.
#[derive(Debug)]
pub(super) struct Rows<R: Row> {
    rows: BTreeMap<R::Key, R>,
    /// The keys of what changed; nothing is noted as long as nobody wants to know.
    changed: Option<BTreeSet<R::Key>>,
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: None,
        }
    }
}

impl<R: Row> Deref for Rows<R> {
    type Target = BTreeMap<R::Key, R>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<R: Row> Rows<R> {
    /// Writes a row; the one that it replaces.
    pub(super) fn put(&mut self, row: R) -> Option<R> {
        let key = row.key();
        if let Some(changed) = &mut self.changed {
            changed.insert(key.clone());
        }
        self.rows.insert(key, row)
    }

    /// Forgets a row.
    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<R>
    where
        R::Key: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let (key, row) = self.rows.remove_entry(key)?;
        if let Some(changed) = &mut self.changed {
            changed.insert(key);
        }
        Some(row)
    }

    /// A row, to be changed; what its key is made of stays.
    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut R>
    where
        R::Key: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        if let Some(changed) = &mut self.changed
            && let Some((key, _)) = self.rows.get_key_value(key)
        {
            changed.insert(key.clone());
        }
        self.rows.get_mut(key)
    }

    /// The keys of the rows that are wanted.
    pub(super) fn keys_of(&self, wanted: impl Fn(&R) -> bool) -> Vec<R::Key> {
        let rows = self.rows.iter().filter(|(_, row)| wanted(row));
        rows.map(|(key, _)| key.clone()).collect()
    }

    /// Forgets the rows that are not wanted any more.
    pub(super) fn remove_all(&mut self, unwanted: impl Fn(&R) -> bool) {
        for key in self.keys_of(unwanted) {
            self.remove(&key);
        }
    }
}

impl<R: Row> Kept for Rows<R> {
    fn table(&self) -> &'static str {
        R::TABLE
    }

    fn begin(&mut self) {
        self.changed = Some(self.rows.keys().cloned().collect());
    }

    fn take_changes(&mut self, changes: &mut Vec<Change>) {
        let Some(changed) = &mut self.changed else {
            return;
        };
        while let Some(key) = changed.pop_first() {
            let row = self.rows.get(&key);
            debug_assert!(
                row.is_none_or(|row| row.key() == key),
                "a row of {} changed its key",
                R::TABLE
            );
            changes.push(Change {
                table: R::TABLE,
                key: key.bytes(),
                row: row.map(Message::encode_to_vec),
            });
        }
    }

    fn restore(&mut self, row: &[u8]) -> Result<(), Unreadable> {
        let row = R::decode(row)?;
        self.rows.insert(row.key(), row);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn to_json(&self) -> Result<Value, Fault> {
        let rows = self.rows.values().enumerate();
        let rows = rows.map(|(place, row)| row.to_json().map_err(|fault| fault.within(place)));
        rows.collect()
    }

    fn take_json(&mut self, json: &Value) -> Result<(), Fault> {
        let Value::Array(rows) = json else {
            return Err(Fault::here("a table is a list"));
        };
        let mut places = BTreeMap::new();
        for (place, json) in rows.iter().enumerate() {
            let row = R::from_json(json, place).map_err(|fault| fault.within(place))?;
            if let Some(earlier) = places.insert(row.key(), place) {
                let reason = format!("the key of {}[{earlier}] again", R::TABLE);
                return Err(Fault::here(reason).within(place));
            }
            self.put(row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
