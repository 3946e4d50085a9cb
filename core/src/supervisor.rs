//! One plugin from its start to its end: a session is a child process with its connection, its hooks and its API server.
//!
//! A start is a list of steps, each with its own error ([`error`]); a stop is a list of steps, each with its outcome and its
//! time ([`stop`]). Whatever fails after the process was started, nothing of it is left when the error is returned.
//!
//! Invariant: the API server is open before the process starts and closes after it has ended.
//! Invariant: every step has a limit, so a start and a stop have one.

pub mod error;

pub mod stop;

pub mod session;

mod order;

mod connect;

mod bring_up;

pub mod start;

pub use error::{StartCause, StartError, StartStep};
pub use order::StartOrder;
pub use session::{Session, StopManner};
pub use start::start;
pub(crate) use stop::reported;
pub use stop::{Step, StopReport};
