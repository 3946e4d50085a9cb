//! Members of teams: joining, alone and with others, leaving, roles.

use serde_json::{Value, json};

use crate::teams::{MISSING, channel_named, team};
use crate::users::user;
use crate::world::{Answer, BEGINNING, World};

#[test]
fn who_joins_a_team_is_in_its_default_channels_and_they_say_so() {
    let w = World::new();
    let (alice, id) = (user(&w, "alice"), team(&w, "one"));
    w.fired();
    let member = json!({"team_id": id, "user_id": alice});
    w.answers("CreateTeamMember", member.clone(), json!({"team_member": {
        "roles": "team_user", "scheme_user": true, "scheme_guest": false, "scheme_admin": false, "delete_at": 0}}));
    let fired = w.fired();
    let names: Vec<_> = fired.iter().map(|(name, _)| *name).collect();
    for (name, times) in [
        ("UserHasJoinedTeam", 1),
        ("MessageWillBePosted", 2),
        ("MessageHasBeenPosted", 2),
    ] {
        assert_eq!(
            names.iter().filter(|other| **other == name).count(),
            times,
            "{names:?}"
        );
    }
    assert_eq!(names.len(), 5);
    let joined = &fired
        .iter()
        .find(|(name, _)| *name == "UserHasJoinedTeam")
        .unwrap()
        .1;
    assert_eq!(
        (&joined["actor"], &joined["team_member"]["user_id"]),
        (&Value::Null, &json!(alice))
    );
    let town_square = channel_named(&w, &id, "town-square");
    w.answers(
        "GetChannelMember",
        json!({"channel_id": town_square, "user_id": alice}),
        json!({"channel_member": {"roles": "channel_user", "scheme_user": true}}),
    );
    let posts = w.ok(
        "GetPostsForChannel",
        json!({"channel_id": town_square, "per_page": 9}),
    );
    let only = &posts["post_list"]["posts"][posts["post_list"]["order"][0].as_str().unwrap()];
    assert_eq!(
        (&only["type"], &only["user_id"], &only["props"]["username"]),
        (&json!("system_join_team"), &json!(alice), &json!("alice"))
    );
    assert_eq!(only["props"]["from_plugin"], Value::Null);
    // Again: the same member, and nobody is told.
    w.answers(
        "CreateTeamMember",
        member.clone(),
        json!({"team_member": {"delete_at": 0}}),
    );
    assert!(w.fired().is_empty());
    w.answers(
        "GetTeamsForUser",
        json!({ "user_id": alice }),
        json!({"teams": [{"id": id}]}),
    );
    w.answers(
        "GetTeamsForUser",
        json!({"user_id": "unknown"}),
        json!({"teams": []}),
    );

    w.ok(
        "DeleteTeamMember",
        json!({"team_id": id, "user_id": alice, "requestor_id": alice}),
    );
    let fired = w.fired();
    let left = &fired
        .iter()
        .find(|(name, _)| *name == "UserHasLeftTeam")
        .unwrap()
        .1;
    assert!(left["team_member"]["delete_at"].as_i64() > Some(BEGINNING));
    assert_eq!(left["actor"]["id"], alice);
    assert!(!fired.iter().any(|(name, _)| *name == "UserHasLeftChannel"));
    w.refuses(
        "GetChannelMember",
        json!({"channel_id": town_square, "user_id": alice}),
        "app.channel.get_member.missing.app_error",
        404,
    );
    w.answers(
        "GetTeamMember",
        member.clone(),
        json!({"team_member": {"roles": "", "scheme_user": false}}),
    );
    w.answers(
        "GetTeamMembers",
        json!({"team_id": id, "per_page": 9}),
        json!({"team_members": []}),
    );
    w.answers(
        "GetTeamMembersForUser",
        json!({"user_id": alice, "per_page": 9}),
        json!({"team_members": [{"team_id": id}]}),
    );
    w.answers(
        "GetTeamMembersForUser",
        json!({ "user_id": alice }),
        json!({"team_members": []}),
    );
    w.answers(
        "GetTeamsForUser",
        json!({ "user_id": alice }),
        json!({"teams": []}),
    );
    let posts = w.ok(
        "GetPostsForChannel",
        json!({"channel_id": town_square, "per_page": 1}),
    );
    assert_eq!(
        posts["post_list"]["posts"][posts["post_list"]["order"][0].as_str().unwrap()]["type"],
        "system_leave_team"
    );
    // A membership that is over ends again, and comes back.
    w.ok("DeleteTeamMember", json!({"team_id": id, "user_id": alice}));
    assert!(w.fired_names().contains(&"UserHasLeftTeam"));
    w.ok("CreateTeamMember", member);
    assert!(w.fired_names().contains(&"UserHasJoinedTeam"));
}

