//! The host against fakes: real processes, real sockets, every fault on purpose.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod api;
mod bad_input;
mod chains;
mod concurrency;
mod crash;
mod decoding;
mod dispatch;
mod environment;
mod exchange;
mod front;
mod go_plugin;
mod hooks;
mod http;
mod lifecycle;
mod plugins;
mod services;
mod start;
mod stop;
mod streams;
mod supervision;
mod tls;
mod world;
