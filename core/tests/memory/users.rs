//! Users, their status, sessions, tokens, permissions and preferences.

use serde_json::{Value, json};

use crate::world::{BEGINNING, World};

/// A user of that name; their id.
#[track_caller]
pub(crate) fn user(w: &World, name: &str) -> String {
    let user =
        json!({"username": name, "email": format!("{name}@example.com"), "password": "password1"});
    let answer = w.ok("CreateUser", json!({ "user": user }));
    answer["user"]["id"].as_str().unwrap().to_owned()
}

/// No user has that id.
pub(crate) const MISSING: &str = "app.user.missing_account.const";

#[test]
fn a_new_user_is_what_was_given_and_what_the_server_adds() {
    let w = World::new();
    let given = json!({
        "username": "Alice", "email": "Alice@Example.com", "password": "password1", "roles": "system_admin",
        "locale": "xx", "nickname": "A\u{202e}l", "email_verified": true, "mfa_active": true,
    });
    let answer = w.answers("CreateUser", json!({ "user": given }), json!({"user": {
        "username": "alice", "email": "alice@example.com", "password": "", "nickname": "Al", "locale": "en",
        "roles": "system_admin system_user", "email_verified": true, "mfa_active": false, "last_login": 0,
        "notify_props": {
            "email": "true", "push": "mention", "desktop": "mention", "desktop_sound": "true", "mention_keys": "",
            "channel": "true", "push_status": "away", "comments": "never", "first_name": "false",
            "desktop_threads": "all", "email_threads": "all", "push_threads": "all",
        },
        "timezone": {"useAutomaticTimezone": "true"},
    }}));
    let (alice, created) = (&answer["user"]["id"], &answer["user"]["create_at"]);
    assert!(created.as_i64() >= Some(BEGINNING) && created == &answer["user"]["update_at"]);
    let fired = w.fired();
    assert_eq!(fired.len(), 1, "{fired:?}");
    assert_eq!(fired[0].0, "UserHasBeenCreated");
    assert_eq!(fired[0].1["user"]["username"], "alice");
    assert_eq!(fired[0].1["user"]["password"], Value::Null);
    assert!(fired[0].1["plugin_context"]["request_id"].is_string());
    assert_eq!(fired[0].1["plugin_context"]["session_id"], Value::Null);
    assert_eq!(w.event("new_user").payload["user_id"], *alice);
    // Seen raw: the password is kept, but not as it was given.
    let raw = w.ok("GetUser", json!({ "user_id": alice }));
    let kept = raw["user"]["password"].as_str().unwrap();
    assert!(!kept.is_empty() && !kept.contains("password1"));
    // Whoever comes later is no administrator, a deactivated user still has the name, and one without a name gets one.
    w.answers(
        "CreateUser",
        json!({"user": {"email": "b@example.com", "password": "password1", "create_at": 5}}),
        json!({"user": {"roles": "system_user", "create_at": 5, "update_at": 5}}),
    );
    w.answers(
        "GetPreferencesForUser",
        json!({ "user_id": alice }),
        json!({"preferences": [
            {"category": "recommended_next_steps", "name": "hide", "value": "false"},
            {"category": "system_notice", "name": "GMasDM", "value": "true"},
            {"category": "tutorial_step", "name": alice, "value": "0"},
        ]}),
    );
}

