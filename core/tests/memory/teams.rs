//! Teams, their icons, and what is unread in them.

use serde_json::json;

use crate::users::user;
use crate::world::{BEGINNING, World};

/// A team of that name; its id.
#[track_caller]
pub(crate) fn team(w: &World, name: &str) -> String {
    let team = json!({"name": name, "display_name": name, "type": "TEAM_TYPE_OPEN", "allow_open_invite": true});
    let answer = w.ok("CreateTeam", json!({ "team": team }));
    answer["team"]["id"].as_str().unwrap().to_owned()
}

/// A channel of a team by its name; its id.
#[track_caller]
pub(crate) fn channel_named(w: &World, team: &str, name: &str) -> String {
    let answer = w.ok("GetChannelByName", json!({"team_id": team, "name": name}));
    answer["channel"]["id"].as_str().unwrap().to_owned()
}

pub(crate) const MISSING: &str = "app.team.get.find.app_error";

#[test]
fn a_new_team_has_two_channels_and_nobody_in_them() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.fired();
    let answer = w.answers(
        "CreateTeam",
        json!({"team": {"name": "one", "display_name": "One", "type": "TEAM_TYPE_OPEN", "invite_id": "mine", "create_at": 5, "email": "alice@example.com"}}),
        json!({"team": {"type": "TEAM_TYPE_INVITE", "allow_open_invite": false, "delete_at": 0}}),
    );
    let made = &answer["team"];
    assert_ne!(made["invite_id"], "mine");
    assert!(made["create_at"].as_i64() > Some(BEGINNING) && made["create_at"] == made["update_at"]);
    w.answers(
        "CreateTeam",
        json!({"team": {"name": "two", "display_name": "Two", "type": "TEAM_TYPE_INVITE", "allow_open_invite": true}}),
        json!({"team": {"type": "TEAM_TYPE_INVITE", "allow_open_invite": false}}),
    );
    let id = made["id"].as_str().unwrap();
    for (name, shown) in [("town-square", "Town Square"), ("off-topic", "Off-Topic")] {
        let channel = w.answers(
            "GetChannelByName",
            json!({"team_id": id, "name": name}),
            json!({"channel": {"display_name": shown, "type": "CHANNEL_TYPE_OPEN"}}),
        );
        w.answers(
            "GetChannelMembers",
            json!({"channel_id": channel["channel"]["id"]}),
            json!({"channel_members": []}),
        );
    }
    w.answers(
        "GetTeamMembers",
        json!({"team_id": id, "per_page": 9}),
        json!({"team_members": []}),
    );
    assert!(w.fired().is_empty());
    w.refuses(
        "GetTeamMember",
        json!({"team_id": id, "user_id": alice}),
        "app.team.get_member.missing.app_error",
        404,
    );
    w.memory.configure(|config| {
        config["TeamSettings"]["ExperimentalDefaultChannels"] = json!(["extra"])
    });
    channel_named(&w, &team(&w, "three"), "extra");
}

#[test]
fn what_a_team_must_not_be() {
    let w = World::new();
    let id = team(&w, "taken");
    w.ok("DeleteTeam", json!({ "team_id": id }));
    let long = |length| "x".repeat(length);
    for (change, id) in [
        (json!({"name": "taken"}), "app.team.save.existing.app_error"),
        (json!({"id": id}), "app.team.save.existing.app_error"),
        (
            json!({"name": long(65)}),
            "model.team.is_valid.url.app_error",
        ),
        (
            json!({"name": "plugins"}),
            "model.team.is_valid.reserved.app_error",
        ),
        (
            json!({"name": "A b"}),
            "model.team.is_valid.characters.app_error",
        ),
        (
            json!({"name": "x"}),
            "model.team.is_valid.characters.app_error",
        ),
        (
            json!({"display_name": ""}),
            "model.team.is_valid.name.app_error",
        ),
        (
            json!({"display_name": long(65)}),
            "model.team.is_valid.name.app_error",
        ),
        (
            json!({"email": "no"}),
            "model.team.is_valid.email.app_error",
        ),
        (
            json!({"description": long(256)}),
            "model.team.is_valid.description.app_error",
        ),
        (
            json!({"company_name": long(65)}),
            "model.team.is_valid.company.app_error",
        ),
        (
            json!({"allowed_domains": long(501)}),
            "model.team.is_valid.domains.app_error",
        ),
        (
            json!({"type": "TEAM_TYPE_UNSPECIFIED"}),
            "model.team.is_valid.type.app_error",
        ),
    ] {
        let mut given = json!({"name": "new", "display_name": "New", "type": "TEAM_TYPE_OPEN", "allow_open_invite": true});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        w.refuses("CreateTeam", json!({ "team": given }), id, 400);
    }
    w.refuses(
        "CreateTeam",
        json!({"team": {"type": 7}}),
        "plugin.api.invalid_request.app_error",
        400,
    );
}

