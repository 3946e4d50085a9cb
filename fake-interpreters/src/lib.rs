//! Fakes: one binary that stands where a Python interpreter would and plays a script.
//!
//! What the fakes promise:
//! - A fake does what its script says and nothing else; a script with an unknown field or an impossible step is refused with
//!   exit code 64 and a reason on stderr.
//! - It writes down what it saw and did, at once, in a journal that survives SIGKILL: environment, arguments, working
//!   directory, every call with its bytes, signals, its own end.
//! - It never uses the host's code: it writes the handshake as raw bytes, so that it cannot share a misreading with the host.
//! - It is fast to start: nothing is decoded that the script does not need. It ends by itself after `lifetime_ms`.
//! - As a *testee* it is a good plugin under test: it obeys the orders in hook messages and gives evidence, or does so with
//!   exactly one [`fault::Fault`].
//!
//! Reading order: [`script`] is the language, [`preset`] and [`fault`] are its classics, [`mod@place`] makes a plugin folder,
//! [`journal`] is what comes back. The rest plays: `locate` finds the script, `play` does its steps, `serve` answers calls,
//! `testee` behaves as a plugin, `tls` encrypts, `wire` breaks the rules below that.
//!
//! To add a fake: most need only a row and a script in [`preset`]. A new kind of behaviour is a variant of
//! [`script::Step`] or [`script::Answer`] with a handler in `play` or `serve` and a case in `tests/`. A new fault is a row in
//! [`fault`], and its deviation in `fault/steps.rs` (other steps), `serve/faulty.rs` (other answers of a service) or
//! `testee` (other behaviour of a hook).

pub mod base64;
pub mod cookie;
pub mod fault;
pub mod hex;
pub mod journal;
pub mod locate;
pub mod place;
pub mod preset;
pub mod script;
pub mod testee;

mod apiclient;
mod connection;
mod kin;
mod play;
mod serve;
mod server;
mod stage;
mod start;
mod tls;
mod wire;

pub use fault::Fault;
pub use place::{PluginFolder, place};
pub use preset::Preset;
pub use script::Script;
pub use start::run;
