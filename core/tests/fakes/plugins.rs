//! Plugins that ask for plugins, with real ones: installed from a bundle, switched on and off, removed, asked over HTTP, and what
//! becomes of a plugin that does it to itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::script::{Answer, ApiOrder, HttpMessage, HttpStep, Serve};
use fake_interpreters::{PluginFolder, Preset, Script};
use flate2::Compression;
use flate2::write::GzEncoder;
use plugin_host::api::Backend as _;
use plugin_host::api::chain::TOO_DEEP;
use plugin_host::environment::State;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_host::memory::{Making, Memory};
use plugin_host::options::{ApiOptions, ApiTransport};
use plugin_proto::hook::RunDataRetention;
use plugin_proto::pb::RunDataRetentionRequest;
use plugin_proto::{Methods, find_api};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::chains::{ask, ask_for};
use crate::world::{LONG, Setting, World, fake};

/// What plugins are asked here when they are to do something; it means nothing else.
const HOOK: &str = "RunDataRetention";

fn world(memory: &Memory) -> World {
    world_with(memory, ApiOptions::default())
}

fn world_with(memory: &Memory, api: ApiOptions) -> World {
    let setting = Setting {
        backend: Some(Arc::new(memory.clone())),
        api,
        ..Setting::default()
    };
    World::new(&Preset::Good.script(), setting)
}

fn id(text: &str) -> PluginId {
    PluginId::parse(text).unwrap()
}

/// A plugin that makes this call when it is asked to.
fn calling(method: &str, request: Value) -> Serve {
    let order = ApiOrder::new(method, request);
    let order = ApiOrder {
        label: Some("own".to_owned()),
        ..order
    };
    Serve::good().hook(HOOK, Answer::Api(order, Box::new(Answer::empty())))
}

impl World {
    /// Asks a plugin to do what it was made for.
    async fn order(&self, plugin: &str) {
        let hooks = self.environment.hooks(&id(plugin)).unwrap();
        let request = RunDataRetentionRequest::default();
        let done = timeout(LONG, hooks.call::<RunDataRetention>(request)).await;
        assert!(matches!(done.unwrap(), Outcome::Answered(_)));
    }

    fn state_of(&self, plugin: &str) -> Option<&'static str> {
        Some(self.environment.status(&id(plugin))?.state.word())
    }
}

async fn settled(memory: &Memory) {
    timeout(LONG, memory.settled()).await.unwrap();
}

fn answer_of(plugin: &PluginFolder) -> Value {
    answer_as(plugin, "own")
}

fn answer_as(plugin: &PluginFolder, wanted: &str) -> Value {
    let own = |entry: Entry| match entry.event {
        Event::Api {
            label,
            response,
            status,
            ..
        } if label.as_deref() == Some(wanted) => {
            Some(response.unwrap_or_else(|| json!({ "status": status })))
        }
        _ => None,
    };
    plugin.entries().unwrap().into_iter().find_map(own).unwrap()
}

/// The request of the first call of a hook.
fn request_of(plugin: &PluginFolder, hook: &str) -> Value {
    let entries = plugin.entries().unwrap();
    let found = entries
        .iter()
        .find(|entry| matches!(entry.event, Event::Rpc { .. }) && entry.method() == Some(hook));
    found.unwrap().request().unwrap()
}

/// A bundle with a plugin whose interpreter is the fake.
fn bundle(plugin: &str, version: &str, script: &Script) -> Vec<u8> {
    let manifest = json!({
        "id": plugin,
        "name": "Bundled",
        "description": "From a bundle",
        "homepage_url": "https://example.com",
        "version": version,
        "server": {"executable": "plugin.py", "runtime": "python"},
    });
    let interpreter = format!("#!/bin/sh\nexec '{}' \"$@\"\n", fake().display());
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, mode, content) in [
        ("plugin.json", 0o644, manifest.to_string()),
        ("plugin.py", 0o644, String::new()),
        ("fake.json", 0o644, script.to_json()),
        ("venv/bin/python", 0o755, interpreter),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, format!("{plugin}/{name}"), content.as_bytes())
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn installing(bundle: &[u8], replace: bool) -> Value {
    json!({"file_data": STANDARD.encode(bundle), "replace": replace})
}

