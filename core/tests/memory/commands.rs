//! Slash commands, and the dialogs that they may open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::channels::member;
use crate::teams::{channel_named, team};
use crate::world::{Told, World};

const PLAIN: &str = "plugin.api.error.app_error";

#[test]
fn commands_are_registered_and_executed() {
    let mut w = World::new();
    let one = team(&w, "one");
    let alice = member(&w, &one, "alice");
    let channel = channel_named(&w, &one, "town-square");
    w.refuses("RegisterCommand", json!({"command": {}}), PLAIN, 500);
    w.ok(
        "RegisterCommand",
        json!({"command": {"trigger": "Tea", "url": "dropped", "auto_complete_desc": "old"}}),
    );
    w.ok(
        "RegisterCommand",
        json!({"command": {"trigger": "tea", "auto_complete_desc": "new"}}),
    );
    w.become_plugin("com.example.other");
    w.ok("RegisterCommand", json!({"command": {"trigger": "tea"}}));
    w.ok(
        "RegisterCommand",
        json!({"command": {"trigger": "milk", "team_id": "elsewhere"}}),
    );
    w.answers(
        "ListPluginCommands",
        json!({ "team_id": one }),
        json!({"commands": [{"trigger": "tea", "auto_complete_desc": "new", "url": ""}]}),
    );
    w.fired();
    let run = |line: &str| json!({"command_args": {"user_id": alice, "channel_id": channel, "team_id": one, "command": line}});
    w.hooks.reply(Told::Answer(
        json!({"response": {"response_type": "in_channel", "text": "a cup"}}),
    ));
    w.answers(
        "ExecuteSlashCommand",
        run("/TEA please"),
        json!({"response": {"text": "a cup"}}),
    );
    let fired = w.fired();
    assert_eq!(
        (fired[0].0, &fired[0].1["args"]["command"]),
        ("ExecuteCommand", &json!("/TEA please"))
    );
    assert!(fired[0].1["args"]["trigger_id"].is_string());
    assert!(
        fired
            .iter()
            .any(|(name, request)| *name == "MessageHasBeenPosted"
                && request["post"]["message"] == "a cup")
    );
    w.hooks
        .reply(Told::Answer(json!({"response": {"text": "alone"}})));
    w.ok("ExecuteSlashCommand", run("/tea"));
    assert_eq!(w.event("ephemeral_message").broadcast.user_id, alice);
    w.hooks.reply(Told::Error(
        json!({"id": "no.tea", "status_code": 7, "where": "tea"}),
    ));
    w.refuses("ExecuteSlashCommand", run("/tea"), "no.tea", 500);
    w.refuses(
        "ExecuteSlashCommand",
        run("/tea"),
        "model.plugin_command.error.app_error",
        500,
    );
    w.hooks.reply(Told::Answer(json!({})));
    w.refuses(
        "ExecuteSlashCommand",
        run("/tea"),
        "api.command.execute_command.not_found.app_error",
        404,
    );
    w.refuses(
        "ExecuteSlashCommand",
        run("tea"),
        "api.command.execute_command.format.app_error",
        400,
    );
    w.refuses(
        "ExecuteSlashCommand",
        run("/none"),
        "api.command.execute_command.not_found.app_error",
        404,
    );
    w.refuses(
        "ExecuteSlashCommand",
        json!({"command_args": {"user_id": "unknown"}}),
        "app.user.missing_account.const",
        404,
    );
    w.answers(
        "ExecuteSlashCommand",
        run("/shrug so"),
        json!({"response": {"response_type": "in_channel", "text": r"so ¯\\\_(ツ)\_/¯"}}),
    );
    w.ok("ExecuteSlashCommand", run("/dnd"));
    w.answers(
        "GetUserStatus",
        json!({ "user_id": alice }),
        json!({"status": {"status": "dnd"}}),
    );
    w.ok("UnregisterCommand", json!({"trigger": "TEA"}));
    w.ok("UnregisterCommand", json!({"trigger": "tea"}));
    w.answers(
        "ListPluginCommands",
        json!({ "team_id": one }),
        json!({"commands": []}),
    );
    w.memory
        .configure(|config| config["ServiceSettings"]["EnableCommands"] = false.into());
    w.refuses(
        "ExecuteSlashCommand",
        run("/shrug"),
        "api.command.disabled.app_error",
        501,
    );
}

