//! The engine with in-process cases: scenarios that pass, fail, hang, panic, forget to judge, leave processes.

mod ends;
mod gate;
mod leftovers;
mod mutants;
mod pace;
mod readiness;
mod shards;
pub(crate) mod world;
