//! Who is in a channel, and how channels are laid out at the side.

use serde_json::json;

use super::channels::NO_CHANNEL;
use super::story::{Story, UNKNOWN, each, sorted};
use super::users::NO_USER;
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Users join and leave channels.
    "host/api/channel-members" => members: ["AP-221", "AP-222", "AP-223"], deadline(90);
    /// Categories of the sidebar.
    "host/api/sidebar" => sidebar: ["AP-224"];
}

async fn members(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(
        case,
        [
            "UserHasJoinedChannel",
            "UserHasLeftChannel",
            "MessageHasBeenPosted",
        ],
    )
    .await?;
    let team = story.team("one").await?;
    let (ada, bob) = (
        story.member(&team, "ada").await?,
        story.member(&team, "bob").await?,
    );
    let stranger = story.user("stranger").await?;
    let channel = story.channel(&team, "place").await?;
    let pair = |user: &str| json!({"channel_id": channel, "user_id": user});

    let joined = story.rule("AP-221", "wrong-join");
    let member =
        json!({"channel_member": {"user_id": ada, "roles": "channel_user", "scheme_user": true}});
    joined
        .answers("AddChannelMember", pair(&ada), member.clone())
        .await?;
    joined
        .answers("AddChannelMember", pair(&ada), member)
        .await?;
    let by_ada = json!({"channel_id": channel, "user_id": bob, "as_user_id": ada});
    joined
        .answers(
            "AddUserToChannel",
            by_ada,
            json!({"channel_member": {"user_id": bob}}),
        )
        .await?;
    let told = joined
        .fires("AddChannelMember", "UserHasJoinedChannel", 2)
        .await?;
    let actors = sorted(
        &told
            .iter()
            .map(|told| told["actor"]["id"].as_str().unwrap_or_default())
            .collect(),
    );
    joined.same(
        "AddUserToChannel",
        "actors of UserHasJoinedChannel",
        &json!(["", ada]),
        &actors,
    );
    joined
        .refuses(
            "AddChannelMember",
            pair(&stranger),
            ("app.team.get_member.missing.app_error", 404),
        )
        .await?;
    joined
        .refuses("AddChannelMember", pair(UNKNOWN), NO_USER)
        .await?;
    joined
        .refuses(
            "AddChannelMember",
            json!({"channel_id": UNKNOWN, "user_id": ada}),
            NO_CHANNEL,
        )
        .await?;
    let posts = story
        .fired(&story.plugin, "MessageHasBeenPosted", 6)
        .await?;
    let of_channel: Vec<_> = posts
        .iter()
        .filter(|post| post["post"]["channel_id"] == channel)
        .collect();
    let kinds = sorted(
        &of_channel
            .iter()
            .map(|post| post["post"]["type"].clone())
            .collect(),
    );
    joined.same(
        "AddChannelMember",
        "messages about it",
        &json!(["system_add_to_channel", "system_join_channel"]),
        &kinds,
    );

    let read = story.rule("AP-222", "wrong-members");
    let mut ids = [ada.as_str(), bob.as_str()];
    ids.sort_unstable();
    let all = read
        .answers(
            "GetChannelMembers",
            json!({ "channel_id": channel }),
            json!({}),
        )
        .await?;
    read.same(
        "GetChannelMembers",
        "all members without a limit",
        &json!(ids),
        &sorted(&each(&all["channel_members"], "user_id")),
    );
    let some = json!({"channel_id": channel, "user_ids": [UNKNOWN, bob]});
    read.answers(
        "GetChannelMembersByIds",
        some,
        json!({"channel_members": [{"user_id": bob}]}),
    )
    .await?;
    read.answers(
        "GetChannelStats",
        json!({ "channel_id": channel }),
        json!({"channel_stats": {"member_count": 2}}),
    )
    .await?;
    let of = read
        .answers(
            "GetChannelMembersForUser",
            json!({"team_id": UNKNOWN, "user_id": ada, "per_page": 9}),
            json!({}),
        )
        .await?;
    let count = of["channel_members"].as_array().map_or(0, Vec::len);
    read.holds(
        "GetChannelMembersForUser",
        count == 3,
        "3 memberships, whatever the team",
        format!("{count}"),
    );
    let notify = json!({"channel_id": channel, "user_id": ada, "notifications": {"desktop": "none", "colour": "red"}});
    let answer = read
        .answers(
            "UpdateChannelMemberNotifications",
            notify,
            json!({"channel_member": {"notify_props": {"desktop": "none", "colour": null}}}),
        )
        .await?;
    let kept = answer["channel_member"]["notify_props"]["mark_unread"].is_string();
    read.holds(
        "UpdateChannelMemberNotifications",
        kept,
        "the other settings are kept",
        answer.to_string(),
    );
    let roles =
        json!({"channel_id": channel, "user_id": ada, "new_roles": "channel_user channel_admin"});
    read.answers(
        "UpdateChannelMemberRoles",
        roles,
        json!({"channel_member": {"scheme_admin": true, "scheme_user": true}}),
    )
    .await?;
    let statuses = json!({"channel_id": channel, "sort_by": "name", "per_page": 9});
    read.refuses(
        "GetUsersInChannel",
        statuses,
        ("plugin.api.get_users_in_channel", 400),
    )
    .await?;
    let named = read
        .answers(
            "GetUsersInChannel",
            json!({"channel_id": channel, "sort_by": "username", "per_page": 9}),
            json!({}),
        )
        .await?;
    read.same(
        "GetUsersInChannel",
        "users by name",
        &json!(["ada", "bob"]),
        &each(&named["users"], "username"),
    );
    let nothing = json!({"team_id": UNKNOWN, "user_id": stranger});
    read.refuses(
        "GetChannelsForTeamForUser",
        nothing,
        ("app.channel.get_channels.not_found.app_error", 404),
    )
    .await?;

    let left = story.rule("AP-223", "wrong-leave");
    story.did("DeleteChannelMember", pair(&ada)).await?;
    let missing = ("app.channel.get_member.missing.app_error", 404);
    left.refuses("GetChannelMember", pair(&ada), missing)
        .await?;
    left.refuses("DeleteChannelMember", pair(&ada), missing)
        .await?;
    let square = story
        .did(
            "GetChannelByName",
            json!({"team_id": team, "name": "town-square"}),
        )
        .await?;
    let square = json!({"channel_id": square["channel"]["id"], "user_id": ada});
    left.refuses(
        "DeleteChannelMember",
        square,
        ("api.channel.remove.default.app_error", 400),
    )
    .await?;
    let told = left
        .fires("DeleteChannelMember", "UserHasLeftChannel", 1)
        .await?;
    let own = told.iter().all(|told| told["actor"]["id"] == ada);
    left.holds(
        "DeleteChannelMember",
        own,
        "the user is the actor",
        format!("{told:?}"),
    );
    story.end().await
}

