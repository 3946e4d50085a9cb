//! One call of a plugin under way: what it may do with the tables, and how it leads to hooks.
//!
//! A handler that waits for plugins is `async fn(Act, Request) -> Result<Response, Refusal>`. It works on the tables in steps
//! ([`Act::with`]) and waits between them, never within. Its work goes on when its caller goes away: what has begun is not half done.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::pb::AppError;
use plugin_proto::{Call, InBandError, Method, Methods, Rpc};
use prost::Message as _;
use tonic::Status;
use tracing::Instrument as _;

use crate::api::Plugins;
use crate::api::chain::{Cause, Link, REQUEST_ID};
use crate::api::plugins::{Reply, Stop, Stopped};
use crate::ids::PluginId;
use crate::memory::outbox::{Telling, in_context};
use crate::memory::{Refusal, Store, Tables, decode, encode, trigger};

/// Joins the names of API methods to functions `async fn(Act, Request) -> Result<Response, Refusal>`.
macro_rules! acts {
    ($methods:ident, $store:ident, $caller:ident; $($name:ident => $function:path),* $(,)?) => {
        $( crate::memory::act::answer::<plugin_proto::api::$name, _>($methods, $store, $caller, $function); )*
    };
}
pub(super) use acts;

/// A call under way; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    store: Arc<Store>,
    caller: PluginId,
    method: &'static Method,
    cause: Cause,
}

impl Act {
    /// A call begins. One that would prolong a chain that is too long already does not.
    pub(super) fn begin(
        store: &Arc<Store>,
        caller: &PluginId,
        method: &'static Method,
        call: &Call,
    ) -> Result<Self, Box<AppError>> {
        let cause = if trigger::hooks_of(method).is_empty() {
            Cause::default()
        } else {
            let said = call.metadata.get(REQUEST_ID);
            let said = said.and_then(|said| said.to_str().ok());
            let cause = store.chains.cause(caller, said);
            store.chains.admit(&cause, caller, method)?;
            cause
        };
        Ok(Self {
            store: store.clone(),
            caller: caller.clone(),
            method,
            cause,
        })
    }

    /// The plugin that called.
    pub(crate) fn caller(&self) -> &PluginId {
        &self.caller
    }

    /// The plugins of the host, if there is one.
    pub(super) fn plugins(&self) -> Option<Arc<dyn Plugins>> {
        self.store.plugins.get().cloned()
    }

    /// A hook of one plugin begins, whose request the caller makes with this request id.
    pub(super) fn link<H: Rpc>(&self) -> (Link, String) {
        self.check_trigger(H::METHOD);
        let request_id = self.store.lock().new_id();
        let link = self.store.chains.begin(&self.cause, H::METHOD, &request_id);
        (link, request_id)
    }

    /// A step on the tables. What it tells plugins is told when it is done, in the background.
    pub(crate) fn with<T>(&self, step: impl FnOnce(&mut Tables) -> T) -> T {
        let mut tables = self.store.lock();
        let done = step(&mut tables);
        let tellings = tables.empty_outbox();
        drop(tables);
        for telling in tellings {
            self.tell(telling);
        }
        done
    }

    /// Asks all plugins that have the hook; the request as it is to be taken now, or who said no.
    pub(crate) async fn filter<H: Rpc>(&self, request: H::Request) -> Result<H::Request, Stopped> {
        self.check_trigger(H::METHOD);
        let Some(plugins) = self.store.plugins.get() else {
            return Ok(request);
        };
        let (whole, request_id) = self.whole(H::METHOD, &request.encode_to_vec().into());
        let link = self.store.chains.begin(&self.cause, H::METHOD, &request_id);
        let verdict = plugins.fan_out(H::METHOD, whole, link).await;
        if let Some(stopped) = verdict.stopped {
            return Err(stopped);
        }
        // What plugins changed has been decoded before; only a host that breaks its own promise comes to the fallback.
        Ok(H::Request::decode(verdict.request).unwrap_or(request))
    }

    /// Asks one plugin.
    pub(crate) async fn ask<H: Rpc>(&self, plugin: &PluginId, request: H::Request) -> Reply {
        self.check_trigger(H::METHOD);
        let Some(plugins) = self.store.plugins.get() else {
            return Reply::NotRunning;
        };
        let (whole, request_id) = self.whole(H::METHOD, &request.encode_to_vec().into());
        let link = self.store.chains.begin(&self.cause, H::METHOD, &request_id);
        plugins.ask(plugin, H::METHOD, whole, link).await
    }

