//! The API server of one plugin: opened before the plugin's process, closed after it, within a bound.

use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use plugin_proto::serve::{self, Listener, Serving};
use plugin_proto::{Call, Method, Methods};
use tokio::net::TcpListener;
use tonic::Status;
use tracing::Instrument as _;

use crate::api::backend::Backend;
use crate::api::filler;
use crate::api::journal::{CallOutcome, Journal};
use crate::api::request;
use crate::event::{PluginEvents, What};
use crate::in_band;
use crate::metrics::PluginMetrics;

/// How long handlers that are dropped may take to notice.
const DROPPING: Duration = Duration::from_millis(100);

/// A running API server. Dropping it closes everything at once.
#[derive(Debug)]
pub struct ApiServer {
    address: String,
    serving: Serving,
}

impl ApiServer {
    /// Serves `backend` to one plugin on a random port of 127.0.0.1. The port accepts connections when this returns.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(
        backend: &dyn Backend,
        journal: Journal,
        metrics: Arc<PluginMetrics>,
        events: PluginEvents,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let table = watched(backend, journal, metrics, events.clone());
        let serving = serve::start(Listener::Tcp(listener), table.into_service());
        events.emit(What::ApiListening {
            address: address.clone(),
        });
        Ok(Self { address, serving })
    }

    /// The address as the plugin is told, for instance `127.0.0.1:54321`.
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
fn watched(
    backend: &dyn Backend,
    journal: Journal,
    metrics: Arc<PluginMetrics>,
    events: PluginEvents,
) -> Methods {
    let mut inner = Methods::new();
    filler::fill(&mut inner);
    backend.register(events.plugin(), &mut inner);
    let observer = Arc::new(Observer {
        inner,
        journal,
        metrics,
        events,
    });
    let mut table = Methods::new();
    table.fallback(move |call| {
        let observer = observer.clone();
        async move { observer.answer(call).await }
    });
    table
}

struct Observer {
    inner: Methods,
    journal: Journal,
    metrics: Arc<PluginMetrics>,
    events: PluginEvents,
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
        let ticket = self
            .journal
            .begin(self.events.plugin(), method, &call.message);
        let mut counting = Counting {
            metrics: &self.metrics,
            method,
            began: Instant::now(),
            success: false,
        };
        let span =
            tracing::debug_span!("api", plugin = %self.events.plugin(), method = method.name);
        let handled = AssertUnwindSafe(self.handle(method, call))
            .catch_unwind()
            .instrument(span)
            .await;
        let (answer, outcome) = match handled {
            Ok(Ok(answer)) => {
                let outcome = judge(&answer);
                (Ok(answer), outcome)
            }
            Ok(Err(status)) => {
                let outcome = CallOutcome::Status(status.code());
                (Err(status), outcome)
            }
            Err(panic) => {
                let text = panic_text(panic.as_ref());
                let answer = filler::panicked(method, &text);
                (Ok(answer), CallOutcome::Panicked(text))
            }
        };
        counting.success = outcome == CallOutcome::Answered;
        drop(counting);
        let plugin = self.events.plugin();
        if let CallOutcome::Panicked(text) = &outcome {
            tracing::error!(%plugin, method = method.name, "the API handler panicked: {text}");
        } else {
            tracing::trace!(%plugin, method = method.name, %outcome, "API call");
        }
        let told = self.events.is_heard().then(|| outcome.to_string());
        let took = ticket.end(outcome);
        if let Some(outcome) = told {
            self.events.emit(What::ApiCall {
                method: method.name.to_owned(),
                outcome,
                took,
            });
        }
        answer
    }
}

fn judge(answer: &Bytes) -> CallOutcome {
    match in_band::decode(answer) {
        Ok(Some(error)) => CallOutcome::Refused {
            id: error.id,
            status_code: error.status_code,
        },
        // A backend that answers nonsense is the plugin's to notice; it did answer.
        Ok(None) | Err(_) => CallOutcome::Answered,
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
