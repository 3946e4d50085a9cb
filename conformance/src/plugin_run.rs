//! Plugins under test, run by our own host in this process: what scenarios, mutants and `doctor` play with.
//!
//! Two depths. [`raw`] starts the interpreter exactly as a host would and stops there: the scenario sees the first line, speaks to the
//! services by hand and ends the process itself; a [`session`] activates it by hand and calls any hook by its JSON, or by [`mod@http`]
//! the one that streams; [`secured`] is who connects where AutoMTLS is asked for. [`running`] is a whole host: the plugin is activated, and its hooks are called through
//! the host's own session. Both write everything that happens into the case's timeline ([`seen`]).
//!
//! Orders and evidence are the contract of TESTEE.md: [`order`] and [`evidence`] are pure.

pub mod evidence;
pub mod order;

pub mod filled;
pub mod first_line;
pub mod message;
pub mod present;

pub mod seen;

pub mod backend;
pub mod launch;

pub mod likeness;
pub mod listener;
pub mod process;
pub mod raw;
pub mod running;
pub mod secured;

pub mod logged;
pub mod session;

pub mod frames;
pub mod http;
