//! What differs between two runs of the same plan that come to the same: times, and what is seen only in its own run - process ids, ports,
//! folders, and the order in which two sources are heard. All else is equal, to the byte.

use serde_json::Value;

use super::board::Board;
use crate::runner::event::Event;

/// The fields that differ. Times become 0, lists and texts empty, and what may be absent is left out; everything else of an event stays.
pub const VARYING: [&str; 7] = [
    "duration_ms",
    "at_ms",
    "timeline",
    "seen",
    "entry",
    "calibration",
    "effort",
];

/// Those that may be absent.
const OPTIONAL: [&str; 3] = ["entry", "calibration", "effort"];

/// The board without all that differs, with the cases in the order of their names.
pub fn stable(board: &Board) -> Result<Board, serde_json::Error> {
    let mut stable = Board::default();
    let begun = board.events().first();
    let cases = board.cases().into_iter().cloned().map(Event::CaseEnded);
    let ended = board.events().last().filter(|_| board.is_whole());
    for event in begun
        .cloned()
        .into_iter()
        .chain(cases)
        .chain(ended.cloned())
    {
        let mut value = serde_json::to_value(event)?;
        clear(&mut value);
        stable.take(&serde_json::from_value(value)?);
    }
    Ok(stable)
}

fn clear(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !OPTIONAL.contains(&name.as_str()));
            for (name, value) in fields {
                if VARYING.contains(&name.as_str()) {
                    empty(value);
                } else {
                    clear(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(clear),
        _ => {}
    }
}

fn empty(value: &mut Value) {
    match value {
        Value::Number(_) => *value = 0.into(),
        Value::Array(values) => values.clear(),
        Value::String(text) => text.clear(),
        _ => {}
    }
}
