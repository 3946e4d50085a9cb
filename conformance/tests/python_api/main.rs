//! All methods of the API, called by a real Python plugin in our host, plain and awaited.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod caller;
mod doors;
mod large;
mod memory;
mod scripted;
