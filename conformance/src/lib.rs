//! The conformance suite for Mattermost's out-of-process plugins.
//!
//! The modules in reading order, which is the order of the layers: a module uses only those above it in this list.
//! - `requirement`: the register, one sentence of the contract each;
//! - `profile`: what a subject can claim to do;
//! - `rng`: numbers from a seed: pure;
//! - `drawn`: messages of the API, made from the descriptor: pure;
//! - `glob`: the patterns by which things are named: pure;
//! - `verdict`: what a check says about a requirement, and how that adds up: pure;
//! - `ledger`: failures that a project knows of, and what becomes of them: pure;
//! - `redaction`: what no report may hold, and how it is taken away: pure;
//! - `fault_plan`: what happens to a plugin, step by step, as data: pure;
//! - `body_plan`: HTTP requests to a plugin whose bodies are cut in a certain way, as data: pure;
//! - `case_plan`: a case that failed, as data: pure;
//! - `driver`: our own host as a host under test;
//! - `subject`: what is under test;
//! - `case`: what a scenario is given to play and to judge with;
//! - `scenario`: the rows of the suite;
//! - `plugin_run`: plugins under test, run by our own host in this process;
//! - `body_fuzz`: body plans, played and judged by the laws of bodies;
//! - `scenarios`: the stories;
//! - `mutant`: subjects with one fault, by which every check is shown to fail; `mutants`: all of them;
//! - `suite`: all of it as one value;
//! - `runner`: selection, plan, dispatch, execution; it emits events;
//! - `report`: reporters, which see events only;
//! - `doctor`: one plugin folder, examined step by step and explained in plain words;
//! - `starter`: starting folders for authors of plugins and SDKs;
//! - `exit`: the exit codes; `serve`: plugins behind an HTTP front, for those who write them;
//! - `cli`: the command line.

pub mod requirement;

pub mod profile;

pub mod rng;

pub mod drawn;

pub mod glob;

pub mod verdict;

pub mod ledger;

pub mod redaction;

pub mod fault_plan;

pub mod body_plan;

pub mod case_plan;

pub mod driver;

pub mod subject;

pub mod case;

pub mod scenario;

pub mod plugin_run;

pub mod body_fuzz;

pub mod scenarios;

pub mod mutant;

pub mod mutants;

pub mod suite;

pub mod runner;

pub mod report;

pub mod doctor;

pub mod starter;

pub mod exit;

pub mod serve;

pub mod cli;
