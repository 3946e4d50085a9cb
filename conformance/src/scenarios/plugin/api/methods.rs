//! All methods of the API through the plugin's client: every field of requests and answers, answers with nothing in them, and both kinds
//! of errors.
//!
//! Nothing is written per method: requests and answers are made from the descriptor, and the backend answers as it is told.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use plugin_host::hooks::Hooks;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::AppError;
use plugin_proto::{API, Form, Method, reflect};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::Code;

use super::told_by;
use crate::case::Case;
use crate::plugin_run::backend::{Mishap, Recorder};
use crate::plugin_run::evidence::{difference, surplus};
use crate::plugin_run::message::Orderable as _;
use crate::plugin_run::order::{Order, Word};
use crate::plugin_run::running::{Running, Setup, fresh};
use crate::plugin_run::{filled, present};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::scenarios::plugin::place;

scenarios! {
    Plugin, Api;
    /// Every method with something in every field of its request and of its answer.
    "plugin/api/methods/full" => full: ["AP-061", "AP-062"], deadline(60), per_method();
    /// Every method with nothing in its answer, and with fields that are there and empty.
    "plugin/api/methods/empty" => empty: ["AP-063", "AP-064", "AP-065"], deadline(60), per_method();
    /// Every method refused by an error in band, with and without an id.
    "plugin/api/methods/refused" => refused: ["AP-066", "AP-067", "AP-068"], deadline(60), per_method();
    /// Every method failed by a gRPC status that tells of an error.
    "plugin/api/methods/failed" => failed: ["AP-069", "AP-070"], deadline(60), per_method();
}

/// How many calls are made at a time.
const AT_A_TIME: usize = 8;

/// How a host of the other style tells of errors: the HTTP status, and the gRPC code that stands for it. 503 is left to AP-059, since
/// clients may repeat such calls.
const BY_STATUS: [(i64, Code); 8] = [
    (400, Code::InvalidArgument),
    (401, Code::Unauthenticated),
    (403, Code::PermissionDenied),
    (404, Code::NotFound),
    (409, Code::AlreadyExists),
    (429, Code::ResourceExhausted),
    (500, Code::Internal),
    (501, Code::Unimplemented),
];

/// One call that is to be made.
#[derive(Debug)]
struct Asking {
    request: Value,
    mishap: Mishap,
}

/// The same as an order.
#[derive(Debug)]
struct Ordered {
    method: &'static Method,
    order: Order,
}

/// What came of it.
#[derive(Debug)]
struct Heard {
    method: &'static Method,
    /// The request as it arrived; none if nothing did.
    arrived: Option<Value>,
    /// What the plugin says came of it.
    told: Value,
}

impl Heard {
    /// What shows that the call was made.
    fn witness(&self) -> Option<String> {
        let fields = self
            .arrived
            .as_ref()?
            .as_object()
            .map_or(0, |all| all.len());
        Some(format!("{} with {fields} fields", self.method.name))
    }

    fn words(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {what}", self.method.name)
    }

    fn error(&self) -> &Value {
        &self.told["error"]
    }

    fn has_answer(&self) -> bool {
        self.told.get("ok").is_some()
    }
}

/// A plugin that makes calls by order.
#[derive(Debug)]
struct Caller {
    hooks: Arc<Hooks>,
    api: Recorder,
}

