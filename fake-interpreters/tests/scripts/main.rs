//! Each step, preset and fault does what its name says. The fakes are judged here without the host: they are started as
//! plain processes and called with plain clients.

mod faults;
mod hooks;
mod presets;
mod round_trip;
mod run;
mod steps;
mod testee;
