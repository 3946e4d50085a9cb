//! Users, their status, sessions, tokens and permissions.

use serde_json::json;

use super::story::{Story, UNKNOWN, each, text};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Users are made, found, changed and deactivated.
    "host/api/users" => users: ["AP-201", "AP-202", "AP-203", "AP-204", "AP-205"], deadline(90);
    /// Status, custom and timed.
    "host/api/status" => status: ["AP-206"];
    /// Sessions and access tokens.
    "host/api/sessions" => sessions: ["AP-207", "AP-208"];
    /// Who may do what.
    "host/api/permissions" => permissions: ["AP-209"];
}

/// No user has that id.
pub(super) const NO_USER: (&str, i64) = ("app.user.missing_account.const", 404);

async fn users(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["UserHasBeenCreated", "UserHasBeenDeactivated"]).await?;
    let first = story.user("first").await?;
    let made = story.rule("AP-201", "wrong-user-made");
    let given = json!({"username": "Ada", "email": "Ada@Localhost", "password": "secret-word-1", "roles": "system_admin", "nickname": "n"});
    let ada = made
        .answers(
            "CreateUser",
            json!({ "user": given }),
            json!({"user": {"username": "ada", "email": "ada@localhost", "roles": "system_user", "password": "", "nickname": "n", "delete_at": 0}}),
        )
        .await?;
    let ada = text(&ada["user"]["id"]);
    let told = story.fired(&story.plugin, "UserHasBeenCreated", 2).await?;
    let told = told.iter().find(|told| told["user"]["id"] == ada);
    let secret = told.is_some_and(|told| told["user"]["password"].is_null());
    made.holds(
        "CreateUser",
        secret,
        "UserHasBeenCreated with the user and without the password",
        format!("{told:?}"),
    );

    let taken = story.rule("AP-202", "taken-name-accepted");
    story.did("DeleteUser", json!({ "user_id": first })).await?;
    let again = json!({"user": {"username": "FIRST", "email": "other@localhost", "password": "secret-word-1"}});
    taken
        .refuses(
            "CreateUser",
            again,
            ("app.user.save.username_exists.app_error", 400),
        )
        .await?;
    let again = json!({"user": {"username": "other", "email": "FIRST@example.com", "password": "secret-word-1"}});
    taken
        .refuses(
            "CreateUser",
            again,
            ("app.user.save.email_exists.app_error", 400),
        )
        .await?;

    let found = story.rule("AP-203", "wrong-answer");
    let is_ada = || json!({"user": {"id": ada}});
    found
        .answers("GetUserByUsername", json!({"name": "ADA"}), is_ada())
        .await?;
    found
        .answers(
            "GetUserByEmail",
            json!({"email": "ADA@localhost"}),
            is_ada(),
        )
        .await?;
    let gone = found
        .answers(
            "GetUser",
            json!({ "user_id": first }),
            json!({"user": {"username": "first"}}),
        )
        .await?;
    found.holds(
        "GetUser",
        gone["user"]["delete_at"].as_i64() > Some(0),
        "a deactivated user is found, with delete_at",
        gone.to_string(),
    );
    found
        .refuses("GetUser", json!({ "user_id": UNKNOWN }), NO_USER)
        .await?;
    found.refuses("GetUser", json!({}), NO_USER).await?;
    found
        .refuses(
            "GetUserByEmail",
            json!({"email": "nobody@localhost"}),
            NO_USER,
        )
        .await?;
    found
        .refuses(
            "GetUserByUsername",
            json!({"name": "nobody"}),
            ("app.user.get_by_username.app_error", 404),
        )
        .await?;

    let changed = story.rule("AP-204", "wrong-change");
    let given = json!({"id": ada, "username": "ada", "email": "ada@localhost", "first_name": "Ada", "roles": "system_admin", "create_at": 1});
    changed
        .answers(
            "UpdateUser",
            json!({ "user": given }),
            json!({"user": {"first_name": "Ada", "nickname": "", "roles": "system_user"}}),
        )
        .await?;
    changed
        .answers(
            "GetUser",
            json!({ "user_id": ada }),
            json!({"user": {"first_name": "Ada", "nickname": "", "roles": "system_user"}}),
        )
        .await?;
    changed
        .refuses(
            "UpdateUser",
            json!({"user": {"id": UNKNOWN, "username": "x", "email": "x@localhost"}}),
            NO_USER,
        )
        .await?;
    let off = story.rule("AP-204", "not-told");
    story
        .did(
            "UpdateUserActive",
            json!({"user_id": first, "active": false}),
        )
        .await?;
    off.fires("UpdateUserActive", "UserHasBeenDeactivated", 2)
        .await?;

    let listed = story.rule("AP-205", "wrong-list");
    for name in ["carl", "bert"] {
        story.user(name).await?;
    }
    for (request, expected) in [
        (json!({"per_page": 3}), json!(["ada", "bert", "carl"])),
        (json!({"per_page": 3, "page": 1}), json!(["first"])),
        (json!({"per_page": 3, "page": 2}), json!([])),
        (json!({"per_page": 0}), json!([])),
        (
            json!({"per_page": 9, "active": true}),
            json!(["ada", "bert", "carl"]),
        ),
        (
            json!({"per_page": 9, "active": true, "inactive": true}),
            json!(["first"]),
        ),
    ] {
        let answer = listed
            .answers("GetUsers", request.clone(), json!({}))
            .await?;
        listed.same(
            "GetUsers",
            &format!("names for {request}"),
            &expected,
            &each(&answer["users"], "username"),
        );
    }
    let asked = json!({"usernames": ["carl", "ada", "nobody", "ADA"]});
    listed
        .answers(
            "GetUsersByUsernames",
            asked,
            json!({"users": [{"username": "ada"}, {"username": "carl"}]}),
        )
        .await?;
    listed
        .answers(
            "GetUsersByIds",
            json!({"user_ids": [UNKNOWN, ada, ada]}),
            json!({"users": [{"id": ada}]}),
        )
        .await?;
    story.end().await
}

