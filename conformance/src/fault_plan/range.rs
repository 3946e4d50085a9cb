//! What may stand in a plan: the ranges of values, and what can happen where to whom.
//!
//! Rules only; the table of what may happen at which place is `place`'s.

use std::fmt;

use fake_interpreters::hex;
use fake_interpreters::script::{SignalName, Stream};
use plugin_proto::{Method, find_hook};

use super::place::Place;
use super::{Action, PlanError, Step, hooks};
use crate::requirement::Side;

/// The codes that an answer may have in a plan: those that neither the transport nor a deadline gives.
pub(super) const STATUSES: [&str; 5] = [
    "INTERNAL",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "ABORTED",
    "DATA_LOSS",
];

/// First bytes that no message has: field 1 of a wire type that does not exist.
pub(super) const NO_TAGS: [u8; 2] = [0x0e, 0x0f];

const LATEST_MS: u64 = 10_000;
const MOST_BYTES: usize = 3 << 20;
const MOST_HOOKS: usize = 16;
const MOST_GARBAGE: usize = 256;

impl Step {
    /// Whether it can happen to whom the plan judges.
    pub(super) fn check_side(&self, side: Side) -> Result<(), PlanError> {
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
        // The other points at which there can be one are calls of hooks that have it.
        let Some(hook) = self.at.hook() else {
            return Ok(());
        };
        let has_error = hook_of_plans(hook)?.has_error;
        match (&self.action, side) {
            (Action::Error { .. }, Side::Host) if !has_error => Err(wrong(
                "hook",
                hook,
                "an error in band needs a hook whose answer has one",
            )),
            _ => Ok(()),
        }
    }

    /// Whether its values are within their ranges.
    pub(super) fn check_values(&self) -> Result<(), PlanError> {
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

fn hook_of_plans(name: &str) -> Result<&'static Method, PlanError> {
    let wanted = "the name of a unary hook that has no other part in plans";
    find_hook(name)
        .filter(|found| hooks().any(|hook| hook.name == found.name))
        .ok_or_else(|| wrong("hook", name, wanted))
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
