//! Our own host as a host under test: a process that speaks the driver protocol on stdin and stdout.
//!
//! The hidden subcommands `drive [--fault NAME] [--damage TEXT] [--claim WHICH]` and `guard` end here. The suite itself uses no more of this module than `protocol`, as
//! with any other host: it starts the process and talks to it (`subject::host`).
//! - `protocol`: the messages;
//! - `fault`: the names of the faults by which host checks are proven;
//! - `damage`: faults of the API as data, beside them;
//! - `seams`: where a fault is put into the host's options: policy, timing, launch, line, API;
//! - `proxy`: a gRPC peer between host and plugin, the seam for faults on the wire;
//! - `front_proxy`: a peer of bytes between clients and the HTTP front;
//! - `host`: what the host does for each order, and the faults of that;
//! - `claims`: what is said to `hello`;
//! - `lines`: the lines that orders come in;
//! - `serve`: the loop from orders to answers.
//!
//! The host itself knows nothing of faults: each is one of its policies or sits where an application could sit.

pub mod protocol;

pub mod fault;

pub mod damage;

mod claims;
mod front_proxy;
mod proxy;
mod seams;

mod host;
mod lines;
mod serve;

pub use claims::Claim;
pub use serve::serve;
