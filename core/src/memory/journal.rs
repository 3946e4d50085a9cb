//! What a step on the tables changed, row by row, and the list of all that is kept. Pure: where it goes is the keeper's.
//!
//! Not kept, because it belongs to the host that runs and not to the server that it stands for: what was sent and logged, commands of
//! plugins, which they register anew, and the names of posts that are being made.

use serde_json::Value;

use crate::memory::Tables;
use crate::memory::rows::form::Fault;

/// A row that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) table: &'static str,
    pub(super) key: Vec<u8>,
    /// The row as it is now; nothing if there is none any more.
    pub(super) row: Option<Vec<u8>>,
}

/// Why a row of a file is none.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not the message that it should be.
    #[error(transparent)]
    Message(#[from] prost::DecodeError),
    /// It is not the JSON that it should be.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A table of which every row outlives the host.
pub(super) trait Kept {
    /// What it is called.
    fn table(&self) -> &'static str;

    /// From now on changes are noted; what is there already is one.
    fn begin(&mut self);

    /// What changed since the last time.
    fn take_changes(&mut self, changes: &mut Vec<Change>);

    /// Takes a row as it was kept.
    fn restore(&mut self, row: &[u8]) -> Result<(), Unreadable>;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool;

    /// All of it, as a fixture holds it.
    fn to_json(&self) -> Result<Value, Fault>;

    /// Takes what a fixture holds.
    fn take_json(&mut self, json: &Value) -> Result<(), Fault>;
}

/// What an area remembers.
pub(super) trait Area {
    /// Its tables.
    fn kept(&mut self) -> Vec<&mut dyn Kept>;

    /// Brings up to date whatever follows from the rows, after they came in by another way than the area's own.
    fn reindex(&mut self) {}
}

/// Says of an area which tables it has, and what is done after they were filled.
macro_rules! area {
    ($area:ty: $($table:tt),* $(; $reindex:ident)?) => {
        impl crate::memory::journal::Area for $area {
            fn kept(&mut self) -> Vec<&mut dyn crate::memory::journal::Kept> {
                vec![$(&mut self.$table),*]
            }

            $(fn reindex(&mut self) {
                self.$reindex();
            })?
        }
    };
}
pub(super) use area;

impl Tables {
    /// The areas that keep something, in the order of fixtures: what is referred to comes before what refers to it.
    pub(super) fn areas(&mut self) -> [&mut dyn Area; 20] {
        [
            &mut self.installation,
            &mut self.config,
            &mut self.users,
            &mut self.bots,
            &mut self.statuses,
            &mut self.sessions,
            &mut self.preferences,
            &mut self.teams,
            &mut self.channels,
            &mut self.sidebar,
            &mut self.posts,
            &mut self.reactions,
            &mut self.emojis,
            &mut self.files,
            &mut self.commands,
            &mut self.oauth,
            &mut self.groups,
            &mut self.shared,
            &mut self.properties,
            &mut self.kv,
        ]
    }

    /// All tables that are kept.
    pub(super) fn kept(&mut self) -> impl Iterator<Item = &mut dyn Kept> {
        self.areas().into_iter().flat_map(Area::kept)
    }

    /// Brings all areas up to date with their rows.
    pub(super) fn reindex(&mut self) {
        self.areas().into_iter().for_each(Area::reindex);
    }

    /// What changed since the last time.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.kept().for_each(|kept| kept.take_changes(&mut changes));
        changes
    }
}