#[test]
fn what_a_user_must_not_be() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.ok("DeleteUser", json!({ "user_id": alice }));
    let long = |length| "x".repeat(length);
    let cases = [
        (
            json!({"username": "ALICE"}),
            "app.user.save.username_exists.app_error",
        ),
        (
            json!({"email": "ALICE@example.com"}),
            "app.user.save.email_exists.app_error",
        ),
        (json!({"id": alice}), "app.user.save.existing.app_error"),
        (
            json!({"password": "short"}),
            "model.user.is_valid.pwd_min_length.app_error",
        ),
        (
            json!({"password": long(73)}),
            "model.user.is_valid.pwd_max_length.app_error",
        ),
        (
            json!({"password": ""}),
            "model.user.is_valid.pwd_min_length.app_error",
        ),
        (
            json!({"username": "no blanks"}),
            "model.user.is_valid.username.app_error",
        ),
        (
            json!({"username": "system"}),
            "model.user.is_valid.username.app_error",
        ),
        (
            json!({"username": "a:b"}),
            "model.user.is_valid.username.app_error",
        ),
        (json!({"email": ""}), "model.user.is_valid.email.app_error"),
        (
            json!({"email": "B <b@example.com>"}),
            "model.user.is_valid.email.app_error",
        ),
        (
            json!({"nickname": long(65)}),
            "model.user.is_valid.nickname.app_error",
        ),
        (
            json!({"position": long(129)}),
            "model.user.is_valid.position.app_error",
        ),
        (
            json!({"first_name": long(65)}),
            "model.user.is_valid.first_name.app_error",
        ),
        (
            json!({"last_name": long(65)}),
            "model.user.is_valid.last_name.app_error",
        ),
        (
            json!({"auth_data": "x"}),
            "model.user.is_valid.auth_data_type.app_error",
        ),
        (
            json!({"auth_data": long(129), "auth_service": "ldap"}),
            "model.user.is_valid.auth_data.app_error",
        ),
        (
            json!({"auth_data": "x", "auth_service": "ldap"}),
            "model.user.is_valid.auth_data_pwd.app_error",
        ),
        (
            json!({"timezone": {"manualTimezone": long(300)}}),
            "model.user.is_valid.timezone_limit.app_error",
        ),
    ];
    for (change, id) in cases {
        let mut given =
            json!({"username": "bob", "email": "bob@example.com", "password": "password1"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        w.refuses("CreateUser", json!({ "user": given }), id, 400);
    }
    w.refuses(
        "CreateUser",
        json!({}),
        "plugin.api.invalid_request.app_error",
        400,
    );
    assert_eq!(
        w.fired_names(),
        ["UserHasBeenCreated", "UserHasBeenDeactivated"]
    );
    // Remote users may have a colon; those who sign in elsewhere have no password.
    w.ok("CreateUser", json!({"user": {"username": "a:b", "email": "c@d", "password": "password1", "remote_id": "r"}}));
    w.ok("CreateUser", json!({"user": {"username": "e", "email": "e@d", "auth_service": "ldap", "auth_data": "e"}}));
    w.memory
        .configure(|config| config["TeamSettings"]["RestrictCreationToDomains"] = "x.org".into());
    let given = json!({"username": "f", "email": "f@y.org", "password": "password1"});
    w.refuses(
        "CreateUser",
        json!({ "user": given }),
        "api.user.create_user.accepted_domain.app_error",
        400,
    );
    w.memory.configure(|config| {
        config["PasswordSettings"] = json!({"MinimumLength": 1, "Number": true, "Symbol": true})
    });
    let given = json!({"username": "f", "email": "f@x.org", "password": "p"});
    w.refuses(
        "CreateUser",
        json!({ "user": given }),
        "model.user.is_valid.pwd_number_symbol.app_error",
        400,
    );
    w.memory.limit_users(Some(3));
    w.refuses(
        "CreateUser",
        json!({"user": {}}),
        "api.user.create_user.user_limits.exceeded",
        400,
    );
}

#[test]
fn one_user_is_found_by_id_name_and_address() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.ok("DeleteUser", json!({ "user_id": alice }));
    let same = || json!({"user": {"id": alice}});
    w.answers("GetUser", json!({ "user_id": alice }), same());
    w.answers("GetUserByUsername", json!({"name": "ALICE"}), same());
    w.answers(
        "GetUserByEmail",
        json!({"email": "Alice@EXAMPLE.com"}),
        same(),
    );
    w.refuses("GetUser", json!({}), MISSING, 404);
    w.refuses("GetUser", json!({"user_id": "no id"}), MISSING, 404);
    w.refuses("GetUserByEmail", json!({"email": "x"}), MISSING, 404);
    w.refuses(
        "GetUserByUsername",
        json!({"name": "@alice"}),
        "app.user.get_by_username.app_error",
        404,
    );
}

