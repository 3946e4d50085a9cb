//! What plugins asked of the API, in order: for assertions and for failure reports.
//!
//! It keeps the last calls only, and of large requests only their length.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_proto::Method;
use tonic::Code;

use crate::ids::PluginId;

/// How many calls are kept.
const CALLS: usize = 4096;
/// Larger requests are not kept, in bytes.
const LARGEST_REQUEST: usize = 4096;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// With an answer that carries no error.
    Answered,
    /// With an error in band.
    Refused {
        /// The error's id.
        id: String,
        /// The error's HTTP status.
        status_code: i32,
    },
    /// With a gRPC status.
    Status(Code),
    /// Its handler panicked; the plugin got 500 in band.
    Panicked(String),
    /// The caller went away, or the server was closed over it.
    Abandoned,
}

impl CallOutcome {
    /// Stable word for the kind of outcome.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused { .. } => "refused",
            Self::Status(_) => "status",
            Self::Panicked(_) => "panicked",
            Self::Abandoned => "abandoned",
        }
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { id, status_code } => write!(f, "refused: {id} {status_code}"),
            Self::Status(code) => write!(f, "status: {code:?}"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Answered | Self::Abandoned => f.write_str(self.word()),
        }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Counts the calls of this journal from 0.
    pub number: u64,
    /// Who called.
    pub plugin: PluginId,
    /// What was called.
    pub method: &'static Method,
    /// The request, unless it is large.
    pub request: Option<Bytes>,
    /// Length of the request in bytes.
    pub request_length: usize,
    /// How it ended and how long it took; `None` while it runs.
    pub ended: Option<(CallOutcome, Duration)>,
}

/// A shared journal; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    /// Number of the entry in front.
    first: u64,
    calls: VecDeque<Entry>,
}

impl Journal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// The calls that are kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().calls.iter().cloned().collect()
    }

    /// Writes down that a call began.
    pub fn begin(&self, plugin: &PluginId, method: &'static Method, request: &Bytes) -> Ticket {
        let mut entries = self.lock();
        let number = entries.first + entries.calls.len() as u64;
        entries.calls.push_back(Entry {
            number,
            plugin: plugin.clone(),
            method,
            // A copy: the original shares its memory with the whole read buffer.
            request: (request.len() <= LARGEST_REQUEST).then(|| Bytes::copy_from_slice(request)),
            request_length: request.len(),
            ended: None,
        });
        if entries.calls.len() > CALLS {
            entries.calls.pop_front();
            entries.first += 1;
        }
        Ticket {
            journal: self.clone(),
            number,
            began: Instant::now(),
            open: true,
        }
    }

    fn end(&self, number: u64, outcome: CallOutcome, took: Duration) {
        let mut entries = self.lock();
        let Some(position) = number.checked_sub(entries.first) else {
            return;
        };
        if let Some(entry) = usize::try_from(position)
            .ok()
            .and_then(|position| entries.calls.get_mut(position))
        {
            entry.ended = Some((outcome, took));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs. Dropped without an end, it was abandoned.
#[derive(Debug)]
pub struct Ticket {
    journal: Journal,
    number: u64,
    began: Instant,
    open: bool,
}

impl Ticket {
    /// Writes down how the call ended, and answers how long it took.
    pub fn end(mut self, outcome: CallOutcome) -> Duration {
        self.open = false;
        let took = self.began.elapsed();
        self.journal.end(self.number, outcome, took);
        took
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.open {
            let took = self.began.elapsed();
            self.journal.end(self.number, CallOutcome::Abandoned, took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::API;

    fn plugin() -> PluginId {
        PluginId::parse("com.example.a").unwrap()
    }

    #[test]
    fn the_oldest_calls_go_first_and_late_ends_find_their_call() {
        let journal = Journal::new();
        let first = journal.begin(&plugin(), &API[0], &Bytes::new());
        let tickets: Vec<_> = (0..CALLS)
            .map(|_| journal.begin(&plugin(), &API[1], &Bytes::from_static(b"x")))
            .collect();
        first.end(CallOutcome::Answered);
        let entries = journal.entries();
        assert_eq!(entries.len(), CALLS);
        assert_eq!(entries[0].number, 1);
        assert!(entries.iter().all(|entry| entry.ended.is_none()));
        for ticket in tickets {
            ticket.end(CallOutcome::Status(Code::Internal));
        }
        assert!(journal.entries().iter().all(|entry| entry.ended.is_some()));
    }

    #[test]
    fn a_dropped_ticket_is_an_abandoned_call() {
        let journal = Journal::new();
        drop(journal.begin(&plugin(), &API[0], &vec![0; LARGEST_REQUEST + 1].into()));
        let entry = &journal.entries()[0];
        assert_eq!(entry.ended.as_ref().unwrap().0, CallOutcome::Abandoned);
        assert_eq!(entry.request, None);
        assert_eq!(entry.request_length, LARGEST_REQUEST + 1);
    }
}
