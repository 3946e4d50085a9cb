//! The stories of the suite, one file per part of the contract; the tables are joined here.

mod hunt;

pub mod host;
pub mod plugin;

use crate::scenario::Scenario;

/// The tables, in the order in which `list` shows them; `tests/tidy.rs` compares them with the files.
const TABLES: &[&[Scenario]] = &[
    plugin::ready::SCENARIOS,
    plugin::handshake::SCENARIOS,
    plugin::services::SCENARIOS,
    plugin::environment::SCENARIOS,
    plugin::environment::orders::SCENARIOS,
    plugin::lifecycle::SCENARIOS,
    plugin::stop::SCENARIOS,
    plugin::stop::orders::SCENARIOS,
    plugin::output::SCENARIOS,
    plugin::filters::SCENARIOS,
    plugin::values::SCENARIOS,
    plugin::failures::SCENARIOS,
    plugin::concurrency::SCENARIOS,
    plugin::concurrency::orders::SCENARIOS,
    plugin::arrival::SCENARIOS,
    plugin::extremes::SCENARIOS,
    plugin::shapes::SCENARIOS,
    plugin::answers::SCENARIOS,
    plugin::gating::SCENARIOS,
    plugin::overdue::SCENARIOS,
    plugin::crowd::SCENARIOS,
    plugin::oddities::SCENARIOS,
    plugin::succession::SCENARIOS,
    plugin::succession::orders::SCENARIOS,
    plugin::concurrency::crowds::orders::SCENARIOS,
    plugin::concurrency::crowds::SCENARIOS,
    plugin::bad_input::SCENARIOS,
    plugin::api::SCENARIOS,
    plugin::http::SCENARIOS,
    plugin::http::answers::SCENARIOS,
    plugin::http::troubles::SCENARIOS,
    plugin::http::crowds::SCENARIOS,
    plugin::http::streams::SCENARIOS,
    plugin::crash::SCENARIOS,
    plugin::crash::phases::SCENARIOS,
    plugin::plans::SCENARIOS,
    host::handshake::SCENARIOS,
    host::refusal::SCENARIOS,
    host::manifest::SCENARIOS,
    host::interpreter::SCENARIOS,
    host::script::SCENARIOS,
    host::child::SCENARIOS,
    host::activation::SCENARIOS,
    host::failed_start::SCENARIOS,
    host::hooks::SCENARIOS,
    host::adapter::SCENARIOS,
    host::ruling::SCENARIOS,
    host::fanout::SCENARIOS,
    host::policy::SCENARIOS,
    host::metrics::SCENARIOS,
    host::health::SCENARIOS,
    host::output::SCENARIOS,
    host::stopping::SCENARIOS,
    host::aftermath::SCENARIOS,
    host::guard::SCENARIOS,
    host::crash::SCENARIOS,
    host::crash_matrix::SCENARIOS,
    host::http::SCENARIOS,
    host::environment::SCENARIOS,
    host::plugins::SCENARIOS,
    host::supervision::SCENARIOS,
    host::recovery::SCENARIOS,
    host::concurrency::SCENARIOS,
    host::concurrency::circles::SCENARIOS,
    host::concurrency::crowds::SCENARIOS,
    host::concurrency::races::SCENARIOS,
    host::bad_input::SCENARIOS,
    host::bad_input::names::SCENARIOS,
    host::bad_input::api::SCENARIOS,
    host::api::SCENARIOS,
    host::api::kv::SCENARIOS,
    host::plans::SCENARIOS,
];

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    TABLES.concat()
}