async fn refused(memory: &Memory, method: &str, request: Value) -> (String, i64) {
    let answer = ask_for(memory, method, request).await;
    let error = answer["error"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (error, answer["error"]["status_code"].as_i64().unwrap_or(0))
}

async fn ids(memory: &Memory) -> Vec<String> {
    let answer = ask(memory, "GetPlugins", json!({})).await;
    let manifests = answer["manifests"].as_array().cloned().unwrap_or_default();
    let id = |manifest: &Value| manifest["id"].as_str().unwrap().to_owned();
    manifests.iter().map(id).collect()
}

#[tokio::test]
async fn a_bundle_lives_and_goes() {
    let memory = Memory::default();
    let world = world(&memory);
    world.activate().await.unwrap();
    const ID: &str = "com.example.bundled";
    let named = json!({"id": ID});
    let state = async || {
        let status = ask(&memory, "GetPluginStatus", named.clone()).await;
        status["status"]["state"].as_i64().unwrap_or(0)
    };
    let commands = async || {
        let all = ask(&memory, "ListPluginCommands", json!({})).await;
        all["commands"].as_array().map_or(0, Vec::len)
    };
    let command = json!({"command": {"trigger": "bundled"}});
    let registers = Serve::good().hook(
        "OnActivate",
        Answer::Api(
            ApiOrder::new("RegisterCommand", command),
            Box::new(Answer::empty()),
        ),
    );
    let script = Script::serving(registers);

    let first = installing(&bundle(ID, "1.0.0", &script), false);
    let installed = ask(&memory, "InstallPlugin", first.clone()).await;
    let manifest = json!({
        "id": ID, "name": "Bundled", "description": "From a bundle", "homepage_url": "https://example.com", "version": "1.0.0",
    });
    assert_eq!(installed["manifest"], manifest);
    assert_eq!(state().await, 0);
    let path = ask(&memory, "GetPluginStatus", named.clone()).await;
    let folder = PathBuf::from(path["status"]["plugin_path"].as_str().unwrap());
    assert!(folder.join("venv/bin/python").exists());
    // Those that run come first, although their ids do not.
    assert_eq!(ids(&memory).await, [world.plugin.id.clone(), ID.to_owned()]);
    let twice = refused(&memory, "InstallPlugin", first).await;
    assert_eq!(twice, ("app.plugin.install_id.app_error".to_owned(), 400));

    ask(&memory, "EnablePlugin", json!({"id": ID.to_uppercase()})).await;
    settled(&memory).await;
    assert_eq!((state().await, commands().await), (2, 1));
    let before = world.environment.status(&id(ID)).unwrap().pid;
    let second = installing(&bundle(ID, "2.0.0", &script), true);
    let installed = ask(&memory, "InstallPlugin", second).await;
    assert_eq!(installed["manifest"]["version"], "2.0.0");
    assert_eq!(state().await, 2, "what ran runs again");
    assert_ne!(world.environment.status(&id(ID)).unwrap().pid, before);

    ask(&memory, "DisablePlugin", named.clone()).await;
    settled(&memory).await;
    assert_eq!((state().await, commands().await), (0, 0));
    ask(&memory, "RemovePlugin", named.clone()).await;
    assert_eq!(
        refused(&memory, "GetPluginStatus", named.clone()).await,
        ("app.plugin.not_installed.app_error".to_owned(), 404)
    );
    assert!(!folder.exists());
    assert_eq!(ids(&memory).await, std::slice::from_ref(&world.plugin.id));
    let around = folder.parent().unwrap().to_owned();
    assert_eq!(around.read_dir().unwrap().count(), 0, "no trace of it");
    world.environment.shutdown().await;
    assert!(!around.exists(), "a temporary folder goes with its host");
}

#[tokio::test]
async fn a_bundle_that_does_not_start_is_installed_and_says_so() {
    let memory = Memory::default();
    let world = world(&memory);
    const ID: &str = "com.example.bundled";
    memory.configure(|config| {
        config["PluginSettings"]["PluginStates"][ID] = json!({"Enable": true});
    });
    let bytes = bundle(ID, "1.0.0", &Preset::ActivateFails.script());
    let (error, status) = refused(&memory, "InstallPlugin", installing(&bytes, false)).await;
    assert_eq!(
        (error.as_str(), status),
        ("app.plugin.restart.app_error", 500)
    );
    assert_eq!(world.state_of(ID), Some("failed_to_start"));
    let status = ask(&memory, "GetPluginStatus", json!({"id": ID})).await;
    assert_eq!(status["status"]["state"], 3);
}

#[tokio::test]
async fn a_plugin_can_disable_itself_within_a_hook() {
    let memory = Memory::default();
    let world = world(&memory);
    const ID: &str = "com.example.selfish";
    let script = Script::serving(calling("DisablePlugin", json!({"id": ID})));
    let plugin = world.beside(ID, &script);
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order(ID).await;
    assert_eq!(answer_of(&plugin), json!({}));
    settled(&memory).await;
    assert_eq!(world.state_of(ID), Some("not_running"));
    let hooks: Vec<_> = plugin
        .entries()
        .unwrap()
        .iter()
        .filter_map(|entry| entry.method().map(str::to_owned))
        .collect();
    assert!(hooks.contains(&"OnDeactivate".to_owned()), "{hooks:?}");
}

#[tokio::test]
async fn a_plugin_can_remove_itself_and_its_sources_stay() {
    let memory = Memory::default();
    let world = world(&memory);
    const ID: &str = "com.example.selfish";
    let script = Script::serving(calling("RemovePlugin", json!({"id": ID})));
    let plugin = world.beside(ID, &script);
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order(ID).await;
    assert_eq!(answer_of(&plugin), json!({}));
    settled(&memory).await;
    assert_eq!(world.state_of(ID), None);
    assert!(plugin.directory.join("plugin.json").exists());
    assert_eq!(
        memory.websocket_events().last().unwrap().name,
        "plugin_statuses_changed"
    );
}

#[tokio::test]
async fn a_plugin_can_put_a_newer_one_in_its_own_place() {
    let memory = Memory::default();
    let world = world(&memory);
    const ID: &str = "com.example.selfish";
    let newer = bundle(ID, "2.0.0", &Preset::Good.script());
    let script = Script::serving(calling("InstallPlugin", installing(&newer, true)));
    let plugin = world.beside(ID, &script);
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order(ID).await;
    assert_eq!(answer_of(&plugin)["manifest"]["version"], "2.0.0");
    settled(&memory).await;
    assert_eq!(world.state_of(ID), Some("running"));
    let status = ask(&memory, "GetPluginStatus", json!({"id": ID})).await;
    assert_eq!(status["status"]["version"], "2.0.0");
    assert!(plugin.directory.exists(), "the sources of the older one");
}

#[tokio::test]
async fn a_bundle_path_is_where_the_plugin_lives() {
    let memory = Memory::default();
    let world = world(&memory);
    const ID: &str = "com.example.curious";
    let plugin = world.beside(ID, &Script::serving(calling("GetBundlePath", json!({}))));
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order(ID).await;
    let path = answer_of(&plugin)["path"].as_str().unwrap().to_owned();
    assert_eq!(Path::new(&path), plugin.directory.canonicalize().unwrap());
}

fn echo() -> Serve {
    Serve::good().http([HttpStep::Echo {}])
}

fn http(method: &str, url: &str, body: &[u8]) -> Value {
    json!({"method": method, "url": url, "body": STANDARD.encode(body), "headers": {"x-one": "1", "mattermost-plugin-id": "forged"}})
}

#[tokio::test]
async fn a_plugin_asks_another_and_itself() {
    let memory = Memory::default();
    let world = world(&memory);
    let large = vec![b'x'; 5 << 20];
    for (caller, target) in [
        ("com.example.asks", "com.example.answers"),
        ("com.example.both", "com.example.both"),
    ] {
        let url = format!("/{target}/a%20b?b=2&a=1");
        let order = |label: &str, body: &[u8]| ApiOrder {
            label: Some(label.to_owned()),
            ..ApiOrder::new("PluginHTTP", http("POST", &url, body))
        };
        let (small, then) = (order("own", b"text"), order("large", &large));
        let then = Answer::Api(then, Box::new(Answer::empty()));
        let asks = echo().hook(HOOK, Answer::Api(small, Box::new(then)));
        let caller_folder = world.beside(caller, &Script::serving(asks));
        let target_folder = match caller == target {
            true => caller_folder.clone(),
            false => world.beside(target, &Script::serving(echo())),
        };
        for folder in [&caller_folder, &target_folder] {
            world.environment.activate(&folder.directory).await.unwrap();
        }
        world.order(caller).await;
        let answer = answer_of(&caller_folder);
        assert_eq!(
            (answer.get("error"), &answer["status_code"]),
            (None, &json!(200))
        );
        assert_eq!(answer["body"], STANDARD.encode("text"));
        let whole = answer_as(&caller_folder, "large");
        assert_eq!(whole["body"], STANDARD.encode(&large));
        let init = request_of(&target_folder, "ServeHTTP")["init"].clone();
        assert_eq!(init["url"], "/a%20b?a=1&b=2");
        assert_eq!(init["method"], "POST");
        assert_eq!(init["content_length"], 4);
        let mut headers: Vec<_> = init["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|header| header["key"].as_str().unwrap())
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            ["Mattermost-Plugin-Id", "Mattermost-User-Id", "X-One"]
        );
        let caller_is = json!({"key": "Mattermost-Plugin-Id", "values": [caller]});
        assert!(
            init["headers"].as_array().unwrap().contains(&caller_is),
            "{init}"
        );
        assert!(init["plugin_context"]["request_id"].is_string());
    }
}

#[tokio::test]
async fn what_goes_wrong_with_a_request_to_a_plugin_is_an_answer_of_http() {
    let memory = Memory::default();
    let world = world(&memory);
    let head = HttpMessage::head(200).header("A", "1").header("A", "2");
    for (plugin, steps) in [
        (
            "com.example.teapot",
            vec![HttpMessage::head(418).with("short").complete().step()],
        ),
        (
            "com.example.silent",
            vec![HttpMessage::head(0).complete().step()],
        ),
        (
            "com.example.breaks",
            vec![HttpMessage::piece("x", 1).step()],
        ),
        ("com.example.joins", vec![head.complete().step()]),
        ("com.example.ends", vec![HttpStep::Exit { code: 1 }]),
    ] {
        let folder = world.beside(plugin, &Script::serving(Serve::good().http(steps)));
        world.environment.activate(&folder.directory).await.unwrap();
    }
    let asleep = world.beside("com.example.asleep", &Preset::Good.script());
    world.environment.activate(&asleep.directory).await.unwrap();
    world
        .environment
        .deactivate(&id("com.example.asleep"))
        .await;
    world.activate().await.unwrap();
    let without_hook = format!("/{}/x", world.plugin.id);
    for (url, status, body) in [
        ("/com.example.teapot/", 418, Some("short")),
        ("/com.example.silent/", 200, Some("")),
        ("/com.example.breaks/", 502, None),
        ("/com.example.ends/", 502, None),
        ("/com.example.asleep/", 404, Some("404 page not found\n")),
        ("/com.example.nobody/", 404, Some("404 page not found\n")),
        ("/Com.Example.Teapot/", 404, Some("404 page not found\n")),
        (without_hook.as_str(), 404, Some("404 page not found\n")),
        ("/com.example.teapot", 400, None),
        ("http://h//x", 400, None),
        ("/com.example.teapot/%2525", 418, Some("short")),
        ("/com.example.teapot/%25", 400, None),
    ] {
        let answer = ask(&memory, "PluginHTTP", json!({ "url": url })).await;
        assert_eq!(answer["status_code"], status, "{url}: {answer}");
        let told = answer
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let told = String::from_utf8(STANDARD.decode(told).unwrap()).unwrap();
        match body {
            Some(body) => assert_eq!(told, body, "{url}"),
            None => assert!(!told.is_empty(), "{url}"),
        }
    }
    let joined = ask(&memory, "PluginHTTP", json!({"url": "/com.example.joins/"})).await;
    assert_eq!(joined["headers"], json!({"A": "1, 2"}));
    for request in [
        json!({"method": "no method", "url": "/com.example.teapot/"}),
        json!({"url": "/com.example.teapot/%zz"}),
        json!({"url": "/com.example.teapot/", "headers": {"a b": "x"}}),
        json!({"url": "/com.example.teapot/", "headers": {"a": "x\ny"}}),
    ] {
        let (error, status) = refused(&memory, "PluginHTTP", request).await;
        assert_eq!(
            (error.as_str(), status),
            ("plugin.api.invalid_request.app_error", 400)
        );
    }
}

#[tokio::test]
async fn plugins_that_ask_each_other_for_ever_are_stopped() {
    let memory = Memory::of(Making {
        chain_limit: 3,
        ..Making::default()
    });
    let world = world(&memory);
    let (one, other) = ("com.example.one", "com.example.other");
    let mut folders = Vec::new();
    for (plugin, target) in [(one, other), (other, one)] {
        let order = ApiOrder::new("PluginHTTP", json!({"url": format!("/{target}/")}));
        let steps = [
            HttpStep::Api(order),
            HttpMessage::head(200).complete().step(),
        ];
        let serve = Serve::good().naming_hooks().http(steps);
        let folder = world.beside(plugin, &Script::serving(serve));
        world.environment.activate(&folder.directory).await.unwrap();
        folders.push(folder);
    }
    let answer = ask(&memory, "PluginHTTP", json!({"url": format!("/{one}/")})).await;
    assert_eq!(answer["status_code"], 200);
    let mut errors = Vec::new();
    for folder in &folders {
        for entry in folder.entries().unwrap() {
            if let Event::Api {
                response: Some(response),
                ..
            } = entry.event
            {
                errors.push(response["error"]["id"].clone());
            }
        }
    }
    let stopped = errors.iter().filter(|error| **error == TOO_DEEP).count();
    assert_eq!((errors.len(), stopped), (3, 1), "{errors:?}");
}

#[tokio::test]
async fn who_goes_away_takes_the_request_along() {
    let memory = Memory::default();
    let world = world(&memory);
    let hangs = world.beside(
        "com.example.hangs",
        &Script::serving(Serve::good().http([HttpStep::Hang {}])),
    );
    world.environment.activate(&hangs.directory).await.unwrap();
    let mut methods = Methods::new();
    memory.register(&id("com.example.asking"), &mut methods);
    let call = plugin_proto::Call {
        path: find_api("PluginHTTP").unwrap().path.into(),
        metadata: tonic::metadata::MetadataMap::new(),
        message: plugin_proto::reflect::from_json(
            find_api("PluginHTTP").unwrap(),
            plugin_proto::Form::Request,
            &json!({"url": "/com.example.hangs/"}),
        )
        .unwrap(),
    };
    let seen = |wanted: fn(&Event) -> bool| {
        let hangs = hangs.clone();
        async move {
            let waiting = async {
                while !hangs
                    .entries()
                    .unwrap()
                    .iter()
                    .any(|entry| wanted(&entry.event))
                {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            timeout(LONG, waiting).await.unwrap();
        }
    };
    tokio::select! {
        answer = methods.dispatch(call) => panic!("{answer:?}"),
        () = seen(|event| matches!(event, Event::Rpc { path, .. } if path.ends_with("/ServeHTTP"))) => {}
    }
    seen(|event| matches!(event, Event::Abandoned { path } if path.ends_with("/ServeHTTP"))).await;
}

#[tokio::test]
async fn real_plugins_show_their_token_and_no_other_door_takes_it() {
    let memory = Memory::default();
    let required = ApiOptions {
        require_token: true,
        ..ApiOptions::default()
    };
    let mut world = world_with(&memory, required);
    world.activate().await.unwrap();
    let address = world
        .event(|what| matches!(what, plugin_host::event::What::ApiListening { .. }))
        .await;
    let plugin_host::event::What::ApiListening { address } = address else {
        unreachable!("the event that was waited for")
    };
    let own = calling("GetPluginID", json!({}));
    let foreign = ApiOrder {
        label: Some("foreign".to_owned()),
        target: Some(address),
        ..ApiOrder::new("GetPluginID", json!({}))
    };
    let asks = own.hook(
        "OnActivate",
        Answer::Api(foreign, Box::new(Answer::empty())),
    );
    let plugin = world.beside("com.example.honest", &Script::serving(asks));
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order("com.example.honest").await;
    assert_eq!(
        answer_of(&plugin),
        json!({"plugin_id": "com.example.honest"})
    );
    let refused = plugin
        .entries()
        .unwrap()
        .into_iter()
        .find_map(|entry| match entry.event {
            Event::Api { label, status, .. } if label.as_deref() == Some("foreign") => status,
            _ => None,
        });
    assert!(
        refused
            .unwrap()
            .starts_with("Unauthenticated: the token is not")
    );
}

#[tokio::test]
async fn sockets_of_real_plugins_are_gone_after_a_stop_and_after_a_crash() {
    let memory = Memory::default();
    let unix = ApiOptions {
        transport: ApiTransport::Unix,
        ..ApiOptions::default()
    };
    let world = world_with(&memory, unix);
    for (plugin, crashes) in [("com.example.stops", false), ("com.example.crashes", true)] {
        let serve = calling("GetPluginID", json!({}));
        let serve = match crashes {
            true => serve.hook("GenerateSupportData", Answer::Exit(3)),
            false => serve,
        };
        let folder = world.beside(plugin, &Script::serving(serve));
        world.environment.activate(&folder.directory).await.unwrap();
        world.order(plugin).await;
        assert_eq!(answer_of(&folder), json!({ "plugin_id": plugin }));
        let env = folder
            .entries()
            .unwrap()
            .into_iter()
            .find_map(|entry| match entry.event {
                Event::Started { env, .. } => Some(env),
                _ => None,
            });
        let target = env.unwrap()["MATTERMOST_PLUGIN_API_TARGET"].clone();
        let socket = PathBuf::from(target.strip_prefix("unix://").unwrap());
        assert!(socket.exists(), "{target}");
        match crashes {
            true => {
                let hooks = world.environment.hooks(&id(plugin)).unwrap();
                let request = plugin_proto::pb::GenerateSupportDataRequest::default();
                let ended = hooks.call::<plugin_proto::hook::GenerateSupportData>(request);
                assert!(matches!(ended.await, Outcome::Failed(_)));
                timeout(LONG, world.environment.wait_exit(&id(plugin)))
                    .await
                    .unwrap();
                let state = || world.environment.status(&id(plugin)).unwrap().state;
                while state() != State::FailedToStayRunning {
                    tokio::task::yield_now().await;
                }
            }
            false => drop(world.environment.deactivate(&id(plugin)).await.unwrap()),
        }
        assert!(!socket.parent().unwrap().exists(), "{target}");
    }
}
