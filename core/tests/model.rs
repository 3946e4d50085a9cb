//! Mattermost's own JSON: fixtures, laws over every model, hostile input, and the list of what the wire cannot express.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "model/document.rs"]
mod document;
#[path = "model/fixtures.rs"]
mod fixtures;
#[path = "model/generate.rs"]
mod generate;
#[path = "model/hostile.rs"]
mod hostile;
#[path = "model/laws.rs"]
mod laws;
#[path = "model/refusals.rs"]
mod refusals;