    /// Does something that nobody waits for.
    pub(crate) fn in_background(&self, action: impl Future<Output = ()> + Send + 'static) {
        struct Running(Arc<Store>);
        impl Drop for Running {
            fn drop(&mut self) {
                self.0.background.send_modify(|running| *running -= 1);
            }
        }
        self.store.background.send_modify(|running| *running += 1);
        let running = Running(self.store.clone());
        let action = async move {
            let _running = running;
            action.await;
        };
        tokio::spawn(action.in_current_span());
    }

    fn tell(&self, telling: Telling) {
        self.check_trigger(telling.hook);
        let Some(plugins) = self.store.plugins.get().cloned() else {
            return;
        };
        let hook = telling.hook;
        let (whole, request_id) = self.whole(hook, &telling.request);
        let cause = self.cause.in_background();
        let link = self.store.chains.begin(&cause, hook, &request_id);
        self.in_background(async move {
            // Nobody waits, so nobody can be told no.
            let _ = plugins.fan_out(hook, whole, link).await;
        });
    }

    fn whole(&self, hook: &Method, request: &Bytes) -> (Bytes, String) {
        let request_id = self.store.lock().new_id();
        (in_context(hook, &request_id, request), request_id)
    }

    /// The table of triggers is what stops chains and what the documentation says, so it has to be true.
    fn check_trigger(&self, hook: &Method) {
        let known = trigger::hooks_of(self.method).contains(&hook.name);
        debug_assert!(
            known,
            "{} leads to {} by no trigger",
            self.method.name, hook.name
        );
        if !known {
            let method = self.method.name;
            tracing::error!(method, hook = hook.name, "a hook that no trigger names");
        }
    }
}

/// The refusal that a plugin's no is, in the words that the server has for it.
pub(super) fn rejected(stopped: Stopped, prefix: &str) -> Refusal {
    match stopped.how {
        Stop::Rejected(reason) => Refusal::new(format!("{prefix}{reason}"), 400),
        Stop::Refused(error) => Refusal::given(*error),
    }
}

/// Joins a method to a function that waits for plugins.
pub(super) fn answer<R, A>(
    methods: &mut Methods,
    store: &Arc<Store>,
    caller: &PluginId,
    handle: fn(Act, R::Request) -> A,
) where
    R: Rpc,
    R::Response: InBandError,
    A: Future<Output = Result<R::Response, Refusal>> + Send + 'static,
{
    answer_by::<R, _>(methods, store, caller, move |act, request| {
        let answer = handle(act, request).in_current_span();
        async move {
            match tokio::spawn(answer).await {
                Ok(answer) => Ok(answer),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(Status::unavailable("the host ends")),
                },
            }
        }
    });
}

/// The same for work that is worth something to its caller alone: when the caller goes away, it ends.
pub(super) fn answer_attended<R, A>(
    methods: &mut Methods,
    store: &Arc<Store>,
    caller: &PluginId,
    handle: fn(Act, R::Request) -> A,
) where
    R: Rpc,
    R::Response: InBandError,
    A: Future<Output = Result<R::Response, Refusal>> + Send + 'static,
{
    answer_by::<R, _>(methods, store, caller, move |act, request| {
        let answer = handle(act, request);
        async move { Ok(answer.await) }
    });
}

fn answer_by<R, A>(
    methods: &mut Methods,
    store: &Arc<Store>,
    caller: &PluginId,
    answering: impl Fn(Act, R::Request) -> A + Copy + Send + Sync + 'static,
) where
    R: Rpc,
    R::Response: InBandError,
    A: Future<Output = Result<Result<R::Response, Refusal>, Status>> + Send + 'static,
{
    let (store, caller) = (store.clone(), caller.clone());
    methods.unary(R::METHOD.path, move |call| {
        let begun = Act::begin(&store, &caller, R::METHOD, &call);
        let kept = store.clone();
        async move {
            let act = match begun {
                Ok(act) => act,
                Err(error) => return Ok(crate::in_band::encode(*error)),
            };
            let request = decode::<R>(&call)?;
            let answer = answering(act, request).await?;
            match kept.kept(R::METHOD).await {
                Ok(()) => Ok(encode::<R>(answer)),
                Err(error) => Ok(crate::in_band::encode(*error)),
            }
        }
    });
}
