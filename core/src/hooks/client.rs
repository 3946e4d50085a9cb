//! Calls hooks: gate, redaction, limit, deadline, outcome, ruling. No task is spawned for a call, one timer runs, no lock is
//! held.
//!
//! A call belongs to its caller: dropped, it resets its stream, and the plugin sees the cancellation.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use plugin_proto::lane::Lane;
use plugin_proto::{Method, Rpc, Shape, call, find_hook};
use prost::Message;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tracing::Instrument as _;

use crate::event::PluginEvents;
use crate::hooks::effect;
use crate::hooks::implemented::HookSet;
use crate::hooks::lifeline::Lifeline;
use crate::hooks::observed::{self, Observation};
use crate::hooks::outcome::{Failure, Outcome};
use crate::hooks::rules::Rules;
use crate::hooks::ruling::{self, Ruled, RuledAs, Ruling};
use crate::hooks::table::{self, Gate};
use crate::hooks::turns::{Full, Turns};
use crate::in_band;
use crate::metrics::PluginMetrics;

/// What the hooks of a plugin are called with.
#[derive(Debug)]
pub struct HooksSetting {
    /// The connection.
    pub channel: Channel,
    /// The connection for streams.
    pub streams: Lane,
    /// The hooks that the plugin has; no others are ever called.
    pub implemented: HookSet,
    /// What calls go by.
    pub rules: Rules,
    /// Ends calls whose plugin has ended.
    pub lifeline: Lifeline,
    /// Where calls are counted.
    pub metrics: Arc<PluginMetrics>,
    /// Where to report.
    pub events: PluginEvents,
}

/// The hooks of one plugin.
///
/// Invariant: no hook but the host's own calls is delivered before `OnActivate` was answered or after `OnDeactivate` was
/// called.
#[derive(Debug)]
pub struct Hooks {
    pub(super) setting: HooksSetting,
    pub(super) turns: Option<Arc<Turns>>,
    active: AtomicBool,
    calls: AtomicU64,
}

/// How an RPC ended, if it did.
enum Sent {
    Ended(Result<Bytes, Status>),
    Full(Full),
}

impl Hooks {
    /// The hooks of a plugin that is not active yet.
    pub(crate) fn new(setting: HooksSetting) -> Self {
        Self {
            turns: setting.rules.limit.map(|limit| Arc::new(Turns::new(limit))),
            setting,
            active: AtomicBool::new(false),
            calls: AtomicU64::new(1),
        }
    }

