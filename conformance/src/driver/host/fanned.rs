//! Rulings and fan-outs in the protocol's words, cancelled orders, and metrics; less what a fault changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plugin_host::hooks::table::{self, FanOut, Row};
use plugin_host::hooks::{FannedOut as Fanned, FanningOut, Hooks, Ruled, Ruling};
use plugin_host::ids::PluginId;
use plugin_host::metrics::Snapshot;
use plugin_proto::pb::OnSharedChannelsPingResponse;
use plugin_proto::{Form, Method, Rpc as _, find_hook, hook, reflect};
use prost::Message as _;
use serde_json::Value;

use super::{Answer, Host, NOT_RUNNING, plugin_id, refusal, told};
use crate::driver::fault::Fault;
use crate::driver::protocol::Refusal;
use crate::driver::protocol::hooks::{FannedOut, Metrics, Part};

/// The filter that tests of metrics have reject.
const FILTER: &str = "MessageWillBePosted";

/// The reason by which a post is dropped in silence.
const DISMISSED: &str = "plugin.message_will_be_posted.dismiss_post";

impl Host {
    /// Asks one plugin.
    pub(super) async fn ask(&self, plugin: &str, hook: &str, request: Value) -> Answer {
        let id = plugin_id(plugin)?;
        let (method, bytes) = request_of(hook, &request)?;
        let hooks = self
            .environment
            .hooks(&id)
            .map_err(|error| refusal(NOT_RUNNING, &error.to_string()))?;
        let ruled = hooks.ask_raw(method, bytes.clone()).await;
        if self.has(Fault::CountsSkipped) && ruled.ruling == Ruling::NotImplemented {
            let metrics = self.environment.metrics().of(&id);
            metrics.hook(method, true, Duration::ZERO);
        }
        let absent = ruled.ruling == Ruling::NotImplemented;
        let stopped = ruled.ruling.stops() || (absent && self.has(Fault::AbsentHookStops));
        let parts = [(id, ruled.ruling)];
        self.fanned(method, &request, &ruled.request, &parts, stopped)
    }

    /// Asks all plugins that have the hook.
    pub(super) async fn fan_out(&self, hook: &str, request: Value) -> Answer {
        let mut request = request;
        if self.has(Fault::LosesRequestId)
            && let Some(context) = request.get_mut("context").and_then(Value::as_object_mut)
        {
            context.remove("request_id");
        }
        let (method, bytes) = request_of(hook, &request)?;
        let row = table::row(method)
            .ok_or_else(|| refusal("hook.unknown", "this hook is the host's own"))?;
        let fanned = if self.has(Fault::FansOutEverything) && row.fan_out == FanOut::One {
            return self.one_to_all(method, &request, bytes).await;
        } else if self.fault.is_some_and(is_of_the_loop) && row.fan_out != FanOut::One {
            self.badly(row, bytes).await?
        } else {
            let fanned = self.environment.fan_out(method, bytes).await;
            fanned.map_err(|error| refusal("hook.fan_out", &error.to_string()))?
        };
        let parts: Vec<_> = fanned
            .parts
            .into_iter()
            .map(|part| (part.plugin, part.ruling))
            .collect();
        self.fanned(method, &request, &fanned.request, &parts, fanned.stopped)
    }

    /// What was counted.
    pub(super) fn metrics(&self) -> Answer {
        let mut snapshot = self.environment.metrics().snapshot();
        self.miscount(&mut snapshot);
        let mut text = snapshot.to_prometheus();
        if self.has(Fault::MalformedMetrics) {
            let whole = text.lines().filter(|line| !line.contains("+Inf"));
            text = whole.map(|line| format!("{line}\n")).collect();
        }
        let samples = serde_json::to_value(&snapshot.samples)
            .and_then(serde_json::from_value)
            .map_err(|error| refusal("driver", &error.to_string()))?;
        told(&Metrics { samples, text })
    }

    fn miscount(&self, snapshot: &mut Snapshot) {
        use plugin_host::metrics::Kind;
        let samples = &mut snapshot.samples;
        match self.fault {
            Some(Fault::CountsNothing) => samples.clear(),
            Some(Fault::CountsNoApi) => samples.retain(|sample| sample.kind != Kind::Api),
            Some(Fault::CountsNoFanOuts) => {
                samples.retain(|sample| !matches!(sample.kind, Kind::FanOut | Kind::Turn));
            }
            Some(Fault::CountsRejectionsAsFailures) => {
                let filters = samples.iter_mut().filter(|sample| sample.name == FILTER);
                filters.for_each(|sample| sample.success = false);
            }
            Some(Fault::CountsApiFailuresAsSuccesses) => {
                let calls = samples.iter_mut().filter(|sample| sample.kind == Kind::Api);
                calls.for_each(|sample| sample.success = true);
            }
            Some(Fault::CountsNoTime) => {
                for sample in samples {
                    sample.histogram.sum_ns = 0;
                }
            }
            _ => {}
        }
    }

