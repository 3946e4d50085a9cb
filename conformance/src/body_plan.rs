//! A body plan: one HTTP request to a plugin whose body, or whose answer's body, is cut in a certain way, as data. The same plan asks for the
//! same exchange.
//!
//! Values only. `generate` gives the plans of a run, `told` what the plugin is told and what has to come of it, `stored` is the file that is
//! kept of a plan that failed. Playing is `body_fuzz`'s.

pub mod generate;
pub mod stored;
pub mod told;

use std::fmt;

use plugin_host::body::shrink::{Smaller, smaller_numbers};
use plugin_host::body::split::Split;
use plugin_host::body::split::fill::{Fill, Kind};
use serde::{Deserialize, Serialize};

/// The version of the form in which plans are written. A file of another version is refused.
pub const FORMAT: u32 = 1;

/// The most that a plan may ask for.
const MOST_PIECES: usize = 4_096;
const MOST_BYTES: usize = 64 << 20;
const MOST_BESIDE: usize = 15;
const MOST_TIMES: usize = 1_000;

/// Whose body is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The request's, from the host to the plugin: each piece is a frame. It comes back as an echo.
    Up,
    /// The answer's: each piece is one write of the plugin's handler.
    Down,
}

impl Direction {
    /// Both.
    pub const ALL: [Direction; 2] = [Direction::Up, Direction::Down];

    /// The word on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}

/// What happens to the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// It comes to its end.
    Through,
    /// The plugin answers without reading, and the upload stalls before its end.
    Early,
    /// It is given up, so many times, and then asked whole in one piece.
    Cancel {
        /// How many times.
        times: usize,
    },
    /// Nobody reads the answer until the upload stalls.
    Unread,
}

/// One exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct BodyPlan {
    /// Whose body.
    pub direction: Direction,
    /// What happens.
    pub manner: Manner,
    /// The bytes.
    pub fill: Fill,
    /// The pieces.
    pub split: Split,
    /// How many others are open at the same time.
    pub beside: usize,
}

/// A plan as it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    kind: BodyKind,
    direction: Direction,
    manner: Manner,
    /// Text, or any bytes.
    text: bool,
    salt: u8,
    pieces: Vec<usize>,
    /// The places of the pieces after which there is a flush.
    #[serde(default)]
    flush_after: Vec<usize>,
    #[serde(default)]
    beside: usize,
}

/// The word by which the file of a body plan is known.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BodyKind {
    Body,
}

/// Why something is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyPlanError {
    /// Another version of the form.
    #[error("`format` is {0}; this version of the suite reads format {FORMAT}")]
    Format(u32),
    /// A value is out of its range.
    #[error("`{field}` is {value}; {wanted}")]
    Value {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        wanted: String,
    },
}

impl TryFrom<Written> for BodyPlan {
    type Error = BodyPlanError;

    fn try_from(written: Written) -> Result<BodyPlan, BodyPlanError> {
        if written.format != FORMAT {
            return Err(BodyPlanError::Format(written.format));
        }
        let count = written.pieces.len();
        at_most("pieces", count, MOST_PIECES)?;
        let bytes = written
            .pieces
            .iter()
            .copied()
            .fold(0, usize::saturating_add);
        at_most("the sum of `pieces`", bytes, MOST_BYTES)?;
        at_most("beside", written.beside, MOST_BESIDE)?;
        let mut split = Split::of(written.pieces);
        for place in written.flush_after {
            let last = split.pieces().len() - 1;
            at_most("flush_after", place, last)?;
            split = split.flushed(place);
        }
        if let Manner::Cancel { times } = written.manner {
            at_most("times", times, MOST_TIMES)?;
        }
        let up_only = !split.flushes().is_empty() && written.direction == Direction::Up;
        let down_only = matches!(written.manner, Manner::Early | Manner::Unread)
            && written.direction == Direction::Down;
        for (wrong, field, wanted) in [
            (up_only, "flush_after", "an upload has no flushes"),
            (down_only, "manner", "only an upload can stall"),
        ] {
            if wrong {
                return Err(BodyPlanError::Value {
                    field,
                    value: "not empty".to_owned(),
                    wanted: wanted.to_owned(),
                });
            }
        }
        Ok(BodyPlan {
            direction: written.direction,
            manner: written.manner,
            fill: Fill {
                kind: if written.text {
                    Kind::Text
                } else {
                    Kind::Binary
                },
                salt: written.salt,
            },
            split,
            beside: written.beside,
        })
    }
}

impl From<BodyPlan> for Written {
    fn from(plan: BodyPlan) -> Written {
        let pieces = plan.split.pieces().iter().enumerate();
        let flushed = pieces.filter(|(_, piece)| piece.flush);
        Written {
            format: FORMAT,
            kind: BodyKind::Body,
            direction: plan.direction,
            manner: plan.manner,
            text: plan.fill.kind == Kind::Text,
            salt: plan.fill.salt,
            pieces: plan.split.sizes().collect(),
            flush_after: flushed.map(|(place, _)| place).collect(),
            beside: plan.beside,
        }
    }
}

impl BodyPlan {
    /// An exchange that comes to its end, with nothing beside it.
    pub fn through(direction: Direction, fill: Fill, split: Split) -> BodyPlan {
        BodyPlan {
            direction,
            manner: Manner::Through,
            fill,
            split,
            beside: 0,
        }
    }

    /// The same body in one piece, by itself and to its end.
    #[must_use]
    pub fn in_one_piece(&self) -> BodyPlan {
        let split = Split::whole(self.split.length());
        BodyPlan::through(self.direction, self.fill, split)
    }

    /// The same with so many others beside it.
    #[must_use]
    pub fn beside(&self, beside: usize) -> BodyPlan {
        BodyPlan {
            beside,
            ..self.clone()
        }
    }
}

impl Smaller for BodyPlan {
    /// With fewer beside it, given up fewer times, with a smaller split, with plainer bytes.
    fn smaller(&self) -> Vec<BodyPlan> {
        let mut smaller: Vec<BodyPlan> = smaller_numbers(self.beside)
            .map(|beside| self.beside(beside))
            .collect();
        if let Manner::Cancel { times } = self.manner {
            let fewer = smaller_numbers(times).filter(|times| *times > 0);
            smaller.extend(fewer.map(|times| BodyPlan {
                manner: Manner::Cancel { times },
                ..self.clone()
            }));
        }
        smaller.extend(self.split.smaller().into_iter().map(|split| BodyPlan {
            split,
            ..self.clone()
        }));
        if self.fill != Fill::default() {
            smaller.push(BodyPlan {
                fill: Fill::default(),
                ..self.clone()
            });
        }
        smaller
    }
}

impl fmt::Display for BodyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.direction.name(), self.split)?;
        match self.manner {
            Manner::Through => {}
            Manner::Early => f.write_str(", answered before it is read")?,
            Manner::Cancel { times } => write!(f, ", given up {times} times")?,
            Manner::Unread => f.write_str(", the answer not read")?,
        }
        if self.fill.kind == Kind::Text {
            f.write_str(", text")?;
        }
        match self.beside {
            0 => Ok(()),
            beside => write!(f, ", {beside} beside it"),
        }
    }
}

fn at_most(field: &'static str, value: usize, most: usize) -> Result<(), BodyPlanError> {
    if value <= most {
        return Ok(());
    }
    Err(BodyPlanError::Value {
        field,
        value: value.to_string(),
        wanted: format!("{most} at most"),
    })
}

#[cfg(test)]
mod tests;