#[test]
fn custom_commands() {
    let w = World::new();
    let one = team(&w, "one");
    let given = |change: Value| {
        let mut given = json!({"team_id": one, "trigger": "Tea", "url": "http://x", "method": "P", "creator_id": "dropped"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        given
    };
    let made = w.answers(
        "CreateCommand",
        json!({"cmd": given(json!({}))}),
        json!({"command": {"trigger": "tea", "creator_id": "", "plugin_id": "com.example.me"}}),
    )["command"]
        .clone();
    for (change, id) in [
        (json!({}), "api.command.duplicate_trigger.app_error"),
        (
            json!({"trigger": "shrug"}),
            "api.command.duplicate_trigger.app_error",
        ),
        (
            json!({"trigger": "/x"}),
            "model.command.is_valid.trigger.app_error",
        ),
        (
            json!({"trigger": "x", "team_id": "x"}),
            "model.command.is_valid.team_id.app_error",
        ),
        (
            json!({"trigger": "x", "url": ""}),
            "model.command.is_valid.url.app_error",
        ),
        (
            json!({"trigger": "x", "url": "x"}),
            "model.command.is_valid.url_http.app_error",
        ),
        (
            json!({"trigger": "x", "method": "X"}),
            "model.command.is_valid.method.app_error",
        ),
        (
            json!({"trigger": "x", "display_name": "x".repeat(65)}),
            "model.command.is_valid.display_name.app_error",
        ),
        (
            json!({"trigger": "x", "description": "x".repeat(129)}),
            "model.command.is_valid.description.app_error",
        ),
    ] {
        w.refuses("CreateCommand", json!({"cmd": given(change)}), id, 400);
    }
    w.refuses(
        "CreateCommand",
        json!({"cmd": given(json!({"id": "x"}))}),
        "app.command.createcommand.internal_error",
        500,
    );
    w.answers(
        "GetCommand",
        json!({"command_id": made["id"]}),
        json!({ "command": made }),
    );
    w.answers("UpdateCommand", json!({"command_id": made["id"], "updated_cmd": {"trigger": "Milk", "url": "https://y", "method": "G"}}),
        json!({"command": {"id": made["id"], "token": made["token"], "trigger": "milk", "team_id": one}}));
    w.refuses(
        "UpdateCommand",
        json!({"command_id": made["id"], "updated_cmd": given(json!({}))}),
        "model.command.is_valid.plugin_id.app_error",
        400,
    );
    w.refuses(
        "UpdateCommand",
        json!({"command_id": "unknown", "updated_cmd": {}}),
        PLAIN,
        500,
    );
    w.answers(
        "ListCustomCommands",
        json!({ "team_id": one }),
        json!({"commands": [{"trigger": "milk"}]}),
    );
    let all = w.ok("ListCommands", json!({ "team_id": one }));
    let built_in = w.ok("ListBuiltInCommands", json!({}));
    let count = |answer: &Value| answer["commands"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&all), count(&built_in) + 1);
    w.ok("DeleteCommand", json!({"command_id": made["id"]}));
    w.ok("DeleteCommand", json!({"command_id": "unknown"}));
    w.refuses("GetCommand", json!({"command_id": made["id"]}), PLAIN, 500);
}

#[test]
fn a_dialog_needs_a_ticket() {
    let mut w = World::new();
    let one = team(&w, "one");
    let alice = member(&w, &one, "alice");
    w.become_plugin("com.example.me");
    w.ok("RegisterCommand", json!({"command": {"trigger": "ask"}}));
    w.hooks.reply(Told::Answer(json!({"response": {}})));
    w.fired();
    let run = json!({"command_args": {"user_id": alice, "team_id": one, "channel_id": "any", "command": "/ask"}});
    let answer = w.ok("ExecuteSlashCommand", run);
    let ticket = w.fired()[0].1["args"]["trigger_id"].clone();
    let open = |ticket: &Value| json!({"dialog": {"trigger_id": ticket, "dialog": {"title": "T"}}});
    w.ok("OpenInteractiveDialog", open(&ticket));
    w.ok("OpenInteractiveDialog", open(&ticket));
    let shown = w.event("open_dialog");
    assert_eq!(shown.broadcast.user_id, alice);
    let dialog: Value = serde_json::from_str(shown.payload["dialog"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&dialog["trigger_id"], &dialog["dialog"]["title"]),
        (&answer["response"]["trigger_id"], &json!("T"))
    );
    let forged = |text: &str| json!(STANDARD.encode(text));
    let now = w.clock.load(std::sync::atomic::Ordering::Relaxed);
    let good_length = STANDARD.encode([0; 32]);
    for (ticket, reason) in [
        (json!("%"), "base64_decode_failed"),
        (forged("a:b"), "missing_data"),
        (forged("a:b:1:c"), "expired"),
        (
            forged(&format!("a:b:{now}:%")),
            "base64_decode_failed_signature",
        ),
        (
            forged(&format!("a:b:{now}:YQ==")),
            "signature_decode_failed",
        ),
        (
            forged(&format!("a:b:{now}:{good_length}")),
            "verify_signature_failed",
        ),
    ] {
        let id: &'static str = format!("interactive_message.decode_trigger_id.{reason}").leak();
        w.refuses("OpenInteractiveDialog", open(&ticket), id, 400);
    }
    w.clock
        .fetch_add(31_000, std::sync::atomic::Ordering::Relaxed);
    w.refuses(
        "OpenInteractiveDialog",
        open(&ticket),
        "interactive_message.decode_trigger_id.expired",
        400,
    );
}
