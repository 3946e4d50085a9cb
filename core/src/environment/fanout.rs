//! Hooks that go to more than one plugin.
//!
//! Order: plugins are asked one after another, in the order of their ids, so that what a chain leads to does not depend on who
//! was started first. A plugin that does not answer costs the others its deadline, and one that ends costs nothing.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use plugin_proto::{Method, Rpc};
use prost::Message as _;
use tracing::Instrument as _;

use crate::environment::Environment;
use crate::hooks::table::{self, FanOut};
use crate::hooks::wire::WireError;
use crate::hooks::{FannedOut, FanningOut, Hooks};
use crate::ids::PluginId;

/// Why a hook was not fanned out; no plugin was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FanOutError {
    /// The hook is about one plugin.
    #[error("{hook} goes to one plugin, not to all of them")]
    One {
        /// The hook.
        hook: &'static str,
    },
    /// The request does not decode.
    #[error("the request of {hook} does not decode")]
    Request {
        /// The hook.
        hook: &'static str,
        /// What is wrong with it.
        source: WireError,
    },
}

impl Environment {
    /// Asks all running plugins that have a hook. When it begins is when it is settled which they are; a plugin that is stopped
    /// meanwhile is left out.
    ///
    /// # Errors
    /// When the hook is about one plugin, or the request is none.
    pub async fn fan_out(
        &self,
        hook: &'static Method,
        request: Bytes,
    ) -> Result<FannedOut, FanOutError> {
        let name = hook.name;
        let row = table::row(hook)
            .filter(|row| row.fan_out != FanOut::One)
            .ok_or(FanOutError::One { hook: name })?;
        let span = tracing::debug_span!("fan_out", hook = name);
        let fanning = FanningOut::new(row, request);
        let began = Instant::now();
        let fanned = self.ask_each(hook, fanning).instrument(span).await;
        let fanned = fanned.map_err(|source| FanOutError::Request { hook: name, source })?;
        self.metrics
            .fan_out(hook, fanned.is_success(), began.elapsed());
        Ok(fanned)
    }

    /// The same with the types of the hook.
    ///
    /// # Errors
    /// When the hook is about one plugin.
    pub async fn fan_out_as<R: Rpc>(&self, request: R::Request) -> Result<FannedOut, FanOutError> {
        self.fan_out(R::METHOD, request.encode_to_vec().into())
            .await
    }

    /// The hooks of all running plugins, in the order of their ids.
    pub fn running_hooks(&self) -> Vec<(PluginId, Arc<Hooks>)> {
        let views = self.views.borrow();
        let running = views.iter().filter_map(|(id, view)| {
            let session = view.session.as_ref()?;
            Some((id.clone(), Arc::clone(session.hooks())))
        });
        running.collect()
    }

    async fn ask_each(
        &self,
        hook: &'static Method,
        mut fanning: FanningOut,
    ) -> Result<FannedOut, WireError> {
        for (plugin, hooks) in self.running_hooks() {
            if !hooks.implemented().contains(hook) || !hooks.is_active() {
                continue;
            }
            let request = fanning.request_for(&plugin)?;
            let began = Instant::now();
            let outcome = hooks.call_raw(hook, request).await;
            let took = began.elapsed();
            let ruled = hooks.rule(hook, fanning.request(), outcome);
            hooks.metrics().turn(hook, ruled.ruling.is_success(), took);
            if fanning.take(plugin, ruled, took).is_break() {
                break;
            }
        }
        Ok(fanning.end())
    }
}
