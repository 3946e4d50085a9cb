//! The stories of the suite, one file per part of the contract; the tables are joined here.

pub mod plugin;

use crate::scenario::Scenario;

/// The tables, in the order in which `list` shows them; `tests/tidy.rs` compares them with the files.
const TABLES: &[&[Scenario]] = &[
    plugin::ready::SCENARIOS,
    plugin::handshake::SCENARIOS,
    plugin::environment::SCENARIOS,
    plugin::lifecycle::SCENARIOS,
    plugin::services::SCENARIOS,
];

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    TABLES.concat()
}
