//! Children, their end, and the guard, with real programs of this machine.

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
