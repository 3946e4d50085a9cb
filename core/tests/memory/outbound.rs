//! Configuration, OAuth, and what leaves the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::users::user;
use crate::world::{Answer, BEGINNING, World};

#[test]
fn the_configuration() {
    let w = World::new();
    let read = |method: &str| -> Value {
        let json = w.ok(method, json!({}))["config_json"].clone();
        serde_json::from_slice(&STANDARD.decode(json.as_str().unwrap()).unwrap()).unwrap()
    };
    let write = |document: &Value| json!({"config_json": STANDARD.encode(document.to_string())});
    w.memory
        .configure(|config| config["FileSettings"]["PublicLinkSalt"] = "secret".into());
    let mut document = read("GetConfig");
    assert_eq!(document["FileSettings"]["PublicLinkSalt"], "*".repeat(32));
    assert_eq!(
        read("GetUnsanitizedConfig")["FileSettings"]["PublicLinkSalt"],
        "secret"
    );
    document["TeamSettings"] = json!({"MaxUsersPerTeam": 7});
    document["PluginSettings"]["Plugins"]["com.example.me"] = json!({"TheKey": 1});
    w.ok("SaveConfig", write(&document));
    assert_eq!(
        w.fired_names(),
        ["ConfigurationWillBeSaved", "OnConfigurationChange"]
    );
    let saved = read("GetUnsanitizedConfig");
    assert_eq!(saved["FileSettings"]["PublicLinkSalt"], "secret");
    assert_eq!(
        (
            &saved["TeamSettings"]["MaxUsersPerTeam"],
            &saved["TeamSettings"]["RestrictDirectMessage"]
        ),
        (&json!(7), &json!("any"))
    );
    assert_eq!(read("LoadPluginConfiguration"), json!({"thekey": 1}));
    w.answers(
        "GetPluginConfig",
        json!({}),
        json!({"config": {"TheKey": 1}}),
    );
    w.ok(
        "SavePluginConfig",
        json!({"config": {"Other": [true, null]}}),
    );
    assert_eq!(
        read("GetUnsanitizedConfig")["PluginSettings"]["Plugins"]["com.example.me"],
        json!({"Other": [true, null]})
    );
    w.fired();
    w.hooks
        .answer("ConfigurationWillBeSaved", Answer::Reject("no"));
    w.refuses(
        "SaveConfig",
        write(&document),
        "app.save_config.plugin_hook_error",
        400,
    );
    assert_eq!(w.fired_names(), ["ConfigurationWillBeSaved"]);
    let theirs = STANDARD.encode(json!({"TeamSettings": {"MaxUsersPerTeam": 9}}).to_string());
    w.hooks.answer(
        "ConfigurationWillBeSaved",
        Answer::Change(json!({"new_config": {"config_json": theirs}})),
    );
    w.ok("SaveConfig", write(&document));
    assert_eq!(read("GetConfig")["TeamSettings"]["MaxUsersPerTeam"], 9);
    assert_eq!(read("LoadPluginConfiguration"), json!({}));
    for bad in ["", "bnVsbA==", "W10="] {
        w.refuses(
            "SaveConfig",
            json!({ "config_json": bad }),
            "plugin.api.invalid_request.app_error",
            400,
        );
    }
}

#[test]
fn oauth_apps() {
    let w = World::new();
    let alice = user(&w, "alice");
    let given = |change: Value| {
        let mut given = json!({"creator_id": alice, "name": "a", "callback_urls": "http://x,https://y", "homepage": "http://h"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "app": given })
    };
    let made = w.ok("CreateOAuthApp", given(json!({"client_secret": "mine"})))["app"].clone();
    assert_ne!(made["client_secret"], "mine");
    for (change, id) in [
        (json!({"id": "x"}), "app.oauth.save_app.existing.app_error"),
        (
            json!({"creator_id": "x"}),
            "model.oauth.is_valid.creator_id.app_error",
        ),
        (json!({"name": ""}), "model.oauth.is_valid.name.app_error"),
        (
            json!({"callback_urls": ""}),
            "model.oauth.is_valid.callback.app_error",
        ),
        (
            json!({"homepage": "x"}),
            "model.oauth.is_valid.homepage.app_error",
        ),
        (
            json!({"description": "x".repeat(513)}),
            "model.oauth.is_valid.description.app_error",
        ),
        (
            json!({"icon_url": "x"}),
            "model.oauth.is_valid.icon_url.app_error",
        ),
        (
            json!({"mattermostAppId": "x".repeat(33)}),
            "model.oauth.is_valid.mattermost_app_id.app_error",
        ),
    ] {
        w.refuses("CreateOAuthApp", given(change), id, 400);
    }
    w.answers(
        "GetOAuthApp",
        json!({"app_id": made["id"]}),
        json!({ "app": made }),
    );
    w.answers("UpdateOAuthApp", given(json!({"id": made["id"], "creator_id": "x", "name": "b", "client_secret": "mine"})),
        json!({"app": {"name": "b", "creator_id": alice, "client_secret": made["client_secret"], "create_at": made["create_at"]}}));
    w.refuses(
        "UpdateOAuthApp",
        given(json!({"id": "unknown"})),
        "app.oauth.get_app.find.app_error",
        404,
    );
    w.ok("DeleteOAuthApp", json!({"app_id": made["id"]}));
    w.ok("DeleteOAuthApp", json!({"app_id": made["id"]}));
    w.refuses(
        "GetOAuthApp",
        json!({"app_id": made["id"]}),
        "app.oauth.get_app.find.app_error",
        404,
    );
    w.memory
        .configure(|config| config["ServiceSettings"]["EnableOAuthServiceProvider"] = false.into());
    w.refuses(
        "CreateOAuthApp",
        given(json!({})),
        "api.oauth.register_oauth_app.turn_off.app_error",
        501,
    );
    w.refuses(
        "GetOAuthApp",
        json!({}),
        "api.oauth.allow_oauth.turn_off.app_error",
        501,
    );
}

