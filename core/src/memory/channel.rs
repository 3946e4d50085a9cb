//! Channels: making them, changing them, finding them.

mod table;

pub(super) use table::Channels;
