//! `plugin-conformance serve`, as its users have it: a process, plugins behind it, clients before it.

mod bodies;
mod browser;
mod data;
mod life;
mod served;