    fn fanned(
        &self,
        method: &'static Method,
        asked: &Value,
        request: &Bytes,
        parts: &[(PluginId, Ruling)],
        stopped: bool,
    ) -> Answer {
        let last = parts.last().map(|(_, ruling)| ruling);
        let error = last
            .filter(|_| method.has_error)
            .and_then(|ruling| ruling.error(method))
            .map(|error| message("mattermost.pluginapi.v1.AppError", &error.encode_to_vec()));
        let mut fanned = FannedOut {
            plugins: parts
                .iter()
                .map(|(plugin, ruling)| part(method, plugin, ruling))
                .collect::<Result<_, _>>()?,
            request: message(method.request, request)?,
            stopped,
            rejection: match last {
                Some(Ruling::Rejected(reason)) => Some(reason.clone()),
                _ => None,
            },
            error: error.transpose()?,
            healthy: last
                .filter(|_| method.path == hook::OnSharedChannelsPing::METHOD.path)
                .map(is_healthy),
        };
        self.misjudge(method, asked, &mut fanned);
        told(&fanned)
    }

    /// What faults make of a ruling.
    fn misjudge(&self, method: &Method, asked: &Value, fanned: &mut FannedOut) {
        match self.fault {
            Some(Fault::ForgetsChanges) => fanned.request = asked.clone(),
            Some(Fault::TakesEmptyForChange) => {
                let passed = fanned.plugins.iter().any(|part| part.outcome == "passed");
                if let Some(fields) = fanned.request.as_object_mut().filter(|_| passed) {
                    fields.remove("post");
                    fields.remove("push_notification");
                }
            }
            Some(Fault::PrefersThePost) if method.name == "MessageWillBePosted" => {
                (fanned.stopped, fanned.rejection) = (false, None);
            }
            Some(Fault::ExplainsDismissals) if fanned.rejection.as_deref() == Some(DISMISSED) => {
                fanned.rejection = Some("Post rejected by plugin.".to_owned());
            }
            Some(Fault::LosesNeighbours) => {
                if let Some(fields) = fanned.request.as_object_mut() {
                    fields.remove("plugin_context");
                }
            }
            Some(Fault::KeepsFileName) => {
                let name = asked["file_info"]["name"].clone();
                fanned.request["file_info"]["name"] = name;
            }
            Some(Fault::KeepsFileSize) => {
                let size = asked["file_info"]["size"].clone();
                fanned.request["file_info"]["size"] = size;
            }
            Some(Fault::TakesAnyConfiguration) if method.name == "ConfigurationWillBeSaved" => {
                (fanned.stopped, fanned.error) = (false, None);
            }
            Some(Fault::PingsOptimistically) if fanned.healthy == Some(false) && fanned.stopped => {
                fanned.healthy = Some(true);
            }
            Some(Fault::PingsPessimistically) if fanned.healthy.is_some() => {
                fanned.healthy = Some(false);
            }
            Some(Fault::TakesSickForHealthy) if fanned.healthy.is_some() => {
                let answered = |part: &Part| part.response.is_some();
                if fanned.plugins.iter().any(answered) {
                    fanned.healthy = Some(true);
                }
            }
            Some(Fault::TakesAbsentForSick) if fanned.healthy.is_some() => {
                let absent = |part: &Part| part.outcome == "not_implemented";
                if fanned.plugins.iter().any(absent) {
                    fanned.healthy = Some(false);
                }
            }
            Some(Fault::FailsWithoutCause) => {
                if let Some(error) = fanned.error.as_mut().and_then(Value::as_object_mut) {
                    error.remove("detailed_error");
                }
            }
            Some(Fault::ErrorsLoseDetail) => {
                if let Some(error) = fanned.error.as_mut().and_then(Value::as_object_mut) {
                    error.retain(|name, _| name == "message");
                }
            }
            Some(Fault::ErrorsLookAlike) => {
                let refused = fanned
                    .plugins
                    .iter_mut()
                    .filter(|part| part.outcome == "refused");
                refused.for_each(|part| "failed".clone_into(&mut part.outcome));
            }
            Some(Fault::FailuresLookAlike) => {
                let failed = fanned
                    .plugins
                    .iter_mut()
                    .filter_map(|part| part.kind.as_mut());
                failed.for_each(|kind| "status".clone_into(kind));
            }
            Some(Fault::FailsWithoutError) => fanned.error = None,
            Some(Fault::DropsNestedAnswers) => {
                for response in fanned
                    .plugins
                    .iter_mut()
                    .filter_map(|part| part.response.as_mut())
                {
                    drop_nested(response);
                }
            }
            _ => {}
        }
    }

