//! Members of channels: joining, leaving, roles, wishes.

use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::teams::{channel_named, team};
use crate::users::user;
use crate::world::{Answer, World};

const MISSING: &str = "app.channel.get.existing.app_error";
const NO_MEMBER: &str = "app.channel.get_member.missing.app_error";

#[test]
fn who_joins_a_channel() {
    let w = World::new();
    let id = team(&w, "one");
    let (alice, bob) = (member(&w, &id, "alice"), member(&w, &id, "bob"));
    let one = channel(&w, &id, "aa");
    w.fired();
    let add = |user: &str| json!({"channel_id": one, "user_id": user});
    w.answers("AddChannelMember", add(&alice), json!({"channel_member": {"roles": "channel_user", "scheme_user": true, "notify_props": {"mark_unread": "all", "desktop": "default"}}}));
    let fired = w.fired();
    assert_eq!(fired.len(), 3);
    let joined = &fired
        .iter()
        .find(|(name, _)| *name == "UserHasJoinedChannel")
        .unwrap()
        .1;
    assert_eq!(
        (&joined["actor"], &joined["channel_member"]["user_id"]),
        (&Value::Null, &json!(alice))
    );
    let asked = &fired
        .iter()
        .find(|(name, _)| *name == "MessageWillBePosted")
        .unwrap()
        .1;
    assert_eq!(
        (&asked["post"]["type"], &asked["post"]["message"]),
        (
            &json!("system_join_channel"),
            &json!("alice joined the channel.")
        )
    );
    w.ok("AddChannelMember", add(&alice));
    assert!(w.fired().is_empty());
    // By somebody else: with the actor, and the message comes later.
    w.ok(
        "AddUserToChannel",
        json!({"channel_id": one, "user_id": bob, "as_user_id": alice}),
    );
    let fired = w.fired();
    assert_eq!(
        fired
            .iter()
            .find(|(name, _)| *name == "UserHasJoinedChannel")
            .unwrap()
            .1["actor"]["id"],
        alice
    );
    let said = &fired
        .iter()
        .find(|(name, _)| *name == "MessageHasBeenPosted")
        .unwrap()
        .1["post"];
    assert_eq!(
        (
            &said["type"],
            &said["user_id"],
            &said["props"]["addedUserId"]
        ),
        (&json!("system_add_to_channel"), &json!(alice), &json!(bob))
    );
    w.refuses(
        "AddUserToChannel",
        json!({"channel_id": one, "user_id": bob, "as_user_id": "unknown"}),
        "app.user.missing_account.const",
        404,
    );
    // A message that plugins do not want is an error, though the member is one.
    let carl = member(&w, &id, "carl");
    w.hooks.answer("MessageWillBePosted", Answer::Reject("no"));
    w.refuses(
        "AddChannelMember",
        add(&carl),
        "api.channel.post_user_add_remove_message_and_forget.error",
        500,
    );
    w.ok("GetChannelMember", add(&carl));
    w.refuses(
        "AddChannelMember",
        json!({"channel_id": "unknown"}),
        MISSING,
        404,
    );
    w.refuses(
        "AddChannelMember",
        add("unknown"),
        "app.user.missing_account.const",
        404,
    );
    let dora = user(&w, "dora");
    w.refuses(
        "AddChannelMember",
        add(&dora),
        "app.team.get_member.missing.app_error",
        404,
    );
    w.ok("CreateTeamMember", json!({"team_id": id, "user_id": dora}));
    w.ok("DeleteTeamMember", json!({"team_id": id, "user_id": dora}));
    w.refuses(
        "AddChannelMember",
        add(&dora),
        "api.channel.add_user.to.channel.failed.deleted.app_error",
        400,
    );
    w.ok("DeleteUser", json!({ "user_id": dora }));
    w.refuses(
        "AddChannelMember",
        add(&dora),
        "app.channel.add_member.deleted_user.app_error",
        403,
    );
    let direct = w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": bob}),
    )["channel"]["id"]
        .clone();
    w.refuses(
        "AddChannelMember",
        json!({"channel_id": direct, "user_id": carl}),
        "app.team.get_member.missing.app_error",
        404,
    );
    w.ok(
        "AddChannelMember",
        json!({"channel_id": direct, "user_id": bob}),
    );
    let mut bound = w.ok("GetChannel", json!({ "channel_id": one }))["channel"].clone();
    bound["group_constrained"] = json!(true);
    w.ok("UpdateChannel", json!({ "channel": bound }));
    let eve = member(&w, &id, "eve");
    w.refuses(
        "AddChannelMember",
        add(&eve),
        "api.channel.add_members.user_denied",
        400,
    );
    // What is not refused: an archived channel.
    let two = channel(&w, &id, "bb");
    w.ok("DeleteChannel", json!({ "channel_id": two }));
    w.ok(
        "AddChannelMember",
        json!({"channel_id": two, "user_id": alice}),
    );
}