#[test]
fn teams_are_found_changed_and_archived() {
    let w = World::new();
    let (a, b) = (team(&w, "aa"), team(&w, "bb"));
    w.answers(
        "GetTeamByName",
        json!({"name": "aa"}),
        json!({"team": {"id": a}}),
    );
    w.refuses(
        "GetTeamByName",
        json!({"name": "AA"}),
        "app.team.get_by_name.missing.app_error",
        404,
    );
    w.refuses("GetTeam", json!({"team_id": "unknown"}), MISSING, 404);
    let changed = w.answers(
        "UpdateTeam",
        json!({"team": {"id": a, "display_name": "Zz", "name": "other", "email": "x@y", "delete_at": 5, "description": "d", "company_name": "c"}}),
        json!({"team": {"display_name": "Zz", "name": "aa", "email": "", "delete_at": 0, "description": "d", "allow_open_invite": false}}),
    );
    assert!(changed["team"]["update_at"].as_i64() > changed["team"]["create_at"].as_i64());
    w.answers(
        "UpdateTeam",
        json!({"team": {"id": a, "display_name": "Zz"}}),
        json!({"team": {"description": "", "company_name": ""}}),
    );
    w.refuses(
        "UpdateTeam",
        json!({"team": {"id": "unknown"}}),
        MISSING,
        404,
    );
    w.refuses(
        "UpdateTeam",
        json!({"team": {"id": a}}),
        "model.team.is_valid.name.app_error",
        400,
    );
    assert_eq!(w.event("update_team").broadcast.team_id, a);
    w.ok("DeleteTeam", json!({ "team_id": b }));
    w.ok("DeleteTeam", json!({ "team_id": b }));
    w.refuses("DeleteTeam", json!({"team_id": "unknown"}), MISSING, 404);
    assert!(
        w.ok("GetTeam", json!({ "team_id": b }))["team"]["delete_at"].as_i64() > Some(BEGINNING)
    );
    w.answers(
        "GetTeams",
        json!({}),
        json!({"teams": [{"id": b}, {"id": a}]}),
    );
    w.answers(
        "SearchTeams",
        json!({"term": "ZZ"}),
        json!({"teams": [{"id": a}]}),
    );
    w.answers(
        "SearchTeams",
        json!({"term": "b"}),
        json!({"teams": [{"id": b}]}),
    );
    w.answers(
        "SearchTeams",
        json!({}),
        json!({"teams": [{"id": b}, {"id": a}]}),
    );
    assert!(w.fired().is_empty());
    w.memory
        .configure(|config| config["TeamSettings"]["RestrictCreationToDomains"] = "x.org".into());
    w.refuses(
        "UpdateTeam",
        json!({"team": {"id": a, "display_name": "A", "allowed_domains": "x.org y.org"}}),
        "api.team.update_restricted_domains.mismatch.app_error",
        400,
    );
}

#[test]
fn icons() {
    let w = World::new();
    let (alice, id) = (user(&w, "alice"), team(&w, "one"));
    let image = w.ok("GetProfileImage", json!({ "user_id": alice }))["image"].clone();
    w.refuses("GetTeamIcon", json!({"team_id": "unknown"}), MISSING, 404);
    w.refuses(
        "GetTeamIcon",
        json!({ "team_id": id }),
        "api.team.get_team_icon.read_file.app_error",
        404,
    );
    w.refuses(
        "SetTeamIcon",
        json!({"team_id": id, "data": "bm8="}),
        "api.team.set_team_icon.decode.app_error",
        400,
    );
    w.refuses(
        "SetTeamIcon",
        json!({"team_id": "unknown", "data": image}),
        MISSING,
        404,
    );
    w.ok("RemoveTeamIcon", json!({ "team_id": id }));
    w.ok("SetTeamIcon", json!({"team_id": id, "data": image}));
    assert!(
        w.ok("GetTeam", json!({ "team_id": id }))["team"]["last_team_icon_update"].as_i64()
            > Some(BEGINNING)
    );
    w.ok("RemoveTeamIcon", json!({ "team_id": id }));
    w.answers(
        "GetTeam",
        json!({ "team_id": id }),
        json!({"team": {"last_team_icon_update": 0}}),
    );
    assert!(w.ok("GetTeamIcon", json!({ "team_id": id }))["icon"].is_string());
    w.refuses(
        "RemoveTeamIcon",
        json!({"team_id": "unknown"}),
        MISSING,
        404,
    );
    w.memory
        .configure(|config| config["FileSettings"]["DriverName"] = "".into());
    w.refuses(
        "GetTeamIcon",
        json!({ "team_id": id }),
        "api.team.get_team_icon.filesettings_no_driver.app_error",
        501,
    );
}

#[test]
fn what_is_unread_in_teams() {
    let w = World::new();
    let (alice, bob, id) = (user(&w, "alice"), user(&w, "bob"), team(&w, "one"));
    w.memory.configure(|config| {
        config["ServiceSettings"]["ExperimentalEnableDefaultChannelLeaveJoinMessages"] =
            false.into()
    });
    w.ok(
        "CreateTeamMembers",
        json!({"team_id": id, "user_ids": [alice, bob]}),
    );
    let town_square = channel_named(&w, &id, "town-square");
    let off_topic = channel_named(&w, &id, "off-topic");
    let post = |channel: &str, message: &str| {
        w.ok(
            "CreatePost",
            json!({"post": {"user_id": bob, "channel_id": channel, "message": message}}),
        )
    };
    post(&town_square, "one");
    post(&town_square, "two @alice");
    post(&off_topic, "three @all");
    w.answers("GetTeamsUnreadForUser", json!({ "user_id": alice }), json!({"team_unreads": [
        {"team_id": id, "msg_count": 3, "mention_count": 2, "msg_count_root": 3, "thread_count": 0}]}));
    w.ok("UpdateChannelMemberNotifications", json!({"channel_id": off_topic, "user_id": alice, "notifications": {"mark_unread": "mention"}}));
    w.answers(
        "GetTeamsUnreadForUser",
        json!({ "user_id": alice }),
        json!({"team_unreads": [{"msg_count": 2, "mention_count": 2}]}),
    );
    w.ok("DeleteChannel", json!({ "channel_id": off_topic }));
    w.answers(
        "GetTeamsUnreadForUser",
        json!({ "user_id": alice }),
        json!({"team_unreads": [{"msg_count": 2, "mention_count": 1}]}),
    );
    w.answers(
        "GetTeamsUnreadForUser",
        json!({"user_id": "unknown"}),
        json!({"team_unreads": []}),
    );
}
