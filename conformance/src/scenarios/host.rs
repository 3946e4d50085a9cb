//! What is asked of a host. Each file is one part of the contract; `stage` is what they all play on.
//!
//! A host is judged by its driver's answers and events and by the journals of the fakes it started, by nothing else: so any host that
//! speaks the driver protocol can be judged.

pub mod stage;
