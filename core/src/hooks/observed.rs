//! What is told about one call while it runs: events, metrics, and a span for the logs.
//!
//! Invariant: a call that was begun has one end, also when its caller goes away.

use std::borrow::Borrow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_proto::{HOOKS, Method, reflect};
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

/// The span of a call with the bytes of its request.
pub(super) fn span(hook: &'static Method, events: &PluginEvents, request: &Bytes) -> Span {
    span_of(hook, events, || request_id(hook, request))
}

/// The span of a call; nothing is looked up for one that nobody wants.
pub(super) fn span_of(
    hook: &'static Method,
    events: &PluginEvents,
    request_id: impl FnOnce() -> Option<String>,
) -> Span {
    let span = tracing::debug_span!(
        "hook",
        plugin = %events.plugin(),
        hook = hook.name,
        request_id = Empty
    );
    if !span.is_disabled()
        && let Some(id) = request_id()
    {
        span.record("request_id", id);
    }
    span
}

/// The id of the request that a hook belongs to: that of the first of the request's contexts that has one.
pub(super) fn request_id(hook: &Method, request: &Bytes) -> Option<String> {
    contexts(hook).iter().find_map(|(context, id)| {
        let context = wire::message(request, *context).ok()??;
        let id = wire::scalar(&context, *id).ok()?;
        let id = String::from_utf8(id.into()).ok()?;
        (!id.is_empty()).then_some(id)
    })
}

/// Where a hook's request holds contexts, and where each of them holds the id; in the order of the numbers.
fn contexts(hook: &Method) -> &'static [(u32, u32)] {
    /// Messages of the contract that say on whose behalf a hook is called.
    const CONTEXTS: [&str; 2] = ["RequestContext", "PluginContext"];
    static ALL: OnceLock<Vec<Vec<(u32, u32)>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let of = |hook: &Method| {
            let request = reflect::pool().get_message_by_name(hook.request);
            let request = request.expect("the descriptor has the request of each of its methods");
            let contexts = request.fields().filter_map(|field| {
                let kind = field.kind();
                let context = kind.as_message()?;
                let id = context.get_field_by_name("request_id")?;
                let is_context = CONTEXTS.contains(&context.name());
                is_context.then_some((field.number(), id.number()))
            });
            let mut contexts: Vec<_> = contexts.collect();
            contexts.sort_unstable();
            contexts
        };
        HOOKS.iter().map(of).collect()
    });
    all.get(hook.index).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use plugin_proto::Shape;

    fn message(fields: &[(u32, &[u8])]) -> Bytes {
        let mut message = BytesMut::new();
        for (number, value) in fields {
            wire::put(&mut message, *number, value);
        }
        message.freeze()
    }

    #[test]
    fn an_id_is_taken_from_the_contexts_of_a_request_and_from_nothing_else() {
        let context = |id: &str| message(&[(2, id.as_bytes())]);
        let mut with_two = 0;
        for hook in HOOKS {
            let request = reflect::pool().get_message_by_name(hook.request).unwrap();
            let number = |name| Some(request.get_field_by_name(name)?.number());
            let (outer, inner) = (number("context"), number("plugin_context"));
            // Every other field looks like a context.
            let wrong = context("wrong");
            let others: Vec<(u32, &[u8])> = request
                .fields()
                .map(|field| field.number())
                .filter(|number| Some(*number) != outer && Some(*number) != inner)
                .map(|number| (number, &wrong[..]))
                .collect();
            let seen = |contexts: &[(u32, &[u8])]| {
                let request = message(&[&others, contexts].concat());
                request_id(hook, &request)
            };
            assert_eq!(seen(&[]), None, "{}", hook.name);
            let (first, second) = (context("outer"), context("inner"));
            let Some(outer) = outer else {
                assert_eq!((hook.shape, inner), (Shape::Stream, None), "{}", hook.name);
                continue;
            };
            let outer = (outer, &first[..]);
            assert_eq!(seen(&[outer]).as_deref(), Some("outer"), "{}", hook.name);
            if let Some(inner) = inner {
                with_two += 1;
                let inner = (inner, &second[..]);
                assert_eq!(seen(&[inner]).as_deref(), Some("inner"), "{}", hook.name);
                assert_eq!(
                    seen(&[inner, outer]).as_deref(),
                    Some("outer"),
                    "{}",
                    hook.name
                );
            }
        }
        assert!((1..HOOKS.len()).contains(&with_two), "{with_two}");
    }
}