impl Caller {
    /// Has every claimed method called once. Of what is not claimed, or not known to the plugin, these requirements are not applicable.
    async fn all(
        &self,
        case: &mut Case,
        ids: &[&'static str],
        ask: impl Fn(&'static Method) -> Result<Option<Asking>, Interruption>,
    ) -> Result<Vec<Heard>, Interruption> {
        let mut orders = Vec::new();
        for method in API {
            if !case.subject().capabilities.claims_method(method.name) {
                for &id in ids {
                    case.method_not_applicable(id, method.name, "the method");
                }
                continue;
            }
            let Some(asking) = ask(method)? else { continue };
            self.api.mishap_of(method.name, asking.mishap);
            let word = Word::Api(method.name, asking.request);
            orders.push(Ordered {
                method,
                order: fresh(case, word),
            });
        }
        let calls = orders.into_iter().map(|ordered| self.hear(ordered));
        let mut heard: Vec<Heard> = stream::iter(calls).buffered(AT_A_TIME).collect().await;
        heard.retain(|heard| {
            let unmapped = heard.told.get("unmapped").is_some();
            for &id in ids.iter().filter(|_| unmapped) {
                case.method_not_applicable(id, heard.method.name, "unmapped");
            }
            !unmapped
        });
        Ok(heard)
    }

    async fn hear(&self, Ordered { method, order }: Ordered) -> Heard {
        let request = MessageWillBePosted::ordering(order.to_string());
        let outcome = self.hooks.call::<MessageWillBePosted>(request).await;
        // A client may repeat a call that came to nothing.
        let arrived = self.api.take(method.name).pop();
        Heard {
            method,
            arrived: arrived.map(|call| call.request),
            told: told_by(&outcome),
        }
    }
}

/// Plays with a plugin that makes calls.
async fn start(case: &Case) -> Result<(Running, Caller), Interruption> {
    let folder = place(case)?;
    let running = Running::start(case, &folder, Setup::default()).await?;
    let caller = Caller {
        hooks: running.hooks()?,
        api: running.api.clone(),
    };
    Ok((running, caller))
}

/// A message as it reads after the wire.
fn read(method: &Method, form: Form, message: &Value) -> Result<(Bytes, Value), Interruption> {
    let suite = |error: reflect::ReflectError| Interruption::Suite(error.to_string().into());
    let wire = reflect::from_json(method, form, message).map_err(suite)?;
    let read = reflect::to_json(method, form, &wire).map_err(suite)?;
    Ok((wire, read))
}

fn answered(method: &'static Method, response: &Value) -> Result<Mishap, Interruption> {
    Ok(Mishap::Answered(read(method, Form::Response, response)?.0))
}

/// The first field in which two messages differ, in words.
fn differ(sent: &Value, seen: &Value) -> Option<String> {
    difference(sent, seen, "").or_else(|| surplus(sent, seen, ""))
}

async fn full(case: &mut Case) -> ScenarioResult {
    let (running, caller) = start(case).await?;
    let ask = |method: &'static Method| {
        Ok(Some(Asking {
            request: filled::message(method.request),
            mishap: answered(method, &filled::response(method))?,
        }))
    };
    for heard in caller.all(case, &["AP-061", "AP-062"], ask).await? {
        let name = heard.method.name;
        let (_, sent) = read(
            heard.method,
            Form::Request,
            &filled::message(heard.method.request),
        )?;
        let judge = case.require("AP-061").of_method(name);
        let expected = heard.words("every field of the request as the plugin has it, and no other");
        match &heard.arrived {
            None => judge.fails("not-sent", expected, heard.words(&heard.told)),
            Some(arrived) => {
                let wrong = differ(&sent, arrived);
                let seen = heard.words(wrong.as_deref().unwrap_or_default());
                judge.seen("at the host", heard.witness()).holds(
                    wrong.is_none(),
                    expected,
                    seen,
                    "request-changed",
                );
            }
        }
        let (_, answer) = read(
            heard.method,
            Form::Response,
            &filled::response(heard.method),
        )?;
        let expected = "every field of the answer as the host has it, and no other";
        gives(case, "AP-062", &heard, &answer, expected, "result-changed");
    }
    running.end().await;
    Ok(())
}

/// Judges what the plugin got of an answer.
fn gives(
    case: &Case,
    id: &'static str,
    heard: &Heard,
    answer: &Value,
    expected: &str,
    reason: &'static str,
) {
    let wrong = match heard.told.get("ok") {
        Some(got) => differ(answer, got),
        None => Some(heard.told.to_string()),
    };
    let reason = if heard.has_answer() {
        reason
    } else {
        "call-failed"
    };
    case.require(id)
        .of_method(heard.method.name)
        .seen("at the host", heard.witness())
        .holds(
            wrong.is_none(),
            heard.words(expected),
            heard.words(wrong.unwrap_or_default()),
            reason,
        );
}

async fn empty(case: &mut Case) -> ScenarioResult {
    let (running, caller) = start(case).await?;
    let ask = |method: &'static Method| {
        Ok(Some(Asking {
            request: filled::message(method.request),
            mishap: Mishap::Answered(Bytes::new()),
        }))
    };
    for heard in caller.all(case, &["AP-063"], ask).await? {
        let expected = "success, and nothing in it";
        gives(
            case,
            "AP-063",
            &heard,
            &json!({}),
            expected,
            "result-invented",
        );
    }
    let ask = |method: &'static Method| {
        let (request, response) = (present::message(method.request), present::response(method));
        let nothing = json!({});
        Ok(
            (request != nothing || response != nothing).then_some(Asking {
                request,
                mishap: answered(method, &response)?,
            }),
        )
    };
    for heard in caller.all(case, &["AP-064", "AP-065"], ask).await? {
        let request = present::message(heard.method.request);
        if request != json!({}) {
            // What a host refuses because it is not there does not arrive.
            let wrong = match &heard.arrived {
                Some(arrived) => difference(&request, arrived, ""),
                None => Some(heard.told.to_string()),
            };
            case.require("AP-064")
                .of_method(heard.method.name)
                .seen("the order", request.to_string())
                .holds(
                    wrong.is_none(),
                    heard.words("what is there and empty in the request is there at the host"),
                    heard.words(wrong.unwrap_or_default()),
                    "presence-lost",
                );
        }
        let response = present::response(heard.method);
        if response != json!({}) && heard.arrived.is_some() {
            let wrong = difference(&response, &heard.told["ok"], "");
            case.require("AP-065")
                .of_method(heard.method.name)
                .seen("at the host", heard.witness())
                .holds(
                    wrong.is_none(),
                    heard.words("what is there and empty in the answer is there for the plugin"),
                    heard.words(wrong.unwrap_or_default()),
                    "presence-lost",
                );
        }
    }
    running.end().await;
    Ok(())
}

