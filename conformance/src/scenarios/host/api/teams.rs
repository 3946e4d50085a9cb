//! Teams and who is in them.

use serde_json::json;

use super::story::{Story, UNKNOWN, each, sorted, text};
use super::users::NO_USER;
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Teams are made, changed, deleted and found.
    "host/api/teams" => teams: ["AP-210", "AP-211", "AP-212"], deadline(90);
    /// Users join and leave teams.
    "host/api/team-members" => members: ["AP-213", "AP-214", "AP-215"], deadline(90);
}

/// No team has that id.
const NO_TEAM: (&str, i64) = ("app.team.get.find.app_error", 404);

async fn teams(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["ChannelHasBeenCreated"]).await?;
    let made = story.rule("AP-210", "wrong-team-made");
    let given = json!({"name": "one", "display_name": "One", "type": "TEAM_TYPE_OPEN", "invite_id": "mine", "create_at": 5});
    let one = made
        .answers(
            "CreateTeam",
            json!({ "team": given }),
            json!({"team": {"name": "one", "type": "TEAM_TYPE_INVITE", "delete_at": 0}}),
        )
        .await?;
    let fresh = one["team"]["invite_id"] != "mine" && one["team"]["create_at"].as_i64() > Some(5);
    made.holds(
        "CreateTeam",
        fresh,
        "an invitation and times of the server's own",
        one.to_string(),
    );
    let one = text(&one["team"]["id"]);
    let channels = made
        .answers(
            "GetPublicChannelsForTeam",
            json!({"team_id": one, "per_page": 9}),
            json!({}),
        )
        .await?;
    made.same(
        "GetPublicChannelsForTeam",
        "channels of a new team",
        &json!(["off-topic", "town-square"]),
        &each(&channels["channels"], "name"),
    );
    made.answers(
        "GetTeamMembers",
        json!({"team_id": one, "per_page": 9}),
        json!({"team_members": []}),
    )
    .await?;
    let own = story.channel(&one, "own").await?;
    let told = made.fires("CreateTeam", "ChannelHasBeenCreated", 1).await?;
    let only = told.iter().all(|told| told["channel"]["id"] == own);
    made.holds(
        "CreateTeam",
        only,
        "nothing is told of the two channels",
        format!("{told:?}"),
    );

    let names = story.rule("AP-211", "taken-name-accepted");
    let two = story.team("two").await?;
    let again =
        |name: &str| json!({"team": {"name": name, "display_name": "x", "type": "TEAM_TYPE_OPEN"}});
    names
        .refuses(
            "CreateTeam",
            again("two"),
            ("app.team.save.existing.app_error", 400),
        )
        .await?;
    story.did("DeleteTeam", json!({ "team_id": two })).await?;
    names
        .refuses(
            "CreateTeam",
            again("two"),
            ("app.team.save.existing.app_error", 400),
        )
        .await?;
    names
        .refuses(
            "CreateTeam",
            again("admin"),
            ("model.team.is_valid.reserved.app_error", 400),
        )
        .await?;
    names
        .refuses(
            "CreateTeam",
            again("A b"),
            ("model.team.is_valid.characters.app_error", 400),
        )
        .await?;

    let found = story.rule("AP-212", "wrong-answer");
    story.did("DeleteTeam", json!({ "team_id": two })).await?;
    let gone = found
        .answers(
            "GetTeam",
            json!({ "team_id": two }),
            json!({"team": {"name": "two"}}),
        )
        .await?;
    found.holds(
        "GetTeam",
        gone["team"]["delete_at"].as_i64() > Some(0),
        "a deleted team is found, with delete_at",
        gone.to_string(),
    );
    let all = found.answers("GetTeams", json!({}), json!({})).await?;
    found.same(
        "GetTeams",
        "all teams by what they are called",
        &json!(["one", "two"]),
        &each(&all["teams"], "name"),
    );
    found
        .answers(
            "GetTeamByName",
            json!({"name": "two"}),
            json!({"team": {"id": two}}),
        )
        .await?;
    found
        .refuses("GetTeam", json!({ "team_id": UNKNOWN }), NO_TEAM)
        .await?;
    found
        .refuses(
            "GetTeamByName",
            json!({"name": "none"}),
            ("app.team.get_by_name.missing.app_error", 404),
        )
        .await?;
    found
        .refuses("DeleteTeam", json!({ "team_id": UNKNOWN }), NO_TEAM)
        .await?;
    let change = json!({"team": {"id": one, "name": "other", "display_name": "Shown", "type": "TEAM_TYPE_OPEN"}});
    found
        .answers(
            "UpdateTeam",
            change,
            json!({"team": {"name": "one", "display_name": "Shown"}}),
        )
        .await?;
    found
        .answers(
            "GetTeamStats",
            json!({ "team_id": UNKNOWN }),
            json!({"team_stats": {"total_member_count": 0}}),
        )
        .await?;
    story.end().await
}