async fn status(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-206", "wrong-status");
    rule.refuses(
        "GetUserStatus",
        json!({ "user_id": ada }),
        ("app.status.get.missing.app_error", 404),
    )
    .await?;
    let set = |status: &str| json!({"user_id": ada, "status": status});
    for (word, manual) in [
        ("away", true),
        ("dnd", true),
        ("offline", true),
        ("online", false),
    ] {
        let expected = json!({"status": {"user_id": ada, "status": word, "manual": manual}});
        rule.answers("UpdateUserStatus", set(word), expected.clone())
            .await?;
        rule.answers("GetUserStatus", json!({ "user_id": ada }), expected)
            .await?;
    }
    for word in ["ooo", "", "asleep"] {
        rule.refuses(
            "UpdateUserStatus",
            set(word),
            ("plugin.api.update_user_status.bad_status", 400),
        )
        .await?;
    }
    rule.answers(
        "GetUserStatusesByIds",
        json!({"user_ids": [UNKNOWN, ada]}),
        json!({"statuses": [{"user_id": ada, "status": "online"}, {"user_id": UNKNOWN, "status": "offline"}]}),
    )
    .await?;
    let timed = json!({"user_id": ada, "end_time": 4_102_444_800_i64});
    rule.answers(
        "SetUserStatusTimedDND",
        timed,
        json!({"status": {"status": "dnd", "manual": true, "dnd_end_time": 4_102_444_800_i64}}),
    )
    .await?;
    let empty = (
        "api.custom_status.set_custom_statuses.update.app_error",
        400,
    );
    rule.refuses(
        "UpdateUserCustomStatus",
        json!({"user_id": ada, "custom_status": {}}),
        empty,
    )
    .await?;
    story
        .did("RemoveUserCustomStatus", json!({ "user_id": ada }))
        .await?;
    story.end().await
}