    /// The loop over plugins with one fault.
    async fn badly(&self, row: &'static Row, request: Bytes) -> Result<Fanned, Refusal> {
        let mut fanning = FanningOut::new(row, request.clone());
        let mut all = self.environment.running_hooks();
        if self.has(Fault::ReverseOrder) {
            all.reverse();
        }
        for (plugin, hooks) in all {
            if !hooks.implemented().contains(row.hook) {
                continue;
            }
            let sent = match self.fault {
                Some(Fault::EachSeesOriginal) => {
                    FanningOut::new(row, request.clone()).request_for(&plugin)
                }
                Some(Fault::OneContextForAll) => Ok(fanning.request().clone()),
                _ => fanning.request_for(&plugin),
            };
            let sent = sent.map_err(|error| refusal("hook.request", &error.to_string()))?;
            let began = Instant::now();
            let outcome = hooks.call_raw(row.hook, sent).await;
            let mut ruled = hooks.rule(row.hook, fanning.request(), outcome);
            let failed = matches!(ruled.ruling, Ruling::Failed { .. });
            if failed && self.has(Fault::FailureUndoesChanges) {
                ruled.request = request.clone();
            }
            let bad = failed || matches!(ruled.ruling, Ruling::Refused(_));
            let ends = fanning.take(plugin, ruled, began.elapsed()).is_break();
            if (ends && !self.has(Fault::AsksOnAfterNo)) || (bad && self.has(Fault::StopsAtFailure))
            {
                break;
            }
        }
        Ok(fanning.end())
    }

    async fn one_to_all(&self, method: &'static Method, asked: &Value, request: Bytes) -> Answer {
        let mut parts = Vec::new();
        for (plugin, hooks) in self.environment.running_hooks() {
            let Ruled { ruling, .. } = ask(&hooks, method, &request).await;
            parts.push((plugin, ruling));
        }
        self.fanned(method, asked, &request, &parts, false)
    }
}

async fn ask(hooks: &Arc<Hooks>, method: &'static Method, request: &Bytes) -> Ruled {
    hooks.ask_raw(method, request.clone()).await
}

fn is_of_the_loop(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::ReverseOrder
            | Fault::EachSeesOriginal
            | Fault::OneContextForAll
            | Fault::FailureUndoesChanges
            | Fault::AsksOnAfterNo
            | Fault::StopsAtFailure
    )
}

fn request_of(hook: &str, request: &Value) -> Result<(&'static Method, Bytes), Refusal> {
    let method = find_hook(hook)
        .ok_or_else(|| refusal("hook.unknown", &format!("no hook is called {hook:?}")))?;
    let bytes = if request.is_null() {
        Ok(Bytes::new())
    } else {
        reflect::from_json(method, Form::Request, request)
    };
    let bytes = bytes.map_err(|error| refusal("hook.request", &error.to_string()))?;
    Ok((method, bytes))
}

fn part(method: &Method, plugin: &PluginId, ruling: &Ruling) -> Result<Part, Refusal> {
    let response = ruling.answer();
    let response = response.map(|answer| message(method.response, answer));
    Ok(Part {
        plugin: plugin.to_string(),
        outcome: ruling.word().to_owned(),
        response: response.transpose()?,
        kind: match ruling {
            Ruling::Failed { failure, .. } => Some(failure.kind.word().to_owned()),
            _ => None,
        },
    })
}

/// A ping's ruling has its meaning in its own types.
fn is_healthy(ruling: &Ruling) -> bool {
    let ruled = Ruled {
        request: Bytes::new(),
        ruling: ruling.clone(),
    };
    let typed = ruled.typed::<hook::OnSharedChannelsPing>();
    typed.is_ok_and(|ruled| Ruling::<OnSharedChannelsPingResponse>::is_healthy(&ruled.ruling))
}

fn message(name: &str, wire: &[u8]) -> Result<Value, Refusal> {
    reflect::message_to_json(name, wire).map_err(|error| refusal("driver", &error.to_string()))
}

/// Takes the last field out of every object within an object.
fn drop_nested(value: &mut Value) {
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    for value in inner {
        drop_nested(value);
        if let Value::Object(fields) = value {
            let last = fields.keys().next_back().cloned();
            last.map(|name| fields.remove(&name));
        }
    }
}
