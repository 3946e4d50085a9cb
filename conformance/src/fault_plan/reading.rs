//! Reads one step strictly. By hand, because what is wrong with the values of a step has to be found out while the reader is still inside it: so
//! the error names its line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::{Action, Point, Step};
use crate::requirement::Side;

const FIELDS: &[&str] = &["at", "do"];

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    At,
    Do,
}

struct StepVisitor;

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        deserializer.deserialize_struct("Step", FIELDS, StepVisitor)
    }
}

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step with `at` and `do`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Step, M::Error> {
        let (mut at, mut action) = (None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::At if at.is_some() => return Err(Error::duplicate_field("at")),
                Field::Do if action.is_some() => return Err(Error::duplicate_field("do")),
                Field::At => at = Some(map.next_value::<Point>()?),
                Field::Do => action = Some(map.next_value::<Action>()?),
            }
        }
        let step = Step {
            at: at.ok_or_else(|| Error::missing_field("at"))?,
            action: action.ok_or_else(|| Error::missing_field("do"))?,
        };
        step.check_values().map_err(Error::custom)?;
        // A step alone does not know whom it is for; what fits neither is found out here.
        step.check_side(Side::Host)
            .or_else(|error| step.check_side(Side::Plugin).map_err(|_| error))
            .map_err(Error::custom)?;
        Ok(step)
    }
}
