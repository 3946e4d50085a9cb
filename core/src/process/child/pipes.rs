//! The readers of a child's pipes. They read until the end of the pipe, whatever comes: a full pipe would stop the plugin.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::watch;

use crate::event::{Level, PluginEvents, Stream, What};
use crate::handshake::scan::{FirstLine, Scan};
use crate::output::classify::{Classifier, Entry, Form};
use crate::output::lines::{Line, Lines};
use crate::output::report;
use crate::output::tail::Tail;

/// Bytes for one read.
const READ: usize = 8 * 1024;

/// How much of an incomplete first line is remembered.
const HEAD: usize = 400;

/// How long a complete traceback waits for another one that is chained to it.
const CHAIN: Duration = Duration::from_millis(20);

/// How many lines of stdout become events: after the handshake it is nobody's channel, and can be a flood.
const STDOUT_EVENTS: u32 = 100;

/// What is known of a child's output.
#[derive(Debug, Default)]
pub(super) struct Output {
    stdout_bytes: AtomicU64,
    is_stdout_closed: AtomicBool,
    head: Mutex<Vec<u8>>,
    tail: Mutex<Tail>,
}

impl Output {
    pub(super) fn stdout_bytes(&self) -> u64 {
        self.stdout_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn is_stdout_closed(&self) -> bool {
        self.is_stdout_closed.load(Ordering::Relaxed)
    }

    /// The beginning of stdout, as far as it belongs to the first line.
    pub(super) fn head(&self) -> Vec<u8> {
        lock(&self.head).clone()
    }

    pub(super) fn stderr_tail(&self) -> Vec<String> {
        lock(&self.tail).lines()
    }

    fn remember_head(&self, scan: &Scan) {
        let so_far = scan.so_far();
        *lock(&self.head) = so_far[..so_far.len().min(HEAD)].to_vec();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads stdout: the first line for the handshake, the rest for nothing but the log.
pub(super) async fn pump_stdout(
    mut pipe: ChildStdout,
    output: Arc<Output>,
    first_line: watch::Sender<Option<FirstLine>>,
    events: PluginEvents,
) {
    let mut buffer = vec![0; READ];
    let mut scan = Some(Scan::default());
    let mut rest = Rest::new(events);
    while let Some(count) = read(&mut pipe, &mut buffer).await {
        let before = output
            .stdout_bytes
            .fetch_add(count as u64, Ordering::Relaxed);
        let mut bytes = &buffer[..count];
        if let Some(scanning) = &mut scan {
            match scanning.push(bytes) {
                Some((line, after)) => {
                    bytes = after;
                    scan = None;
                    first_line.send_replace(Some(line));
                }
                None => {
                    output.remember_head(scanning);
                    continue;
                }
            }
        }
        rest.push(bytes, before + (count - bytes.len()) as u64);
    }
    output.is_stdout_closed.store(true, Ordering::Relaxed);
    match scan {
        Some(scan) => drop(first_line.send_replace(Some(scan.end()))),
        None => rest.end(),
    }
}

/// Stdout after the handshake.
struct Rest {
    lines: Lines,
    events: PluginEvents,
    events_left: u32,
    is_overlong_reported: bool,
}

impl Rest {
    fn new(events: PluginEvents) -> Self {
        Self {
            lines: Lines::default(),
            events,
            events_left: STDOUT_EVENTS,
            is_overlong_reported: false,
        }
    }

    fn push(&mut self, bytes: &[u8], offset: u64) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.push(bytes, |line| self.report(&line, offset));
        self.lines = lines;
    }

    fn end(&mut self) {
        if let Some(line) = std::mem::take(&mut self.lines).end() {
            self.report(&line, 0);
        }
    }

    fn report(&mut self, line: &Line, offset: u64) {
        if line.is_piece && !self.is_overlong_reported {
            self.is_overlong_reported = true;
            self.events.emit(What::StdoutOverlong { offset });
            tracing::warn!(target: "plugin", plugin = self.events.plugin().as_str(),
                "a line of stdout is so long that a Go host would stop reading here");
        }
        if self.events_left == 0 && !tracing::enabled!(target: "plugin", tracing::Level::DEBUG) {
            return;
        }
        let entry = Entry::of_text(
            Level::Debug,
            &String::from_utf8_lossy(&line.bytes),
            Form::Plain,
        );
        report::log(&self.events, Stream::Stdout, &entry);
        if self.events_left > 0 {
            self.events_left -= 1;
            report::event(&self.events, Stream::Stdout, &entry);
        }
    }
}

/// Reads stderr: every line is logged, the last ones are remembered.
pub(super) async fn pump_stderr(
    mut pipe: ChildStderr,
    output: Arc<Output>,
    events: PluginEvents,
    sees_tracebacks: bool,
) {
    let mut buffer = vec![0; READ];
    let mut lines = Lines::default();
    let mut classifier = Classifier::new(sees_tracebacks);
    let report = |entry: Entry| report::entry(&events, Stream::Stderr, &entry);
    loop {
        let next = read(&mut pipe, &mut buffer);
        let count = if classifier.is_waiting() {
            match tokio::time::timeout(CHAIN, next).await {
                Ok(count) => count,
                Err(_) => {
                    classifier.flush(report);
                    continue;
                }
            }
        } else {
            next.await
        };
        let Some(count) = count else { break };
        lines.push(&buffer[..count], |line| {
            lock(&output.tail).push(&line.bytes);
            classifier.push(&line, report);
        });
    }
    if let Some(line) = lines.end() {
        lock(&output.tail).push(&line.bytes);
        classifier.push(&line, report);
    }
    classifier.flush(report);
}

/// One read; `None` at the end of the pipe. A pipe cannot fail in a way from which one could go on.
async fn read(pipe: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Option<usize> {
    match pipe.read(buffer).await {
        Ok(0) => None,
        Ok(count) => Some(count),
        Err(error) => {
            tracing::debug!(%error, "reading a plugin's pipe");
            None
        }
    }
}
