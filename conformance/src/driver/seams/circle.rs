//! API methods that call a hook of the calling plugin before they are answered, as an application's methods may.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use plugin_host::environment::Environment;
use plugin_host::ids::PluginId;
use plugin_proto::{Method, Methods, find_api, find_hook};

use crate::driver::fault::Fault;
use crate::driver::protocol::Refusal;

/// The methods, their hooks, and the environment in which these are called.
#[derive(Clone, Debug, Default)]
pub(in crate::driver) struct InApi {
    pairs: Vec<(&'static Method, &'static Method)>,
    environment: Arc<OnceLock<Environment>>,
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
            environment: Arc::default(),
        })
    }

    /// The same for another environment.
    pub(in crate::driver) fn elsewhere(&self) -> InApi {
        InApi {
            environment: Arc::default(),
            ..self.clone()
        }
    }

    /// From now on the hooks are called in this environment.
    pub(in crate::driver) fn call_in(&self, environment: &Environment) {
        if !self.pairs.is_empty() {
            self.environment.get_or_init(|| environment.clone());
        }
    }

    /// Puts the hooks before the answers.
    pub(super) fn register(&self, fault: Option<Fault>, id: &PluginId, methods: &mut Methods) {
        for (method, hook) in self.pairs.iter().copied() {
            let answering = Arc::new(methods.clone());
            let (environment, id) = (Arc::clone(&self.environment), id.clone());
            methods.unary(method.path, move |call| {
                let answering = Arc::clone(&answering);
                let (environment, id) = (Arc::clone(&environment), id.clone());
                async move {
                    let hooks = environment.get().and_then(|there| there.hooks(&id).ok());
                    if let Some(hooks) = hooks {
                        if fault == Some(Fault::NestedHooksWait) {
                            while HookRuns::any() {
                                tokio::time::sleep(Duration::from_millis(5)).await;
                            }
                        }
                        // What came of it is in the hook's own record; the method is answered in any case.
                        let _ = hooks.call_raw(hook, Bytes::new()).await;
                    }
                    answering.dispatch(call).await
                }
            });
        }
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
