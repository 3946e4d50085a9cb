//! All scenarios of the suite: the tables of `scenarios/*.rs`, one line each.
//!
//! Adding a file of scenarios means adding its line here; `tests/tidy.rs` compares this list with the folder.

use super::Scenario;

/// The tables, in the order in which `list` shows them.
const TABLES: &[&[Scenario]] = &[];

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    TABLES.iter().copied().flatten().copied().collect()
}
