//! A fault plan: what happens to a plugin, at which points of its life, as data. The same plan gives the same play.
//!
//! Values only; a plan that exists can be played. `place` says what may happen where, `range` which values there are, `life` how the steps
//! fall into the lives of processes and what a host has to make of each, `script` what a fake plays, `wording` what people read. `generate`
//! draws plans from a seed, `shrink` makes them small, `stored` is the file that is kept of one. Playing is the scenarios'.

pub mod generate;
pub mod life;
pub mod place;
mod range;
mod reading;
pub mod script;
pub mod shrink;
pub mod stored;
mod wording;

use fake_interpreters::hex;
use fake_interpreters::script::{SignalName, Stream};
use plugin_proto::method::Shape;
use plugin_proto::{HOOKS, Method};
use serde::{Deserialize, Serialize};

use crate::requirement::Side;

/// The version of the form in which plans are written. A file of another version is refused.
pub const FORMAT: u32 = 1;

/// The most steps of one plan.
pub const MOST_STEPS: usize = 64;

/// What is done with one plugin, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct FaultPlan {
    /// The seed it was drawn from; what is played depends on the steps alone.
    pub seed: u64,
    /// Whom it judges.
    pub side: Side,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A plan as it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: Format,
    seed: u64,
    side: Side,
    steps: Vec<Step>,
}

/// The version of the form; read first, so that its line is known.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Format;

impl TryFrom<u32> for Format {
    type Error = PlanError;

    fn try_from(format: u32) -> Result<Format, PlanError> {
        match format {
            FORMAT => Ok(Format),
            other => Err(PlanError::Format(other)),
        }
    }
}

impl From<Format> for u32 {
    fn from(_: Format) -> u32 {
        FORMAT
    }
}

/// One step: a point of a plugin's life, and what happens there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Where.
    pub at: Point,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

/// A point in the life of a plugin. It is reached when the suite sees it: an entry of the fake's journal, evidence, an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Point {
    /// The process runs and has written nothing.
    BeforeHandshake,
    /// The line is written; no call was answered.
    AfterHandshake,
    /// `Implemented` is being called.
    InImplemented,
    /// The first `OnConfigurationChange` is being called.
    InConfiguration,
    /// `OnActivate` is being called.
    InActivate,
    /// It is active, and nothing is being called.
    Idle,
    /// A hook is being called.
    InHook {
        /// Its name.
        hook: String,
    },
    /// A hook is being called, and has called the API.
    InApi {
        /// Its name.
        hook: String,
    },
    /// `OnDeactivate` is being called.
    InDeactivate,
    /// It is asked to end.
    InShutdown,
}

/// What happens at a point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The plugin ends itself.
    Exit {
        /// With this code.
        code: u8,
    },
    /// The plugin kills itself.
    Raise {
        /// By this signal.
        signal: SignalName,
    },
    /// The plugin never goes on.
    Hang {},
    /// The plugin goes on later.
    Late {
        /// After so many milliseconds.
        ms: u64,
    },
    /// The answer, or the first line, is bytes that mean nothing.
    Garbage {
        /// The bytes in hexadecimal digits.
        hex: String,
    },
    /// The answer is a gRPC status.
    Status {
        /// Its name.
        code: String,
    },
    /// The answer is an error in band.
    Error {
        /// Its text.
        message: String,
    },
    /// All connections are cut.
    CloseConnections {},
    /// Nobody listens any more.
    CloseListener {},
    /// A standard stream is closed.
    CloseStream {
        /// Which one.
        stream: Stream,
    },
    /// Much is written to a standard stream.
    Flood {
        /// Which one.
        stream: Stream,
        /// So many bytes.
        bytes: usize,
    },
    /// Something odd is written to a standard stream.
    Noise {
        /// Which one.
        stream: Stream,
        /// The bytes in hexadecimal digits.
        hex: String,
    },
    /// A process is left behind that holds the pipes and does not mind SIGTERM.
    Grandchild {},
    /// The plugin takes SIGTERM and goes on.
    IgnoreTerm {},
    /// SIGKILL from outside.
    Kill {},
    /// SIGSTOP from outside.
    Stop {
        /// And SIGCONT, as soon as another plugin was seen to go on meanwhile.
        resume: bool,
    },
    /// It is activated once more.
    Activate {},
    /// It is deactivated.
    Deactivate {},
    /// It is restarted.
    Restart {},
    /// Its health is checked.
    Health {},
    /// Hooks are called at the same time.
    Hooks {
        /// So many.
        count: usize,
    },
    /// A hook has a large message.
    Big {
        /// Of so many bytes.
        bytes: usize,
    },
    /// The caller of a hook goes away.
    Cancel {},
}

/// Why something is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Another version of the form.
    #[error("`format` is {0}; this version of the suite reads format {FORMAT}")]
    Format(u32),
    /// Too much.
    #[error("`steps` has {0} entries, and a plan has {MOST_STEPS} at most")]
    TooManySteps(usize),
    /// The table has no such pair for this side.
    #[error("`do`: {action} cannot happen at {at} to a {side}")]
    Pair {
        /// The point.
        at: &'static str,
        /// The action.
        action: &'static str,
        /// Whom the plan judges.
        side: Side,
    },
    /// A value is out of its range.
    #[error("`{field}` is {value}; {wanted}")]
    Value {
        /// The field, with the action or point it belongs to.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        wanted: &'static str,
    },
}

impl TryFrom<Written> for FaultPlan {
    type Error = PlanError;

    fn try_from(written: Written) -> Result<FaultPlan, PlanError> {
        FaultPlan::new(written.seed, written.side, written.steps)
    }
}

impl From<FaultPlan> for Written {
    fn from(plan: FaultPlan) -> Written {
        Written {
            format: Format,
            seed: plan.seed,
            side: plan.side,
            steps: plan.steps,
        }
    }
}

impl FaultPlan {
    /// A plan of these steps.
    ///
    /// # Errors
    /// When one of them cannot be played.
    pub fn new(seed: u64, side: Side, steps: Vec<Step>) -> Result<FaultPlan, PlanError> {
        if steps.len() > MOST_STEPS {
            return Err(PlanError::TooManySteps(steps.len()));
        }
        for step in &steps {
            step.check_values()?;
            step.check_side(side)?;
        }
        Ok(FaultPlan { seed, side, steps })
    }

    /// The same plan with other steps, all of which were valid ones of this side.
    #[must_use]
    pub(crate) fn with(&self, steps: Vec<Step>) -> FaultPlan {
        FaultPlan {
            steps,
            ..self.clone()
        }
    }
}

impl Point {
    /// The hook that is being called.
    pub fn hook(&self) -> Option<&str> {
        match self {
            Point::InHook { hook } | Point::InApi { hook } => Some(hook),
            _ => None,
        }
    }
}

/// The hook by which a plugin of a plan is made to do what it does when idle.
pub const POKE: &str = "UserHasLoggedIn";
/// The hook by which a plugin of a plan shows that it answers.
pub const CONTROL: &str = "UserHasBeenCreated";

/// The hooks that steps can name: all that are called one by one and have no meaning of their own in a plan.
pub fn hooks() -> impl Iterator<Item = &'static Method> {
    let special = [
        POKE,
        CONTROL,
        "Implemented",
        "OnActivate",
        "OnDeactivate",
        "OnConfigurationChange",
    ];
    HOOKS
        .iter()
        .filter(move |hook| hook.shape != Shape::Stream && !special.contains(&hook.name))
}

/// The bytes of a text that was checked.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    hex::decode(text).expect("no plan holds digits that are none")
}

#[cfg(test)]
mod tests;
