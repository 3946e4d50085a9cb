//! What is known of a request when it has ended, told once: to the log, to whoever asked, and to the counters.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::header::HeaderValue;
use http::request::Parts;
use http::{Method, StatusCode, Uri, Version};
use serde::{Serialize, Serializer};

use crate::front::gauges::Gauges;
use crate::front::handler::Client;
use crate::front::options::OnAccess;
use crate::front::socket::Link;
use crate::front::visitor;
use crate::ids::PluginId;

/// A request that has ended.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// Its id.
    pub request_id: String,
    /// The client.
    pub peer: SocketAddr,
    /// The method.
    pub method: String,
    /// What was asked for, without a login in its query.
    pub target: String,
    /// `HTTP/1.1`, `HTTP/2.0`.
    pub protocol: String,
    /// The plugin that it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// The status of the answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of the request's body that came.
    pub received: u64,
    /// Bytes of the answer's body that went.
    pub sent: u64,
    /// How it ended.
    pub end: AccessEnd,
    /// Why there was no answer, or not the whole of it: the stable word of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'static str>,
    /// How long it took.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessEnd {
    /// The answer is whole.
    Complete,
    /// The answer broke off, and the client was made to see it.
    Truncated,
    /// The client went away, or the front was closed.
    Left,
}

impl AccessEnd {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Left => "left",
        }
    }
}

/// A request under way. Dropped without an end, its client has left.
pub(super) struct Record {
    gauges: Arc<Gauges>,
    on_access: Option<OnAccess>,
    client: Client,
    id: HeaderValue,
    method: Method,
    uri: Uri,
    version: Version,
    began: Instant,
    received: Arc<AtomicU64>,
    pub(super) plugin: Option<PluginId>,
    pub(super) status: Option<StatusCode>,
    pub(super) failure: Option<&'static str>,
    pub(super) sent: u64,
    pub(super) end: AccessEnd,
}

impl Record {
    pub(super) fn begin(
        gauges: &Arc<Gauges>,
        on_access: Option<&OnAccess>,
        client: Client,
        id: HeaderValue,
        parts: &Parts,
    ) -> Self {
        gauges.begin();
        client.link.begin();
        Self {
            gauges: Arc::clone(gauges),
            on_access: on_access.cloned(),
            client,
            id,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            began: Instant::now(),
            received: Arc::default(),
            plugin: None,
            status: None,
            failure: None,
            sent: 0,
            end: AccessEnd::Left,
        }
    }

    /// Where the bytes of the request's body are counted.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    pub(super) fn id(&self) -> &HeaderValue {
        &self.id
    }

    /// Who asks.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// What is told to the socket.
    pub(super) fn link(&self) -> &Arc<Link> {
        &self.client.link
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    fn access(&self) -> Access {
        let target = match self.uri.path_and_query() {
            Some(path) => path.as_str(),
            None => self.uri.path(),
        };
        Access {
            request_id: String::from_utf8_lossy(self.id.as_bytes()).into_owned(),
            peer: self.client.peer,
            method: self.method.to_string(),
            target: visitor::without_login(target).into_owned(),
            protocol: format!("{:?}", self.version),
            plugin: self.plugin.clone(),
            status: self.status.map(|status| status.as_u16()),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent,
            end: self.end,
            failure: self.failure,
            took: self.began.elapsed(),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.gauges.end(self.status, self.end);
        self.client.link.end();
        let logged = tracing::enabled!(target: "plugin_host::access", tracing::Level::INFO);
        if !logged && self.on_access.is_none() {
            return;
        }
        let access = self.access();
        tracing::info!(
            target: "plugin_host::access",
            request_id = access.request_id,
            peer = %access.peer,
            method = access.method,
            target = access.target,
            protocol = access.protocol,
            plugin = access.plugin.as_ref().map(PluginId::as_str),
            status = access.status,
            received = access.received,
            sent = access.sent,
            end = access.end.word(),
            failure = access.failure,
            took = ?access.took,
        );
        if let Some(on_access) = &self.on_access {
            on_access(&access);
        }
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}
