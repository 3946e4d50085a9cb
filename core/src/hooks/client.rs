//! Calls hooks: gate, deadline, outcome. No task is spawned for a call, one timer runs, no lock is held.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_proto::{Method, Rpc, Shape, call, find_hook};
use prost::Message;
use tonic::Request;
use tonic::transport::Channel;

use crate::event::{PluginEvents, What};
use crate::hooks::implemented::HookSet;
use crate::hooks::outcome::{Failure, Outcome};
use crate::in_band;

/// How long hooks may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// For every hook that has no deadline of its own.
    pub every: Duration,
    /// For single hooks, by name.
    pub single: BTreeMap<&'static str, Duration>,
}

impl Deadlines {
    /// The same deadline for all hooks.
    pub fn all(every: Duration) -> Self {
        Self {
            every,
            single: BTreeMap::new(),
        }
    }

    /// The deadline of one hook.
    pub fn of(&self, hook: &Method) -> Duration {
        if self.single.is_empty() {
            return self.every;
        }
        self.single.get(hook.name).copied().unwrap_or(self.every)
    }
}

/// The hooks of one running plugin.
#[derive(Debug)]
pub struct Hooks {
    channel: Channel,
    implemented: HookSet,
    deadlines: Deadlines,
    events: PluginEvents,
    calls: AtomicU64,
}

impl Hooks {
    /// The hooks behind a channel, of which only those in `implemented` are ever called.
    pub fn new(
        channel: Channel,
        implemented: HookSet,
        deadlines: Deadlines,
        events: PluginEvents,
    ) -> Self {
        Self {
            channel,
            implemented,
            deadlines,
            events,
            calls: AtomicU64::new(1),
        }
    }

    /// Whether the plugin has the hook of this name.
    pub fn implements(&self, name: &str) -> bool {
        find_hook(name).is_some_and(|hook| self.implemented.contains(hook))
    }

    /// The hooks that the plugin has.
    pub fn implemented(&self) -> HookSet {
        self.implemented
    }

    /// Calls a hook with its own types. The plugin context, where a hook has one, is part of the request.
    pub async fn call<R: Rpc>(&self, request: R::Request) -> Outcome<R::Response> {
        if !self.implemented.contains(R::METHOD) {
            return Outcome::NotImplemented;
        }
        let request = Bytes::from(request.encode_to_vec());
        self.call_raw(R::METHOD, request).await.and_then(|answer| {
            R::Response::decode(answer)
                .map_err(|error| Failure::violation(R::METHOD.name, error.to_string()))
        })
    }

    /// Calls any unary hook with the bytes of its request.
    pub async fn call_raw(&self, hook: &'static Method, request: Bytes) -> Outcome<Bytes> {
        let within = self.deadlines.of(hook);
        self.call_raw_within(hook, request, within).await
    }

    /// The same with a deadline for this call alone.
    pub async fn call_raw_within(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
    ) -> Outcome<Bytes> {
        if !self.implemented.contains(hook) {
            return Outcome::NotImplemented;
        }
        if hook.shape == Shape::Stream {
            let text = "it streams and cannot be called with one message".to_owned();
            return Outcome::Failed(Failure::violation(hook.name, text));
        }
        if !self.events.is_heard() {
            return self.exchange(hook, request, within).await;
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = hook.name.to_owned();
        self.events.emit(What::HookStarted { hook: name, call });
        let began = Instant::now();
        let outcome = self.exchange(hook, request, within).await;
        self.events.emit(What::HookEnded {
            hook: hook.name.to_owned(),
            call,
            outcome: outcome.word().to_owned(),
            took: began.elapsed(),
        });
        outcome
    }

    async fn exchange(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
    ) -> Outcome<Bytes> {
        let exchange = call::call_raw(&self.channel, hook.path, Request::new(request));
        let outcome = match tokio::time::timeout(within, exchange).await {
            Err(_) => Outcome::Failed(Failure::deadline(hook.name, within)),
            Ok(Err(status)) => Outcome::Failed(Failure::from_status(hook.name, &status)),
            Ok(Ok(answer)) => read(hook, answer),
        };
        if let Outcome::Failed(failure) = &outcome {
            tracing::error!(plugin = %self.events.plugin(), "hook {failure}");
        }
        outcome
    }
}

/// An answer with an error in band is a refusal.
fn read(hook: &'static Method, answer: Bytes) -> Outcome<Bytes> {
    if !hook.has_error {
        return Outcome::Answered(answer);
    }
    match in_band::decode(&answer) {
        Ok(None) => Outcome::Answered(answer),
        Ok(Some(error)) => Outcome::Refused(Box::new(error)),
        Err(error) => Outcome::Failed(Failure::violation(hook.name, error.to_string())),
    }
}
