//! One child process: how it is built, started, watched and stopped.
//!
//! What to run is decided by [`interpreter`], [`script_path`], [`environment`] and [`command`], which yield a [`Launch`]: plain
//! data. [`child`] starts it and owns it; [`stopping`] is the rule by which it ends; [`diagnosis`] is what there is to say
//! about a start that failed.

pub mod exit;

pub mod interpreter;

pub mod script_path;

pub mod environment;

pub mod command;

pub mod diagnosis;

pub mod stopping;

mod group;

pub mod child;

pub use crate::launch::Launch;
pub use child::{Child, ChildSetting, SpawnError};
pub use command::{CommandError, LaunchRequest};
pub use diagnosis::Diagnosis;
pub use exit::Exit;
pub use stopping::{Asked, ProcessStop, StopOutcome, StopStep};
