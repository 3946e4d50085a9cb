//! Plugins that ask for plugins, with real ones: installed from a bundle, switched on and off, removed, and what becomes of a plugin that
//! does it to itself.
//!
//! - `requests`: asked over HTTP;
//! - `doors`: by which they reach their API.

mod doors;
mod requests;

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