async fn sidebar(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let ada = story.member(&team, "ada").await?;
    let rule = story.rule("AP-224", "wrong-sidebar");
    let whose = || json!({"user_id": ada, "team_id": team});
    let answer = rule
        .answers("GetChannelSidebarCategories", whose(), json!({}))
        .await?;
    let kinds = each(&answer["categories"]["categories"], "type");
    rule.same(
        "GetChannelSidebarCategories",
        "first categories",
        &json!(["favorites", "channels", "direct_messages"]),
        &kinds,
    );
    let new = json!({"user_id": ada, "team_id": team, "new_category": {"display_name": "Mine"}});
    let made = rule
        .answers(
            "CreateChannelSidebarCategory",
            new,
            json!({"category": {"display_name": "Mine", "type": "custom"}}),
        )
        .await?;
    let answer = rule
        .answers("GetChannelSidebarCategories", whose(), json!({}))
        .await?;
    let categories = &answer["categories"];
    rule.same(
        "GetChannelSidebarCategories",
        "ids in their order",
        &categories["order"],
        &each(&categories["categories"], "id"),
    );
    let id = &made["category"]["id"];
    let there = categories["order"]
        .as_array()
        .is_some_and(|order| order.contains(id));
    rule.holds(
        "CreateChannelSidebarCategory",
        there,
        "the new category is there",
        answer.to_string(),
    );
    story.end().await
}
