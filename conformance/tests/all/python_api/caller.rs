//! A Python plugin that calls methods by name and writes down what came of it, in our host.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fake_interpreters::base64;
use plugin_conformance::subject::python;
use plugin_host::api::Backend;
use plugin_host::environment::Environment;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_host::options::{ApiOptions, HostOptions};
use plugin_proto::hook::ExecuteCommand;
use plugin_proto::pb::ExecuteCommandRequest;
use plugin_proto::{Form, Method, reflect};
use serde_json::{Value, json};

/// The calls: a method and its request.
pub(crate) type Orders = Vec<(String, Value)>;

/// What came of them, by the kind of client.
pub(crate) type Told = BTreeMap<String, Vec<Value>>;

/// The id of the plugin.
pub(crate) const ID: &str = "com.example.caller";
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

/// The environment of the Python SDK, if there is one: `scripts/test` has said so and stopped, a bare `cargo test` goes on without.
pub(crate) fn venv() -> Option<PathBuf> {
    python::root()
        .map(|root| root.join(".venv"))
        .filter(|venv| venv.join("bin/python").exists())
}

fn place(folder: &Path, venv: &Path, plugin: &str, orders: &Orders) {
    let manifest = json!({"id": ID, "server": {"runtime": "python", "executable": "plugin.py"}});
    fs::write(folder.join("plugin.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("plugin.py"), plugin).unwrap();
    fs::write(folder.join("orders.json"), json!(orders).to_string()).unwrap();
    symlink(venv, folder.join("venv")).unwrap();
}

/// Has the plugin make the calls, once with each client.
pub(crate) async fn play(venv: &Path, orders: &Orders, backend: Arc<dyn Backend>) -> Told {
    play_by(ApiOptions::default(), venv, orders, backend).await
}

/// The same with another door to the API.
pub(crate) async fn play_by(
    api: ApiOptions,
    venv: &Path,
    orders: &Orders,
    backend: Arc<dyn Backend>,
) -> Told {
    let told = perform(PLUGIN, api, venv, orders, backend).await;
    let told: Told = serde_json::from_value(told).unwrap();
    assert_eq!(told.keys().collect::<Vec<_>>(), ["awaited", "plain"]);
    told
}

/// Starts a plugin, given as its code, and asks it by ExecuteCommand to do what `orders.json` says; what it leaves in `told.json`.
pub(crate) async fn perform(
    plugin: &str,
    api: ApiOptions,
    venv: &Path,
    orders: &Orders,
    backend: Arc<dyn Backend>,
) -> Value {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), venv, plugin, orders);
    let mut options = HostOptions {
        api,
        ..HostOptions::default()
    };
    options.timing.hook = Duration::from_secs(120);
    options.extra_environment = vec![(
        "MATTERMOST_PLUGIN_HOOK_TIMEOUT".to_owned(),
        "120".to_owned(),
    )];
    let environment = Environment::new(options, backend).unwrap();
    environment.activate(folder.path()).await.unwrap();
    let hooks = environment.hooks(&PluginId::parse(ID).unwrap()).unwrap();
    let outcome = hooks
        .call::<ExecuteCommand>(ExecuteCommandRequest::default())
        .await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    environment.shutdown().await;
    let told = fs::read(folder.path().join("told.json")).unwrap();
    serde_json::from_slice(&told).unwrap()
}

/// The answer that a plugin has told, in its JSON form; none where it told of an error.
pub(crate) fn answer(method: &Method, told: &Value) -> Option<Value> {
    let wire = base64::decode(told["answer"].as_str()?)?;
    Some(reflect::to_json(method, Form::Response, &wire).unwrap())
}
