//! What cleans up after a host that died: a process that holds the other end of a pipe.
//!
//! The host keeps a [`GuardHandle`] and tells the guard which groups and folders are its own. When the pipe ends - because
//! the host closed it, crashed or was killed with SIGKILL - the guard kills the groups, then every process that carries
//! the run's mark in its environment (also after `setsid` and a double fork), and removes the folders.
//!
//! What it does not reach: a descendant that left the group *and* started a program with another environment.

pub mod census;

pub mod order;

mod handle;

mod serve;

pub use handle::{GuardHandle, GuardProgram};
pub use serve::{main, serve};
