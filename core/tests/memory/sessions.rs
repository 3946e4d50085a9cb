//! Sessions, tokens, pictures, and what roles permit.

use serde_json::{Value, json};

use crate::users::{MISSING, user};
use crate::world::{BEGINNING, World};

#[test]
fn sign_in_and_roles() {
    let w = World::new();
    let (alice, bob) = (user(&w, "alice"), user(&w, "bob"));
    w.answers(
        "UpdateUserAuth",
        json!({"user_id": bob, "user_auth": {"auth_service": "gitlab", "auth_data": "7"}}),
        json!({"user_auth": {"auth_service": "gitlab", "auth_data": "7"}}),
    );
    w.answers(
        "GetUser",
        json!({ "user_id": bob }),
        json!({"user": {"password": "", "auth_service": "gitlab", "auth_data": "7"}}),
    );
    w.refuses(
        "UpdateUserAuth",
        json!({"user_id": alice, "user_auth": {"auth_service": "gitlab", "auth_data": "7"}}),
        "app.user.update_auth_data.email_exists.app_error",
        400,
    );
    w.ok(
        "UpdateUserAuth",
        json!({"user_id": "unknown", "user_auth": {"auth_service": "gitlab"}}),
    );
    // Who signs in elsewhere keeps the address of there.
    w.answers(
        "UpdateUser",
        json!({"user": {"id": bob, "username": "bob", "email": "new@example.com"}}),
        json!({"user": {"email": "bob@example.com"}}),
    );
    w.ok(
        "UpdateUserAuth",
        json!({"user_id": bob, "user_auth": {"auth_service": "ldap", "auth_data": "7"}}),
    );
    w.refuses(
        "UpdateUser",
        json!({"user": {"id": bob, "username": "rob", "email": "bob@example.com"}}),
        "app.user.update.find.app_error",
        400,
    );
    w.refuses(
        "GetLDAPUserAttributes",
        json!({"user_id": "unknown"}),
        "ent.ldap.disabled.app_error",
        501,
    );

    let session = w.ok(
        "CreateSession",
        json!({"session": {"user_id": bob, "roles": "system_user"}}),
    )["session"]["id"]
        .clone();
    w.answers(
        "UpdateUserRoles",
        json!({"user_id": bob, "new_roles": "system_user system_post_all"}),
        json!({"user": {"roles": "system_user system_post_all", "password": ""}}),
    );
    w.answers(
        "GetSession",
        json!({ "session_id": session }),
        json!({"session": {"roles": "system_user system_post_all"}}),
    );
    assert_eq!(w.event("user_role_updated").broadcast.user_id, bob);
    w.ok("UpdateUserRoles", json!({"user_id": bob, "new_roles": ""}));
    w.refuses(
        "UpdateUserRoles",
        json!({"user_id": "unknown"}),
        MISSING,
        400,
    );
    w.refuses(
        "UpdateUserRoles",
        json!({"user_id": bob, "new_roles": "nobody"}),
        "app.role.check_roles_exist.role_not_found",
        400,
    );
    w.refuses(
        "UpdateUserRoles",
        json!({"user_id": alice, "new_roles": "system_user"}),
        "app.user.update.lastAdmin.app_error",
        400,
    );
}

