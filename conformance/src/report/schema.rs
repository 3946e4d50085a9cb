//! The published schemas: of one line of the log, and of `matrix.json`. They are made from the types that write and read them.
//!
//! What is written to the repository is pinned by a test. A schema names what is there; a later version may add fields.

use schemars::{Schema, schema_for};

use crate::runner::event::{self, Event};
use crate::runner::kill_matrix::figures::{self, KillMatrix};

/// A schema by the name of its file.
#[derive(Debug)]
pub struct Published {
    /// The file in `conformance/schema`.
    pub file: &'static str,
    /// The schema.
    pub schema: Schema,
}

impl Published {
    /// What is in the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(&self.schema)? + "\n")
    }
}

/// All of them.
pub fn published() -> Vec<Published> {
    vec![
        Published {
            file: "log.schema.json",
            schema: titled(
                schema_for!(Event),
                &format!(
                    "One line of the log of plugin-conformance, format {}",
                    event::FORMAT
                ),
            ),
        },
        Published {
            file: "matrix.schema.json",
            schema: titled(
                schema_for!(KillMatrix),
                &format!(
                    "The kill matrix of plugin-conformance, format {}",
                    figures::FORMAT
                ),
            ),
        },
    ]
}

fn titled(mut schema: Schema, title: &str) -> Schema {
    schema.insert("title".to_owned(), title.into());
    schema
}
