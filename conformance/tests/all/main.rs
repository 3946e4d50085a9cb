//! Everything from outside: the command line, the engine, reports, the gate, peers, and the files of the project itself. One binary, since
//! each would be linked by itself, and since most of these tests wait: together they wait for less.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod built;
mod cli;
mod doctor;
mod driver;
mod failures;
mod gate;
mod go_host;
mod host_mode;
mod host_page;
mod hostile;
mod null_hosts;
mod null_plugins;
mod peers;
mod plans;
mod python_api;
mod python_http;
mod report_files;
mod reports;
mod runner;
mod serve;
mod starters;
mod tidy;
