//! The scenarios that are played with plugins under test.

use std::path::PathBuf;

use crate::case::Case;
use crate::scenario::Interruption;

pub mod handshake;
pub mod ready;
pub mod services;
pub mod tls;

pub mod environment;
pub mod lifecycle;
pub mod output;
pub mod stop;

pub mod bad_input;
pub mod concurrency;
pub mod failures;
pub mod filters;
pub mod values;

pub mod answers;
pub mod arrival;
pub mod crowd;
pub mod extremes;
pub mod gating;
pub mod oddities;
pub mod overdue;
pub mod shapes;
pub mod succession;

pub mod http;

pub mod api;
pub mod crash;
pub mod plans;

/// The plugin's folder for this case.
fn place(case: &Case) -> Result<PathBuf, Interruption> {
    Ok(case.plugin()?.place(case.folder())?)
}
