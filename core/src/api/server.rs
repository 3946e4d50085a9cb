//! The API server of one plugin: opened before the plugin's process, closed after it, within a bound.

use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use plugin_proto::serve::{self, Serving};
use plugin_proto::{Call, Method, Methods};
use tonic::Status;
use tracing::Instrument as _;

use crate::api::backend::Backend;
use crate::api::door::{Door, SocketFolder};
use crate::api::journal::{CallOutcome, Journal};
use crate::api::token::{self, ApiToken};
use crate::api::{errors, filler, request};
use crate::event::{PluginEvents, What};
use crate::guard::GuardHandle;
use crate::in_band;
use crate::metrics::PluginMetrics;
use crate::options::{ApiErrors, ApiOptions};

/// How long handlers that are dropped may take to notice.
const DROPPING: Duration = Duration::from_millis(100);

/// A running API server. Dropping it closes everything at once.
#[derive(Debug)]
pub struct ApiServer {
    address: String,
    serving: Serving,
    /// Deleted after the listener is gone.
    _folder: Option<SocketFolder>,
}

/// What the server of one plugin is made of.
#[derive(Debug, Clone)]
pub struct ApiSetting {
    /// Where it listens, and how it answers.
    pub options: ApiOptions,
    /// What the plugin's calls may carry, or have to. Without one nothing is checked.
    pub token: Option<ApiToken>,
    /// Where calls are written down.
    pub journal: Journal,
    /// Where they are counted.
    pub metrics: Arc<PluginMetrics>,
    /// Where they are told.
    pub events: PluginEvents,
    /// Who removes a socket if the host is killed.
    pub guard: Option<GuardHandle>,
}

impl ApiServer {
    /// Serves `backend` to one plugin. Connections are accepted when this returns.
    ///
    /// # Errors
    /// When no port or no socket can be opened.
    pub async fn start(backend: &dyn Backend, setting: ApiSetting) -> io::Result<Self> {
        let door = Door::open(setting.options.transport, setting.guard.as_ref()).await?;
        let events = setting.events.clone();
        let table = watched(backend, setting);
        let serving = serve::start(door.listener, table.into_service());
        events.emit(What::ApiListening {
            address: door.address.clone(),
        });
        Ok(Self {
            address: door.address,
            serving,
            _folder: door.folder,
        })
    }

    /// The address as the plugin is told: `127.0.0.1:54321`, or `unix:///run/api.sock`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Frees the port, gives running calls `within` to end, then drops what is left of them.
    /// Answers whether all calls had ended by themselves.
    pub async fn close(self, within: Duration) -> bool {
        // A handler that blocks its thread cannot be dropped; it is left to itself, without its port.
        let stopped = tokio::time::timeout(within + DROPPING, self.serving.stop(within)).await;
        stopped.unwrap_or(false)
    }
}

/// The backend's table behind one that records calls and survives panics.
fn watched(backend: &dyn Backend, setting: ApiSetting) -> Methods {
    let mut inner = Methods::new();
    filler::fill(&mut inner);
    backend.register(setting.events.plugin(), &mut inner);
    let observer = Arc::new(Observer { inner, setting });
    let mut table = Methods::new();
    table.fallback(move |call| {
        let observer = observer.clone();
        async move { observer.answer(call).await }
    });
    table
}

struct Observer {
    inner: Methods,
    setting: ApiSetting,
}

/// Counts a call; dropped without an end, its caller went away or the server was closed over it, and it was no success.
struct Counting<'a> {
    metrics: &'a PluginMetrics,
    method: &'static Method,
    began: Instant,
    success: bool,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.metrics
            .api(self.method, self.success, self.began.elapsed());
    }
}

impl Observer {
    /// A method that nobody has is answered so, whatever it is asked.
    async fn handle(&self, method: &Method, call: Call) -> Result<Bytes, Status> {
        if let Some(token) = &self.setting.token {
            let said = call.metadata.get(token::METADATA);
            token
                .admits(said, self.setting.options.require_token)
                .map_err(|error| Status::unauthenticated(error.to_string()))?;
        }
        if self.inner.contains(&call.path)
            && let Err(error) = request::check(method, &call.message)
        {
            return Ok(in_band::encode(*error));
        }
        self.inner.dispatch(call).await
    }

    async fn answer(&self, call: Call) -> Result<Bytes, Status> {
        let Some(method) = filler::row(&call.path) else {
            return self.inner.dispatch(call).await;
        };
        let ApiSetting {
            options,
            journal,
            metrics,
            events,
            ..
        } = &self.setting;
        let plugin = events.plugin();
        let ticket = journal.begin(plugin, method, &call.message);
        let mut counting = Counting {
            metrics,
            method,
            began: Instant::now(),
            success: false,
        };
        let span = tracing::debug_span!("api", %plugin, method = method.name);
        let handled = AssertUnwindSafe(self.handle(method, call))
            .catch_unwind()
            .instrument(span)
            .await;
        let (answer, outcome) = match handled {
            Ok(Ok(answer)) => judged(answer, options.errors),
            Ok(Err(status)) => {
                let outcome = CallOutcome::Status(status.code());
                (Err(status), outcome)
            }
            Err(panic) => {
                let text = panic_text(panic.as_ref());
                let (answer, _) = judged(filler::panicked(method, &text), options.errors);
                (answer, CallOutcome::Panicked(text))
            }
        };
        counting.success = outcome == CallOutcome::Answered;
        drop(counting);
        if let CallOutcome::Panicked(text) = &outcome {
            tracing::error!(%plugin, method = method.name, "the API handler panicked: {text}");
        } else {
            tracing::trace!(%plugin, method = method.name, %outcome, "API call");
        }
        let told = events.is_heard().then(|| outcome.to_string());
        let took = ticket.end(outcome);
        if let Some(outcome) = told {
            events.emit(What::ApiCall {
                method: method.name.to_owned(),
                outcome,
                took,
            });
        }
        answer
    }
}

/// An answer as it leaves, and what it is.
fn judged(answer: Bytes, errors: ApiErrors) -> (Result<Bytes, Status>, CallOutcome) {
    match in_band::decode(&answer) {
        Ok(Some(error)) => {
            let answer = match errors {
                ApiErrors::InBand => Ok(answer),
                ApiErrors::Status => Err(errors::status(&error)),
            };
            let outcome = CallOutcome::Refused {
                id: error.id,
                status_code: error.status_code,
            };
            (answer, outcome)
        }
        // A backend that answers nonsense is the plugin's to notice; it did answer.
        Ok(None) | Err(_) => (Ok(answer), CallOutcome::Answered),
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    }
}
