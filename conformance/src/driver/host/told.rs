//! What the host tells by itself: its events, and what plugins log and publish through the API; less what a fault keeps back.

use plugin_host::environment::Environment;
use plugin_host::event::{HostEvent, Level, What};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_proto::reflect;
use prost::Message as _;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::driver::fault::Fault;
use crate::driver::protocol::{Event, Message};

/// Forwards events until the host ends.
pub(super) struct Told {
    fault: Option<Fault>,
    memory: Memory,
    environment: Environment,
    out: mpsc::UnboundedSender<Message>,
    /// How many records of the API's log were told.
    logged: usize,
    /// How many of the websocket events of plugins were told.
    published: usize,
}

impl Told {
    pub(super) fn new(
        fault: Option<Fault>,
        memory: Memory,
        environment: Environment,
        out: mpsc::UnboundedSender<Message>,
    ) -> Told {
        Told {
            fault,
            memory,
            environment,
            out,
            logged: 0,
            published: 0,
        }
    }

    pub(super) async fn run(mut self, mut events: mpsc::UnboundedReceiver<HostEvent>) {
        while let Some(mut event) = events.recv().await {
            let api_call = matches!(event.what, What::ApiCall { .. });
            let published = matches!(&event.what, What::ApiCall { method, .. } if method == "PublishWebSocketEvent");
            self.misbehave(&mut event);
            let hidden = match &event.what {
                What::Health { .. } => self.fault == Some(Fault::HidesHealth),
                What::PluginFailed { .. } => self.fault == Some(Fault::HidesFailures),
                _ => false,
            };
            if hidden {
                continue;
            }
            if let Ok(Value::Object(fields)) = serde_json::to_value(&event) {
                self.tell(fields);
            }
            if api_call {
                self.tell_logs();
            }
            if published {
                self.tell_published();
            }
        }
    }

    fn misbehave(&self, event: &mut HostEvent) {
        match (self.fault, &mut event.what) {
            (Some(Fault::AllAtDebug), What::Log { level, .. }) => *level = Level::Debug,
            (Some(Fault::DiesOfOddLevel), What::Log { raw, .. }) if has_odd_level(raw) => {
                std::process::exit(2)
            }
            (Some(Fault::CutsTracebacks), What::Log { message, raw, .. }) => {
                for text in [message, raw] {
                    let end = text.find('\n').unwrap_or(text.len());
                    text.truncate(end);
                }
            }
            (Some(Fault::HidesExitStatus), What::PluginFailed { code, signal, .. }) => {
                (*code, *signal) = (None, None);
            }
            (Some(Fault::HidesFailureTail), What::PluginFailed { stderr_tail, .. }) => {
                stderr_tail.clear();
            }
            (Some(Fault::FailedRestartIsFinal), What::PluginFailed { failure, .. })
                if failure == "restart" =>
            {
                let (environment, plugin) = (self.environment.clone(), event.plugin.clone());
                tokio::spawn(async move { environment.deactivate(&plugin).await });
            }
            (Some(Fault::OneDeathStopsAll), What::Exited { .. }) => self.stop_others(&event.plugin),
            _ => {}
        }
    }

    fn stop_others(&self, dead: &PluginId) {
        let ids: Vec<PluginId> = self
            .environment
            .statuses()
            .into_iter()
            .map(|status| status.id)
            .filter(|id| id != dead)
            .collect();
        let environment = self.environment.clone();
        tokio::spawn(async move {
            for id in ids {
                environment.deactivate(&id).await;
            }
        });
    }

    fn tell_logs(&mut self) {
        let records = self.memory.logs();
        for record in records.iter().skip(self.logged) {
            let pairs: Vec<Value> = record
                .fields
                .iter()
                .map(|(key, value)| json!([key, value]))
                .collect();
            let event = json!({
                "event": "api_log", "plugin": record.plugin, "level": record.level, "message": record.message, "fields": pairs,
            });
            if let Value::Object(fields) = event {
                self.tell(fields);
            }
        }
        self.logged = records.len();
    }

    /// The events that plugins have published for clients; the server's own are not told.
    fn tell_published(&mut self) {
        let events = self.memory.websocket_events();
        let own = events
            .iter()
            .filter(|event| event.name.starts_with("custom_"));
        let mut count = 0;
        for event in own {
            count += 1;
            if count <= self.published {
                continue;
            }
            let broadcast = reflect::message_to_json(
                "mattermost.pluginapi.v1.WebsocketBroadcast",
                &event.broadcast.encode_to_vec(),
            );
            let told = json!({
                "event": "websocket", "name": event.name, "payload": event.payload, "broadcast": broadcast.unwrap_or_default(),
            });
            if let Value::Object(fields) = told {
                self.tell(fields);
            }
        }
        self.published = count;
    }

    fn tell(&self, mut fields: Map<String, Value>) {
        let mut take = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (event, plugin) = (take("event"), take("plugin"));
        // A driver that is ending tells nobody.
        let _ = self.out.send(Message::Event(Event {
            event,
            plugin,
            fields,
        }));
    }
}

fn has_odd_level(raw: &str) -> bool {
    let line: Value = serde_json::from_str(raw).unwrap_or_default();
    line.get("@level").is_some_and(|level| !level.is_string())
}