    /// From now on hooks are delivered, or no more.
    pub(crate) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
    }

    /// Whether hooks are delivered.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// Whether the plugin has the hook of this name.
    pub fn implements(&self, name: &str) -> bool {
        find_hook(name).is_some_and(|hook| self.setting.implemented.contains(hook))
    }

    /// The hooks that the plugin has.
    pub fn implemented(&self) -> HookSet {
        self.setting.implemented
    }

    /// Asks a hook, and says what its answer, or that there is none, means for the request.
    pub async fn ask<R: Rpc>(&self, request: R::Request) -> RuledAs<R> {
        let wire = Bytes::from(request.encode_to_vec());
        let ruled = self.ask_raw(R::METHOD, wire).await;
        ruled.typed::<R>().unwrap_or_else(|error| {
            let failure = Failure::violation(R::METHOD.name, error.to_string());
            let passes = false;
            Ruled {
                request,
                ruling: Ruling::Failed { failure, passes },
            }
        })
    }

    /// The same with the bytes of the request.
    pub async fn ask_raw(&self, hook: &'static Method, request: Bytes) -> Ruled {
        let outcome = self.call_raw(hook, request.clone()).await;
        self.rule(hook, &request, outcome)
    }

    /// What the end of a call means that was made with this request.
    pub fn rule(&self, hook: &'static Method, request: &Bytes, outcome: Outcome<Bytes>) -> Ruled {
        match table::row(hook) {
            Some(row) => ruling::rule(row, &self.setting.rules.policy, request, outcome),
            None => {
                let failure = Failure::violation(hook.name, "it is not called by hosts".to_owned());
                let passes = false;
                Ruled {
                    request: request.clone(),
                    ruling: Ruling::Failed { failure, passes },
                }
            }
        }
    }

    /// Calls a hook with its own types. The plugin context, where a hook has one, is part of the request.
    pub async fn call<R: Rpc>(&self, request: R::Request) -> Outcome<R::Response> {
        let request = Bytes::from(request.encode_to_vec());
        decoded::<R>(self.call_raw(R::METHOD, request).await)
    }

    /// Calls any unary hook with the bytes of its request.
    pub async fn call_raw(&self, hook: &'static Method, request: Bytes) -> Outcome<Bytes> {
        let within = self.setting.rules.deadline(hook);
        self.call_raw_within(hook, request, within).await
    }

    /// The same with a deadline for this call alone.
    pub async fn call_raw_within(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
    ) -> Outcome<Bytes> {
        match self.check(hook, self.is_active()) {
            None => {
                self.observed(hook, request, within, self.turns.as_deref())
                    .await
            }
            Some(not_called) => not_called,
        }
    }

    /// Calls a hook that an API call led to. `nested` is one that the plugin itself waits for: it waits for no turn, because the turn that
    /// it would wait for may be held by the hook in which the plugin waits.
    pub(crate) async fn call_in(
        &self,
        hook: &'static Method,
        request: Bytes,
        nested: bool,
    ) -> Outcome<Bytes> {
        if !nested {
            return self.call_raw(hook, request).await;
        }
        match self.check(hook, self.is_active()) {
            None => {
                let within = self.setting.rules.deadline(hook);
                self.observed(hook, request, within, None).await
            }
            Some(not_called) => not_called,
        }
    }

    /// A call of the host itself, for the hooks that come before the plugin is active or after; it waits for no turn, because
    /// a plugin that has its hands full must be told to stop all the same.
    pub(crate) async fn call_own<R: Rpc>(&self, request: R::Request) -> Outcome<R::Response> {
        let early = table::row(R::METHOD).is_some_and(|row| row.gate == Gate::BeforeActive);
        if let Some(not_called) = self.check(R::METHOD, early) {
            return not_called;
        }
        let request = Bytes::from(request.encode_to_vec());
        let within = self.setting.rules.deadline(R::METHOD);
        decoded::<R>(self.observed(R::METHOD, request, within, None).await)
    }

    /// The outcome of a call that is not made, if it is not to be made.
    fn check<T>(&self, hook: &'static Method, open: bool) -> Option<Outcome<T>> {
        if let Some(not_called) = self.gate(hook, open) {
            return Some(not_called);
        }
        if hook.shape == Shape::Stream {
            let text = "it streams and cannot be called with one message".to_owned();
            return Some(Outcome::Failed(Failure::violation(hook.name, text)));
        }
        None
    }

    /// What every call has to pass, whatever its form.
    pub(super) fn gate<T>(&self, hook: &'static Method, open: bool) -> Option<Outcome<T>> {
        if !self.setting.implemented.contains(hook) {
            return Some(Outcome::NotImplemented);
        }
        (!open).then(|| Outcome::Failed(Failure::inactive(hook.name)))
    }

    /// The next number of a call.
    pub(super) fn number(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    async fn observed(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
        turns: Option<&Turns>,
    ) -> Outcome<Bytes> {
        let HooksSetting {
            metrics, events, ..
        } = &self.setting;
        let number = || self.number();
        let observation = Observation::begin(hook, &**metrics, events, number);
        let span = observed::span(hook, events, &request);
        let exchange = self.exchange(hook, request, within, turns);
        let outcome = if span.is_disabled() {
            exchange.await
        } else {
            exchange.instrument(span).await
        };
        let success = matches!(outcome, Outcome::Answered(_));
        let flattered = self.setting.rules.faults.count_failures_as_successes && !hook.has_error;
        observation.end(outcome.word(), success || flattered);
        outcome
    }

    async fn exchange(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
        turns: Option<&Turns>,
    ) -> Outcome<Bytes> {
        let asked = request.clone();
        let outcome = match self.setting.rules.redaction.request(hook, request) {
            Ok(request) => self.deliver(hook, request, within, turns).await,
            Err(error) => {
                let text = format!("the request was not sent: {error}");
                Outcome::Failed(Failure::violation(hook.name, text))
            }
        };
        if let Outcome::Failed(failure) = &outcome {
            // Where only errors are wanted there is no span that says all this.
            tracing::error!(
                plugin = %self.setting.events.plugin(),
                hook = hook.name,
                request_id = observed::request_id(hook, &asked),
                "hook {failure}"
            );
        }
        outcome
    }

    /// The deadline counts from here: waiting for a turn is waiting, too.
    async fn deliver(
        &self,
        hook: &'static Method,
        request: Bytes,
        within: Duration,
        turns: Option<&Turns>,
    ) -> Outcome<Bytes> {
        let judged = table::row(hook).filter(|row| effect::may_fail(row));
        let judged = judged.map(|row| (row, request.clone()));
        // Pinned here: handed on by value, the future around it would have room for it twice.
        let sent = pin!(timeout(within, self.send(hook, request, turns)));
        match self.setting.lifeline.hold(sent).await {
            Ok(Ok(Sent::Ended(Ok(answer)))) => match (self.read(hook, answer), judged) {
                (Outcome::Answered(answer), Some((row, request))) => {
                    self.judge(row, &request, answer)
                }
                (outcome, _) => outcome,
            },
            Ok(Ok(Sent::Ended(Err(status)))) => {
                Outcome::Failed(Failure::from_status(hook.name, &status))
            }
            Ok(Ok(Sent::Full(Full(limit)))) => {
                Outcome::Failed(Failure::overloaded(hook.name, limit))
            }
            Ok(Err(_)) => Outcome::Failed(Failure::deadline(hook.name, within)),
            Err(exit) => Outcome::Failed(Failure::gone(hook.name, exit)),
        }
    }

    async fn send(&self, hook: &'static Method, request: Bytes, turns: Option<&Turns>) -> Sent {
        let _turn = match turns {
            None => None,
            Some(turns) => match turns.take().await {
                Ok(turn) => Some(turn),
                Err(full) => return Sent::Full(full),
            },
        };
        let channel = &self.setting.channel;
        if !self.setting.rules.faults.outlive_callers {
            return Sent::Ended(call::call_raw(channel, hook.path, Request::new(request)).await);
        }
        let channel = channel.clone();
        let detached = tokio::spawn(async move {
            call::call_raw(&channel, hook.path, Request::new(request)).await
        });
        Sent::Ended(
            detached
                .await
                .unwrap_or_else(|error| Err(Status::internal(error.to_string()))),
        )
    }

    /// An answer whose JSON is none is no answer, for whoever counts as for whoever asked.
    fn judge(&self, row: &table::Row, request: &Bytes, answer: Bytes) -> Outcome<Bytes> {
        let consumed = self.setting.rules.policy.consumed;
        match effect::apply(row, consumed, request, &answer) {
            Ok(_) => Outcome::Answered(answer),
            Err(error) => {
                let text = error.to_string();
                Outcome::Failed(Failure::violation(row.hook.name, text))
            }
        }
    }

    /// An answer that does not decode to its last field is none, and one with an error in band is a refusal.
    fn read(&self, hook: &'static Method, answer: Bytes) -> Outcome<Bytes> {
        let whole = table::row(hook).map_or(Ok(()), |row| row.check_answer(&answer));
        if let Err(error) = whole {
            return Outcome::Failed(Failure::violation(hook.name, error.to_string()));
        }
        if !hook.has_error {
            return Outcome::Answered(answer);
        }
        match in_band::decode(&answer) {
            Ok(None) => Outcome::Answered(answer),
            Ok(Some(mut error)) => {
                if self.setting.rules.faults.swallow_error_text {
                    error.message.clear();
                }
                Outcome::Refused(Box::new(error))
            }
            Err(error) => Outcome::Failed(Failure::violation(hook.name, error.to_string())),
        }
    }
}

fn decoded<R: Rpc>(outcome: Outcome<Bytes>) -> Outcome<R::Response> {
    outcome.and_then(|answer| {
        R::Response::decode(answer)
            .map_err(|error| Failure::violation(R::METHOD.name, error.to_string()))
    })
}
