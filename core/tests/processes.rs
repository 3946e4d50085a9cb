//! Children, their end, and the guard, with real programs of this machine.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "processes/child.rs"]
mod child;
#[path = "processes/guard.rs"]
mod guard;
#[path = "processes/handshake.rs"]
mod handshake;
#[path = "processes/output.rs"]
mod output;
#[path = "processes/shell.rs"]
mod shell;
