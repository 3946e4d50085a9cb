//! What is told about one request: events, metrics, a span and a line for the logs. Dropped without an end, it was cancelled.

use std::sync::Arc;

use plugin_proto::pb::ServeHttpRequestInit;
use tracing::Span;

use super::HOOK;
use crate::event::PluginEvents;
use crate::hooks::client::Hooks;
use crate::hooks::observed::{Observation, span_of};
use crate::hooks::outcome::Failure;
use crate::metrics::PluginMetrics;

#[derive(Debug)]
pub(super) struct Told {
    events: PluginEvents,
    observation: Option<Observation<Arc<PluginMetrics>, PluginEvents>>,
    request_id: Option<String>,
    span: Span,
    flatters: bool,
}

impl Told {
    pub(super) fn begin(hooks: &Hooks, head: &ServeHttpRequestInit) -> Self {
        let setting = &hooks.setting;
        let (metrics, events) = (Arc::clone(&setting.metrics), setting.events.clone());
        let context = head.plugin_context.as_ref();
        let request_id = context
            .map(|context| context.request_id.clone())
            .filter(|id| !id.is_empty());
        Self {
            span: span_of(HOOK, &setting.events, || request_id.clone()),
            observation: Some(Observation::begin(HOOK, metrics, events, || hooks.number())),
            events: setting.events.clone(),
            request_id,
            flatters: setting.rules.faults.count_failures_as_successes,
        }
    }

    /// The span of all that is done for this request.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn end(&mut self, word: &str, success: bool) {
        if let Some(observation) = self.observation.take() {
            observation.end(word, success || self.flatters);
        }
    }

    pub(super) fn failed(&mut self, failure: &Failure) {
        // Where only errors are wanted there is no span that says all this.
        tracing::error!(
            parent: &self.span,
            plugin = %self.events.plugin(),
            hook = HOOK.name,
            request_id = self.request_id,
            "hook {failure}"
        );
        self.end(failure.kind.word(), false);
    }
}
