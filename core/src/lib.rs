//! The host of Mattermost's out-of-process plugins.
//!
//! Modules in reading order, which is the layer order: a module uses only what stands above it.
//!
//! 1. Words: [`ids`], [`timing`], [`policy`], [`event`], [`metrics`].
//! 2. What is started: [`manifest`], [`bundle`], [`handshake`], [`tls`], [`output`], [`guard`], [`launch`], [`options`], [`process`].
//! 3. What is spoken: [`in_band`], [`model`], [`body`], [`http_rules`], [`api`], [`memory`], [`hooks`], [`health`], [`stdio`].
//! 4. What lives: one plugin, [`supervisor`], and all of them, [`environment`].
//! 5. Where browsers come in: [`front`].

pub mod ids;

pub mod timing;

pub mod policy;

pub mod event;

pub mod metrics;

pub mod manifest;

pub mod bundle;

pub mod handshake;

pub mod tls;

pub mod output;

pub mod guard;

pub mod launch;

pub mod options;

pub mod process;

pub mod in_band;

pub mod model;

pub mod body;

pub mod http_rules;

pub mod api;

pub mod memory;

pub mod hooks;

pub mod health;

pub mod stdio;

pub mod supervisor;

pub mod environment;

pub mod front;
