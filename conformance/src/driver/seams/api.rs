//! Faults in what the API answers: the right backend with single methods replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use plugin_host::api::{Backend, Plugins};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_proto::pb::{
    AppError, GetPluginIdResponse, KvCompareAndSetRequest, KvGetRequest, KvGetResponse,
    KvListRequest, KvListResponse, KvSetRequest, KvSetWithExpiryRequest, KvSetWithOptionsRequest,
};
use plugin_proto::{Call, Methods, Rpc, api};
use prost::Message;
use tokio::sync::Mutex;
use tonic::Status;

use super::circle::{HookRuns, InApi};
use super::damaged::Damaged;
use crate::driver::fault::Fault;

/// The backend in memory, with a fault.
pub(in crate::driver) struct FaultyBackend {
    pub(in crate::driver) memory: Memory,
    pub(in crate::driver) fault: Option<Fault>,
    pub(in crate::driver) damaged: Damaged,
    pub(in crate::driver) in_api: InApi,
}

/// Largest message that a Go host takes if nobody says otherwise.
const FOUR_MIB: usize = 4 << 20;

impl Backend for FaultyBackend {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        let shared = PluginId::parse("shared.keys").unwrap_or_else(|_| plugin.clone());
        let owner = if self.fault == Some(Fault::KvShared) {
            &shared
        } else {
            plugin
        };
        self.damaged
            .memory(plugin, &self.memory)
            .register(owner, methods);
        self.damaged.register(methods);
        let inner = methods.clone();
        match self.fault {
            Some(Fault::WrongPluginId) => methods.typed::<api::GetPluginID, _, _>(|_| async {
                Ok(GetPluginIdResponse {
                    plugin_id: "somebody.else".to_owned(),
                    ..GetPluginIdResponse::default()
                })
            }),
            Some(Fault::HidesVersion) => {
                replace(methods, &["GetServerVersion"], |_| async {
                    Ok(Bytes::new())
                });
            }
            Some(Fault::RefusesLogs) => replace(methods, LOGS, |_| async { Ok(refusal(403)) }),
            Some(Fault::KvFailsOnAbsence) => fail_on_absence(methods, inner),
            Some(Fault::KvKeepsDeleted) => {
                replace(methods, &["KVDelete"], |_| async { Ok(Bytes::new()) });
            }
            Some(Fault::KvKeepsAll) => {
                replace(methods, &["KVDeleteAll"], |_| async { Ok(Bytes::new()) });
            }
            Some(Fault::KvIgnoresPages) => {
                rewrite::<api::KVList>(methods, inner, |request: &mut KvListRequest| {
                    request.per_page = 1000;
                });
            }
            Some(Fault::LosesLogs) => replace(methods, LOGS, |_| async { Ok(Bytes::new()) }),
            Some(Fault::FlattensLogs) => {
                let forward = redirected(inner, api::LogInfo::METHOD.path);
                replace(methods, &["LogDebug", "LogWarn", "LogError"], forward);
            }
            Some(Fault::KvCutsAtZero) => {
                rewrite::<api::KVSet>(methods, inner, |request: &mut KvSetRequest| {
                    let end = request
                        .value
                        .iter()
                        .position(|byte| *byte == 0)
                        .unwrap_or(request.value.len());
                    request.value.truncate(end);
                })
            }
            Some(Fault::KvIgnoresOldValue) => ignore_old_value(methods, inner),
            Some(Fault::KvListLosesLast) => lose_last_key(methods, inner),
            Some(Fault::KvNeverExpires) => {
                rewrite::<api::KVSetWithExpiry>(
                    methods,
                    inner.clone(),
                    |request: &mut KvSetWithExpiryRequest| request.expire_in_seconds = 0,
                );
                rewrite::<api::KVSetWithOptions>(
                    methods,
                    inner,
                    |request: &mut KvSetWithOptionsRequest| request.options = None,
                );
            }
            Some(Fault::HangsOnMissingMethod) => {
                replace(methods, &["GetPlugins"], |_| std::future::pending())
            }
            Some(Fault::MissingMethodOutOfBand) => {
                replace(methods, &["GetPlugins"], |_| async {
                    Err(Status::unimplemented("not here"))
                });
            }
            Some(Fault::TakesBadText) => take_bad_text(methods, inner),
            Some(Fault::ApiWaitsForHooks) => wait_for_hooks(methods, inner),
            Some(Fault::MixesApiAnswers) => mix_answers(methods, inner),
            Some(Fault::BreaksOnBadMessage) => break_on_bad_message(methods, inner),
            Some(Fault::FourMibLimit) => {
                let inner = Arc::new(inner);
                replace(methods, &["KVSet"], move |call| {
                    let inner = Arc::clone(&inner);
                    async move {
                        if call.message.len() > FOUR_MIB {
                            return Err(Status::resource_exhausted(
                                "grpc: received message larger than max",
                            ));
                        }
                        inner.dispatch(call).await
                    }
                });
            }
            _ => {}
        }
        self.in_api.register(self.fault, plugin, methods);
    }

    fn attach(&self, plugins: Arc<dyn Plugins>) {
        let plugins = self.damaged.plugins(plugins);
        self.in_api.attach(plugins.clone());
        self.memory.attach(plugins);
    }
}