#[test]
fn who_leaves_a_channel() {
    let w = World::new();
    let id = team(&w, "one");
    let alice = member(&w, &id, "alice");
    let one = channel(&w, &id, "aa");
    w.ok(
        "AddChannelMember",
        json!({"channel_id": one, "user_id": alice}),
    );
    w.fired();
    let leave = |channel: &str, user: &str| json!({"channel_id": channel, "user_id": user});
    w.ok("DeleteChannelMember", leave(&one, &alice));
    let fired = w.fired();
    let left = &fired
        .iter()
        .find(|(name, _)| *name == "UserHasLeftChannel")
        .unwrap()
        .1;
    assert_eq!(
        (&left["actor"]["id"], &left["channel_member"]["channel_id"]),
        (&json!(alice), &json!(one))
    );
    assert_eq!(
        fired
            .iter()
            .find(|(name, _)| *name == "MessageHasBeenPosted")
            .unwrap()
            .1["post"]["type"],
        "system_leave_channel"
    );
    w.refuses("GetChannelMember", leave(&one, &alice), NO_MEMBER, 404);
    w.refuses("DeleteChannelMember", leave(&one, &alice), NO_MEMBER, 404);
    w.refuses(
        "DeleteChannelMember",
        leave("unknown", &alice),
        MISSING,
        404,
    );
    w.refuses(
        "DeleteChannelMember",
        leave(&one, "unknown"),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "DeleteChannelMember",
        leave(&channel_named(&w, &id, "town-square"), &alice),
        "api.channel.remove.default.app_error",
        400,
    );
    let direct = w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": alice}),
    )["channel"]["id"]
        .clone();
    w.refuses(
        "DeleteChannelMember",
        leave(direct.as_str().unwrap(), &alice),
        "api.channel.leave.direct.app_error",
        400,
    );
    // A guest joins no default channels, and who leaves the last channel leaves the team.
    let guest = user(&w, "guest");
    w.ok(
        "UpdateUserRoles",
        json!({"user_id": guest, "new_roles": "system_guest"}),
    );
    w.answers(
        "CreateTeamMember",
        json!({"team_id": id, "user_id": guest}),
        json!({"team_member": {"scheme_guest": true, "roles": "team_guest"}}),
    );
    w.refuses(
        "GetChannelMember",
        leave(&channel_named(&w, &id, "town-square"), &guest),
        NO_MEMBER,
        404,
    );
    w.fired();
    w.answers(
        "AddChannelMember",
        leave(&one, &guest),
        json!({"channel_member": {"scheme_guest": true, "roles": "channel_guest"}}),
    );
    let fired = w.fired();
    assert_eq!(
        fired
            .iter()
            .find(|(name, _)| *name == "MessageHasBeenPosted")
            .unwrap()
            .1["post"]["type"],
        "system_guest_join_channel"
    );
    w.ok("DeleteChannelMember", leave(&one, &guest));
    let names = w.fired_names();
    assert!(
        names.contains(&"UserHasLeftTeam") && names.contains(&"UserHasLeftChannel"),
        "{names:?}"
    );
}

#[test]
fn members_of_channels_are_found() {
    let w = World::new();
    let id = team(&w, "one");
    let (alice, bob) = (member(&w, &id, "alice"), member(&w, &id, "bob"));
    let town_square = channel_named(&w, &id, "town-square");
    let mut ids = [alice.clone(), bob.clone()];
    ids.sort_unstable();
    let all = || json!({"channel_members": [{"user_id": ids[0]}, {"user_id": ids[1]}]});
    w.answers(
        "GetChannelMembers",
        json!({ "channel_id": town_square }),
        all(),
    );
    w.answers(
        "GetChannelMembers",
        json!({"channel_id": town_square, "per_page": 1, "page": 1}),
        json!({"channel_members": [{"user_id": ids[1]}]}),
    );
    w.answers(
        "GetChannelMembers",
        json!({"channel_id": "unknown"}),
        json!({"channel_members": []}),
    );
    w.answers(
        "GetChannelMembersByIds",
        json!({"channel_id": town_square, "user_ids": [bob, "unknown"]}),
        json!({"channel_members": [{"user_id": bob}]}),
    );
    w.answers(
        "GetChannelMembersByIds",
        json!({ "channel_id": town_square }),
        json!({"channel_members": []}),
    );
    let of = w.ok(
        "GetChannelMembersForUser",
        json!({"team_id": "any", "user_id": alice, "per_page": 9}),
    );
    assert_eq!(of["channel_members"].as_array().map(Vec::len), Some(2));
    w.answers(
        "GetChannelMembersForUser",
        json!({ "user_id": alice }),
        json!({"channel_members": []}),
    );
    let users = |sort: &str| json!({"channel_id": town_square, "sort_by": sort, "per_page": 9});
    w.answers(
        "GetUsersInChannel",
        users("username"),
        json!({"users": [{"username": "alice"}, {"username": "bob"}]}),
    );
    w.ok(
        "UpdateUserStatus",
        json!({"user_id": alice, "status": "dnd"}),
    );
    w.ok(
        "UpdateUserStatus",
        json!({"user_id": bob, "status": "away"}),
    );
    w.answers(
        "GetUsersInChannel",
        users("status"),
        json!({"users": [{"username": "bob"}, {"username": "alice"}]}),
    );
    w.refuses(
        "GetUsersInChannel",
        users(""),
        "plugin.api.get_users_in_channel",
        400,
    );
    w.answers(
        "GetUsersInChannel",
        json!({"channel_id": "unknown", "sort_by": "status", "per_page": 9}),
        json!({"users": []}),
    );
    let restricted = json!({"per_page": 9, "view_restrictions": {"channels": [town_square]}});
    w.answers(
        "GetUsers",
        restricted,
        json!({"users": [{"username": "alice"}, {"username": "bob"}]}),
    );
    w.answers(
        "SearchUsers",
        json!({"in_channel_id": town_square, "term": "b"}),
        json!({"users": [{"username": "bob"}]}),
    );
    w.answers(
        "SearchUsers",
        json!({"team_id": id, "not_in_channel_id": town_square}),
        json!({"users": []}),
    );
}

