//! Our own host as a host under test: a process that speaks the driver protocol on stdin and stdout.
//!
//! The hidden subcommands `drive [--fault NAME]` and `guard` end here. The suite itself never calls into this module: it starts the
//! process and talks to it as to any other host (`subject::host`).
//! - `protocol`: the messages, the one part that the suite shares;
//! - `fault`: the names of the faults by which host checks are proven;
//! - `seams`: where each fault is put into the host's options;
//! - `proxy`: a gRPC peer between host and plugin, the seam for faults on the wire;
//! - `serve`: the loop from orders to answers.

pub mod protocol;
