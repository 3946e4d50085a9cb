//! Plugins that ask about plugins, against a host that does as it is told and writes it down.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::world::{Answer, World};

const ME: &str = "com.example.me";
const OTHER: &str = "com.example.other";

fn world() -> World {
    let world = World::new();
    world.hooks.fleet.add(ME, true);
    world.hooks.fleet.add(OTHER, false);
    world
}

fn bundle(files: &[(&str, &str)]) -> String {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    STANDARD.encode(builder.into_inner().unwrap().finish().unwrap())
}

fn plugin(id: &str) -> String {
    let manifest = json!({"id": id, "server": {"executable": "p.py", "runtime": "python"}});
    bundle(&[("p/plugin.json", &manifest.to_string())])
}

fn switched(world: &World, id: &str) -> Value {
    let config = world.ok("GetConfig", json!({}));
    let json = STANDARD
        .decode(config["config_json"].as_str().unwrap())
        .unwrap();
    let config: Value = serde_json::from_slice(&json).unwrap();
    config["PluginSettings"]["PluginStates"][id]["Enable"].clone()
}

#[test]
fn plugins_are_listed_and_shown() {
    let world = world();
    let of = |id: &str| {
        json!({
            "id": id, "name": "Name", "description": "About", "version": "1.2.3", "min_server_version": "9.0.0", "homepage_url": "h",
            "support_url": "s", "release_notes_url": "r", "icon_path": "i",
        })
    };
    world.answers(
        "GetPlugins",
        json!({}),
        json!({"manifests": [of(ME), of(OTHER)]}),
    );
    world.hooks.fleet.add("com.example.aaa", false);
    world.answers(
        "GetPlugins",
        json!({}),
        json!({"manifests": [of(ME), of("com.example.aaa"), of(OTHER)]}),
    );
    let status = json!({
        "plugin_id": ME, "plugin_path": format!("/plugins/{ME}"), "state": 2, "name": "Name", "description": "About", "version": "1.2.3",
    });
    world.answers(
        "GetPluginStatus",
        json!({"id": ME}),
        json!({ "status": status }),
    );
    world.answers(
        "GetPluginStatus",
        json!({"id": OTHER}),
        json!({"status": {"state": 0}}),
    );
    // Here the id has to be exact.
    for id in ["Com.Example.Me", "nobody", ""] {
        world.refuses(
            "GetPluginStatus",
            json!({ "id": id }),
            "app.plugin.not_installed.app_error",
            404,
        );
    }
    world.answers(
        "GetBundlePath",
        json!({}),
        json!({"path": format!("/plugins/{ME}")}),
    );
}

#[test]
fn enabling_and_disabling_is_written_down_told_and_done() {
    let world = world();
    let fleet = &world.hooks.fleet;
    world.ok("RegisterCommand", json!({"command": {"trigger": "mine"}}));
    world.ok("EnablePlugin", json!({"id": "Com.Example.Other"}));
    assert_eq!(
        world.fired_names(),
        ["ConfigurationWillBeSaved", "OnConfigurationChange"]
    );
    assert_eq!(fleet.done(), ["enable com.example.other"]);
    assert_eq!(switched(&world, OTHER), true);
    assert_eq!(world.event("config_changed").name, "config_changed");
    world.ok("EnablePlugin", json!({"id": OTHER}));
    world.fired();
    assert_eq!(
        fleet.done(),
        ["enable com.example.other"],
        "once more is no error"
    );
    let commands = world.ok("ListPluginCommands", json!({}));
    assert_eq!(commands["commands"].as_array().unwrap().len(), 1);

    world.ok("DisablePlugin", json!({"id": ME}));
    assert_eq!(
        world.fired_names(),
        ["ConfigurationWillBeSaved", "OnConfigurationChange"]
    );
    assert_eq!(fleet.done(), ["disable com.example.me"]);
    assert_eq!(switched(&world, ME), false);
    let commands = world.ok("ListPluginCommands", json!({}));
    assert_eq!(commands.get("commands"), None, "its commands went along");

    fleet.break_down("enable");
    world.ok("EnablePlugin", json!({"id": ME}));
    world.fired();
    assert_eq!(fleet.done(), ["enable com.example.me"]);
    for method in ["EnablePlugin", "DisablePlugin", "RemovePlugin"] {
        for id in ["com.example.nobody", "x", ""] {
            world.refuses(
                method,
                json!({ "id": id }),
                "app.plugin.not_installed.app_error",
                404,
            );
        }
        world
            .hooks
            .answer("ConfigurationWillBeSaved", Answer::Reject("no"));
        world.refuses(
            method,
            json!({"id": OTHER}),
            "app.plugin.config.app_error",
            500,
        );
    }
    world.fired();
    assert_eq!(fleet.done(), [""; 0]);
    assert_eq!(switched(&world, OTHER), true);
}

