//! Websocket events: recorded, not sent, for nobody is connected. Those of plugins and the server's own.

use std::collections::VecDeque;

use plugin_proto::pb::WebsocketBroadcast;
use serde_json::{Map, Value};

use crate::memory::{Tables, remember};
use crate::model::{Modelled, to_json};

/// A websocket event as clients would get it.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSocketEvent {
    /// `custom_<plugin id>_<event>` for those of plugins, else the server's own name.
    pub name: String,
    /// The event's data.
    pub payload: Map<String, Value>,
    /// Whom it is for; all fields empty is everybody.
    pub broadcast: WebsocketBroadcast,
}

/// The last events.
#[derive(Debug, Default)]
pub(super) struct Sent(VecDeque<WebSocketEvent>);

impl Sent {
    /// All of them, oldest first.
    pub(super) fn events(&self) -> Vec<WebSocketEvent> {
        self.0.iter().cloned().collect()
    }
}

/// Whom an event of the server is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum To<'a> {
    /// Everybody.
    All,
    /// One user.
    User(&'a str),
    /// The members of a channel.
    Channel(&'a str),
    /// The members of a team.
    Team(&'a str),
}

impl Tables {
    /// Records an event.
    pub(super) fn publish(&mut self, event: WebSocketEvent) {
        remember(&mut self.websocket.0, event);
    }

    /// Records an event of the server itself.
    pub(super) fn event<const N: usize>(
        &mut self,
        name: &str,
        to: To<'_>,
        data: [(&str, Value); N],
    ) {
        let mut broadcast = WebsocketBroadcast::default();
        match to {
            To::All => {}
            To::User(id) => id.clone_into(&mut broadcast.user_id),
            To::Channel(id) => id.clone_into(&mut broadcast.channel_id),
            To::Team(id) => id.clone_into(&mut broadcast.team_id),
        }
        let payload = data.into_iter();
        self.publish(WebSocketEvent {
            name: name.to_owned(),
            payload: payload
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
            broadcast,
        });
    }
}

/// An object as the server writes it into an event; what has no JSON is left out.
pub(super) fn written<M: Modelled>(message: &M) -> Value {
    to_json(message).unwrap_or_default()
}
