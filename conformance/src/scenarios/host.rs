//! What is asked of a host. Each file is one part of the contract; `stage` is what they all play on.
//!
//! A host is judged by its driver's answers and events and by the journals of the fakes it started, by nothing else: so any host that
//! speaks the driver protocol can be judged.

pub mod stage;
pub mod traces;

mod filled;
mod held_call;

mod listing;

pub mod activation;
pub mod adapter;
pub mod aftermath;
pub mod api;
pub mod bad_input;
pub mod child;
pub mod concurrency;
pub mod crash;
pub mod crash_matrix;
pub mod environment;
pub mod failed_start;
pub mod fanout;
pub mod front;
pub mod guard;
pub mod handshake;
pub mod health;
pub mod hooks;
pub mod http;
pub mod interpreter;
pub mod manifest;
pub mod metrics;
pub mod output;
pub mod plans;
pub mod plugins;
pub mod policy;
pub mod recovery;
pub mod refusal;
pub mod ruling;
pub mod script;
pub mod stopping;
pub mod supervision;
pub mod tls;
