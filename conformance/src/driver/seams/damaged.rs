//! Damages of the API, put where an application's own backend sits: around the methods, and between them and the plugins that they ask.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use plugin_host::api::Plugins;
use plugin_host::api::chain::Link;
use plugin_host::api::plugins::{Asking, HttpReply, Installed, Reply, Undone, Verdict};
use plugin_host::bundle::{Bundle, BundleError};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::ServeHttpRequestInit;
use plugin_proto::{Call, Form, Method, Methods, Rpc as _};
use tonic::Status;

use crate::drawn::Draw;
use crate::driver::damage::{Damage, Damages, Deed, Silence};
use crate::rng::Rng;

/// What is wrong with an API, and which plugins were started with it before.
pub(in crate::driver) struct Damaged {
    damages: Damages,
    started: Mutex<BTreeSet<PluginId>>,
}

impl Damaged {
    pub(in crate::driver) fn new(damages: Damages) -> Damaged {
        Damaged {
            damages,
            started: Mutex::default(),
        }
    }

    /// The server that answers a plugin which starts now: the one that it had, unless that is what is wrong.
    pub(super) fn memory(&self, plugin: &PluginId, memory: &Memory) -> Memory {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if !started.insert(plugin.clone()) && self.damages.forgets() {
            return Memory::default();
        }
        memory.clone()
    }

    /// Puts the damages around the methods.
    pub(super) fn register(&self, methods: &mut Methods) {
        for damage in &self.damages.0 {
            let Damage::Methods(damaged, deed) = damage else {
                continue;
            };
            let inner = Arc::new(methods.clone());
            for method in damaged {
                put(methods, method, deed, &inner);
            }
        }
    }

    /// The plugins, as far as hooks reach them and their answers are heard.
    pub(super) fn plugins(&self, plugins: Arc<dyn Plugins>) -> Arc<dyn Plugins> {
        Arc::new(Silenced {
            plugins,
            damages: self.damages.clone(),
        })
    }
}

fn put(methods: &mut Methods, method: &'static Method, deed: &Deed, inner: &Arc<Methods>) {
    let (deed, inner) = (deed.clone(), Arc::clone(inner));
    let kept: Arc<Mutex<Option<Bytes>>> = Arc::default();
    methods.unary(method.path, move |call| {
        let (deed, inner, kept) = (deed.clone(), Arc::clone(&inner), Arc::clone(&kept));
        async move { misanswer(method, deed, call, &inner, &kept).await }
    });
}

async fn misanswer(
    method: &'static Method,
    deed: Deed,
    mut call: Call,
    inner: &Methods,
    kept: &Mutex<Option<Bytes>>,
) -> Result<Bytes, Status> {
    match deed {
        Deed::Swallow => Ok(Bytes::new()),
        Deed::Invent => Ok(Draw::Filled.answer(method, &mut Rng::new(0))),
        Deed::Hang => std::future::pending().await,
        Deed::Status => Err(Status::unimplemented("not here")),
        Deed::Forget => inner.dispatch(call).await,
        Deed::Stale => {
            let answer = inner.dispatch(call).await?;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(kept.get_or_insert(answer).clone())
        }
        Deed::Change(Form::Request, change) => {
            if let Some(changed) = change.made(method, Form::Request, &call.message) {
                call.message = changed;
            }
            inner.dispatch(call).await
        }
        Deed::Change(Form::Response, change) => {
            let answer = inner.dispatch(call).await?;
            let changed = change.made(method, Form::Response, &answer);
            Ok(changed.unwrap_or(answer))
        }
    }
}

/// Plugins that are not asked, or not heard.
struct Silenced {
    plugins: Arc<dyn Plugins>,
    damages: Damages,
}

impl fmt::Debug for Silenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Silenced").field(&self.damages).finish()
    }
}

impl Plugins for Silenced {
    fn fan_out(&self, hook: &'static Method, request: Bytes, link: Link) -> Asking<Verdict> {
        let unheard = Verdict {
            request: request.clone(),
            stopped: None,
        };
        match self.damages.silence(hook) {
            None => self.plugins.fan_out(hook, request, link),
            Some(Silence::Never) => Box::pin(async move { unheard }),
            Some(Silence::Unheard) => {
                let asked = self.plugins.fan_out(hook, request, link);
                Box::pin(async move {
                    asked.await;
                    unheard
                })
            }
        }
    }

    fn ask(
        &self,
        plugin: &PluginId,
        hook: &'static Method,
        request: Bytes,
        link: Link,
    ) -> Asking<Reply> {
        match self.damages.silence(hook) {
            None => self.plugins.ask(plugin, hook, request, link),
            Some(Silence::Never) => Box::pin(async { Reply::NotImplemented }),
            Some(Silence::Unheard) => {
                let asked = self.plugins.ask(plugin, hook, request, link);
                Box::pin(async move {
                    asked.await;
                    Reply::NotImplemented
                })
            }
        }
    }

    fn serve_http(
        &self,
        plugin: &PluginId,
        head: ServeHttpRequestInit,
        body: Bytes,
        link: Link,
    ) -> Asking<HttpReply> {
        match self.damages.silence(ServeHTTP::METHOD) {
            None => self.plugins.serve_http(plugin, head, body, link),
            Some(Silence::Never) => Box::pin(async { HttpReply::NotImplemented }),
            Some(Silence::Unheard) => {
                let asked = self.plugins.serve_http(plugin, head, body, link);
                Box::pin(async move {
                    asked.await;
                    HttpReply::NotImplemented
                })
            }
        }
    }

    fn installed(&self) -> Asking<Vec<Installed>> {
        self.plugins.installed()
    }

    fn folder(&self, plugin: &PluginId) -> Asking<Result<PathBuf, Undone>> {
        self.plugins.folder(plugin)
    }

    fn enable(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        self.plugins.enable(plugin)
    }

    fn disable(&self, plugin: &PluginId) -> Asking<()> {
        self.plugins.disable(plugin)
    }

    fn remove(&self, plugin: &PluginId) -> Asking<Result<(), Undone>> {
        self.plugins.remove(plugin)
    }

    fn unpack(&self, bundle: Bytes) -> Asking<Result<Bundle, BundleError>> {
        self.plugins.unpack(bundle)
    }

    fn install(&self, bundle: Bundle) -> Asking<Result<bool, Undone>> {
        self.plugins.install(bundle)
    }
}
