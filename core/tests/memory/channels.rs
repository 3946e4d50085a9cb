//! Channels: open, private, direct and of groups; their members and the sidebar.

use serde_json::{Value, json};

use crate::teams::{channel_named, team};
use crate::users::user;
use crate::world::{BEGINNING, World};

/// An open channel of that name; its id.
#[track_caller]
pub(crate) fn channel(w: &World, team: &str, name: &str) -> String {
    let given =
        json!({"team_id": team, "name": name, "display_name": name, "type": "CHANNEL_TYPE_OPEN"});
    let answer = w.ok("CreateChannel", json!({ "channel": given }));
    answer["channel"]["id"].as_str().unwrap().to_owned()
}

/// A user who is in the team; their id.
#[track_caller]
pub(crate) fn member(w: &World, team: &str, name: &str) -> String {
    let id = user(w, name);
    w.ok("CreateTeamMember", json!({"team_id": team, "user_id": id}));
    id
}

const MISSING: &str = "app.channel.get.existing.app_error";

#[test]
fn a_new_channel_and_what_it_must_not_be() {
    let w = World::new();
    let id = team(&w, "one");
    w.fired();
    let made = w.answers("CreateChannel",
        json!({"channel": {"team_id": id, "name": "new", "display_name": "  New ", "type": "CHANNEL_TYPE_PRIVATE", "creator_id": "nobody", "total_msg_count": 7, "last_post_at": 7}}),
        json!({"channel": {"display_name": "New", "total_msg_count": 0, "last_post_at": 0, "creator_id": "nobody", "delete_at": 0}}));
    assert!(made["channel"]["create_at"].as_i64() > Some(BEGINNING));
    let fired = w.fired();
    assert_eq!(
        (fired.len(), fired[0].0, &fired[0].1["channel"]["name"]),
        (1, "ChannelHasBeenCreated", &json!("new"))
    );
    w.answers(
        "GetChannelMembers",
        json!({"channel_id": made["channel"]["id"]}),
        json!({"channel_members": []}),
    );
    // Neither team has to be there.
    w.ok(
        "CreateChannel",
        json!({"channel": {"name": "free", "type": "CHANNEL_TYPE_OPEN"}}),
    );
    w.ok(
        "CreateChannel",
        json!({"channel": {"team_id": "unknown", "name": "free", "type": "CHANNEL_TYPE_OPEN"}}),
    );
    let long = |length| "x".repeat(length);
    for (change, id) in [
        (
            json!({"delete_at": 1}),
            "store.sql_channel.save.archived_channel.app_error",
        ),
        (
            json!({"type": "CHANNEL_TYPE_DIRECT"}),
            "store.sql_channel.save.direct_channel.app_error",
        ),
        (
            json!({"id": "x"}),
            "store.sql_channel.save_channel.existing.app_error",
        ),
        (
            json!({"name": "new"}),
            "store.sql_channel.save_channel.exists.app_error",
        ),
        (
            json!({"name": ""}),
            "model.channel.is_valid.1_or_more.app_error",
        ),
        (
            json!({"name": "A"}),
            "model.channel.is_valid.1_or_more.app_error",
        ),
        (
            json!({"name": "a".repeat(40)}),
            "model.channel.is_valid.name.app_error",
        ),
        (
            json!({"name": "abcdefghijklmnopqrstuvwxyz__abcdefghijklmnopqrstuvwxyz"}),
            "model.channel.is_valid.name.app_error",
        ),
        (
            json!({"display_name": long(65)}),
            "model.channel.is_valid.display_name.app_error",
        ),
        (
            json!({"header": long(1025)}),
            "model.channel.is_valid.header.app_error",
        ),
        (
            json!({"purpose": long(251)}),
            "model.channel.is_valid.purpose.app_error",
        ),
        (
            json!({"creator_id": long(27)}),
            "model.channel.is_valid.creator_id.app_error",
        ),
        (
            json!({"type": "CHANNEL_TYPE_UNSPECIFIED"}),
            "model.channel.is_valid.type.app_error",
        ),
    ] {
        let mut given = json!({"team_id": made["channel"]["team_id"], "name": "other", "type": "CHANNEL_TYPE_OPEN"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        w.refuses("CreateChannel", json!({ "channel": given }), id, 400);
    }
    w.memory
        .configure(|config| config["TeamSettings"]["MaxChannelsPerTeam"] = 3.into());
    w.refuses(
        "CreateChannel",
        json!({"channel": {"team_id": id, "name": "more", "type": "CHANNEL_TYPE_OPEN"}}),
        "store.sql_channel.save_channel.limit.app_error",
        400,
    );
}

#[test]
fn channels_are_archived() {
    let w = World::new();
    let id = team(&w, "one");
    let one = channel(&w, &id, "aa");
    w.fired();
    w.ok("DeleteChannel", json!({ "channel_id": one }));
    assert_eq!(
        w.fired_names(),
        ["MessageHasBeenPosted", "MessageWillBePosted"]
    );
    let archived = w.ok("GetChannel", json!({ "channel_id": one }))["channel"].clone();
    assert!(
        archived["delete_at"].as_i64() > Some(BEGINNING)
            && archived["delete_at"] == archived["update_at"]
    );
    let posts = w.ok(
        "GetPostsForChannel",
        json!({"channel_id": one, "per_page": 9}),
    );
    assert_eq!(
        posts["post_list"]["posts"][posts["post_list"]["order"][0].as_str().unwrap()]["type"],
        "system_channel_deleted"
    );
    w.refuses(
        "DeleteChannel",
        json!({ "channel_id": one }),
        "api.channel.delete_channel.deleted.app_error",
        400,
    );
    w.refuses(
        "DeleteChannel",
        json!({"channel_id": "unknown"}),
        MISSING,
        404,
    );
    w.refuses(
        "DeleteChannel",
        json!({"channel_id": channel_named(&w, &id, "town-square")}),
        "api.channel.delete_channel.cannot.app_error",
        400,
    );
    assert_eq!(w.event("channel_deleted").broadcast.team_id, id);
    // The name is not free again, and is found on demand only.
    w.refuses(
        "CreateChannel",
        json!({"channel": {"team_id": id, "name": "aa", "type": "CHANNEL_TYPE_OPEN"}}),
        "store.sql_channel.save_channel.exists.app_error",
        400,
    );
    w.refuses(
        "GetChannelByName",
        json!({"team_id": id, "name": "aa"}),
        "app.channel.get_by_name.missing.app_error",
        404,
    );
    w.answers(
        "GetChannelByName",
        json!({"team_id": id, "name": "aa", "include_deleted": true}),
        json!({"channel": {"id": one}}),
    );
    w.answers(
        "GetChannelByNameForTeamName",
        json!({"team_name": "one", "channel_name": "aa", "include_deleted": true}),
        json!({"channel": {"id": one}}),
    );
    w.refuses(
        "GetChannelByNameForTeamName",
        json!({"team_name": "one", "channel_name": "aa"}),
        "app.channel.get_by_name.missing.app_error",
        404,
    );
    w.refuses(
        "GetChannelByNameForTeamName",
        json!({"team_name": "two", "channel_name": "aa"}),
        "app.team.get_by_name.missing.app_error",
        404,
    );
}

#[test]
fn lists_of_channels() {
    let w = World::new();
    let id = team(&w, "one");
    let alice = member(&w, &id, "alice");
    let bob = user(&w, "bob");
    let (one, two) = (channel(&w, &id, "aa"), channel(&w, &id, "zz"));
    w.ok(
        "CreateChannel",
        json!({"channel": {"team_id": id, "name": "secret", "type": "CHANNEL_TYPE_PRIVATE"}}),
    );
    w.ok("DeleteChannel", json!({ "channel_id": two }));
    let names = |answer: &Value| -> Vec<String> {
        let channels = answer["channels"].as_array().cloned().unwrap_or_default();
        channels
            .iter()
            .map(|channel| channel["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let open = |page, per_page| {
        names(&w.ok(
            "GetPublicChannelsForTeam",
            json!({"team_id": id, "page": page, "per_page": per_page}),
        ))
    };
    assert_eq!(open(0, 9), ["aa", "off-topic", "town-square"]);
    assert_eq!(open(1, 2), ["town-square"]);
    assert!(open(0, 0).is_empty());
    w.answers(
        "GetPublicChannelsForTeam",
        json!({"team_id": "unknown", "per_page": 9}),
        json!({"channels": []}),
    );
    let search = |term: &str| names(&w.ok("SearchChannels", json!({"team_id": id, "term": term})));
    assert_eq!(search("TOWN"), ["town-square"]);
    assert_eq!(search("z"), ["zz"]);
    assert!(search("secret").is_empty());
    w.memory.configure(|config| {
        config["TeamSettings"]["ExperimentalViewArchivedChannels"] = false.into()
    });
    assert!(search("zz").is_empty());
    assert_eq!(search("").len(), 3);

    w.ok(
        "AddChannelMember",
        json!({"channel_id": one, "user_id": alice}),
    );
    let direct = w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": bob}),
    )["channel"]["name"]
        .clone();
    let of = |request: Value| names(&w.ok("GetChannelsForTeamForUser", request));
    assert_eq!(
        of(json!({"team_id": id, "user_id": alice})),
        [direct.as_str().unwrap(), "aa", "off-topic", "town-square"]
    );
    assert_eq!(of(json!({"user_id": alice})).len(), 4);
    assert_eq!(
        of(json!({"team_id": "unknown", "user_id": alice})),
        [direct.as_str().unwrap()]
    );
    w.refuses(
        "GetChannelsForTeamForUser",
        json!({"user_id": "unknown"}),
        "app.channel.get_channels.not_found.app_error",
        404,
    );
    w.ok("DeleteChannel", json!({ "channel_id": one }));
    assert_eq!(of(json!({"team_id": id, "user_id": alice})).len(), 3);
    assert_eq!(
        of(json!({"team_id": id, "user_id": alice, "include_deleted": true})).len(),
        4
    );
    // A direct channel is found by its name from any team.
    w.answers(
        "GetChannelByName",
        json!({"team_id": id, "name": direct}),
        json!({"channel": {"team_id": ""}}),
    );
}

#[test]
fn direct_channels() {
    let w = World::new();
    let (alice, bob) = (user(&w, "alice"), user(&w, "bob"));
    w.ok("DeleteUser", json!({ "user_id": bob }));
    w.fired();
    let direct = |one: &str, other: &str| json!({"user_id_1": one, "user_id_2": other});
    let first = w.answers("GetDirectChannel", direct(&bob, &alice),
        json!({"channel": {"type": "CHANNEL_TYPE_DIRECT", "team_id": "", "display_name": "", "header": "", "creator_id": bob}}));
    let (low, high) = if alice < bob {
        (&alice, &bob)
    } else {
        (&bob, &alice)
    };
    assert_eq!(first["channel"]["name"], format!("{low}__{high}"));
    assert_eq!(w.fired_names(), ["ChannelHasBeenCreated"]);
    w.answers(
        "GetDirectChannel",
        direct(&alice, &bob),
        json!({"channel": {"id": first["channel"]["id"]}}),
    );
    assert!(w.fired().is_empty());
    w.answers(
        "GetChannelMembers",
        json!({"channel_id": first["channel"]["id"]}),
        json!({"channel_members": [{"user_id": low}, {"user_id": high}]}),
    );
    let own = w.ok("GetDirectChannel", direct(&alice, &alice));
    w.answers(
        "GetChannelMembers",
        json!({"channel_id": own["channel"]["id"]}),
        json!({"channel_members": [{"user_id": alice}]}),
    );
    w.refuses(
        "GetDirectChannel",
        direct(&alice, "unknown"),
        "api.channel.create_direct_channel.invalid_user.app_error",
        400,
    );
    let carl = user(&w, "carl");
    w.memory
        .configure(|config| config["TeamSettings"]["RestrictDirectMessage"] = "team".into());
    w.refuses(
        "GetDirectChannel",
        direct(&alice, &carl),
        "api.channel.create_channel.direct_channel.team_restricted_error",
        403,
    );
    let id = team(&w, "one");
    w.ok(
        "CreateTeamMembers",
        json!({"team_id": id, "user_ids": [alice, carl]}),
    );
    w.ok("GetDirectChannel", direct(&alice, &carl));
    // Whoever is deactivated takes their direct channels along, until they are back.
    w.ok("DeleteUser", json!({ "user_id": alice }));
    assert!(
        w.ok("GetChannel", json!({"channel_id": own["channel"]["id"]}))["channel"]["delete_at"]
            .as_i64()
            > Some(0)
    );
    w.ok(
        "UpdateUserActive",
        json!({"user_id": alice, "active": true}),
    );
    w.answers(
        "GetChannel",
        json!({"channel_id": own["channel"]["id"]}),
        json!({"channel": {"delete_at": 0}}),
    );
}

#[test]
fn channels_of_groups() {
    let w = World::new();
    let users: Vec<_> = ["carl", "alice", "bob"]
        .iter()
        .map(|name| user(&w, name))
        .collect();
    w.fired();
    let group = |ids: &[&str]| json!({ "user_ids": ids });
    let ids: Vec<_> = users.iter().map(String::as_str).collect();
    let made = w.answers("GetGroupChannel", group(&ids),
        json!({"channel": {"type": "CHANNEL_TYPE_GROUP", "display_name": "alice, bob, carl", "team_id": "", "creator_id": ""}}));
    assert_eq!(made["channel"]["name"].as_str().map(str::len), Some(40));
    assert_eq!(w.fired_names(), ["ChannelHasBeenCreated"]);
    w.answers(
        "GetGroupChannel",
        group(&[ids[2], ids[0], ids[1]]),
        json!({"channel": {"id": made["channel"]["id"]}}),
    );
    assert!(w.fired().is_empty());
    w.refuses(
        "GetGroupChannel",
        group(&ids[..2]),
        "api.channel.create_group.bad_size.app_error",
        400,
    );
    w.refuses(
        "GetGroupChannel",
        group(&["x"; 9]),
        "api.channel.create_group.bad_size.app_error",
        400,
    );
    w.refuses(
        "GetGroupChannel",
        group(&[ids[0], ids[1], "unknown"]),
        "api.channel.create_group.bad_user.app_error",
        400,
    );
    w.refuses(
        "GetGroupChannel",
        group(&[ids[0], ids[1], ids[1]]),
        "api.channel.create_group.bad_user.app_error",
        400,
    );
    w.answers(
        "GetChannelStats",
        json!({"channel_id": made["channel"]["id"]}),
        json!({"channel_stats": {"member_count": 3, "guest_count": 3}}),
    );
    w.ok("DeleteUser", json!({"user_id": users[0]}));
    w.answers(
        "GetChannelStats",
        json!({"channel_id": made["channel"]["id"]}),
        json!({"channel_stats": {"member_count": 2}}),
    );
    w.answers(
        "GetChannelStats",
        json!({"channel_id": "unknown"}),
        json!({"channel_stats": {"member_count": 0}}),
    );
}

#[test]
fn an_update_replaces_a_whole_channel() {
    let w = World::new();
    let id = team(&w, "one");
    let one = channel(&w, &id, "aa");
    channel(&w, &id, "bb");
    let mut given = w.ok("GetChannel", json!({ "channel_id": one }))["channel"].clone();
    given["header"] = json!("h");
    given["name"] = json!("cc");
    given["total_msg_count"] = json!(9);
    w.answers(
        "UpdateChannel",
        json!({ "channel": given }),
        json!({"channel": {"header": "h", "total_msg_count": 9}}),
    );
    w.answers(
        "GetChannelByName",
        json!({"team_id": id, "name": "cc"}),
        json!({"channel": {"id": one, "header": "h"}}),
    );
    w.refuses(
        "GetChannelByName",
        json!({"team_id": id, "name": "aa"}),
        "app.channel.get_by_name.missing.app_error",
        404,
    );
    let update = |change: Value| {
        let mut given = given.clone();
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "channel": given })
    };
    w.refuses(
        "UpdateChannel",
        update(json!({"delete_at": 1})),
        "app.channel.update.bad_id",
        400,
    );
    w.refuses(
        "UpdateChannel",
        update(json!({"name": "bb"})),
        "store.sql_channel.save_channel.exists.app_error",
        400,
    );
    w.refuses(
        "UpdateChannel",
        update(json!({"create_at": 0})),
        "model.channel.is_valid.create_at.app_error",
        400,
    );
    w.refuses(
        "UpdateChannel",
        update(json!({"id": "x"})),
        "model.channel.is_valid.id.app_error",
        400,
    );
    w.ok(
        "UpdateChannel",
        update(json!({"id": "unknown4567890123456789abc", "name": "dd"})),
    );
    w.refuses(
        "GetChannel",
        json!({"channel_id": "unknown4567890123456789abc"}),
        MISSING,
        404,
    );
}