#[test]
fn plugins_follow_a_configuration_that_is_saved() {
    let world = world();
    let save = |states: Value| {
        let config = json!({"PluginSettings": {"PluginStates": states}}).to_string();
        world.ok(
            "SaveConfig",
            json!({"config_json": STANDARD.encode(config)}),
        );
        world.fired();
        let mut done = world.hooks.fleet.done();
        done.sort_unstable();
        done
    };
    assert_eq!(save(json!({})), [""; 0]);
    assert_eq!(
        save(json!({OTHER: {"Enable": true}})),
        ["enable com.example.other"]
    );
    assert_eq!(save(json!({OTHER: {"Enable": true}})), [""; 0]);
    assert_eq!(
        save(json!({OTHER: {"Enable": false}, ME: {"Enable": false}})),
        ["disable com.example.me", "disable com.example.other"]
    );
    // Of whom nothing is said stays as it is.
    assert_eq!(save(json!({})), [""; 0]);
}

#[test]
fn removing_disables_first() {
    let world = world();
    let fleet = &world.hooks.fleet;
    world.refuses(
        "RemovePlugin",
        json!({"id": "Com.Example.Other"}),
        "app.plugin.not_installed.app_error",
        404,
    );
    world.fired();
    assert_eq!(
        fleet.done(),
        ["disable com.example.other"],
        "the first step knows it by any letters"
    );
    world.ok("RemovePlugin", json!({"id": OTHER}));
    world.fired();
    let mut done = fleet.done();
    done.sort_unstable();
    assert_eq!(
        done,
        ["disable com.example.other", "remove com.example.other"]
    );
    let event = world.event("plugin_statuses_changed");
    let statuses = event.payload["plugin_statuses"].as_array().unwrap();
    assert_eq!((statuses.len(), &statuses[0]["plugin_id"]), (1, &json!(ME)));
    assert_eq!(switched(&world, OTHER), false, "the configuration stays");

    fleet.add(OTHER, false);
    fleet.break_down("remove");
    world.refuses(
        "RemovePlugin",
        json!({"id": OTHER}),
        "app.plugin.remove.app_error",
        500,
    );
    // Whoever removes itself is answered before.
    world.ok("RemovePlugin", json!({"id": ME}));
    world.fired();
    assert!(fleet.done().contains(&"remove com.example.me".to_owned()));
}

