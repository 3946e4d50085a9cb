//! Whether users are there, the status that they write themselves, and their preferences.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::users::{MISSING, user};
use crate::world::{BEGINNING, World};

#[test]
fn status() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.refuses(
        "GetUserStatus",
        json!({ "user_id": alice }),
        "app.status.get.missing.app_error",
        404,
    );
    w.answers(
        "UpdateUserStatus",
        json!({"user_id": alice, "status": "away"}),
        json!({"status": {"status": "away", "manual": true, "last_activity_at": 0}}),
    );
    let online = w.answers(
        "UpdateUserStatus",
        json!({"user_id": alice, "status": "online"}),
        json!({"status": {"manual": false}}),
    );
    assert!(online["status"]["last_activity_at"].as_i64() > Some(BEGINNING));
    assert_eq!(w.event("status_change").broadcast.user_id, alice);
    w.ok(
        "UpdateUserStatus",
        json!({"user_id": "unknown", "status": "dnd"}),
    );
    for word in ["ooo", "", "Online"] {
        w.refuses(
            "UpdateUserStatus",
            json!({"user_id": alice, "status": word}),
            "plugin.api.update_user_status.bad_status",
            400,
        );
    }
    w.answers(
        "GetUserStatusesByIds",
        json!({"user_ids": ["nobody", alice]}),
        json!({"statuses": [
        {"user_id": alice, "status": "online"}, {"user_id": "nobody", "status": "offline"}]}),
    );
    let now = w.clock.load(Ordering::Relaxed) / 1000;
    w.answers(
        "SetUserStatusTimedDND",
        json!({"user_id": alice, "end_time": now + 100}),
        json!({"status": {"status": "dnd", "manual": true, "dnd_end_time": (now + 100) / 60 * 60}}),
    );
    w.clock.fetch_add(101_000, Ordering::Relaxed);
    w.answers(
        "GetUserStatus",
        json!({ "user_id": alice }),
        json!({"status": {"status": "online", "dnd_end_time": 0}}),
    );
    w.answers(
        "SetUserStatusTimedDND",
        json!({"user_id": alice, "end_time": 60}),
        json!({"status": {"status": "dnd"}}),
    );
    w.memory
        .configure(|config| config["ServiceSettings"]["EnableUserStatuses"] = false.into());
    w.answers(
        "GetUserStatus",
        json!({ "user_id": "nobody" }),
        json!({"status": {"status": ""}}),
    );
    w.answers(
        "GetUserStatusesByIds",
        json!({"user_ids": [alice]}),
        json!({"statuses": []}),
    );
    w.ok(
        "PublishUserTyping",
        json!({"user_id": "nobody", "channel_id": "nowhere"}),
    );
    let typing = w.event("typing").broadcast;
    assert_eq!(
        (typing.channel_id.as_str(), typing.omit_users),
        ("nowhere", vec!["nobody".to_owned()])
    );
}

#[test]
fn custom_status() {
    let w = World::new();
    let alice = user(&w, "alice");
    let set = |user: &str, status: Value| json!({"user_id": user, "custom_status": status});
    const NOTHING: &str = "api.custom_status.set_custom_statuses.update.app_error";
    w.refuses(
        "UpdateUserCustomStatus",
        json!({"user_id": "unknown"}),
        NOTHING,
        400,
    );
    w.refuses(
        "UpdateUserCustomStatus",
        set("unknown", json!({"duration": "today"})),
        NOTHING,
        400,
    );
    w.refuses(
        "UpdateUserCustomStatus",
        set("unknown", json!({"emoji": "no_such_emoji"})),
        "api.custom_status.set_custom_statuses.emoji_not_found",
        400,
    );
    w.refuses(
        "UpdateUserCustomStatus",
        set("unknown", json!({"emoji": "smile"})),
        MISSING,
        404,
    );
    w.ok(
        "UpdateUserCustomStatus",
        set(
            &alice,
            json!({"text": "out", "expires_at": 1_900_000_000_000_i64}),
        ),
    );
    let read = || -> Value {
        let user = w.ok("GetUser", json!({ "user_id": alice }));
        serde_json::from_str(user["user"]["props"]["customStatus"].as_str().unwrap())
            .unwrap_or_default()
    };
    assert_eq!(
        read(),
        json!({"emoji": "speech_balloon", "text": "out", "duration": "date_and_time", "expires_at": "2030-03-17T17:46:40Z"})
    );
    w.ok(
        "UpdateUserCustomStatus",
        set(&alice, json!({"emoji": "wave_medium_skin_tone"})),
    );
    assert_eq!(read()["expires_at"], "0001-01-01T00:00:00Z");
    let recent = w.ok(
        "GetPreferenceForUser",
        json!({"user_id": alice, "category": "custom_status", "name": "recent_custom_statuses"}),
    );
    let recent: Value =
        serde_json::from_str(recent["preference"]["value"].as_str().unwrap()).unwrap();
    assert_eq!(recent.as_array().unwrap().len(), 2);
    w.ok("RemoveUserCustomStatus", json!({ "user_id": alice }));
    w.ok("RemoveUserCustomStatus", json!({ "user_id": alice }));
    assert_eq!(read(), Value::Null);
    w.refuses(
        "RemoveUserCustomStatus",
        json!({"user_id": "unknown"}),
        MISSING,
        404,
    );
}

