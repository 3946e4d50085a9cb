//! The conformance suite for Mattermost's out-of-process plugins.
//!
//! The modules in reading order, which is the order of the layers; arrows point up in this list only:
//! - `requirement`: the register, one sentence of the contract each;
//! - `verdict`: what a check says about a requirement, and how that adds up: pure;
//! - `subject`: what is under test;
//! - `case`: what a scenario is given to play and to judge with;
//! - `scenario`: the rows of the suite;
//! - `mutant`: subjects with one fault, by which every check is shown to fail;
//! - `suite`: all of it as one value;
//! - `runner`: selection, plan, dispatch, execution; it emits events;
//! - `report`: reporters, which see events only;
//! - `exit`, `cli`: the command line.

pub mod requirement;
pub mod verdict;

pub mod subject;

pub mod case;
pub mod scenario;

pub mod mutant;
pub mod suite;

pub mod runner;
