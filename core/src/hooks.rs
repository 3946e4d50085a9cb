//! Hooks: what a plugin implements, and calls to it.
//!
//! One generic client serves all unary hooks. A hook that the plugin did not announce is never called. `ServeHTTP`
//! streams and is no call of this kind.

pub mod implemented;

pub mod outcome;

pub mod lifeline;

pub mod client;

pub use client::{Deadlines, Hooks, HooksSetting};
pub use implemented::{Announcement, HookSet};
pub use lifeline::Lifeline;
pub use outcome::{Failure, FailureKind, Outcome};
