//! What happened to a plugin, in the order in which it happened.
//!
//! Events are for observers: the host itself never acts on them, and nobody has to listen.

use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};
use tokio::sync::mpsc;

use crate::ids::PluginId;

/// Something that happened to one plugin.
#[derive(Debug, Clone, Serialize)]
pub struct HostEvent {
    /// Whose event it is.
    pub plugin: PluginId,
    /// Time since the host began.
    #[serde(rename = "at_ms", serialize_with = "milliseconds")]
    pub at: Duration,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// The vocabulary of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The plugin's API server accepts connections.
    ApiListening {
        /// Address as given to the plugin.
        address: String,
    },
    /// The process was started.
    Spawned {
        /// Its process id, which is also its group's.
        pid: u32,
        /// The program, an interpreter for Python plugins.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Its working directory.
        directory: String,
    },
    /// The first line of stdout was read, or stdout ended without one (`None`).
    StdoutFirstLine {
        /// The line with everything that is not printable ASCII escaped.
        escaped: Option<String>,
    },
    /// The first line was a handshake that the host accepts.
    Handshake {
        /// `tcp` or `unix`.
        network: String,
        /// The address as announced.
        address: String,
        /// The application protocol version.
        app_version: i64,
        /// Time since the spawn.
        #[serde(rename = "took_ms", serialize_with = "milliseconds")]
        took: Duration,
    },
    /// There was no acceptable handshake.
    HandshakeRefused {
        /// The error's stable word.
        kind: String,
        /// The error's text.
        message: String,
    },
    /// The gRPC connection stands.
    Connected,
    /// A side service is at work, or the plugin does not have it.
    SideService {
        /// Full method name.
        method: String,
        /// Whether the plugin serves it.
        served: bool,
    },
    /// The plugin said which hooks it implements.
    Implemented {
        /// The hooks that will be called; all of them when the plugin does not serve `Implemented`.
        names: Vec<String>,
        /// Announced names that are no hooks, the first 64 of them.
        unknown: Vec<String>,
        /// Names announced more than once.
        repeated: Vec<String>,
        /// Whether the plugin answered UNIMPLEMENTED.
        unimplemented: bool,
    },
    /// The plugin wrote something.
    Log {
        /// Where it wrote.
        stream: Stream,
        /// The level the line gives itself, or the one its form implies.
        level: Level,
        /// The message without its decoration; for tracebacks all lines.
        message: String,
        /// What was written, invalid UTF-8 replaced.
        raw: String,
    },
    /// A line of stdout after the handshake was longer than a Go host bears: its reader would have stopped here.
    StdoutOverlong {
        /// Bytes of stdout before the line.
        offset: u64,
    },
    /// A hook call began.
    HookStarted {
        /// Name of the hook.
        hook: String,
        /// Number that is the same in the matching end.
        call: u64,
    },
    /// A hook call ended.
    HookEnded {
        /// Name of the hook.
        hook: String,
        /// Number of the matching start.
        call: u64,
        /// Stable word for the outcome.
        outcome: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "milliseconds")]
        took: Duration,
    },
    /// A health check ended.
    Health {
        /// Whether the plugin counts as healthy.
        healthy: bool,
        /// The status, or the error's stable word.
        status: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "milliseconds")]
        took: Duration,
    },
    /// One step of stopping ended.
    StopStep {
        /// Stable word for the step.
        step: String,
        /// Stable word for its outcome.
        outcome: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "milliseconds")]
        took: Duration,
    },
    /// The process ended.
    Exited {
        /// How, in words: `exit status 1`, `signal: killed`.
        exit: String,
        /// Exit code, absent after a signal.
        code: Option<i32>,
        /// Signal number, absent after an exit.
        signal: Option<i32>,
    },
    /// Processes that the plugin left behind were killed.
    SurvivorsKilled {
        /// Their process ids.
        pids: Vec<u32>,
    },
    /// The plugin's state in the environment changed.
    StateChanged {
        /// Stable word for the new state.
        state: String,
    },
    /// The plugin failed and was cleaned up: its process ended by itself, it was unhealthy, or its restart failed.
    PluginFailed {
        /// Stable word for the failure: `exited`, `unhealthy`, `restart`.
        failure: String,
        /// What happened, in words.
        message: String,
        /// Exit code of the process, absent after a signal.
        code: Option<i32>,
        /// Signal that ended the process, absent after an exit.
        signal: Option<i32>,
        /// The last lines that it wrote to stderr.
        stderr_tail: Vec<String>,
        /// Stable word for what follows: `restart`, `given_up`, or `nothing` where plugins are not looked after.
        next: String,
        /// The pause before the restart.
        #[serde(rename = "pause_ms", serialize_with = "milliseconds")]
        pause: Duration,
    },
    /// The plugin called the API and was answered.
    ApiCall {
        /// Name of the method.
        method: String,
        /// Stable word for the outcome.
        outcome: String,
        /// How long it took.
        #[serde(rename = "took_ms", serialize_with = "milliseconds")]
        took: Duration,
    },
}

/// One of the two streams of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Finer than debug.
    Trace,
    /// For developers.
    Debug,
    /// For operators.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// Gives events to whoever listens; cheap to clone.
#[derive(Debug, Clone)]
pub struct EventSink {
    began: Instant,
    sender: Option<mpsc::UnboundedSender<HostEvent>>,
}

impl EventSink {
    /// A sink whose clock starts now. Without a sender, events are dropped.
    pub fn new(sender: Option<mpsc::UnboundedSender<HostEvent>>) -> Self {
        Self {
            began: Instant::now(),
            sender,
        }
    }

    /// The same sink for the events of one plugin.
    pub fn of(&self, plugin: &PluginId) -> PluginEvents {
        PluginEvents {
            sink: self.clone(),
            plugin: plugin.clone(),
        }
    }
}

/// Gives the events of one plugin to whoever listens; cheap to clone.
#[derive(Debug, Clone)]
pub struct PluginEvents {
    sink: EventSink,
    plugin: PluginId,
}

impl PluginEvents {
    /// Whose events these are.
    pub fn plugin(&self) -> &PluginId {
        &self.plugin
    }

    /// Whether anybody listens: asked before an event is built that costs something.
    pub fn is_heard(&self) -> bool {
        self.sink
            .sender
            .as_ref()
            .is_some_and(|sender| !sender.is_closed())
    }

    /// Reports what happened. A listener that is gone is no error.
    pub fn emit(&self, what: What) {
        if let Some(sender) = &self.sink.sender {
            let event = HostEvent {
                plugin: self.plugin.clone(),
                at: self.sink.began.elapsed(),
                what,
            };
            drop(sender.send(event));
        }
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let plugin = PluginId::parse("com.example.demo").unwrap();
        let events = EventSink::new(Some(sender)).of(&plugin);
        assert!(events.is_heard());
        events.emit(What::Health {
            healthy: true,
            status: "SERVING".to_owned(),
            took: Duration::from_micros(1500),
        });
        let mut event = receiver.try_recv().unwrap();
        event.at = Duration::from_millis(7);
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"plugin":"com.example.demo","at_ms":7.0,"event":"health","healthy":true,"status":"SERVING","took_ms":1.5}"#
        );
    }

    #[test]
    fn nobody_has_to_listen() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let plugin = PluginId::parse("com.example.demo").unwrap();
        drop(receiver);
        for sink in [EventSink::new(None), EventSink::new(Some(sender))] {
            let events = sink.of(&plugin);
            assert!(!events.is_heard());
            events.emit(What::Connected);
        }
    }
}