/// What a method is refused with: something in every field.
fn refusal(method: &Method) -> Value {
    json!({
        "id": format!("api.conformance.{}.app_error", method.index),
        "message": format!("{}: nicht möglich", method.name),
        "detailed_error": format!("in detail {}", method.index),
        "request_id": format!("request-{}", method.index),
        "status_code": 400 + method.index % 30,
        "where": format!("App.{}", method.name),
        "params": { "Name": method.name, "Count": method.index, "Deep": { "er": [true, "x"] } },
    })
}

fn refused_by(error: &Value) -> Result<Mishap, Interruption> {
    let wire = reflect::message_from_json("mattermost.pluginapi.v1.AppError", error);
    let wire = wire.map_err(|error| Interruption::Suite(error.to_string().into()))?;
    let error = AppError::decode(wire).map_err(|error| Interruption::Suite(error.into()))?;
    Ok(Mishap::Refused(error))
}

/// The fields of an error that every client has, and those that a good one has too, each with the reason of its loss.
const ERROR: [(&str, &str); 3] = [
    ("id", "id-lost"),
    ("status_code", "status-code-lost"),
    ("message", "message-lost"),
];
const MORE: [(&str, &str); 4] = [
    ("detailed_error", "details-lost"),
    ("where", "where-lost"),
    ("request_id", "request-id-lost"),
    ("params", "params-lost"),
];

/// Judges the fields of an error, each for itself: the first that is lost counts.
fn raises(
    case: &Case,
    id: &'static str,
    heard: &Heard,
    error: &Value,
    fields: &[(&str, &'static str)],
) {
    let got = heard.error();
    let lost = |(name, _): &&(&str, &str)| {
        let (sent, seen) = (&error[*name], &got[*name]);
        match (*name, seen.as_str(), sent.as_str()) {
            ("message", Some(seen), Some(sent)) => !seen.contains(sent),
            _ => difference(sent, seen, name).is_some(),
        }
    };
    let lost = fields.iter().find(lost);
    let reason = match lost {
        _ if heard.has_answer() => "error-lost",
        _ if got.is_null() => "call-failed",
        Some((_, reason)) => *reason,
        None => "call-failed",
    };
    let kept = lost.is_none() && !got.is_null();
    let (expected, seen) = match lost {
        Some((name, _)) if !got.is_null() => (
            format!("an error with the {name} {}", error[*name]),
            format!("{name} {} in {got}", got[*name]),
        ),
        _ => ("an error".to_owned(), heard.told.to_string()),
    };
    case.require(id)
        .of_method(heard.method.name)
        .seen("at the host", heard.witness())
        .holds(kept, heard.words(expected), heard.words(seen), reason);
}

async fn refused(case: &mut Case) -> ScenarioResult {
    let (running, caller) = start(case).await?;
    let ask = |method: &'static Method| {
        Ok(Some(Asking {
            request: filled::message(method.request),
            mishap: refused_by(&refusal(method))?,
        }))
    };
    for heard in caller.all(case, &["AP-066", "AP-067"], ask).await? {
        let error = refusal(heard.method);
        raises(case, "AP-066", &heard, &error, &ERROR);
        raises(case, "AP-067", &heard, &error, &MORE);
    }
    let nameless = |method: &Method| {
        let mut error = refusal(method);
        error["id"] = "".into();
        error
    };
    let ask = |method: &'static Method| {
        Ok(Some(Asking {
            request: filled::message(method.request),
            mishap: refused_by(&nameless(method))?,
        }))
    };
    for heard in caller.all(case, &["AP-068"], ask).await? {
        let error = nameless(heard.method);
        raises(case, "AP-068", &heard, &error, &ERROR[1..]);
    }
    running.end().await;
    Ok(())
}

/// The error that a method's status tells of.
fn by_status(method: &Method) -> (Code, Value) {
    let (status_code, code) = BY_STATUS[method.index % BY_STATUS.len()];
    let mut error = refusal(method);
    error["status_code"] = status_code.into();
    (code, error)
}

async fn failed(case: &mut Case) -> ScenarioResult {
    let (running, caller) = start(case).await?;
    let ask = |method: &'static Method| {
        let (code, error) = by_status(method);
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let text = format!("{}: {}", text("id"), text("message"));
        Ok(Some(Asking {
            request: filled::message(method.request),
            mishap: Mishap::Told(code, text),
        }))
    };
    for heard in caller.all(case, &["AP-069", "AP-070"], ask).await? {
        let (code, mut error) = by_status(heard.method);
        raises(case, "AP-069", &heard, &error, &ERROR[2..]);
        // 413 and 429 have one code.
        if code == Code::ResourceExhausted && heard.error()["status_code"] == 413 {
            error["status_code"] = 413.into();
        }
        raises(case, "AP-070", &heard, &error, &ERROR);
    }
    running.end().await;
    Ok(())
}

#[cfg(test)]
mod tests;
