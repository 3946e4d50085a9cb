//! The timeline of a case: what happened, from which source, at which millisecond; one for all sources, in the order of arrival.
//!
//! It records and does not judge. Cheap to clone, so that tasks can note what they see. What others wrote down by their own clock is woven
//! in afterwards, each entry at its time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The suite itself: what it is about to do, and what it makes of what it saw.
    Suite,
    /// The host: an order that it got (`→`), its answer (`←`), or an event of it in words.
    Host,
    /// The plugin: evidence of a handler, or what a fake says of itself.
    Plugin,
    /// A process: started and with which environment (names, and values that may be shown), signalled, gone.
    Process,
    /// The plugin's stdout, escaped: the handshake line, and whatever a fake writes.
    Stdout,
    /// The plugin's stderr.
    Stderr,
    /// A call, in either direction, with its message decoded where it is short; of a stream of `ServeHTTP` its frames with their places.
    Rpc,
    /// A fault that the suite injected: a signal, a step of a plan, or the script that a fake plays.
    Fault,
}

impl Source {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Suite => "suite",
            Source::Host => "host",
            Source::Plugin => "plugin",
            Source::Process => "process",
            Source::Stdout => "stdout",
            Source::Stderr => "stderr",
            Source::Rpc => "rpc",
            Source::Fault => "fault",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Milliseconds since the case began.
    pub at_ms: u64,
    /// Where it comes from.
    pub source: Source,
    /// What happened; one line.
    pub text: String,
}

/// The longest text of an entry; the rest is counted, not kept.
const LONGEST: usize = 2000;

/// Something that another process wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When, since 1970-01-01, UTC.
    pub since_epoch: Duration,
    /// Where it comes from.
    pub source: Source,
    /// What happened.
    pub text: String,
}

/// An entry with its time as exactly as it is known.
#[derive(Clone, Debug)]
struct Noted {
    at: Duration,
    entry: Entry,
}

/// The timeline of one case.
#[derive(Clone, Debug)]
pub struct Timeline {
    begun: Instant,
    since_epoch: Duration,
    entries: Arc<Mutex<Vec<Noted>>>,
}

impl Timeline {
    /// A timeline that begins now.
    pub fn start() -> Timeline {
        Timeline {
            begun: Instant::now(),
            since_epoch: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            entries: Arc::default(),
        }
    }

    /// Notes an entry and returns its place.
    pub fn note(&self, source: Source, text: impl Into<String>) -> usize {
        let text = one_line(text.into());
        let mut entries = self.lock();
        entries.push(noted(self.begun.elapsed(), source, text));
        entries.len() - 1
    }

    /// Takes over the entries of another timeline, with the times that they have there; returns the place of the first.
    pub fn adopt(&self, others: Vec<Entry>) -> usize {
        let mut entries = self.lock();
        let first = entries.len();
        entries.extend(others.into_iter().map(|entry| Noted {
            at: Duration::from_millis(entry.at_ms),
            entry,
        }));
        first
    }

    /// Puts what others wrote down where it belongs by its time; returns the new places of the entries that were there.
    pub fn weave(&self, others: Vec<Told>) -> Vec<usize> {
        let mut entries = self.lock();
        let mut others: Vec<Noted> = others
            .into_iter()
            .map(|told| {
                let at = told.since_epoch.saturating_sub(self.since_epoch);
                noted(at, told.source, one_line(told.text))
            })
            .collect();
        others.sort_by_key(|noted| noted.at);
        let mut others = others.into_iter().peekable();
        let (mut woven, mut places) = (Vec::new(), Vec::with_capacity(entries.len()));
        for own in entries.drain(..) {
            // What another process did comes before what was heard of it at the same time.
            while let Some(other) = others.next_if(|other| other.at <= own.at) {
                woven.push(other);
            }
            places.push(woven.len());
            woven.push(own);
        }
        woven.extend(others);
        *entries = woven;
        places
    }

    /// The place of the entry noted last.
    pub fn last(&self) -> Option<usize> {
        self.lock().len().checked_sub(1)
    }

    /// All entries so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock()
            .iter()
            .map(|noted| noted.entry.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Noted>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn noted(at: Duration, source: Source, text: String) -> Noted {
    let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
    Noted {
        at,
        entry: Entry {
            at_ms,
            source,
            text,
        },
    }
}

/// Escapes what would break a line, and cuts what is too long to show.
fn one_line(text: String) -> String {
    let plain = !text.chars().any(char::is_control);
    let line = if plain {
        text
    } else {
        text.trim_end().chars().flat_map(escaped).collect()
    };
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((cut, _)) => format!("{}… ({} bytes more)", &line[..cut], line.len() - cut),
    }
}

fn escaped(character: char) -> Vec<char> {
    if character.is_control() {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}
