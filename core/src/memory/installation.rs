//! Facts about this server that were made when it was installed, and stay.

use crate::memory::fresh::Fresh;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, row};

/// The one row.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Facts {
    /// When the server was installed.
    #[prost(int64, tag = "1")]
    pub(super) installed_at: i64,
    /// What the server is called where it is counted.
    #[prost(string, tag = "2")]
    pub(super) server_id: String,
    /// What tickets are signed with.
    #[prost(string, tag = "3")]
    secret: String,
    /// How often a host has begun with these facts before: no host makes the ids of another.
    #[prost(uint64, tag = "4")]
    #[serde(skip)]
    starts: u64,
}
row!(Facts, "installation", own, u64: |_facts| 0);

/// The facts, from the moment on that there are any.
#[derive(Debug, Default)]
pub(super) struct Installation {
    rows: Rows<Facts>,
}
area!(Installation: rows);

impl Installation {
    /// Makes up what is not known yet, and gives ids that no earlier host of the same seed gave.
    pub(super) fn begin(&mut self, seed: u64, now: i64) -> Fresh {
        let known = self.rows.get(&0).cloned();
        let starts = known
            .as_ref()
            .map_or(0, |facts| facts.starts.wrapping_add(1));
        let mut fresh = Fresh::nth(seed, starts);
        let facts = known.unwrap_or_else(|| Facts {
            installed_at: now,
            server_id: fresh.id(),
            secret: fresh.id(),
            starts: 0,
        });
        self.rows.put(Facts { starts, ..facts });
        fresh
    }

    pub(super) fn installed_at(&self) -> i64 {
        self.rows.get(&0).map_or(0, |facts| facts.installed_at)
    }

    pub(super) fn server_id(&self) -> &str {
        self.rows.get(&0).map_or("", |facts| &facts.server_id)
    }

    pub(super) fn secret(&self) -> &str {
        self.rows.get(&0).map_or("", |facts| &facts.secret)
    }
}