#[test]
fn what_leaves_the_server_is_recorded() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.fired();
    for (request, id) in [
        (json!({}), "plugin_api.send_mail.missing_to"),
        (json!({"to": "a"}), "plugin_api.send_mail.missing_subject"),
        (
            json!({"to": "a", "subject": "s"}),
            "plugin_api.send_mail.missing_htmlbody",
        ),
    ] {
        w.refuses("SendMail", request, id, 400);
    }
    w.ok(
        "SendMail",
        json!({"to": "a", "subject": "s", "html_body": "b"}),
    );
    assert_eq!(w.memory.mails()[0].subject, "s");
    let push = json!({"user_id": alice, "notification": {"message": "m"}});
    w.hooks.answer(
        "NotificationWillBePushed",
        Answer::Change(json!({"push_notification": {"message": "theirs"}})),
    );
    w.ok("SendPushNotification", push.clone());
    w.hooks
        .answer("NotificationWillBePushed", Answer::Reject("no"));
    w.ok("SendPushNotification", push);
    assert_eq!(w.fired_names(), ["NotificationWillBePushed"; 2]);
    let pushed = w.memory.push_notifications();
    assert_eq!(
        (
            pushed.len(),
            pushed[0].0.as_str(),
            pushed[0].1.message.as_str()
        ),
        (1, alice.as_str(), "theirs")
    );
    w.ok(
        "PublishPluginClusterEvent",
        json!({"event": {"id": "e"}, "opts": {"send_type": "reliable"}}),
    );
    assert_eq!(w.memory.cluster_events()[0].options.send_type, "reliable");
    w.ok(
        "LogAuditRec",
        json!({"record": {"event": "e", "level": "info"}}),
    );
    w.ok(
        "LogAuditRecWithLevel",
        json!({"record": {"event": "f"}, "level": "error"}),
    );
    w.ok("LogAuditRec", json!({}));
    let levels: Vec<_> = w
        .memory
        .audit_records()
        .into_iter()
        .map(|record| record.level)
        .collect();
    assert_eq!(levels, ["info", "error", ""]);
    w.answers("GetCloudLimits", json!({}), json!({"limits_json": "e30="}));
    w.ok("RegisterCollectionAndTopic", json!({}));
    let trial = |change: Value| {
        let mut trial = json!({"terms_accepted": true, "users": 1, "requester_id": alice});
        for (key, value) in change.as_object().unwrap() {
            trial[key] = value.clone();
        }
        trial
    };
    w.refuses(
        "RequestTrialLicense",
        trial(json!({"terms_accepted": false, "users": 0})),
        "api.license.request-trial.bad-request.terms-not-accepted",
        400,
    );
    w.refuses(
        "RequestTrialLicense",
        trial(json!({"users": 0})),
        "api.license.request-trial.bad-request",
        400,
    );
    w.refuses(
        "RequestTrialLicense",
        trial(json!({"requester_id": "x"})),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "RequestTrialLicense",
        trial(json!({})),
        "api.license.request_trial_license.app_error",
        500,
    );
    w.answers("GetLicense", json!({}), json!({"license_json": ""}));
    w.answers(
        "GetSystemInstallDate",
        json!({}),
        json!({ "install_date": BEGINNING }),
    );
    let id = w.ok("GetDiagnosticId", json!({}))["diagnostic_id"].clone();
    w.answers("GetTelemetryId", json!({}), json!({ "telemetry_id": id }));
}
