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

use clap::ValueEnum;

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