fn names(answer: &Value) -> Vec<&str> {
    let users = answer["users"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    users
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect()
}

#[test]
fn lists_of_users() {
    let w = World::new();
    let ids: Vec<_> = ["dora", "bob", "carl", "alice"]
        .iter()
        .map(|name| user(&w, name))
        .collect();
    w.ok("DeleteUser", json!({"user_id": ids[1]}));
    let list = |request| w.ok("GetUsers", request);
    assert_eq!(
        names(&list(json!({"per_page": 9}))),
        ["alice", "bob", "carl", "dora"]
    );
    assert_eq!(
        names(&list(json!({"per_page": 2, "page": 1}))),
        ["carl", "dora"]
    );
    assert!(names(&list(json!({}))).is_empty());
    assert!(names(&list(json!({"per_page": 2, "page": 9}))).is_empty());
    assert_eq!(
        names(&list(
            json!({"per_page": 9, "inactive": true, "active": true})
        )),
        ["bob"]
    );
    assert_eq!(
        names(&list(json!({"per_page": 9, "active": true}))),
        ["alice", "carl", "dora"]
    );
    assert_eq!(
        names(&list(json!({"per_page": 9, "role": "admin"}))),
        ["dora"]
    );
    assert_eq!(
        names(&list(json!({"per_page": 9, "roles": ["system_admin"]}))),
        ["dora"]
    );
    // What this method does not read.
    assert_eq!(
        names(&list(
            json!({"per_page": 9, "in_team_id": "x", "without_team": true, "sort": "create_at"})
        ))
        .len(),
        4
    );
    assert_eq!(
        list(json!({"per_page": 1}))["users"][0]["password"],
        Value::Null
    );
    assert!(names(&list(json!({"per_page": 9, "view_restrictions": {}}))).is_empty());

    let by_ids = w.ok(
        "GetUsersByIds",
        json!({"user_ids": [ids[0], "unknown", ids[1], ids[0]]}),
    );
    let mut found = names(&by_ids);
    found.sort_unstable();
    assert_eq!(found, ["bob", "dora"]);
    assert!(by_ids["users"][0]["password"].is_string());
    assert!(names(&w.ok("GetUsersByIds", json!({}))).is_empty());

    let by_names = w.ok(
        "GetUsersByUsernames",
        json!({"usernames": ["dora", "alice", "Bob", "nobody"]}),
    );
    assert_eq!(names(&by_names), ["alice", "dora"]);
    assert_eq!(by_names["users"][0]["notify_props"], Value::Null);
    assert_eq!(by_names["users"][0]["email"], "alice@example.com");
    assert!(names(&w.ok("GetUsersByUsernames", json!({}))).is_empty());
}

#[test]
fn search_for_users() {
    let w = World::new();
    for (name, first) in [("alice", "Zoe Ann"), ("bob", "Anna"), ("carl", "Max")] {
        let given = json!({"username": name, "email": format!("{name}@x.org"), "password": "password1", "first_name": first});
        w.ok("CreateUser", json!({ "user": given }));
    }
    let carl = w.ok("GetUserByUsername", json!({"name": "carl"}))["user"]["id"].clone();
    w.ok("DeleteUser", json!({ "user_id": carl }));
    let search = |request| w.ok("SearchUsers", request);
    assert_eq!(names(&search(json!({"term": " ann "}))), ["alice", "bob"]);
    assert_eq!(names(&search(json!({"term": "@bo"}))), ["bob"]);
    assert_eq!(names(&search(json!({"term": "lice"}))), [""; 0]);
    assert_eq!(names(&search(json!({"term": "zoe ali"}))), ["alice"]);
    assert_eq!(names(&search(json!({"term": "max"}))), [""; 0]);
    assert_eq!(
        names(&search(json!({"term": "max", "allow_inactive": true}))),
        ["carl"]
    );
    assert_eq!(names(&search(json!({"term": "", "limit": 1}))), ["alice"]);
    assert_eq!(
        names(&search(json!({"without_team": true}))),
        ["alice", "bob"]
    );
    assert_eq!(names(&search(json!({"team_id": "unknown"}))), [""; 0]);
    assert_eq!(
        names(&search(json!({"not_in_team_id": "unknown"}))),
        ["alice", "bob"]
    );
    assert_eq!(
        search(json!({"term": "bob"}))["users"][0]["notify_props"],
        Value::Null
    );
}

#[test]
fn an_update_replaces_the_profile_and_nothing_else() {
    let w = World::new();
    let alice = user(&w, "alice");
    user(&w, "bob");
    let old = w.ok("GetUser", json!({ "user_id": alice }))["user"].clone();
    w.ok(
        "UpdateUser",
        json!({"user": {"id": alice, "username": "alice", "email": "alice@example.com",
        "notify_props": {"mention_keys": "alice,@alice,boss"}, "nickname": "Al"}}),
    );
    let answer = w.answers("UpdateUser",
        json!({"user": {"id": alice, "username": "Anne", "email": "anne@example.com", "password": "other", "roles": "x",
            "create_at": 1, "delete_at": 1, "auth_service": "ldap", "email_verified": true, "notify_props": {"mention_keys": "alice,@alice,boss"}}}),
        json!({"user": {"username": "anne", "email": "anne@example.com", "nickname": "", "roles": old["roles"], "password": "",
            "create_at": old["create_at"], "delete_at": 0, "auth_service": "", "email_verified": false,
            "notify_props": {"mention_keys": "boss"}}}));
    assert!(answer["user"]["update_at"].as_i64() > old["update_at"].as_i64());
    let raw = w.ok("GetUserByUsername", json!({"name": "anne"}))["user"].clone();
    assert_eq!(raw["password"], old["password"]);
    w.refuses(
        "GetUserByUsername",
        json!({"name": "alice"}),
        "app.user.get_by_username.app_error",
        404,
    );
    assert_eq!(w.event("user_updated").payload["user"]["username"], "anne");
    let update = |change: Value| {
        let mut given = json!({"id": alice, "username": "anne", "email": "anne@example.com"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "user": given })
    };
    w.refuses("UpdateUser", update(json!({"id": "unknown"})), MISSING, 404);
    w.refuses(
        "UpdateUser",
        update(json!({"username": "bob"})),
        "app.user.save.username_exists.app_error",
        400,
    );
    w.refuses(
        "UpdateUser",
        update(json!({"email": "bob@example.com"})),
        "app.user.save.email_exists.app_error",
        400,
    );
    w.refuses(
        "UpdateUser",
        update(json!({"username": ""})),
        "model.user.is_valid.username.app_error",
        400,
    );
    w.refuses(
        "UpdateUser",
        update(json!({"locale": "klingon"})),
        "model.user.is_valid.locale.app_error",
        400,
    );
    w.memory
        .configure(|config| config["EmailSettings"]["RequireEmailVerification"] = true.into());
    w.answers(
        "UpdateUser",
        update(json!({"email": "new@example.com"})),
        json!({"user": {"email": "anne@example.com"}}),
    );
    w.memory
        .configure(|config| config["TeamSettings"]["RestrictCreationToDomains"] = "x.org".into());
    w.refuses(
        "UpdateUser",
        update(json!({"email": "new@example.com"})),
        "api.user.update_user.accepted_domain.app_error",
        400,
    );
    w.fired();
    w.ok("UpdateUser", update(json!({})));
    assert!(w.fired().is_empty());
}

#[test]
fn users_come_and_go() {
    let w = World::new();
    let alice = user(&w, "alice");
    let session =
        w.ok("CreateSession", json!({"session": {"user_id": alice}}))["session"]["id"].clone();
    w.ok(
        "UpdateUserStatus",
        json!({"user_id": alice, "status": "online"}),
    );
    w.fired();
    w.ok(
        "UpdateUserActive",
        json!({"user_id": alice, "active": false}),
    );
    let first = w.ok("GetUser", json!({ "user_id": alice }))["user"]["delete_at"]
        .as_i64()
        .unwrap();
    assert!(first > BEGINNING);
    let fired = w.fired();
    assert_eq!(fired[0].0, "UserHasBeenDeactivated");
    assert_eq!(fired[0].1["user"]["delete_at"], first);
    w.refuses(
        "GetSession",
        json!({ "session_id": session }),
        "app.session.get.app_error",
        400,
    );
    w.answers(
        "GetUserStatus",
        json!({ "user_id": alice }),
        json!({"status": {"status": "offline"}}),
    );
    w.ok("DeleteUser", json!({ "user_id": alice }));
    assert_eq!(w.fired_names(), ["UserHasBeenDeactivated"]);
    assert!(
        w.ok("GetUser", json!({ "user_id": alice }))["user"]["delete_at"].as_i64() > Some(first)
    );
    w.ok(
        "UpdateUserActive",
        json!({"user_id": alice, "active": true}),
    );
    w.answers(
        "GetUser",
        json!({ "user_id": alice }),
        json!({"user": {"delete_at": 0}}),
    );
    assert!(w.fired().is_empty());
    w.refuses("DeleteUser", json!({"user_id": "unknown"}), MISSING, 404);
    w.refuses(
        "UpdateUserActive",
        json!({"user_id": "unknown"}),
        MISSING,
        404,
    );
    w.ok("DeleteUser", json!({ "user_id": alice }));
    w.memory.limit_users(Some(0));
    w.refuses(
        "UpdateUserActive",
        json!({"user_id": alice, "active": true}),
        "app.user.update_active.user_limit.exceeded",
        400,
    );
}
