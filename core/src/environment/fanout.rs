//! Hooks that go to more than one plugin.
//!
//! Order: plugins are asked one after another, in the order of their ids, so that what a chain leads to does not depend on who
//! was started first. A plugin that does not answer costs the others its deadline, and one that ends costs nothing.
//!
//! A hook that an administrator has closed stays closed while a plugin that has it is down against its will: such a plugin takes
//! its turn, and fails. One that was stopped on purpose is no part of it, and neither does a hook count that is closed by
//! default: nobody could save the configuration any more that would bring the plugin back.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::{Method, Rpc};
use prost::Message as _;
use tracing::Instrument as _;

use crate::api::chain::Link;
use crate::environment::Environment;
use crate::hooks::outcome::Failure;
use crate::hooks::table::{self, FanOut};
use crate::hooks::wire::WireError;
use crate::hooks::{FannedOut, FanningOut, Hooks, Ruled, Ruling};
use crate::ids::PluginId;
use crate::metrics::Open;

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
    /// Asks all running plugins that have a hook, and for a hook that is closed also those that should run. When it begins is when it is settled which they are; a plugin that is stopped
    /// meanwhile is left out.
    ///
    /// # Errors
    /// When the hook is about one plugin, or the request is none.
    pub async fn fan_out(
        &self,
        hook: &'static Method,
        request: Bytes,
    ) -> Result<FannedOut, FanOutError> {
        self.fan_out_in(hook, request, None).await
    }

    /// The same as a part of a chain of API calls and hooks.
    pub(super) async fn fan_out_in(
        &self,
        hook: &'static Method,
        request: Bytes,
        link: Option<&Link>,
    ) -> Result<FannedOut, FanOutError> {
        let name = hook.name;
        let row = table::row(hook)
            .filter(|row| row.fan_out != FanOut::One)
            .ok_or(FanOutError::One { hook: name })?;
        let span = tracing::debug_span!("fan_out", hook = name);
        let fanning = FanningOut::new(row, request);
        let open = Open::begin(|success, took| self.metrics.fan_out(hook, success, took));
        match self.ask_each(hook, fanning, link).instrument(span).await {
            Ok(fanned) => {
                open.end(fanned.is_success());
                Ok(fanned)
            }
            Err(source) => {
                open.discard();
                Err(FanOutError::Request { hook: name, source })
            }
        }
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
        link: Option<&Link>,
    ) -> Result<FannedOut, WireError> {
        for (plugin, hooks) in self.takers(hook) {
            let metrics = self.metrics.of(&plugin);
            let turn = Open::begin(|success, took| metrics.turn(hook, success, took));
            let outcome = match hooks.filter(|hooks| hooks.is_active()) {
                Some(hooks) => {
                    let request = match fanning.request_for(&plugin) {
                        Ok(request) => request,
                        Err(error) => {
                            turn.discard();
                            return Err(error);
                        }
                    };
                    let nested = link.is_some_and(|link| link.is_waited_for_by(&plugin));
                    let turn = link.map(|link| link.turn(&plugin));
                    let outcome = hooks.call_in(hook, request, nested).await;
                    drop(turn);
                    Some(hooks.rule(hook, fanning.request(), outcome))
                }
                // It may have gone down meanwhile.
                None if self.is_missed(&plugin, hook) => Some(Ruled {
                    request: fanning.request().clone(),
                    ruling: Ruling::Failed {
                        failure: Failure::inactive(hook.name),
                        passes: false,
                    },
                }),
                None => None,
            };
            let Some(ruled) = outcome else {
                turn.discard();
                continue;
            };
            let took = turn.took();
            turn.end(ruled.ruling.is_success());
            if fanning.take(plugin, ruled, took).is_break() {
                break;
            }
        }
        Ok(fanning.end())
    }

    /// The plugins that are to take a turn; without hooks those that are down and should not be.
    fn takers(&self, hook: &Method) -> Vec<(PluginId, Option<Arc<Hooks>>)> {
        let views = self.views.borrow();
        let takers = views.iter().filter_map(|(id, view)| {
            let hooks = match &view.session {
                Some(session) if session.hooks().implemented().contains(hook) => {
                    Some(Arc::clone(session.hooks()))
                }
                None if self.closed.contains(hook) && view.missed.contains(hook) => None,
                _ => return None,
            };
            Some((id.clone(), hooks))
        });
        takers.collect()
    }

    /// Whether a closed hook cannot be answered because its plugin is down.
    fn is_missed(&self, plugin: &PluginId, hook: &Method) -> bool {
        let views = self.views.borrow();
        let missed = views.get(plugin).map(|view| view.missed);
        self.closed.contains(hook) && missed.is_some_and(|missed| missed.contains(hook))
    }
}
