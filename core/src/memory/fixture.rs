//! The whole store as one JSON document, and back: Mattermost's own JSON of each row, by the names of the tables.
//!
//! A document is taken whole or not at all, and only by a store that holds nothing yet. What it refers to and does not hold is an error
//! where the API never leaves it so, else a warning. What is made of a store makes the same store, and the same document again.

mod check;

use serde_json::{Map, Value};

use crate::memory::rows::form::Fault;
use crate::memory::{Making, Memory, Tables};
use crate::model;

/// What a document is, and which.
const VERSION: (&str, u64) = ("version", 1);
/// The table of facts that every server has.
const INSTALLATION: &str = "installation";

/// Why a document is not taken, or not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {fault}")]
pub struct FixtureError {
    /// What the document is called, `fixtures.json`.
    name: String,
    fault: Fault,
}

/// A document that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// How many rows it held.
    pub rows: usize,
    /// What it refers to and does not hold, one line each.
    pub warnings: Vec<String>,
}

impl Memory {
    /// Fills a store that holds nothing.
    ///
    /// # Errors
    /// When the text is no such document, when rows of it contradict each other, or when the store holds something. Nothing has changed
    /// then. The error begins with the name, and goes on with the way to what is wrong.
    pub fn load_fixtures(&self, name: &str, text: &[u8]) -> Result<Loaded, FixtureError> {
        let refuse = |fault| FixtureError {
            name: name.to_owned(),
            fault,
        };
        let document = read(text).map_err(refuse)?;
        let warnings = check::check(&document).map_err(refuse)?;
        // Nothing of a document that is wrong somewhere gets into the store.
        fill(&mut Tables::blank(Making::default()), &document).map_err(refuse)?;
        let mut tables = self.store.lock();
        if !tables.holds_nothing() {
            return Err(refuse(Fault::here(
                "the store holds something already, and fixtures are for an empty one",
            )));
        }
        fill(&mut tables, &document).map_err(refuse)?;
        tables.reindex();
        let tables = document.values().filter_map(Value::as_array);
        Ok(Loaded {
            rows: tables.map(Vec::len).sum(),
            warnings,
        })
    }

    /// All that the store holds, as a document: UTF-8, with a newline at its end.
    ///
    /// # Errors
    /// When a row has no JSON: a plugin can put into a post what Mattermost could not write, such as a number that is none.
    pub fn fixtures(&self) -> Result<String, FixtureError> {
        let mut document = Map::new();
        document.insert(VERSION.0.to_owned(), VERSION.1.into());
        let mut tables = self.store.lock();
        for kept in tables.kept() {
            let refuse = |fault: Fault| FixtureError {
                name: "the store".to_owned(),
                fault: fault.below(kept.table()),
            };
            let json = kept.to_json().map_err(refuse)?;
            if json.as_array().is_none_or(|rows| !rows.is_empty()) {
                document.insert(kept.table().to_owned(), json);
            }
        }
        drop(tables);
        Ok(format!("{:#}\n", Value::Object(document)))
    }
}

/// The document of a text, without what says that it is one.
fn read(text: &[u8]) -> Result<Map<String, Value>, Fault> {
    let document = model::value_from_slice("", text)?;
    let Value::Object(mut document) = document else {
        return Err(Fault::here(
            "fixtures are an object, by the names of tables",
        ));
    };
    let (key, known) = VERSION;
    match document.remove(key) {
        Some(version) if version == known => Ok(document),
        Some(version) => {
            let reason = format!("{version}, and this program knows {known}");
            Err(Fault::here(reason).below(key))
        }
        None => Err(Fault::here(format!("missing; it has to be {known}")).below(key)),
    }
}

/// Takes all tables of a document.
fn fill(tables: &mut Tables, document: &Map<String, Value>) -> Result<(), Fault> {
    let mut left: Vec<_> = document.keys().map(String::as_str).collect();
    for kept in tables.kept() {
        if let Some(json) = document.get(kept.table()) {
            let table = kept.table();
            kept.take_json(json).map_err(|fault| fault.below(table))?;
            left.retain(|key| *key != table);
        }
    }
    match left.first() {
        None => Ok(()),
        Some(unknown) => Err(Fault::here("there is no such table").below(unknown)),
    }
}

impl Tables {
    /// Whether there is nothing but what every server has.
    fn holds_nothing(&mut self) -> bool {
        let mut others = self.kept().filter(|kept| kept.table() != INSTALLATION);
        others.all(|kept| kept.is_empty())
    }
}
