//! What is said on stderr while plugins are served: their logs, what becomes of them, and requests. For people or as JSON.
//!
//! A thread of its own writes: a terminal that is stopped holds up no request. What it does not take is left out and counted.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use plugin_host::event::{HostEvent, Level, What};
use plugin_host::front::{Access, AccessEnd};
use plugin_host::memory::LogRecord;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait for the terminal.
const WAITING: usize = 4096;

/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(1);

enum Order {
    Line(String),
    End(oneshot::Sender<()>),
}

/// Where lines go; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    json: bool,
    began: Instant,
    sender: SyncSender<Order>,
    left_out: Arc<AtomicU64>,
}

impl Lines {
    /// Begins to write. The host's own warnings come in here, too, as far as `RUST_LOG` lets them.
    pub(super) fn start(json: bool) -> Lines {
        let (sender, receiver) = sync_channel(WAITING);
        let left_out = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&left_out);
        std::thread::spawn(move || write(&receiver, &counted));
        let lines = Lines {
            json,
            began: Instant::now(),
            sender,
            left_out,
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .without_time()
            .with_writer(lines.clone());
        // In a process that has one already, warnings go there.
        let _ = subscriber.try_init();
        lines
    }

    /// Tells events until there are no more.
    pub(super) async fn tell(self, mut events: mpsc::UnboundedReceiver<HostEvent>) {
        while let Some(event) = events.recv().await {
            self.event(&event);
        }
    }

    /// Something that we have to say.
    pub(super) fn note(&self, text: &str) {
        match self.json {
            true => self.json(json!({"event": "note", "message": text})),
            false => self.line("serve", text),
        }
    }

    /// A request that has ended.
    pub(super) fn access(&self, access: &Access) {
        if self.json {
            let mut value =
                serde_json::to_value(access).expect("numbers and texts are always JSON");
            value["event"] = "request".into();
            return self.json(value);
        }
        let status = match access.status {
            Some(status) => status.to_string(),
            None => "---".to_owned(),
        };
        let mut text = format!(
            "{status} {} {} {} bytes in, {} bytes out, {:.1} ms",
            access.method,
            access.target,
            access.received,
            access.sent,
            access.took.as_secs_f64() * 1e3
        );
        match access.end {
            AccessEnd::Complete => {}
            AccessEnd::Truncated => text.push_str(", broke off"),
            AccessEnd::Left => text.push_str(", the client left"),
        }
        if let Some(failure) = access.failure {
            text = format!("{text}: {failure}");
        }
        self.line("http", &text);
    }

    /// What a plugin logged through the API.
    pub(super) fn logged(&self, record: &LogRecord) {
        let (plugin, level, message) = (
            record.plugin.as_str(),
            word(record.level),
            record.to_string(),
        );
        match self.json {
            true => self.json(json!({"event": "log", "plugin": plugin, "level": level.trim().to_lowercase(), "message": message})),
            false => self.line(plugin, &format!("{level} {message}")),
        }
    }

    fn event(&self, event: &HostEvent) {
        let id = event.plugin.as_str();
        let text = match &event.what {
            What::Log { level, message, .. } => format!("{} {message}", word(*level)),
            What::StateChanged { state } => format!("is {}", state.replace('_', " ")),
            What::PluginFailed { message, next, .. } => format!("failed: {message}; next: {next}"),
            What::StdoutOverlong { .. } => {
                "wrote a line to stdout that a Go host cannot read".into()
            }
            _ => return,
        };
        match self.json {
            true => self.json(
                serde_json::to_value(event)
                    .expect("an event is made of what JSON has, keys are texts"),
            ),
            false => self.line(id, &text),
        }
    }

    /// A line for people: seconds since the beginning, whose it is, and what.
    fn line(&self, whose: &str, text: &str) {
        let at = self.began.elapsed().as_secs_f64();
        // A message of several lines stays together and can still be told from others.
        let text = text.trim_end().replace('\n', "\n          | ");
        self.send(format!("{at:9.3} {whose}: {text}"));
    }

    fn json(&self, value: Value) {
        self.send(value.to_string());
    }

    fn send(&self, line: String) {
        // A writer that is gone has nobody to write for.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Order::Line(line)) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines are written, unless nobody takes them.
    pub(super) async fn end(&self) {
        let (written, done) = oneshot::channel();
        if self.sender.try_send(Order::End(written)).is_ok() {
            let _ = timeout(LAST, done).await;
        }
    }
}

fn write(orders: &Receiver<Order>, left_out: &AtomicU64) {
    let mut stderr = io::stderr();
    for order in orders {
        let written = match order {
            Order::Line(line) => match left_out.swap(0, Ordering::Relaxed) {
                0 => writeln!(stderr, "{line}"),
                number => writeln!(stderr, "({number} lines were left out)\n{line}"),
            },
            Order::End(written) => {
                // Who has asked may have given up.
                let _ = written.send(());
                Ok(())
            }
        };
        if written.is_err() {
            return;
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO ",
        Level::Warn => "WARN ",
        Level::Error => "ERROR",
    }
}

/// One warning of the host, written piece by piece.
pub(super) struct Warning {
    lines: Lines,
    text: Vec<u8>,
}

impl io::Write for Warning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Warning {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        match self.lines.json {
            true => self
                .lines
                .json(json!({"event": "host", "message": text.trim()})),
            false => self.lines.line("host", text.trim()),
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Warning;

    fn make_writer(&'a self) -> Warning {
        Warning {
            lines: self.clone(),
            text: Vec::new(),
        }
    }
}