#[test]
fn who_cannot_join_or_leave_a_team() {
    let w = World::new();
    let (alice, bob, id) = (user(&w, "alice"), user(&w, "bob"), team(&w, "one"));
    let join = |team: &str, user: &str| json!({"team_id": team, "user_id": user});
    w.refuses("CreateTeamMember", join("unknown", "unknown"), MISSING, 404);
    w.refuses(
        "CreateTeamMember",
        join(&id, "unknown"),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "DeleteTeamMember",
        join("unknown", "unknown"),
        "app.team.get_by_invite_id.finding.app_error",
        404,
    );
    w.refuses(
        "DeleteTeamMember",
        join(&id, "unknown"),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "DeleteTeamMember",
        join(&id, &bob),
        "api.team.remove_user_from_team.missing.app_error",
        400,
    );
    w.ok(
        "UpdateTeam",
        json!({"team": {"id": id, "display_name": "One", "allowed_domains": "x.org"}}),
    );
    w.refuses(
        "CreateTeamMember",
        join(&id, &alice),
        "api.team.join_user_to_team.allowed_domains.app_error",
        400,
    );
    w.ok(
        "UpdateTeam",
        json!({"team": {"id": id, "display_name": "One"}}),
    );
    w.ok("CreateTeamMember", join(&id, &alice));
    w.ok("DeleteTeamMember", join(&id, &alice));
    w.memory
        .configure(|config| config["TeamSettings"]["MaxUsersPerTeam"] = 0.into());
    w.refuses(
        "CreateTeamMember",
        join(&id, &bob),
        "app.team.join_user_to_team.save_member.max_accounts.app_error",
        400,
    );
    w.refuses(
        "CreateTeamMember",
        join(&id, &alice),
        "app.team.join_user_to_team.max_accounts.app_error",
        400,
    );
    // What is not refused: an archived team, a deactivated user.
    w.memory
        .configure(|config| config["TeamSettings"]["MaxUsersPerTeam"] = 50.into());
    w.ok("DeleteTeam", json!({ "team_id": id }));
    w.ok("DeleteUser", json!({ "user_id": bob }));
    w.ok("CreateTeamMember", join(&id, &bob));
    w.answers(
        "GetTeamStats",
        json!({ "team_id": id }),
        json!({"team_stats": {"total_member_count": 1, "active_member_count": 0}}),
    );
    w.answers(
        "GetTeamStats",
        json!({"team_id": "unknown"}),
        json!({"team_stats": {"total_member_count": 0}}),
    );
}