#[test]
fn sessions_and_tokens() {
    let w = World::new();
    let alice = user(&w, "alice");
    let answer = w.answers("CreateSession", json!({"session": {"user_id": alice, "expires_at": -1, "create_at": 5, "roles": "x", "props": {"k": "v"}}}),
        json!({"session": {"expires_at": -1, "roles": "x", "props": {"k": "v"}}}));
    let session = &answer["session"];
    assert!(
        session["create_at"].as_i64() > Some(BEGINNING)
            && session["create_at"] == session["last_activity_at"]
    );
    assert_eq!(session["token"].as_str().map(str::len), Some(26));
    let id = session["id"].clone();
    w.answers(
        "GetSession",
        json!({ "session_id": id }),
        json!({ "session": session }),
    );
    w.refuses(
        "GetSession",
        json!({"session_id": session["token"]}),
        "app.session.get.app_error",
        400,
    );
    w.ok(
        "ExtendSessionExpiry",
        json!({"session_id": id, "new_expiry": 7}),
    );
    w.answers(
        "GetSession",
        json!({ "session_id": id }),
        json!({"session": {"expires_at": 7}}),
    );
    w.refuses(
        "ExtendSessionExpiry",
        json!({"session_id": "unknown"}),
        "app.session.get_sessions.app_error",
        500,
    );
    w.ok("RevokeSession", json!({ "session_id": id }));
    w.refuses(
        "RevokeSession",
        json!({ "session_id": id }),
        "app.session.get.app_error",
        400,
    );
    w.refuses(
        "CreateSession",
        json!({"session": {"user_id": alice, "id": id}}),
        "app.session.save.existing.app_error",
        400,
    );
    w.refuses(
        "CreateSession",
        json!({"session": {}}),
        "app.session.save.app_error",
        500,
    );
    w.refuses(
        "CreateSession",
        json!({"session": {"user_id": alice, "roles": "x".repeat(257)}}),
        "app.session.save.app_error",
        500,
    );
    w.answers(
        "CreateSession",
        json!({"session": {"user_id": "nobody4567890123456789abcd", "token": "t"}}),
        json!({"session": {"token": "t"}}),
    );
    let remote =
        json!({"username": "r", "email": "r@x", "password": "password1", "remote_id": "r"});
    let remote = w.ok("CreateUser", json!({ "user": remote }))["user"]["id"].clone();
    w.refuses(
        "CreateSession",
        json!({"session": {"user_id": remote}}),
        "api.user.login.remote_users.login.error",
        401,
    );
    let mut ids = Vec::new();
    for _ in 0..501 {
        ids.push(
            w.ok("CreateSession", json!({"session": {"user_id": alice}}))["session"]["id"].clone(),
        );
    }
    w.refuses(
        "GetSession",
        json!({"session_id": ids[0]}),
        "app.session.get.app_error",
        400,
    );
    w.ok("GetSession", json!({"session_id": ids[1]}));

    let token =
        |user: &str| json!({"token": {"user_id": user, "token": "mine", "description": "d"}});
    w.refuses("CreateUserAccessToken", token("unknown"), MISSING, 404);
    w.refuses(
        "CreateUserAccessToken",
        token(&alice),
        "app.user_access_token.disabled",
        501,
    );
    w.memory
        .configure(|config| config["ServiceSettings"]["EnableUserAccessTokens"] = true.into());
    let made = w.answers(
        "CreateUserAccessToken",
        token(&alice),
        json!({"token": {"is_active": true, "description": "d"}}),
    );
    assert_eq!(made["token"]["token"].as_str().map(str::len), Some(26));
    w.refuses(
        "CreateUserAccessToken",
        json!({"token": {"user_id": alice, "description": "x".repeat(256)}}),
        "model.user_access_token.is_valid.description.app_error",
        400,
    );
    let with_it = w.ok(
        "CreateSession",
        json!({"session": {"user_id": alice, "token": made["token"]["token"]}}),
    );
    w.ok(
        "RevokeUserAccessToken",
        json!({"token_id": made["token"]["id"]}),
    );
    w.refuses(
        "GetSession",
        json!({"session_id": with_it["session"]["id"]}),
        "app.session.get.app_error",
        400,
    );
    w.refuses(
        "RevokeUserAccessToken",
        json!({"token_id": made["token"]["id"]}),
        "app.user_access_token.get_by_user.app_error",
        404,
    );
}

#[test]
fn pictures() {
    let w = World::new();
    let alice = user(&w, "alice");
    let made = w.ok("GetProfileImage", json!({ "user_id": alice }))["image"].clone();
    w.refuses(
        "GetProfileImage",
        json!({"user_id": "unknown"}),
        MISSING,
        404,
    );
    w.refuses(
        "SetProfileImage",
        json!({"user_id": "unknown"}),
        MISSING,
        404,
    );
    w.refuses(
        "SetProfileImage",
        json!({"user_id": alice, "data": "bm8gaW1hZ2U="}),
        "api.user.upload_profile_user.decode.app_error",
        400,
    );
    w.ok("SetProfileImage", json!({"user_id": alice, "data": made}));
    let once = w.ok("GetUser", json!({ "user_id": alice }))["user"].clone();
    assert!(
        once["last_picture_update"].as_i64() > Some(BEGINNING)
            && once["last_picture_update"] == once["update_at"]
    );
    w.ok("SetProfileImage", json!({"user_id": alice, "data": made}));
    w.answers(
        "GetUser",
        json!({ "user_id": alice }),
        json!({ "user": once }),
    );
}

#[test]
fn permissions_by_roles_in_the_system() {
    let w = World::new();
    let (admin, bob) = (user(&w, "alice"), user(&w, "bob"));
    let may = |user: &str, permission: &str| {
        let request = json!({"user_id": user, "permission_id": permission});
        w.ok("HasPermissionTo", request)["has_permission"] == true
    };
    assert!(may(&admin, "manage_system") && !may(&bob, "manage_system"));
    assert!(may(&bob, "create_team") && !may(&admin, "make_tea") && !may("unknown", "create_team"));
    w.ok("DeleteUser", json!({ "user_id": admin }));
    assert!(may(&admin, "manage_system"));
    let in_team = |team: &str| {
        let request = json!({"user_id": admin, "team_id": team, "permission_id": "manage_team"});
        w.ok("HasPermissionToTeam", request)["has_permission"] == true
    };
    assert!(in_team("unknown") && !in_team(""));
    let in_channel = |channel: &str| {
        let request =
            json!({"user_id": admin, "channel_id": channel, "permission_id": "create_post"});
        w.ok("HasPermissionToChannel", request)["has_permission"] == true
    };
    assert!(in_channel("unknown") && !in_channel(""));
    let grant = |roles: Value| {
        w.ok(
            "RolesGrantPermission",
            json!({"role_names": roles, "permission_id": "create_team"}),
        )["has_permission"]
            == true
    };
    assert!(
        grant(json!(["nobody", "system_user"]))
            && !grant(json!([]))
            && !grant(json!(["team_user"]))
    );
}
