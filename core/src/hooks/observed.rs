//! What is told about one call while it runs: events, metrics, and a span for the logs.
//!
//! Invariant: a call that was begun has one end, also when its caller goes away.

use std::borrow::Borrow;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_proto::Method;
use tracing::Span;
use tracing::field::Empty;

use crate::event::{PluginEvents, What};
use crate::hooks::wire;
use crate::metrics::PluginMetrics;

/// A call under way. Dropped without an end, it was cancelled. A call that ends with its
/// function borrows what it counts with, a stream has it as its own.
#[derive(Debug)]
pub(super) struct Observation<M: Borrow<PluginMetrics>, E: Borrow<PluginEvents>> {
    hook: &'static Method,
    metrics: M,
    events: E,
    /// Its number, if anybody listens.
    heard: Option<u64>,
    began: Instant,
    open: bool,
}

impl<M: Borrow<PluginMetrics>, E: Borrow<PluginEvents>> Observation<M, E> {
    /// Events are built only if somebody listens; `number` is asked for only then.
    pub(super) fn begin(
        hook: &'static Method,
        metrics: M,
        events: E,
        number: impl FnOnce() -> u64,
    ) -> Self {
        let heard = events.borrow().is_heard().then(number);
        if let Some(call) = heard {
            events.borrow().emit(What::HookStarted {
                hook: hook.name.to_owned(),
                call,
            });
        }
        Self {
            hook,
            metrics,
            events,
            heard,
            began: Instant::now(),
            open: true,
        }
    }

    pub(super) fn end(mut self, word: &str, success: bool) {
        self.close(word, success);
    }

    fn close(&mut self, word: &str, success: bool) {
        self.open = false;
        let took: Duration = self.began.elapsed();
        self.metrics.borrow().hook(self.hook, success, took);
        if let Some(call) = self.heard {
            self.events.borrow().emit(What::HookEnded {
                hook: self.hook.name.to_owned(),
                call,
                outcome: word.to_owned(),
                took,
            });
        }
    }
}

impl<M: Borrow<PluginMetrics>, E: Borrow<PluginEvents>> Drop for Observation<M, E> {
    fn drop(&mut self) {
        if self.open {
            self.close("cancelled", false);
        }
    }
}

/// The span of a call; nothing is looked up for one that nobody wants.
pub(super) fn span(hook: &'static Method, events: &PluginEvents, request: &Bytes) -> Span {
    let span = tracing::debug_span!(
        "hook",
        plugin = %events.plugin(),
        hook = hook.name,
        request_id = Empty
    );
    if !span.is_disabled()
        && let Some(id) = request_id(request)
    {
        span.record("request_id", id);
    }
    span
}

/// The id of the request that a hook belongs to: the first text of [`RequestContext`](plugin_proto::pb::RequestContext) or
/// `PluginContext` that is one.
pub(super) fn request_id(request: &Bytes) -> Option<String> {
    /// In every request, and in those that have a second context.
    const CONTEXTS: [u32; 2] = [1, 2];
    /// In both contexts.
    const REQUEST_ID: u32 = 2;
    CONTEXTS.into_iter().find_map(|context| {
        let context = wire::message(request, context).ok()??;
        let id = wire::scalar(&context, REQUEST_ID).ok()?;
        let id = String::from_utf8(id.into()).ok()?;
        (!id.is_empty()).then_some(id)
    })
}