async fn members(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(
        case,
        [
            "UserHasJoinedTeam",
            "UserHasLeftTeam",
            "UserHasJoinedChannel",
            "UserHasLeftChannel",
        ],
    )
    .await?;
    let team = story.team("one").await?;
    let (ada, bob) = (story.user("ada").await?, story.user("bob").await?);
    let pair = |user: &str| json!({"team_id": team, "user_id": user});
    let square = story
        .did(
            "GetChannelByName",
            json!({"team_id": team, "name": "town-square"}),
        )
        .await?;
    let square = text(&square["channel"]["id"]);
    let in_square = |user: &str| json!({"channel_id": square, "user_id": user});

    let joined = story.rule("AP-213", "wrong-join");
    let member = json!({"team_member": {"user_id": ada, "scheme_user": true, "roles": "team_user", "delete_at": 0}});
    joined
        .answers("CreateTeamMember", pair(&ada), member.clone())
        .await?;
    joined
        .answers("CreateTeamMember", pair(&ada), member)
        .await?;
    joined
        .answers(
            "GetChannelMember",
            in_square(&ada),
            json!({"channel_member": {"user_id": ada}}),
        )
        .await?;
    story.did("CreateTeamMember", pair(&bob)).await?;
    let told = joined
        .fires("CreateTeamMember", "UserHasJoinedTeam", 2)
        .await?;
    let alone = told.iter().all(|told| told["actor"].is_null());
    joined.holds("CreateTeamMember", alone, "no actor", format!("{told:?}"));
    joined
        .refuses(
            "CreateTeamMember",
            json!({"team_id": UNKNOWN, "user_id": UNKNOWN}),
            NO_TEAM,
        )
        .await?;
    joined
        .refuses("CreateTeamMember", pair(UNKNOWN), NO_USER)
        .await?;

    let many = story.rule("AP-214", "wrong-results");
    let (carl, dora) = (story.user("carl").await?, story.user("dora").await?);
    many.answers(
        "CreateTeamMembersGracefully",
        json!({"team_id": team, "user_ids": [UNKNOWN, carl], "requestor_id": ada}),
        json!({"team_members": [
            {"user_id": UNKNOWN, "member": null, "error": {"id": NO_USER.0, "status_code": 404}},
            {"user_id": carl, "member": {"user_id": carl}, "error": null},
        ]}),
    )
    .await?;
    let told = many
        .fires("CreateTeamMembersGracefully", "UserHasJoinedTeam", 3)
        .await?;
    let by_ada = told.iter().any(|told| told["actor"]["id"] == ada);
    many.holds(
        "CreateTeamMembersGracefully",
        by_ada,
        "the requestor is the actor",
        format!("{told:?}"),
    );
    let request = json!({"team_id": team, "user_ids": [dora, UNKNOWN, ada], "requestor_id": ada});
    many.refuses("CreateTeamMembers", request, NO_USER).await?;
    many.answers(
        "GetTeamMember",
        pair(&dora),
        json!({"team_member": {"user_id": dora}}),
    )
    .await?;

    let left = story.rule("AP-215", "wrong-leave");
    let leave = |user: &str| json!({"team_id": team, "user_id": user, "requestor_id": bob});
    story.did("DeleteTeamMember", leave(&ada)).await?;
    let gone = left
        .answers(
            "GetTeamMember",
            pair(&ada),
            json!({"team_member": {"user_id": ada}}),
        )
        .await?;
    let marked = gone["team_member"]["delete_at"].as_i64() > Some(0);
    left.holds(
        "GetTeamMember",
        marked,
        "who left is found, with delete_at",
        gone.to_string(),
    );
    let listed = left
        .answers(
            "GetTeamMembers",
            json!({"team_id": team, "per_page": 9}),
            json!({}),
        )
        .await?;
    let mut ids = [bob.clone(), carl.clone(), dora.clone()];
    ids.sort();
    left.same(
        "GetTeamMembers",
        "members by id",
        &json!(ids),
        &each(&listed["team_members"], "user_id"),
    );
    let of = left
        .answers(
            "GetTeamMembersForUser",
            json!({"user_id": ada, "per_page": 9}),
            json!({}),
        )
        .await?;
    left.same(
        "GetTeamMembersForUser",
        "memberships, left ones too",
        &json!([team]),
        &sorted(&each(&of["team_members"], "team_id")),
    );
    left.refuses(
        "GetChannelMember",
        in_square(&ada),
        ("app.channel.get_member.missing.app_error", 404),
    )
    .await?;
    let told = left.fires("DeleteTeamMember", "UserHasLeftTeam", 1).await?;
    let by_bob = told.iter().all(|told| told["actor"]["id"] == bob);
    left.holds(
        "DeleteTeamMember",
        by_bob,
        "the requestor is the actor",
        format!("{told:?}"),
    );
    let channels = story.fired(&story.plugin, "UserHasLeftChannel", 0).await?;
    left.holds(
        "DeleteTeamMember",
        channels.is_empty(),
        "nothing is told of the team's channels",
        format!("{channels:?}"),
    );
    left.refuses("DeleteTeamMember", leave(UNKNOWN), NO_USER)
        .await?;
    story.end().await
}