#[test]
fn roles_and_wishes_of_channel_members() {
    let w = World::new();
    let id = team(&w, "one");
    let (alice, bob) = (member(&w, &id, "alice"), member(&w, &id, "bob"));
    let one = channel_named(&w, &id, "town-square");
    let roles = |roles: &str| json!({"channel_id": one, "user_id": bob, "new_roles": roles});
    let may =
        || json!({"user_id": bob, "channel_id": one, "permission_id": "manage_channel_roles"});
    w.answers(
        "HasPermissionToChannel",
        may(),
        json!({"has_permission": false}),
    );
    w.answers(
        "UpdateChannelMemberRoles",
        roles("channel_user channel_admin"),
        json!({"channel_member": {"scheme_admin": true, "roles": "channel_user channel_admin"}}),
    );
    w.answers(
        "HasPermissionToChannel",
        may(),
        json!({"has_permission": true}),
    );
    w.refuses(
        "UpdateChannelMemberRoles",
        roles("nobody"),
        "app.role.get_by_name.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberRoles",
        roles("channel_user channel_guest"),
        "api.channel.update_channel_member_roles.guest_and_user.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberRoles",
        roles("channel_guest"),
        "api.channel.update_channel_member_roles.changing_guest_role.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberRoles",
        roles("channel_admin"),
        "api.channel.update_channel_member_roles.unset_user_scheme.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberRoles",
        json!({ "channel_id": one }),
        NO_MEMBER,
        404,
    );
    let wishes =
        |wishes: Value| json!({"channel_id": one, "user_id": bob, "notifications": wishes});
    w.answers("UpdateChannelMemberNotifications", wishes(json!({"push": "none", "tea": "yes"})),
        json!({"channel_member": {"notify_props": {"push": "none", "tea": null, "desktop": "default"}}}));
    w.refuses(
        "UpdateChannelMemberNotifications",
        wishes(json!({"push": "maybe"})),
        "model.channel_member.is_valid.push_level.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberNotifications",
        wishes(json!({"desktop_sound": "x".repeat(800_001)})),
        "app.channel.update_member.notify_props_limit_exceeded.app_error",
        400,
    );
    w.refuses(
        "UpdateChannelMemberNotifications",
        json!({ "channel_id": one }),
        NO_MEMBER,
        404,
    );
    let pair = |user: &str| json!({"channel_id": one, "user_id": user});
    w.ok("PatchChannelMembersNotifications", json!({"members": [pair(&alice), pair("unknown")], "notify_props": {"email": "false", "tea": "yes"}}));
    w.answers(
        "GetChannelMember",
        pair(&alice),
        json!({"channel_member": {"notify_props": {"email": "false", "tea": "yes"}}}),
    );
    w.refuses(
        "PatchChannelMembersNotifications",
        json!({"members": [pair(&alice)]}),
        "app.channel.patch_channel_members_notify_props.app_error",
        500,
    );
    w.refuses(
        "PatchChannelMembersNotifications",
        json!({"members": vec![pair("x"); 201], "notify_props": {"email": "false"}}),
        "app.channel.patch_channel_members_notify_props.too_many",
        400,
    );
    assert_eq!(w.event("channel_member_updated").broadcast.user_id, alice);
}
