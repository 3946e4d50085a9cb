//! The formats of documents by name: one list for `run` and for `report convert`.

use std::fmt;

use super::file::Document;
use super::junit::Junit;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit XML.
    Junit,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 1] = [Format::Junit];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Junit => "junit",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
    }

    /// An empty document of it.
    pub fn document(self) -> Box<dyn Document> {
        match self {
            Format::Junit => Box::new(Junit::default()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
