//! Against a backend that is told what to answer: every field of every request arrives, every field of every answer comes back, and
//! both kinds of errors are the same exception.

use std::sync::Arc;

use plugin_conformance::plugin_run::filled;
use plugin_host::api::Scripted;
use plugin_host::api::scripted::Answer;
use plugin_proto::pb::AppError;
use plugin_proto::{API, Form, Method, reflect};
use serde_json::{Map, Value, json};
use tonic::Status;

use super::caller::{self, Orders};

/// What a method is answered with, in turn.
const WAYS: usize = 3;

fn refusal(method: &Method) -> AppError {
    let error = json!({
        "id": format!("api.{}.app_error", method.index), "message": format!("{} cannot", method.name), "status_code": 409,
        "detailed_error": "in detail", "where": method.name, "request_id": "a request",
        "params": {"Name": "n", "Count": 2, "Deep": {"er": [true, null]}},
    });
    let wire = reflect::message_from_json("mattermost.pluginapi.v1.AppError", &error).unwrap();
    prost::Message::decode(wire).unwrap()
}

/// The request as a plugin can make it: names of log fields are unlike those of parameters, and no field has two.
fn request(method: &Method) -> Value {
    filled::message(method.request)
}

fn response(method: &Method) -> Value {
    filled::response(method)
}

fn expect(scripted: &Scripted) -> Orders {
    let mut orders = Vec::new();
    for method in API {
        let (request, response) = (request(method), response(method));
        for _ in ["plain", "awaited"] {
            for way in 0..WAYS {
                let answer = match way {
                    0 => Answer::Message(&response),
                    1 => Answer::Refused(refusal(method)),
                    _ => Answer::Failed(Status::already_exists(format!(
                        "api.{}.app_error: {} cannot",
                        method.index, method.name
                    ))),
                };
                scripted
                    .expect_json(method, Some(&request), answer)
                    .unwrap();
            }
        }
        for _ in 0..WAYS {
            orders.push((method.name.to_owned(), request.clone()));
        }
    }
    orders
}

/// Where what a plugin told differs from what it was answered.
fn differences(method: &Method, told: &[Value]) -> Vec<String> {
    let came = caller::answer(method, &told[0]);
    let sent = reflect::from_json(method, Form::Response, &response(method)).unwrap();
    let sent = reflect::to_json(method, Form::Response, &sent).unwrap();
    let in_band = json!({
        "message": format!("{} cannot", method.name), "error_id": format!("api.{}.app_error", method.index), "status_code": 409,
        "detailed_error": "in detail", "where": method.name, "request_id": "a request",
        "params": {"Name": "n", "Count": 2, "Deep": {"er": [true, null]}},
    });
    let mut by_status: Map<String, Value> = in_band.as_object().unwrap().clone();
    for (name, empty) in [
        ("detailed_error", json!("")),
        ("where", json!("")),
        ("request_id", json!("")),
        ("params", Value::Null),
    ] {
        by_status.insert(name.to_owned(), empty);
    }
    let mut wrong = Vec::new();
    let mut compare = |what: &str, came: &Value, sent: &Value| {
        if came != sent {
            wrong.push(format!(
                "{}, {what}: {came}\n  instead of {sent}",
                method.name
            ));
        }
    };
    compare("answer", &json!(came), &json!(sent));
    compare(
        "in band",
        &told[1],
        &json!({"error": in_band, "code": null}),
    );
    compare(
        "status",
        &told[2],
        &json!({"error": by_status, "code": "ALREADY_EXISTS"}),
    );
    wrong
}

#[tokio::test]
async fn every_method_goes_to_the_host_and_back() {
    let Some(venv) = caller::venv() else { return };
    let scripted = Scripted::new();
    let orders = expect(&scripted);
    let told = caller::play(&venv, &orders, Arc::new(scripted.clone())).await;
    assert_eq!(scripted.surprises(), []);
    assert_eq!(scripted.missing(), [""; 0]);
    let mut wrong = Vec::new();
    for (kind, told) in &told {
        assert_eq!(told.len(), API.len() * WAYS, "{kind}");
        for (method, told) in API.iter().zip(told.chunks(WAYS)) {
            wrong.extend(
                differences(method, told)
                    .into_iter()
                    .map(|text| format!("{kind} {text}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