#[test]
fn installing_reads_the_bundle_and_replaces_only_when_told() {
    let world = world();
    let fleet = &world.hooks.fleet;
    let install = |data: String, replace: bool| json!({"file_data": data, "replace": replace});
    let not_utf8 = STANDARD.encode(b"\x1f\x8b no gzip");
    let manifest = r#"{"id": "!", "server": {"executable": "p.py"}}"#;
    for (data, id) in [
        (String::new(), "app.plugin.extract.app_error"),
        (not_utf8, "app.plugin.extract.app_error"),
        (
            bundle(&[("../plugin.json", "{}")]),
            "app.plugin.extract.app_error",
        ),
        (bundle(&[]), "app.plugin.manifest.app_error"),
        (
            bundle(&[("plugin.json", "{")]),
            "app.plugin.manifest.app_error",
        ),
        (
            bundle(&[("plugin.json", r#"{"id": "com.example.none"}"#)]),
            "app.plugin.manifest.app_error",
        ),
        (
            bundle(&[("plugin.json", manifest)]),
            "app.plugin.invalid_id.app_error",
        ),
        (plugin(OTHER), "app.plugin.install_id.app_error"),
        (
            plugin("COM.EXAMPLE.OTHER"),
            "app.plugin.install_id.app_error",
        ),
    ] {
        world.refuses("InstallPlugin", install(data, false), id, 400);
    }
    assert_eq!(fleet.done(), [""; 0]);
    let new = "com.example.new";
    world.answers(
        "InstallPlugin",
        install(plugin(new), false),
        json!({"manifest": {"id": new}}),
    );
    assert_eq!(
        fleet.done(),
        ["install com.example.new"],
        "which does not enable it"
    );
    world.ok("InstallPlugin", install(plugin(OTHER), true));
    assert_eq!(fleet.done(), ["install com.example.other"]);
    fleet.add(OTHER, true);
    world.ok("InstallPlugin", install(plugin(OTHER), true));
    assert_eq!(
        fleet.done(),
        ["install com.example.other", "enable com.example.other"]
    );
    world.memory.configure(|config| {
        config["PluginSettings"]["PluginStates"] =
            json!({OTHER: {"Enable": false}, new: {"Enable": true}});
    });
    world.ok("InstallPlugin", install(plugin(OTHER), true));
    assert_eq!(
        fleet.done(),
        ["install com.example.other"],
        "the configuration has the last word"
    );
    fleet.break_down("enable");
    world.refuses(
        "InstallPlugin",
        install(plugin(new), true),
        "app.plugin.restart.app_error",
        500,
    );
    // Its own place: answered before.
    world.ok("InstallPlugin", install(plugin(ME), true));
    world.fired();
    assert!(fleet.done().contains(&"install com.example.me".to_owned()));
    fleet.break_down("install");
    world.refuses(
        "InstallPlugin",
        install(plugin(new), true),
        "app.plugin.install.app_error",
        500,
    );
}

#[test]
fn where_plugins_are_off_nothing_is_told_or_done() {
    let world = world();
    world
        .memory
        .configure(|config| config["PluginSettings"]["EnableUploads"] = false.into());
    let data = json!({"file_data": plugin("com.example.new")});
    world.refuses(
        "InstallPlugin",
        data.clone(),
        "app.plugin.upload_disabled.app_error",
        501,
    );
    world.ok("GetPlugins", json!({}));
    world
        .memory
        .configure(|config| config["PluginSettings"]["Enable"] = false.into());
    world.refuses(
        "InstallPlugin",
        data,
        "app.plugin.upload_disabled.app_error",
        501,
    );
    for method in [
        "GetPlugins",
        "GetPluginStatus",
        "EnablePlugin",
        "DisablePlugin",
        "RemovePlugin",
    ] {
        let request = match method {
            "GetPlugins" => json!({}),
            _ => json!({"id": OTHER}),
        };
        world.refuses(method, request, "app.plugin.disabled.app_error", 501);
    }
    assert_eq!(world.hooks.fleet.done(), [""; 0]);
    let answer = world.ok("PluginHTTP", json!({"url": "/com.example.answers/"}));
    assert_eq!(answer["status_code"], 501);
    let body = STANDARD.decode(answer["body"].as_str().unwrap()).unwrap();
    let error: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&error["id"], &error["status_code"]),
        (&json!("app.plugin.disabled.app_error"), &json!(501))
    );
}

#[test]
fn a_request_to_a_plugin_has_what_the_host_says() {
    let world = world();
    let fleet = &world.hooks.fleet;
    let answer = world.ok(
        "PluginHTTP",
        json!({
            "method": "PUT", "url": "https://host.example/com.example.answers/a?b=1", "body": STANDARD.encode("text"),
            "headers": {"user-agent": "me", "MATTERMOST-USER-ID": "forged", "Host": "named", "x-a": "1"},
        }),
    );
    let expected =
        json!({"status_code": 201, "headers": {"A": "1, 2, 3"}, "body": STANDARD.encode("made")});
    assert_eq!(answer, expected);
    assert_eq!(
        world.fired_names(),
        [""; 0],
        "no hook is asked of anybody else"
    );
    let (head, body) = fleet.asked.lock().unwrap().take().unwrap();
    assert_eq!(body, "text");
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|header| (header.key.as_str(), header.values.join("|")))
        .collect();
    let expected = [
        ("Mattermost-Plugin-Id", ME.to_owned()),
        ("Mattermost-User-Id", String::new()),
        ("User-Agent", "me".to_owned()),
        ("X-A", "1".to_owned()),
    ];
    assert_eq!(headers, expected);
    assert_eq!(
        (head.method.as_str(), head.url.as_str(), head.host.as_str()),
        ("PUT", "/a?b=1", "named")
    );
    assert_eq!((head.content_length, head.proto.as_str()), (4, "HTTP/1.1"));
    let context = head.plugin_context.unwrap();
    assert_eq!(
        (context.user_agent.as_str(), context.session_id.as_str()),
        ("me", "")
    );
    assert_eq!(context.request_id.len(), 26);

    world.answers(
        "PluginHTTP",
        json!({"url": "/com.example.answers/"}),
        json!({"status_code": 201}),
    );
    let (head, _) = fleet.asked.lock().unwrap().take().unwrap();
    assert_eq!((head.method.as_str(), head.content_length), ("GET", 0));
    world.answers(
        "PluginHTTP",
        json!({"url": "/com.example.late/"}),
        json!({"status_code": 504}),
    );
    world.answers(
        "PluginHTTP",
        json!({"url": "/com.example.nobody/"}),
        json!({"status_code": 404}),
    );
    world.refuses(
        "PluginHTTP",
        json!({"url": "/a/%"}),
        "plugin.api.invalid_request.app_error",
        400,
    );
}