#[test]
fn preferences() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.fired();
    let one = |change: Value| {
        let mut one = json!({"user_id": alice, "category": "c", "name": "n", "value": "v"});
        for (key, value) in change.as_object().unwrap() {
            one[key] = value.clone();
        }
        json!({"user_id": alice, "preferences": [{"user_id": alice, "category": "c", "name": "first", "value": ""}, one]})
    };
    let get = |name: &str| json!({"user_id": alice, "category": "c", "name": name});
    for (change, id, status) in [
        (
            json!({"user_id": "x"}),
            "api.preference.update_preferences.set.app_error",
            403,
        ),
        (
            json!({"category": ""}),
            "model.preference.is_valid.category.app_error",
            400,
        ),
        (
            json!({"category": "x".repeat(33)}),
            "model.preference.is_valid.category.app_error",
            400,
        ),
        (
            json!({"name": "x".repeat(33)}),
            "model.preference.is_valid.name.app_error",
            400,
        ),
        (
            json!({"value": "x".repeat(20_001)}),
            "model.preference.is_valid.value.app_error",
            400,
        ),
        (
            json!({"category": "theme"}),
            "model.preference.is_valid.theme.app_error",
            400,
        ),
    ] {
        w.refuses("UpdatePreferencesForUser", one(change), id, status);
    }
    w.refuses(
        "GetPreferenceForUser",
        get("first"),
        "app.preference.get.app_error",
        400,
    );
    assert!(w.fired().is_empty());
    w.ok("UpdatePreferencesForUser", one(json!({})));
    w.ok("UpdatePreferencesForUser", one(json!({"value": "w"})));
    w.answers(
        "GetPreferenceForUser",
        get("n"),
        json!({"preference": {"value": "w"}}),
    );
    let fired = w.fired();
    assert_eq!(fired.len(), 2);
    assert_eq!(
        (
            fired[0].0,
            fired[0].1["preferences"].as_array().map(Vec::len)
        ),
        ("PreferencesHaveChanged", Some(2))
    );
    w.ok(
        "UpdatePreferencesForUser",
        one(json!({"category": "theme", "value": "{\"a\":\"#123456\",\"b\":\"red\"}"})),
    );
    w.answers(
        "GetPreferenceForUser",
        json!({"user_id": alice, "category": "theme", "name": "n"}),
        json!({"preference": {"value": "{\"a\":\"#123456\",\"b\":\"#ffffff\"}"}}),
    );
    w.fired();
    w.refuses(
        "DeletePreferencesForUser",
        one(json!({"user_id": "x"})),
        "api.preference.delete_preferences.delete.app_error",
        403,
    );
    w.ok("DeletePreferencesForUser", one(json!({"value": "another"})));
    w.ok("DeletePreferencesForUser", one(json!({})));
    w.refuses(
        "GetPreferenceForUser",
        get("n"),
        "app.preference.get.app_error",
        400,
    );
    w.answers(
        "GetPreferencesForUser",
        json!({"user_id": "unknown"}),
        json!({"preferences": []}),
    );
    assert!(w.fired().is_empty());
}
