//! The formats of documents by name: one list for `run` and for `report convert`.

use std::fmt;
use std::io;

use super::board::Board;
use super::junit::Flaky;
use super::{badge, html, json, junit, markdown, tap};

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit XML, a test for each time that a check was played.
    Junit,
    /// JUnit XML, a test for each check, with what failed at some times inside it.
    JunitReruns,
    /// TAP 14.
    Tap,
    /// A summary for the page of a CI job.
    Markdown,
    /// What shields.io makes a badge of.
    Badge,
    /// A page.
    Html,
    /// The log itself.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 7] = [
        Format::Junit,
        Format::JunitReruns,
        Format::Tap,
        Format::Markdown,
        Format::Badge,
        Format::Html,
        Format::Json,
    ];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Junit => "junit",
            Format::JunitReruns => "junit-reruns",
            Format::Tap => "tap",
            Format::Markdown => "markdown",
            Format::Badge => "badge",
            Format::Html => "html",
            Format::Json => "json",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
    }

    /// The document.
    pub fn render(self, board: &Board) -> io::Result<String> {
        match self {
            Format::Junit => junit::document(board, Flaky::Cases),
            Format::JunitReruns => junit::document(board, Flaky::Reruns),
            Format::Tap => tap::document(board),
            Format::Markdown => Ok(markdown::document(board)),
            Format::Badge => badge::document(board),
            Format::Html => Ok(html::document(Some(board), None)),
            Format::Json => json::document(board),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
