//! Groups, their members, their links with teams and channels, and what follows from them.

use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::teams::team;
use crate::users::user;
use crate::world::{BEGINNING, World};

const NO_ROWS: &str = "app.group.no_rows";

/// A group of that name; its id.
#[track_caller]
fn group(w: &World, name: &str) -> String {
    let group = json!({"name": name, "display_name": name, "source": "custom"});
    let answer = w.ok("CreateGroup", json!({ "group": group }));
    answer["group"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn groups_are_made_changed_and_deleted() {
    let w = World::new();
    user(&w, "alice");
    let one = group(&w, "one");
    let given = |change: Value| {
        let mut given = json!({"name": "two", "display_name": "Two", "source": "custom"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "group": given })
    };
    for (change, id, status) in [
        (json!({"name": "alice"}), "app.group.username_conflict", 400),
        (json!({"id": "x"}), "app.group.id.app_error", 400),
        (
            json!({"name": "", "allow_reference": true}),
            "model.group.name.app_error",
            400,
        ),
        (
            json!({"name": "x".repeat(65)}),
            "model.group.name.invalid_length.app_error",
            400,
        ),
        (
            json!({"name": "here"}),
            "model.group.name.reserved_name.app_error",
            400,
        ),
        (
            json!({"name": "A"}),
            "model.group.name.invalid_chars.app_error",
            400,
        ),
        (
            json!({"display_name": ""}),
            "model.group.display_name.app_error",
            400,
        ),
        (
            json!({"description": "x".repeat(1025)}),
            "model.group.description.app_error",
            400,
        ),
        (
            json!({"source": "other"}),
            "model.group.source.app_error",
            400,
        ),
        (
            json!({"source": "ldap"}),
            "model.group.remote_id.app_error",
            400,
        ),
        (json!({"name": "one"}), "app.insert_error", 500),
    ] {
        w.refuses("CreateGroup", given(change), id, status);
    }
    let ldap = w.ok(
        "CreateGroup",
        given(json!({"source": "ldap", "remote_id": "r"})),
    )["group"]["id"]
        .clone();
    w.answers(
        "GetGroupByRemoteID",
        json!({"remote_id": "r", "group_source": "ldap"}),
        json!({"group": {"id": ldap}}),
    );
    w.refuses(
        "GetGroupByRemoteID",
        json!({"remote_id": "r", "group_source": "custom"}),
        NO_ROWS,
        404,
    );
    w.answers(
        "GetGroupByName",
        json!({"name": "one"}),
        json!({"group": {"id": one}}),
    );
    w.refuses("GetGroupByName", json!({"name": ""}), NO_ROWS, 404);
    w.refuses("GetGroup", json!({"group_id": "unknown"}), NO_ROWS, 404);
    // No user has a group's name.
    let named = json!({"username": "one", "email": "one@x", "password": "password1"});
    w.refuses(
        "CreateUser",
        json!({ "user": named }),
        "app.user.save.username_exists.app_error",
        400,
    );
    let update = |change: Value| {
        let mut given = given(change);
        given["group"]["id"] = json!(one);
        given
    };
    w.answers(
        "UpdateGroup",
        update(json!({"name": "three", "create_at": 5})),
        json!({"group": {"name": "three", "display_name": "Two"}}),
    );
    w.refuses(
        "UpdateGroup",
        update(json!({"delete_at": 5})),
        "app.select_error",
        500,
    );
    w.refuses(
        "UpdateGroup",
        update(json!({"name": "alice"})),
        "app.group.username_conflict",
        400,
    );
    w.refuses(
        "UpdateGroup",
        update(json!({"name": "two"})),
        "app.custom_group.unique_name",
        400,
    );
    w.refuses(
        "UpdateGroup",
        json!({"group": {"id": "unknown"}}),
        NO_ROWS,
        404,
    );
    let id = || json!({ "group_id": one });
    w.refuses("RestoreGroup", id(), NO_ROWS, 404);
    assert!(w.ok("DeleteGroup", id())["group"]["delete_at"].as_i64() > Some(BEGINNING));
    w.refuses("DeleteGroup", id(), NO_ROWS, 404);
    w.ok("GetGroup", id());
    w.answers(
        "GetGroupsBySource",
        json!({"group_source": "custom"}),
        json!({"groups": []}),
    );
    let list = |request: Value| {
        w.ok("GetGroups", request)["groups"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(list(json!({})), 1);
    assert_eq!(list(json!({"opts": {"filter_archived": true}})), 1);
    assert_eq!(list(json!({"opts": {"q": "TW"}})), 1);
    assert_eq!(list(json!({"opts": {"since": "1"}})), 2);
    assert_eq!(list(json!({"opts": {"filter_allow_reference": "true"}})), 0);
    assert_eq!(list(json!({"per_page": 1, "page": 1})), 0);
    w.answers("RestoreGroup", id(), json!({"group": {"delete_at": 0}}));
}

#[test]
fn members_of_groups() {
    let w = World::new();
    let (alice, bob, one) = (user(&w, "alice"), user(&w, "bob"), group(&w, "one"));
    let pair = |user: &str| json!({"group_id": one, "user_id": user});
    let first = w.ok("UpsertGroupMember", pair(&bob));
    let again = w.ok("UpsertGroupMember", pair(&bob));
    assert!(
        again["group_member"]["create_at"].as_i64() > first["group_member"]["create_at"].as_i64()
    );
    w.refuses(
        "UpsertGroupMember",
        pair("unknown"),
        "app.update_error",
        500,
    );
    w.refuses(
        "UpsertGroupMembers",
        json!({"group_id": one, "user_ids": [alice, "unknown"]}),
        "app.update_error",
        500,
    );
    w.refuses(
        "UpsertGroupMembers",
        json!({ "group_id": one }),
        "app.update_error",
        500,
    );
    w.answers(
        "GetGroupMemberUsers",
        json!({"group_id": one, "per_page": 9}),
        json!({"users": [{"username": "bob"}]}),
    );
    w.answers(
        "UpsertGroupMembers",
        json!({"group_id": one, "user_ids": [bob, alice]}),
        json!({"group_members": [{"user_id": bob}, {"user_id": alice}]}),
    );
    w.answers(
        "GetGroupMemberUsers",
        json!({"group_id": one, "per_page": 9}),
        json!({"users": [{"username": "alice"}, {"username": "bob"}]}),
    );
    w.answers(
        "GetGroupMemberUsers",
        json!({ "group_id": one }),
        json!({"users": []}),
    );
    w.ok("DeleteGroup", json!({ "group_id": one }));
    w.answers(
        "GetGroupsForUser",
        json!({ "user_id": bob }),
        json!({"groups": [{"id": one}]}),
    );
    assert!(
        w.ok("DeleteGroupMember", pair(&bob))["group_member"]["delete_at"].as_i64()
            > Some(BEGINNING)
    );
    w.refuses("DeleteGroupMember", pair(&bob), NO_ROWS, 404);
    w.answers(
        "GetGroupsForUser",
        json!({ "user_id": bob }),
        json!({"groups": []}),
    );
}

#[test]
fn links_with_teams_and_channels() {
    let w = World::new();
    let (id, one) = (team(&w, "one"), group(&w, "one"));
    let place = channel(&w, &id, "aa");
    let link = |syncable: &str, kind: &str| json!({"group_id": one, "syncable_id": syncable, "syncable_type": kind, "auto_add": true});
    let put = |syncable: &str, kind: &str| json!({"group_syncable": link(syncable, kind)});
    let unknown = "unknown4567890123456789abc";
    w.refuses(
        "UpsertGroupSyncable",
        put(unknown, "channel"),
        "app.channel.get.existing.app_error",
        404,
    );
    w.refuses(
        "UpsertGroupSyncable",
        put(unknown, "team"),
        "store.sql_channel.get.existing.app_error",
        404,
    );
    w.refuses(
        "UpsertGroupSyncable",
        put("x", "team"),
        "model.group_syncable.syncable_id.app_error",
        400,
    );
    w.refuses(
        "UpsertGroupSyncable",
        put(&id, "other"),
        "app.insert_error",
        500,
    );
    w.refuses(
        "UpsertGroupSyncable",
        json!({"group_syncable": {"group_id": "x"}}),
        "model.group_syncable.group_id.app_error",
        400,
    );
    // A channel brings its team along.
    w.answers(
        "UpsertGroupSyncable",
        put(&place, "channel"),
        json!({"group_syncable": {"auto_add": true, "delete_at": 0}}),
    );
    w.ok("GetGroupSyncable", link_key(&one, &id, "team"));
    w.answers(
        "GetGroupSyncables",
        json!({"group_id": one, "syncable_type": "channel"}),
        json!({"group_syncables": [{"syncable_id": place}]}),
    );
    w.answers("UpdateGroupSyncable", json!({"group_syncable": {"group_id": one, "syncable_id": id, "syncable_type": "team", "scheme_admin": true}}),
        json!({"group_syncable": {"auto_add": false, "scheme_admin": true}}));
    w.refuses("UpdateGroupSyncable", json!({"group_syncable": {"group_id": one, "syncable_id": unknown, "syncable_type": "team"}}), "app.update_error", 500);
    w.ok("DeleteGroupSyncable", link_key(&one, &id, "team"));
    assert!(
        w.ok("GetGroupSyncable", link_key(&one, &place, "channel"))["group_syncable"]["delete_at"]
            .as_i64()
            > Some(0)
    );
    w.refuses(
        "DeleteGroupSyncable",
        link_key(&one, &id, "team"),
        "app.group.group_syncable_already_deleted",
        400,
    );
    w.refuses(
        "DeleteGroupSyncable",
        link_key(&one, unknown, "team"),
        NO_ROWS,
        404,
    );
    w.ok(
        "UpdateTeam",
        json!({"team": {"id": id, "display_name": "One", "group_constrained": true}}),
    );
    w.refuses(
        "UpsertGroupSyncable",
        put(&place, "channel"),
        "group_not_associated_to_synced_team",
        400,
    );
}

fn link_key(group: &str, syncable: &str, kind: &str) -> Value {
    json!({"group_id": group, "syncable_id": syncable, "syncable_type": kind})
}

#[test]
fn a_group_admits_to_what_it_is_linked_with_and_to_nothing_else() {
    let w = World::new();
    let (id, one) = (team(&w, "one"), group(&w, "one"));
    let eve = member(&w, &id, "eve");
    let (bound, other) = (channel(&w, &id, "aa"), channel(&w, &id, "bb"));
    let mut changed = w.ok("GetChannel", json!({ "channel_id": bound }))["channel"].clone();
    changed["group_constrained"] = json!(true);
    w.ok("UpdateChannel", json!({ "channel": changed }));
    w.ok(
        "UpsertGroupMember",
        json!({"group_id": one, "user_id": eve}),
    );
    let link = |channel: &str| {
        let link = json!({"group_id": one, "syncable_id": channel, "syncable_type": "channel"});
        w.ok("UpsertGroupSyncable", json!({ "group_syncable": link }));
    };
    let add = json!({"channel_id": bound, "user_id": eve});
    link(&other);
    w.refuses(
        "AddChannelMember",
        add.clone(),
        "api.channel.add_members.user_denied",
        400,
    );
    link(&bound);
    w.ok("AddChannelMember", add);
}

#[test]
fn memberships_follow_from_groups() {
    let w = World::new();
    let (id, one) = (team(&w, "one"), group(&w, "one"));
    let (alice, bob) = (user(&w, "alice"), member(&w, &id, "bob"));
    let place = channel(&w, &id, "aa");
    w.ok(
        "AddChannelMember",
        json!({"channel_id": place, "user_id": bob}),
    );
    w.ok(
        "UpsertGroupMember",
        json!({"group_id": one, "user_id": alice}),
    );
    let link = json!({"group_id": one, "syncable_id": place, "syncable_type": "channel", "auto_add": true});
    w.ok("UpsertGroupSyncable", json!({ "group_syncable": link }));
    w.fired();
    w.ok("CreateDefaultSyncableMemberships", json!({}));
    let names = w.fired_names();
    assert!(
        names.contains(&"UserHasJoinedTeam") && names.contains(&"UserHasJoinedChannel"),
        "{names:?}"
    );
    w.ok(
        "GetChannelMember",
        json!({"channel_id": place, "user_id": alice}),
    );
    // Who left stays out, unless that is said.
    w.ok("DeleteTeamMember", json!({"team_id": id, "user_id": alice}));
    w.ok("CreateDefaultSyncableMemberships", json!({}));
    w.refuses(
        "GetChannelMember",
        json!({"channel_id": place, "user_id": alice}),
        "app.channel.get_member.missing.app_error",
        404,
    );
    w.ok(
        "CreateDefaultSyncableMemberships",
        json!({"params": {"re_add_removed_members": true}}),
    );
    w.ok(
        "GetChannelMember",
        json!({"channel_id": place, "user_id": alice}),
    );
    let mut bound = w.ok("GetChannel", json!({ "channel_id": place }))["channel"].clone();
    bound["group_constrained"] = json!(true);
    w.ok("UpdateChannel", json!({ "channel": bound }));
    w.ok(
        "UpdateTeam",
        json!({"team": {"id": id, "display_name": "One", "group_constrained": true}}),
    );
    w.fired();
    w.ok("DeleteGroupConstrainedMemberships", json!({}));
    let names = w.fired_names();
    assert_eq!(names, ["UserHasLeftChannel", "UserHasLeftTeam"]);
    w.answers(
        "GetChannelMembers",
        json!({ "channel_id": place }),
        json!({"channel_members": [{"user_id": alice}]}),
    );
    w.answers(
        "GetTeamMembers",
        json!({"team_id": id, "per_page": 9}),
        json!({"team_members": [{"user_id": alice}]}),
    );
    // Only who is in the group may come in again.
    w.ok("CreateTeamMember", json!({"team_id": id, "user_id": bob}));
    w.refuses(
        "AddChannelMember",
        json!({"channel_id": place, "user_id": bob}),
        "api.channel.add_members.user_denied",
        400,
    );
    w.ok(
        "UpsertGroupMember",
        json!({"group_id": one, "user_id": bob}),
    );
    w.ok(
        "AddChannelMember",
        json!({"channel_id": place, "user_id": bob}),
    );
}
