//! Each step, preset and fault does what its name says. The fakes are judged here without the host: they are started as
//! plain processes and called with plain clients.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod faults;
mod hooks;
mod presets;
mod round_trip;
mod run;
mod steps;
mod testee;