/// The methods that log.
const LOGS: &[&str] = &["LogDebug", "LogInfo", "LogWarn", "LogError"];

/// An error in band, which is field 1 of any answer.
fn refusal(status_code: i32) -> Bytes {
    let error = AppError {
        id: "app.conformance.refused".to_owned(),
        message: "no".to_owned(),
        status_code,
        ..AppError::default()
    };
    let answer = KvGetResponse {
        error: Some(error),
        ..KvGetResponse::default()
    };
    answer.encode_to_vec().into()
}

fn fail_on_absence(methods: &mut Methods, inner: Methods) {
    let inner = Arc::new(inner);
    replace(methods, &["KVGet"], move |call| {
        let inner = Arc::clone(&inner);
        async move {
            let answer = inner.dispatch(call).await?;
            let is_absent = answer.is_empty();
            Ok(if is_absent { refusal(404) } else { answer })
        }
    });
}

fn replace<F, A>(methods: &mut Methods, names: &[&str], answer: F)
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    for method in names.iter().filter_map(|name| plugin_proto::find_api(name)) {
        methods.unary(method.path, answer.clone());
    }
}

/// Answers as the method at another path does.
fn redirected(
    inner: Methods,
    path: &'static str,
) -> impl Fn(Call) -> std::pin::Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send>>
+ Clone
+ Send
+ Sync
+ 'static {
    let inner = Arc::new(inner);
    move |call| {
        let inner = Arc::clone(&inner);
        Box::pin(async move {
            inner
                .dispatch(Call {
                    path: path.into(),
                    ..call
                })
                .await
        })
    }
}

/// Changes the request of a method before it is answered.
fn rewrite<R: Rpc>(methods: &mut Methods, inner: Methods, change: fn(&mut R::Request)) {
    let inner = Arc::new(inner);
    methods.unary(R::METHOD.path, move |call| {
        let inner = Arc::clone(&inner);
        async move {
            let mut request = decode::<R::Request>(&call.message)?;
            change(&mut request);
            inner
                .dispatch(Call {
                    message: request.encode_to_vec().into(),
                    ..call
                })
                .await
        }
    });
}

fn decode<M: Message + Default>(bytes: &Bytes) -> Result<M, Status> {
    M::decode(bytes.clone()).map_err(|error| Status::invalid_argument(error.to_string()))
}

/// Compare and set with whatever stands there as the old value.
fn ignore_old_value(methods: &mut Methods, inner: Methods) {
    let inner = Arc::new(inner);
    methods.unary(api::KVCompareAndSet::METHOD.path, move |call| {
        let inner = Arc::clone(&inner);
        async move {
            let mut request: KvCompareAndSetRequest = decode(&call.message)?;
            let get = KvGetRequest {
                key: request.key.clone(),
            };
            let get = Call {
                path: api::KVGet::METHOD.path.into(),
                message: get.encode_to_vec().into(),
                metadata: call.metadata.clone(),
            };
            request.old_value = decode::<KvGetResponse>(&inner.dispatch(get).await?)?.value;
            inner
                .dispatch(Call {
                    message: request.encode_to_vec().into(),
                    ..call
                })
                .await
        }
    });
}

fn lose_last_key(methods: &mut Methods, inner: Methods) {
    let inner = Arc::new(inner);
    methods.unary(api::KVList::METHOD.path, move |call| {
        let inner = Arc::clone(&inner);
        async move {
            let mut answer: KvListResponse = decode(&inner.dispatch(call).await?)?;
            answer.keys.pop();
            Ok(answer.encode_to_vec().into())
        }
    });
}

/// After one message that does not decode nothing is answered any more.
fn break_on_bad_message(methods: &mut Methods, inner: Methods) {
    let (inner, broken) = (Arc::new(inner), Arc::new(AtomicBool::new(false)));
    replace(methods, &["KVSet", "GetServerVersion"], move |call| {
        let (inner, broken) = (Arc::clone(&inner), Arc::clone(&broken));
        async move {
            let answer = inner.dispatch(call).await;
            if answer.is_err() {
                broken.store(true, Ordering::Relaxed);
            }
            if broken.load(Ordering::Relaxed) {
                Err(Status::unavailable("the server is broken"))
            } else {
                answer
            }
        }
    });
}

fn take_bad_text(methods: &mut Methods, inner: Methods) {
    let inner = Arc::new(inner);
    replace(methods, &["KVSet"], move |call| {
        let inner = Arc::clone(&inner);
        async move { Ok(inner.dispatch(call).await.unwrap_or_default()) }
    });
}

fn wait_for_hooks(methods: &mut Methods, inner: Methods) {
    let inner = Arc::new(inner);
    replace(methods, &["KVSet", "KVGet"], move |call| {
        let inner = Arc::clone(&inner);
        async move {
            while HookRuns::any() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            inner.dispatch(call).await
        }
    });
}

/// Each answer of KVGet is the one before.
fn mix_answers(methods: &mut Methods, inner: Methods) {
    let (inner, before) = (Arc::new(inner), Arc::new(Mutex::new(None)));
    replace(methods, &["KVGet"], move |call| {
        let (inner, before) = (Arc::clone(&inner), Arc::clone(&before));
        async move {
            let answer = inner.dispatch(call).await?;
            let mixed = before.lock().await.replace(answer.clone());
            Ok(mixed.unwrap_or(answer))
        }
    });
}
