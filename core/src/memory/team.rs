//! Teams: making them, changing them, finding them.

mod table;

pub(super) use table::Teams;
