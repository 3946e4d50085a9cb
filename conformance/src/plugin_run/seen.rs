//! What the host saw of a plugin, as it happens: events into the case's timeline and into a list that can be waited on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plugin_host::event::{HostEvent, Stream, What};
use tokio::sync::{mpsc, watch};

use super::evidence::{Digest, Evidence};
use crate::case::timeline::{Source, Timeline};
use crate::case::words::Words as _;

/// How long evidence may be on its way after the answer: it comes by another pipe.
pub const EVIDENCE: Duration = Duration::from_secs(5);

/// Everything that was seen so far; cheap to clone.
#[derive(Clone, Debug)]
pub struct Seen {
    events: Arc<Mutex<Vec<What>>>,
    count: watch::Receiver<usize>,
}

impl Seen {
    /// Begins to take note; the sender is for the host's options.
    pub fn start(timeline: Timeline) -> (Seen, mpsc::UnboundedSender<HostEvent>) {
        let (sender, mut receiver) = mpsc::unbounded_channel::<HostEvent>();
        let (counted, count) = watch::channel(0);
        let events: Arc<Mutex<Vec<What>>> = Arc::default();
        let list = Arc::clone(&events);
        tokio::spawn(async move {
            while let Some(event) = receiver.recv().await {
                let (source, text) = describe(&event.what);
                timeline.note(source, text);
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                list.push(event.what);
                counted.send_replace(list.len());
            }
        });
        (Seen { events, count }, sender)
    }

    /// All events so far.
    pub fn events(&self) -> Vec<What> {
        self.lock().clone()
    }

    /// What `pick` finds in the events so far, first to last.
    pub fn all<T>(&self, pick: impl FnMut(&What) -> Option<T>) -> Vec<T> {
        self.lock().iter().filter_map(pick).collect()
    }

    /// The first event that `pick` takes, already seen or yet to come; `None` when the time is over or the host is gone.
    pub async fn wait<T>(
        &self,
        within: Duration,
        mut pick: impl FnMut(&What) -> Option<T>,
    ) -> Option<T> {
        let mut count = self.count.clone();
        let mut looked_at = 0;
        let search = async {
            loop {
                // A copy, because `pick` may look at the events itself.
                let new = self.lock()[looked_at..].to_vec();
                looked_at += new.len();
                let found = new.iter().find_map(&mut pick);
                if found.is_some() {
                    return found;
                }
                if count.wait_for(|count| *count > looked_at).await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(within, search).await.ok().flatten()
    }

    /// The evidence so far, in the order in which it was written.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.all(evidence_of)
    }

    /// The evidence with this nonce, already there or yet to come.
    pub async fn evidence_for(&self, nonce: &str, within: Duration) -> Option<Evidence> {
        self.wait(within, |what| {
            evidence_of(what).filter(|evidence| evidence.nonce == nonce)
        })
        .await
    }

    /// The evidence with this nonce that its call was given up, already there or yet to come.
    pub async fn cancelled_for(&self, nonce: &str, within: Duration) -> Option<Evidence> {
        self.wait(within, |what| {
            let evidence = stderr_of(what).and_then(Evidence::read_cancelled)?;
            (evidence.nonce == nonce).then_some(evidence)
        })
        .await
    }

    /// What the handler with this nonce has read as the whole body, already there or yet to come.
    pub async fn body_for(&self, nonce: &str, within: Duration) -> Option<Digest> {
        self.wait(within, |what| {
            let evidence = stderr_of(what).and_then(Evidence::read_body)?;
            evidence.body.filter(|_| evidence.nonce == nonce)
        })
        .await
    }

    /// The lines on one stream so far.
    pub fn lines(&self, of: Stream) -> Vec<String> {
        self.all(|what| match what {
            What::Log { stream, raw, .. } if *stream == of => Some(raw.clone()),
            _ => None,
        })
    }

    /// The process id, once the process was started.
    pub fn pid(&self) -> Option<u32> {
        self.all(pid_of).pop()
    }

    /// The processes that outlived their plugin and had to be killed.
    pub fn survivors(&self) -> Vec<u32> {
        let killed = self.all(|what| match what {
            What::SurvivorsKilled { pids } => Some(pids.clone()),
            _ => None,
        });
        killed.concat()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<What>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process id in the event of a start.
pub fn pid_of(what: &What) -> Option<u32> {
    match what {
        What::Spawned { pid, .. } => Some(*pid),
        _ => None,
    }
}

/// The evidence in the event of a line on stderr.
pub fn evidence_of(what: &What) -> Option<Evidence> {
    stderr_of(what).and_then(Evidence::read)
}

fn stderr_of(what: &What) -> Option<&str> {
    match what {
        What::Log {
            stream: Stream::Stderr,
            raw,
            ..
        } => Some(raw.trim_end()),
        _ => None,
    }
}

/// An event as an entry of the timeline.
fn describe(what: &What) -> (Source, String) {
    let ms = |took: &Duration| took.as_millis();
    match what {
        What::Spawned {
            pid,
            program,
            arguments,
            ..
        } => (
            Source::Process,
            format!("started {pid}: {program} {}", arguments.join(" ")),
        ),
        What::StdoutFirstLine {
            escaped: Some(line),
        } => (Source::Stdout, format!("first line: {line}")),
        What::StdoutFirstLine { escaped: None } => {
            (Source::Stdout, "ended without a line".to_owned())
        }
        What::Handshake {
            network,
            address,
            took,
            ..
        } => (
            Source::Host,
            format!(
                "handshake accepted after {} ms: {network} {address}",
                ms(took)
            ),
        ),
        What::HandshakeRefused { kind, message } => (
            Source::Host,
            format!("handshake refused, {kind}: {message}"),
        ),
        What::Log {
            stream: Stream::Stdout,
            raw,
            ..
        } => (Source::Stdout, raw.clone()),
        What::Log {
            stream: Stream::Stderr,
            raw,
            ..
        } if evidence_of(what).is_some() => (Source::Plugin, raw.clone()),
        What::Log {
            stream: Stream::Stderr,
            raw,
            ..
        } => (Source::Stderr, raw.clone()),
        What::HookStarted { hook, call } => (Source::Rpc, format!("{hook} called, call {call}")),
        What::HookEnded {
            hook,
            call,
            outcome,
            took,
        } => (
            Source::Rpc,
            format!("{hook} ended, call {call}: {outcome} after {} ms", ms(took)),
        ),
        What::ApiCall {
            method,
            outcome,
            took,
        } => (
            Source::Rpc,
            format!("API {method}: {outcome} after {} ms", ms(took)),
        ),
        What::Health { status, took, .. } => (
            Source::Rpc,
            format!("health: {status} after {} ms", ms(took)),
        ),
        What::StopStep {
            step,
            outcome,
            took,
        } => (
            Source::Host,
            format!("stopping, {step}: {outcome} after {} ms", ms(took)),
        ),
        What::Exited { exit, .. } => (Source::Process, format!("ended: {exit}")),
        What::SurvivorsKilled { pids } => (
            Source::Process,
            format!("outlived the plugin and were killed: {}", pids.words()),
        ),
        other => (
            Source::Host,
            serde_json::to_string(other)
                .unwrap_or_else(|error| format!("an event that cannot be written: {error}")),
        ),
    }
}
