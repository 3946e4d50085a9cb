//! What a child writes: parsed by rules that are pure, given to `tracing` and to events.
//!
//! [`lines`] cuts bytes into lines, [`hclog`] and [`text`] say what one line is, `traceback` keeps Python's tracebacks
//! together, [`classify`] joins them for one stream, [`tail`] remembers the end of it, [`report`] passes it on.
//! Who reads the pipes is [`crate::process::child`].

pub mod lines;

pub mod hclog;

pub mod text;

mod traceback;

pub mod classify;

pub mod tail;

pub mod report;
