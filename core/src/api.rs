//! The plugin API as served to one plugin: a gRPC server of its own, on a loopback port that is open before the plugin
//! starts and gone after it.
//!
//! What the methods mean is a [`Backend`]'s affair. What is the same for all of them stands here: a method that the
//! backend does not have is answered in band with 501 ([`filler`]), a handler that panics costs one answer, and every
//! call is written down ([`journal`]).

pub mod backend;

pub mod filler;

pub mod journal;

pub mod server;

pub use backend::Backend;
pub use journal::Journal;
pub use server::ApiServer;
pub(crate) use server::panic_text;
