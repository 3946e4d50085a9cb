//! A fault plan: what happens to a plugin, at which points of its life, as data. The same plan gives the same play.
//!
//! Values only; a plan that exists can be played. `place` says what may happen where, `life` how the steps fall into the lives of processes and
//! what a host has to make of each, `script` what a fake plays. `generate` draws plans from a seed, `shrink` makes them small, `stored` is the
//! file that is kept of one. Playing is the scenarios'.

pub mod generate;
pub mod life;
pub mod place;
mod reading;
pub mod script;
pub mod shrink;
pub mod stored;

use std::fmt;

use fake_interpreters::hex;
use fake_interpreters::script::{SignalName, Stream};
use plugin_proto::method::Shape;
use plugin_proto::{HOOKS, Method, find_hook};
use serde::{Deserialize, Serialize};

use crate::requirement::Side;
use place::Place;

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

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steps.as_slice() {
            [] => f.write_str("no step"),
            steps => {
                let words: Vec<String> = steps.iter().map(Step::to_string).collect();
                f.write_str(&words.join("; "))
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.place().name())?;
        if let Some(hook) = self.at.hook() {
            write!(f, " {hook}")?;
        }
        write!(f, ": {}", self.action.kind().name())?;
        match &self.action {
            Action::Exit { code } => write!(f, " {code}"),
            Action::Raise { signal } => write!(f, " {}", signal.name()),
            Action::Late { ms } => write!(f, " {ms} ms"),
            Action::Garbage { hex } | Action::Noise { hex, .. } => write!(f, " {hex}"),
            Action::Status { code } => write!(f, " {code}"),
            Action::Error { message } => write!(f, " {message:?}"),
            Action::Flood { bytes, .. } | Action::Big { bytes } => write!(f, " {bytes} bytes"),
            Action::Stop { resume: true } => f.write_str(" and resume"),
            Action::Hooks { count } => write!(f, " {count}"),
            _ => Ok(()),
        }
    }
}

impl Step {
    fn check_side(&self, side: Side) -> Result<(), PlanError> {
        let (place, kind) = (self.at.place(), self.action.kind());
        if kind.may_happen_at(place, side) {
            return self.check_error(side);
        }
        Err(PlanError::Pair {
            at: place.name(),
            action: kind.name(),
            side,
        })
    }

    /// A fake says an error in band in one way only; a plugin under test says it in that of the hook's shape.
    fn check_error(&self, side: Side) -> Result<(), PlanError> {
        let hook = self.at.hook().unwrap_or_default();
        let has_error = find_hook(hook).is_none_or(|method| method.has_error);
        match (&self.action, side) {
            (Action::Error { .. }, Side::Host) if !has_error => Err(wrong(
                "hook",
                hook,
                "an error in band needs a hook whose answer has one",
            )),
            _ => Ok(()),
        }
    }

    fn check_values(&self) -> Result<(), PlanError> {
        if let Some(hook) = self.at.hook() {
            hook_of_plans(hook)?;
        }
        let early = self.at.place() == Place::BeforeHandshake;
        match &self.action {
            Action::Flood {
                stream: Stream::Stdout,
                ..
            }
            | Action::Noise {
                stream: Stream::Stdout,
                ..
            } if early => Err(wrong(
                "stream",
                "stdout",
                "before the handshake stderr, since stdout is for the handshake",
            )),
            Action::Late { ms } => at_most("late.ms", *ms, LATEST_MS, "10000 at most"),
            Action::Flood { bytes, .. } => {
                at_most("flood.bytes", *bytes, MOST_BYTES, "3145728 at most")
            }
            Action::Big { bytes } => at_most("big.bytes", *bytes, MOST_BYTES, "3145728 at most"),
            Action::Hooks { count } if *count == 0 => {
                Err(wrong("hooks.count", count, "from 1 to 16"))
            }
            Action::Hooks { count } => at_most("hooks.count", *count, MOST_HOOKS, "from 1 to 16"),
            Action::Raise { signal } => match signal {
                SignalName::Kill | SignalName::Abrt => Ok(()),
                other => Err(wrong(
                    "raise.signal",
                    other.name(),
                    "KILL or ABRT: the others may be taken",
                )),
            },
            Action::Status { code } if !STATUSES.contains(&code.as_str()) => {
                Err(wrong("status.code", code, "one of the codes of plans"))
            }
            Action::Noise { hex, .. } => bytes_of("noise.hex", hex).map(drop),
            Action::Garbage { hex } => {
                let bytes = bytes_of("garbage.hex", hex)?;
                let is_message =
                    !early && !bytes.first().is_some_and(|first| NO_TAGS.contains(first));
                let is_empty = bytes.is_empty() || bytes.len() > MOST_GARBAGE;
                if is_message || is_empty {
                    let wanted =
                        "bytes, 256 at most, that are no message: they begin with 0e or 0f";
                    return Err(wrong("garbage.hex", hex, wanted));
                }
                Ok(())
            }
            _ => Ok(()),
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

/// The codes that an answer may have in a plan: those that neither the transport nor a deadline gives.
pub const STATUSES: [&str; 5] = [
    "INTERNAL",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "ABORTED",
    "DATA_LOSS",
];

/// First bytes that no message has: field 1 of a wire type that does not exist.
pub const NO_TAGS: [u8; 2] = [0x0e, 0x0f];

/// The hook by which a plugin of a plan is made to do what it does when idle.
pub const POKE: &str = "UserHasLoggedIn";
/// The hook by which a plugin of a plan shows that it answers.
pub const CONTROL: &str = "UserHasBeenCreated";

const LATEST_MS: u64 = 10_000;
const MOST_BYTES: usize = 3 << 20;
const MOST_HOOKS: usize = 16;
const MOST_GARBAGE: usize = 256;

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

fn hook_of_plans(name: &str) -> Result<&'static Method, PlanError> {
    let wanted = "the name of a unary hook that has no other part in plans";
    find_hook(name)
        .filter(|found| hooks().any(|hook| hook.name == found.name))
        .ok_or_else(|| wrong("hook", name, wanted))
}

/// The bytes of a text that was checked.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap_or_default()
}

fn bytes_of(field: &'static str, text: &str) -> Result<Vec<u8>, PlanError> {
    hex::decode(text).ok_or_else(|| wrong(field, text, "hexadecimal digits, two for each byte"))
}

fn at_most<N: PartialOrd + fmt::Display>(
    field: &'static str,
    value: N,
    most: N,
    wanted: &'static str,
) -> Result<(), PlanError> {
    if value <= most {
        Ok(())
    } else {
        Err(wrong(field, value, wanted))
    }
}

fn wrong(field: &'static str, value: impl fmt::Display, wanted: &'static str) -> PlanError {
    PlanError::Value {
        field,
        value: value.to_string(),
        wanted,
    }
}

#[cfg(test)]
mod tests;
