//! The host against fakes: real processes, real sockets, every fault on purpose.

mod api;
mod crash;
mod environment;
mod hooks;
mod lifecycle;
mod services;
mod start;
mod stop;
mod world;
