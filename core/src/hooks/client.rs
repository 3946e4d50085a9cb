//! Calls hooks: gate, deadline, outcome. No task is spawned for a call, one timer runs, no lock is held.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_proto::{Method, Rpc, Shape, call, find_hook};
use prost::Message;
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;

use crate::event::{PluginEvents, What};
use crate::hooks::implemented::HookSet;
use crate::hooks::lifeline::Lifeline;
use crate::hooks::outcome::{Failure, Outcome};
use crate::in_band;

/// How long hooks may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// For every hook that has no deadline of its own.
    pub every: Duration,
    /// For single hooks, by name.
    pub single: BTreeMap<String, Duration>,
}

impl Deadlines {
    /// The deadline of one hook.
    pub fn of(&self, hook: &Method) -> Duration {
        if self.single.is_empty() {
            return self.every;
        }
        self.single.get(hook.name).copied().unwrap_or(self.every)
    }
}

/// What the hooks of a plugin are called with.
#[derive(Debug)]
pub struct HooksSetting {
    /// The connection.
    pub channel: Channel,
    /// The hooks that the plugin has; no others are ever called.
    pub implemented: HookSet,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// Ends calls whose plugin has ended.
    pub lifeline: Lifeline,
    /// Where to report.
    pub events: PluginEvents,
}

/// The hooks of one plugin.
///
/// Invariant: no hook but the host's own calls is delivered before `OnActivate` was answered or after `OnDeactivate` was
/// called.
#[derive(Debug)]
pub struct Hooks {
    setting: HooksSetting,
    active: AtomicBool,
    calls: AtomicU64,
}

impl Hooks {
    /// The hooks of a plugin that is not active yet.
    pub(crate) fn new(setting: HooksSetting) -> Self {
        Self {
            setting,
            active: AtomicBool::new(false),
            calls: AtomicU64::new(1),
        }
    }

    /// From now on hooks are delivered, or no more.
    pub(crate) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
    }

    /// Whether the plugin has the hook of this name.
    pub fn implements(&self, name: &str) -> bool {
        find_hook(name).is_some_and(|hook| self.setting.implemented.contains(hook))
    }

    /// The hooks that the plugin has.
    pub fn implemented(&self) -> HookSet {
        self.setting.implemented
    }

    /// Calls a hook with its own types. The plugin context, where a hook has one, is part of the request.
    pub async fn call<R: Rpc>(&self, request: R::Request) -> Outcome<R::Response> {
        match self.check(R::METHOD) {
            None => self.call_own::<R>(request).await,
            Some(not_called) => not_called,
        }
    }

    /// Calls any unary hook with the bytes of its request.
    pub async fn call_raw(&self, hook: &'static Method, request: Bytes) -> Outcome<Bytes> {
        let within = self.setting.deadlines.of(hook);
        self.call_raw_within(hook, request, within).await
    }

    /// The same with a deadline for this call alone.
    pub async fn call_raw_within(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
    ) -> Outcome<Bytes> {
        match self.check(hook) {
            None => self.observed(hook, request, within).await,
            Some(not_called) => not_called,
        }
    }

    /// A call of the host itself, also to a plugin that is not active yet or any more.
    pub(crate) async fn call_own<R: Rpc>(&self, request: R::Request) -> Outcome<R::Response> {
        if !self.setting.implemented.contains(R::METHOD) {
            return Outcome::NotImplemented;
        }
        let request = Bytes::from(request.encode_to_vec());
        let within = self.setting.deadlines.of(R::METHOD);
        let outcome = self.observed(R::METHOD, request, within).await;
        outcome.and_then(|answer| {
            R::Response::decode(answer)
                .map_err(|error| Failure::violation(R::METHOD.name, error.to_string()))
        })
    }

    /// The outcome of a call that is not made, if it is not to be made.
    fn check<T>(&self, hook: &'static Method) -> Option<Outcome<T>> {
        if !self.setting.implemented.contains(hook) {
            return Some(Outcome::NotImplemented);
        }
        if !self.active.load(Ordering::Acquire) {
            return Some(Outcome::Failed(Failure::inactive(hook.name)));
        }
        if hook.shape == Shape::Stream {
            let text = "it streams and cannot be called with one message".to_owned();
            return Some(Outcome::Failed(Failure::violation(hook.name, text)));
        }
        None
    }

    /// Events are built only if somebody listens.
    async fn observed(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
    ) -> Outcome<Bytes> {
        let events = &self.setting.events;
        if !events.is_heard() {
            return self.exchange(hook, request, within).await;
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = hook.name.to_owned();
        events.emit(What::HookStarted { hook: name, call });
        let began = Instant::now();
        let outcome = self.exchange(hook, request, within).await;
        events.emit(What::HookEnded {
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
        let exchange = call::call_raw(&self.setting.channel, hook.path, Request::new(request));
        let held = self.setting.lifeline.hold(timeout(within, exchange)).await;
        let outcome = match held {
            Ok(Ok(Ok(answer))) => read(hook, answer),
            Ok(Ok(Err(status))) => Outcome::Failed(Failure::from_status(hook.name, &status)),
            Ok(Err(_)) => Outcome::Failed(Failure::deadline(hook.name, within)),
            Err(exit) => Outcome::Failed(Failure::gone(hook.name, exit)),
        };
        if let Outcome::Failed(failure) = &outcome {
            tracing::error!(plugin = %self.setting.events.plugin(), "hook {failure}");
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
