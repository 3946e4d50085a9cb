//! What HTTP asks of those who stand between a client and a plugin: heads, headers, lengths. Pure.
//!
//! ```text
//!  client ── request head ──▶ request::init ──▶ ServeHTTPRequestInit ──▶ plugin
//!  client ◀── ResponsePlan ◀── answer::plan ◀── ServeHTTPResponseInit ◀── plugin
//! ```
//!
//! What this does not do: speak HTTP, route, or frame bodies; see [`crate::body`] for the frames.

pub mod fields;

pub mod length;

pub mod request;

pub mod answer;

pub use answer::{AnswerError, BodyPlan, ResponsePlan};
pub use fields::FieldError;
pub use length::{Length, LengthError};
pub use request::Whence;
