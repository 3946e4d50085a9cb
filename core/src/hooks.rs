//! Hooks: what a plugin implements, calls to it, and what their ends mean.
//!
//! One generic client serves all unary hooks. A hook that the plugin did not announce is never called. `ServeHTTP`
//! streams and has a client of its own, [`http`], behind the same gate.
//!
//! ```text
//!  request ─> gate ─> redaction ─> turn ─> RPC ─> outcome ─> ruling ─> what the caller goes on with
//!            table    no secrets   limit         a value    table, policy
//! ```

pub mod implemented;

pub mod outcome;

pub mod lifeline;

pub mod table;

pub mod wire;

pub mod redact;

mod refill;

mod effect;

pub mod ruling;

pub mod fanout;

mod turns;

pub mod rules;

mod observed;

pub mod client;

pub mod http;

pub use client::{Hooks, HooksSetting};
pub use fanout::{FannedOut, FanningOut};
pub use http::{HttpAnswer, HttpBody, HttpPiece};
pub use implemented::{Announcement, HookSet};
pub use lifeline::Lifeline;
pub use outcome::{Failure, FailureKind, Outcome};
pub use rules::Rules;
pub use ruling::{Ruled, RuledAs, Ruling};
pub use table::{SettingError, check_settings};
