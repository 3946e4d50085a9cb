//! The faults that our driver can have, one at a time: how host checks are shown to fail.
//!
//! Names only. Those of `policy` are policies of the host, all others sit at its seams. The rows stand in a file for each part of what a
//! host does; each file hands them on to the next, and the last makes the enum of all.

#[macro_use]
mod policy;
#[macro_use]
mod start;
#[macro_use]
mod api;
#[macro_use]
mod environment;
#[macro_use]
mod telling;
#[macro_use]
mod hook;
#[macro_use]
mod http;

use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum;

use super::protocol::SCALE_VARIABLE;

macro_rules! faults {
    (; $($(#[doc = $doc:literal])+ $name:ident,)*) => {
        /// One fault, `--fault NAME`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
        pub enum Fault { $($(#[doc = $doc])+ $name,)* }
    };
}

policy_faults!(start_faults api_faults environment_faults telling_faults hook_faults http_faults faults;);

impl Fault {
    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// A time by which a fault is late, or waits too long: multiplied like the times that the checks allow, so that it is always more.
pub(super) fn late(time: Duration) -> Duration {
    static SCALE: OnceLock<f64> = OnceLock::new();
    let scale = SCALE.get_or_init(|| {
        let told = std::env::var(SCALE_VARIABLE);
        let told = told.ok().and_then(|told| told.parse::<f64>().ok());
        told.filter(|scale| *scale >= 1.0).unwrap_or(1.0)
    });
    time.mul_f64(*scale)
}