#[test]
fn several_join_at_once() {
    let w = World::new();
    let users: Vec<_> = ["alice", "bob", "carl"]
        .iter()
        .map(|name| user(&w, name))
        .collect();
    let id = team(&w, "one");
    w.answers(
        "CreateTeamMembers",
        json!({"team_id": "unknown"}),
        json!({"team_members": []}),
    );
    w.fired();
    w.refuses(
        "CreateTeamMembers",
        json!({"team_id": id, "user_ids": [users[1], "unknown", users[2]]}),
        "app.user.missing_account.const",
        404,
    );
    w.ok("GetTeamMember", json!({"team_id": id, "user_id": users[1]}));
    w.refuses(
        "GetTeamMember",
        json!({"team_id": id, "user_id": users[2]}),
        "app.team.get_member.missing.app_error",
        404,
    );
    w.fired();
    w.answers("CreateTeamMembersGracefully", json!({"team_id": id, "user_ids": ["unknown", users[2]], "requestor_id": users[0]}),
        json!({"team_members": [
            {"user_id": "unknown", "member": null, "error": {"id": "app.user.missing_account.const", "status_code": 404}},
            {"user_id": users[2], "member": {"user_id": users[2]}, "error": null},
        ]}));
    let fired = w.fired();
    let joined = &fired
        .iter()
        .find(|(name, _)| *name == "UserHasJoinedTeam")
        .unwrap()
        .1;
    assert_eq!(joined["actor"]["id"], users[0]);
    let said: Vec<_> = fired
        .iter()
        .filter(|(name, _)| *name == "MessageHasBeenPosted")
        .map(|(_, request)| &request["post"])
        .collect();
    assert!(
        said.iter().any(|post| post["type"] == "system_add_to_team"
            && post["user_id"] == users[0]
            && post["props"]["addedUserId"] == users[2]),
        "{said:?}"
    );
    // A message that plugins do not want is not posted, and that is all.
    let dora = user(&w, "dora");
    w.hooks.answer("MessageWillBePosted", Answer::Reject("no"));
    w.ok("CreateTeamMember", json!({"team_id": id, "user_id": dora}));
    let mut ids: Vec<_> = vec![users[1].clone(), users[2].clone(), dora];
    ids.sort_unstable();
    let expected: Vec<_> = ids.iter().map(|id| json!({"user_id": id})).collect();
    w.answers(
        "GetTeamMembers",
        json!({"team_id": id, "per_page": 9}),
        json!({ "team_members": expected }),
    );
    w.answers(
        "GetTeamMembers",
        json!({"team_id": id, "per_page": 2, "page": 1}),
        json!({"team_members": expected[2..]}),
    );
    w.answers(
        "GetUsersInTeam",
        json!({"team_id": id, "per_page": 9}),
        json!({"users": [{"username": "bob"}, {"username": "carl"}, {"username": "dora"}]}),
    );
    w.answers(
        "GetUsersInTeam",
        json!({"team_id": "unknown", "per_page": 9}),
        json!({"users": []}),
    );
    w.memory.configure(|config| {
        config["ServiceSettings"]["ExperimentalEnableDefaultChannelLeaveJoinMessages"] =
            false.into()
    });
    w.fired();
    w.ok(
        "CreateTeamMember",
        json!({"team_id": id, "user_id": users[0]}),
    );
    assert_eq!(w.fired_names(), ["UserHasJoinedTeam"]);
}

#[test]
fn roles_of_team_members() {
    let w = World::new();
    let (alice, id) = (user(&w, "alice"), team(&w, "one"));
    w.ok("CreateTeamMember", json!({"team_id": id, "user_id": alice}));
    let roles = |roles: &str| json!({"team_id": id, "user_id": alice, "new_roles": roles});
    w.answers("UpdateTeamMemberRoles", roles("team_user team_admin system_post_all"),
        json!({"team_member": {"scheme_admin": true, "scheme_user": true, "roles": "system_post_all team_user team_admin"}}));
    w.answers(
        "UpdateTeamMemberRoles",
        roles("team_admin"),
        json!({"team_member": {"scheme_user": false, "roles": "team_admin"}}),
    );
    let may = json!({"user_id": alice, "team_id": id, "permission_id": "manage_team"});
    w.answers("HasPermissionToTeam", may, json!({"has_permission": true}));
    w.refuses(
        "UpdateTeamMemberRoles",
        roles("nobody"),
        "app.role.get_by_name.app_error",
        400,
    );
    w.refuses(
        "UpdateTeamMemberRoles",
        roles("team_user team_guest"),
        "api.team.update_team_member_roles.guest_and_user.app_error",
        400,
    );
    w.refuses(
        "UpdateTeamMemberRoles",
        roles("team_guest"),
        "api.channel.update_team_member_roles.changing_guest_role.app_error",
        400,
    );
    w.refuses(
        "UpdateTeamMemberRoles",
        json!({"team_id": id}),
        "app.team.get_member.missing.app_error",
        404,
    );
    // Whose address is the team's is its administrator.
    let mail = json!({"name": "mail", "display_name": "Mail", "type": "TEAM_TYPE_OPEN", "email": "alice@example.com"});
    let mail = w.ok("CreateTeam", json!({ "team": mail }))["team"]["id"].clone();
    w.answers(
        "CreateTeamMember",
        json!({"team_id": mail, "user_id": alice}),
        json!({"team_member": {"scheme_admin": true, "roles": "team_user team_admin"}}),
    );
}