async fn sessions(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["UserWillLogIn"]).await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-207", "wrong-session");
    let made = rule
        .answers(
            "CreateSession",
            json!({"session": {"user_id": UNKNOWN, "roles": "system_user"}}),
            json!({"session": {"user_id": UNKNOWN, "roles": "system_user"}}),
        )
        .await?;
    let id = text(&made["session"]["id"]);
    let whole = id.len() == 26 && text(&made["session"]["token"]).len() == 26;
    rule.holds(
        "CreateSession",
        whole,
        "an id and a token of 26 letters",
        made.to_string(),
    );
    rule.answers(
        "GetSession",
        json!({ "session_id": id }),
        json!({"session": {"token": made["session"]["token"]}}),
    )
    .await?;
    story
        .did(
            "ExtendSessionExpiry",
            json!({"session_id": id, "new_expiry": 4_102_444_800_000_i64}),
        )
        .await?;
    rule.answers(
        "GetSession",
        json!({ "session_id": id }),
        json!({"session": {"expires_at": 4_102_444_800_000_i64}}),
    )
    .await?;
    let given = json!({"session": {"id": id, "user_id": ada}});
    rule.refuses(
        "CreateSession",
        given,
        ("app.session.save.existing.app_error", 400),
    )
    .await?;
    story
        .did("RevokeSession", json!({ "session_id": id }))
        .await?;
    let missing = ("app.session.get.app_error", 400);
    rule.refuses("GetSession", json!({ "session_id": id }), missing)
        .await?;
    rule.refuses("RevokeSession", json!({ "session_id": id }), missing)
        .await?;
    let unknown = json!({"session_id": id, "new_expiry": 1});
    rule.refuses(
        "ExtendSessionExpiry",
        unknown,
        ("app.session.get_sessions.app_error", 500),
    )
    .await?;
    let fired = story.fired(&story.plugin, "UserWillLogIn", 0).await?;
    rule.holds(
        "CreateSession",
        fired.is_empty(),
        "no UserWillLogIn",
        format!("{} calls", fired.len()),
    );

    let rule = story.rule("AP-208", "wrong-token");
    let token =
        |user: &str| json!({"token": {"user_id": user, "description": "d", "token": "mine"}});
    rule.refuses(
        "CreateUserAccessToken",
        token(&ada),
        ("app.user_access_token.disabled", 501),
    )
    .await?;
    rule.refuses("CreateUserAccessToken", token(UNKNOWN), NO_USER)
        .await?;
    let bot = story
        .did("CreateBot", json!({"bot": {"username": "robot"}}))
        .await?;
    let bot = text(&bot["bot"]["user_id"]);
    let made = rule
        .answers(
            "CreateUserAccessToken",
            token(&bot),
            json!({"token": {"user_id": bot, "description": "d"}}),
        )
        .await?;
    let fresh = text(&made["token"]["token"]);
    rule.holds(
        "CreateUserAccessToken",
        fresh.len() == 26,
        "a fresh token of 26 letters",
        made.to_string(),
    );
    let id = json!({"token_id": made["token"]["id"]});
    story.did("RevokeUserAccessToken", id.clone()).await?;
    rule.refuses(
        "RevokeUserAccessToken",
        id,
        ("app.user_access_token.get_by_user.app_error", 404),
    )
    .await?;
    story.end().await
}

async fn permissions(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let admin = story.user("admin").await?;
    let team = story.team("one").await?;
    let ada = story.member(&team, "ada").await?;
    let bob = story.user("bob").await?;
    let channel = story
        .did(
            "GetChannelByName",
            json!({"team_id": team, "name": "town-square"}),
        )
        .await?;
    let channel = text(&channel["channel"]["id"]);
    let rule = story.rule("AP-209", "wrong-permission");
    let may = |yes: bool| json!({ "has_permission": yes });
    for (user, yes) in [(&admin, true), (&ada, false), (&UNKNOWN.to_owned(), false)] {
        let asked = json!({"user_id": user, "permission_id": "manage_system"});
        rule.answers("HasPermissionTo", asked, may(yes)).await?;
        let asked = json!({"user_id": user, "team_id": UNKNOWN, "permission_id": "manage_system"});
        rule.answers("HasPermissionToTeam", asked, may(yes)).await?;
    }
    for (user, yes) in [(&admin, true), (&ada, true), (&bob, false)] {
        let asked = json!({"user_id": user, "channel_id": channel, "permission_id": "create_post"});
        rule.answers("HasPermissionToChannel", asked, may(yes))
            .await?;
        let asked = json!({"user_id": user, "team_id": team, "permission_id": "view_team"});
        rule.answers("HasPermissionToTeam", asked, may(yes)).await?;
    }
    rule.answers(
        "HasPermissionTo",
        json!({"user_id": admin, "permission_id": "no_such_permission"}),
        may(false),
    )
    .await?;
    let granted =
        json!({"role_names": ["no_such_role", "system_admin"], "permission_id": "manage_system"});
    rule.answers("RolesGrantPermission", granted, may(true))
        .await?;
    rule.answers(
        "RolesGrantPermission",
        json!({"permission_id": "manage_system"}),
        may(false),
    )
    .await?;
    let roles = |roles: &str| json!({"user_id": ada, "new_roles": roles});
    rule.refuses(
        "UpdateUserRoles",
        roles("no_such_role"),
        ("app.role.check_roles_exist.role_not_found", 400),
    )
    .await?;
    rule.answers(
        "UpdateUserRoles",
        roles("system_user system_admin"),
        json!({"user": {"roles": "system_user system_admin"}}),
    )
    .await?;
    rule.answers(
        "HasPermissionTo",
        json!({"user_id": ada, "permission_id": "manage_system"}),
        may(true),
    )
    .await?;
    rule.refuses(
        "UpdateUserRoles",
        json!({"user_id": UNKNOWN, "new_roles": "system_user"}),
        (NO_USER.0, 400),
    )
    .await?;
    story.end().await
}
