//! The plugin API as served to one plugin: a gRPC server of its own, on a loopback port or a socket that is open before the plugin
//! starts and gone after it.
//!
//! Where it listens is its [`server`]'s door; who may come in is said by [`token`], how errors travel by [`errors`].
//!
//! What the methods mean is a [`Backend`]'s affair. What is the same for all of them stands here: a request that cannot be meant is
//! answered before anybody handles it ([`request`]), a method that the
//! backend does not have is answered in band with 501 ([`filler`]), a handler that panics costs one answer, and every
//! call is written down ([`journal`]). Tests say by [`scripted`] what is to be answered. What a backend may ask of the plugins in
//! return is [`plugins`]; calls and hooks that lead to each other for ever are stopped by [`chain`].

pub mod chain;

pub mod plugins;

pub mod backend;

pub mod filler;

pub mod request;

pub mod scripted;

pub mod journal;

pub mod errors;

pub mod token;

mod door;

pub mod server;

pub use backend::Backend;
pub use journal::Journal;
pub use plugins::Plugins;
pub use scripted::Scripted;
pub(crate) use server::panic_text;
pub use server::{ApiServer, ApiSetting};
pub use token::ApiToken;
