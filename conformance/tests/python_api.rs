//! All methods of the API, called by a real Python plugin in our host, plain and awaited: every field of every request arrives, every
//! field of every answer comes back, and both kinds of errors are the same exception.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fake_interpreters::base64;
use plugin_conformance::plugin_run::filled;
use plugin_conformance::subject::python;
use plugin_host::api::Scripted;
use plugin_host::api::scripted::Answer;
use plugin_host::environment::Environment;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_host::options::HostOptions;
use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::{AppError, ExecuteCommandRequest};
use plugin_proto::{API, Form, Method, reflect};
use serde_json::{Map, Value, json};
use tonic::Status;

const ID: &str = "com.example.caller";
/// Calls each method with the fields of a request as its keywords, in every way, and writes down what came of it.
const PLUGIN: &str = r#"
import asyncio, base64, json, pathlib, re
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.json_format import MessageToDict
from mattermost_plugin import Plugin, PluginAPIError, hook, run_plugin
from mattermost_plugin.grpc import api_pb2

HERE = pathlib.Path(__file__).parent
RPCS = api_pb2.DESCRIPTOR.services_by_name["PluginAPI"].methods_by_name


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def python(value):
    if isinstance(value, (Struct, Value)):
        return MessageToDict(value)
    if isinstance(value, Message):
        return {field.name: python(item) for field, item in value.ListFields()}
    if hasattr(value, "items"):
        return {key: python(item) for key, item in value.items()}
    return [python(item) for item in value] if hasattr(value, "extend") else value


def arguments(rpc, request):
    fields = python(ParseDict(request, GetMessageClass(RPCS[rpc].input_type)()))
    if "key_value_pairs" in fields:
        pairs = fields["key_value_pairs"]
        return {"message": fields["msg"], **{pair["key"]: pair["value"] for pair in pairs}}
    return fields


def message(value):
    if isinstance(value, list):
        return [message(item) for item in value]
    return value.to_proto() if hasattr(value, "to_proto") else value


def answer(rpc, value):
    names = [field.name for field in RPCS[rpc].output_type.fields if field.name != "error"]
    if hasattr(value, "content_type"):
        values = [bytes(value), value.content_type]
    else:
        values = [value] if len(names) == 1 else list(value or ())
    response = GetMessageClass(RPCS[rpc].output_type)(**dict(zip(names, map(message, values))))
    return {"answer": base64.b64encode(response.SerializeToString()).decode()}


def error(caught):
    names = ["message", "error_id", "status_code", "detailed_error", "where", "params", "request_id"]
    return {"error": {name: getattr(caught, name) for name in names}, "code": caught.code and caught.code.name}


class Caller(Plugin):
    @hook
    async def execute_command(self, plugin_context, args):
        orders = json.loads((HERE / "orders.json").read_text())
        loop = asyncio.get_running_loop()
        told = {"plain": await loop.run_in_executor(None, self.plain, orders), "awaited": await self.awaited(orders)}
        (HERE / "told.json").write_text(json.dumps(told))
        return {"text": str(len(orders))}

    def plain(self, orders):
        told = []
        for rpc, request in orders:
            try:
                told.append(answer(rpc, getattr(self.api, snake(rpc))(**arguments(rpc, request))))
            except PluginAPIError as caught:
                told.append(error(caught))
        return told

    async def awaited(self, orders):
        told = []
        for rpc, request in orders:
            try:
                told.append(answer(rpc, await getattr(self.async_api, snake(rpc))(**arguments(rpc, request))))
            except PluginAPIError as caught:
                told.append(error(caught))
        return told


run_plugin(Caller)
"#;

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

fn expect(scripted: &Scripted) -> Vec<(String, Value)> {
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
    let wire = told[0]["answer"].as_str().and_then(base64::decode);
    let came = wire.map(|wire| reflect::to_json(method, Form::Response, &wire).unwrap());
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

fn place(folder: &Path, venv: &Path, orders: &[(String, Value)]) {
    let manifest = json!({"id": ID, "server": {"runtime": "python", "executable": "plugin.py"}});
    fs::write(folder.join("plugin.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("plugin.py"), PLUGIN).unwrap();
    fs::write(folder.join("orders.json"), json!(orders).to_string()).unwrap();
    symlink(venv, folder.join("venv")).unwrap();
}

#[tokio::test]
async fn every_method_goes_to_the_host_and_back() {
    // Where there is no Python environment `scripts/test` has said so and stopped; a bare `cargo test` goes on without.
    let Some(venv) = python::root()
        .map(|root| root.join(".venv"))
        .filter(|venv| venv.join("bin/python").exists())
    else {
        return;
    };
    let scripted = Scripted::new();
    let orders = expect(&scripted);
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), &venv, &orders);
    let mut options = HostOptions::default();
    options.timing.hook = Duration::from_secs(120);
    options.extra_environment = vec![(
        "MATTERMOST_PLUGIN_HOOK_TIMEOUT".to_owned(),
        "120".to_owned(),
    )];
    let environment = Environment::new(options, Arc::new(scripted.clone())).unwrap();
    environment.activate(folder.path()).await.unwrap();
    let hooks = environment.hooks(&PluginId::parse(ID).unwrap()).unwrap();
    let outcome = hooks
        .call::<ExecuteCommand>(ExecuteCommandRequest::default())
        .await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    environment.shutdown().await;

    assert_eq!(scripted.surprises(), []);
    assert_eq!(scripted.missing(), [""; 0]);
    let told = fs::read(folder.path().join("told.json")).unwrap();
    let told: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&told).unwrap();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["awaited", "plain"]);
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
