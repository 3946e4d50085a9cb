//! API methods that call a hook of the calling plugin before they are answered, as an application's methods may.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use plugin_host::api::chain::{Chains, DEFAULT_LIMIT, REQUEST_ID};
use plugin_host::api::plugins::Plugins;
use plugin_host::ids::PluginId;
use plugin_proto::{Call, Method, Methods, find_api, find_hook};

use crate::driver::fault::Fault;
use crate::driver::protocol::Refusal;

/// The methods, their hooks, and the plugins of the host.
#[derive(Clone, Debug)]
pub(in crate::driver) struct InApi {
    pairs: Vec<(&'static Method, &'static Method)>,
    plugins: Arc<OnceLock<Arc<dyn Plugins>>>,
    chains: Arc<Chains>,
}

impl InApi {
    /// What was configured, if all the names are known.
    pub(in crate::driver) fn read(names: &BTreeMap<String, String>) -> Result<InApi, Refusal> {
        let unknown = |name: &str| Refusal {
            kind: "configuration".to_owned(),
            message: format!("in_api: {name:?} is not known"),
            ..Refusal::default()
        };
        let pairs = names.iter().map(|(method, hook)| {
            let known = find_api(method).ok_or_else(|| unknown(method))?;
            Ok((known, find_hook(hook).ok_or_else(|| unknown(hook))?))
        });
        Ok(InApi {
            pairs: pairs.collect::<Result<_, Refusal>>()?,
            plugins: Arc::default(),
            chains: Chains::new(DEFAULT_LIMIT),
        })
    }

    /// The same for another environment.
    pub(in crate::driver) fn elsewhere(&self) -> InApi {
        InApi {
            plugins: Arc::default(),
            ..self.clone()
        }
    }

    /// From now on the hooks of these plugins are called.
    pub(super) fn attach(&self, plugins: Arc<dyn Plugins>) {
        self.plugins.get_or_init(|| plugins);
    }

    /// Puts the hooks before the answers.
    pub(super) fn register(&self, fault: Option<Fault>, id: &PluginId, methods: &mut Methods) {
        if fault == Some(Fault::SkipsNestedHooks) {
            return;
        }
        for (method, hook) in self.pairs.iter().copied() {
            let answering = Arc::new(methods.clone());
            let (own, id) = (self.clone(), id.clone());
            methods.unary(method.path, move |call| {
                let answering = Arc::clone(&answering);
                let (own, id) = (own.clone(), id.clone());
                async move {
                    own.lead_to(fault, &id, hook, &call).await;
                    answering.dispatch(call).await
                }
            });
        }
    }

    /// Calls the hook that a call leads to. What comes of it is in the hook's own record; the method is answered in any case.
    async fn lead_to(
        &self,
        fault: Option<Fault>,
        id: &PluginId,
        hook: &'static Method,
        call: &Call,
    ) {
        let Some(plugins) = self.plugins.get() else {
            return;
        };
        if fault == Some(Fault::NestedHooksWait) {
            while HookRuns::any() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let said = call.metadata.get(REQUEST_ID);
        let said = said.and_then(|said| said.to_str().ok());
        let mut cause = self.chains.cause(id, said);
        if fault == Some(Fault::QueuesNestedHooks) {
            cause = cause.in_background();
        }
        let link = self.chains.begin(&cause, hook, "");
        plugins.ask(id, hook, Bytes::new(), link).await;
    }
}

/// How many hooks run, where something may have to wait for them. A driver is one host.
static HOOKS_RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A hook that runs, as long as it lives.
pub(in crate::driver) struct HookRuns;

impl HookRuns {
    pub(in crate::driver) fn new() -> HookRuns {
        HOOKS_RUNNING.fetch_add(1, Ordering::Relaxed);
        HookRuns
    }

    /// Whether any does.
    pub(super) fn any() -> bool {
        HOOKS_RUNNING.load(Ordering::Relaxed) > 0
    }
}

impl Drop for HookRuns {
    fn drop(&mut self) {
        HOOKS_RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}
