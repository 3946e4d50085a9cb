//! Channels: made, archived, found; direct ones and those of groups.

use serde_json::json;

use super::story::{Story, UNKNOWN, each, sorted, text};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Channels are made, changed, archived and found.
    "host/api/channels" => channels: ["AP-216", "AP-217", "AP-218"], deadline(90);
    /// Direct and group channels.
    "host/api/direct-channels" => direct: ["AP-219", "AP-220"];
}

/// No channel has that id.
pub(super) const NO_CHANNEL: (&str, i64) = ("app.channel.get.existing.app_error", 404);

async fn channels(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["ChannelHasBeenCreated", "MessageHasBeenPosted"]).await?;
    let team = story.team("one").await?;
    let made = story.rule("AP-216", "wrong-channel-made");
    let given = json!({"team_id": team, "name": "new", "display_name": "  New ", "type": "CHANNEL_TYPE_PRIVATE", "creator_id": UNKNOWN, "total_msg_count": 7});
    let expected = json!({"channel": {"name": "new", "display_name": "New", "type": "CHANNEL_TYPE_PRIVATE", "total_msg_count": 0, "last_post_at": 0}});
    let new = made
        .answers("CreateChannel", json!({ "channel": given }), expected)
        .await?;
    let new = text(&new["channel"]["id"]);
    made.answers(
        "GetChannelMembers",
        json!({"channel_id": new, "per_page": 9}),
        json!({"channel_members": []}),
    )
    .await?;
    let told = made
        .fires("CreateChannel", "ChannelHasBeenCreated", 1)
        .await?;
    let it = told.iter().all(|told| told["channel"]["id"] == new);
    made.holds(
        "CreateChannel",
        it,
        "ChannelHasBeenCreated with the channel",
        format!("{told:?}"),
    );
    let channel = |name: &str, kind: &str| json!({"channel": {"team_id": team, "name": name, "display_name": "x", "type": kind}});
    let exists = ("store.sql_channel.save_channel.exists.app_error", 400);
    made.refuses("CreateChannel", channel("new", "CHANNEL_TYPE_OPEN"), exists)
        .await?;
    let direct = ("store.sql_channel.save.direct_channel.app_error", 400);
    made.refuses(
        "CreateChannel",
        channel("dm", "CHANNEL_TYPE_DIRECT"),
        direct,
    )
    .await?;

    let archived = story.rule("AP-217", "wrong-archive");
    story
        .did("DeleteChannel", json!({ "channel_id": new }))
        .await?;
    archived
        .refuses(
            "DeleteChannel",
            json!({ "channel_id": new }),
            ("api.channel.delete_channel.deleted.app_error", 400),
        )
        .await?;
    archived
        .refuses("CreateChannel", channel("new", "CHANNEL_TYPE_OPEN"), exists)
        .await?;
    let square = json!({"team_id": team, "name": "town-square"});
    let square = text(&story.did("GetChannelByName", square).await?["channel"]["id"]);
    archived
        .refuses(
            "DeleteChannel",
            json!({ "channel_id": square }),
            ("api.channel.delete_channel.cannot.app_error", 400),
        )
        .await?;
    archived
        .refuses(
            "DeleteChannel",
            json!({ "channel_id": UNKNOWN }),
            NO_CHANNEL,
        )
        .await?;
    let gone = archived
        .answers(
            "GetChannel",
            json!({ "channel_id": new }),
            json!({"channel": {"name": "new"}}),
        )
        .await?;
    archived.holds(
        "GetChannel",
        gone["channel"]["delete_at"].as_i64() > Some(0),
        "an archived channel is found, with delete_at",
        gone.to_string(),
    );
    let told = archived
        .fires("DeleteChannel", "MessageHasBeenPosted", 1)
        .await?;
    let system = told
        .iter()
        .all(|told| told["post"]["type"] == "system_channel_deleted");
    archived.holds(
        "DeleteChannel",
        system,
        "a message of the system's",
        format!("{told:?}"),
    );

    let found = story.rule("AP-218", "wrong-answer");
    let by_name =
        |deleted: bool| json!({"team_id": team, "name": "new", "include_deleted": deleted});
    let missing = ("app.channel.get_by_name.missing.app_error", 404);
    found
        .refuses("GetChannelByName", by_name(false), missing)
        .await?;
    found
        .answers(
            "GetChannelByName",
            by_name(true),
            json!({"channel": {"id": new}}),
        )
        .await?;
    let of_team = |team: &str, name: &str| json!({"team_name": team, "channel_name": name});
    found
        .answers(
            "GetChannelByNameForTeamName",
            of_team("one", "town-square"),
            json!({"channel": {"id": square}}),
        )
        .await?;
    found
        .refuses(
            "GetChannelByNameForTeamName",
            of_team("one", "none"),
            missing,
        )
        .await?;
    found
        .refuses(
            "GetChannelByNameForTeamName",
            of_team("none", "town-square"),
            ("app.team.get_by_name.missing.app_error", 404),
        )
        .await?;
    found
        .refuses("GetChannel", json!({ "channel_id": UNKNOWN }), NO_CHANNEL)
        .await?;
    for name in ["bb", "aa"] {
        story.channel(&team, name).await?;
    }
    for (page, expected) in [
        (0, json!(["aa", "bb", "off-topic"])),
        (1, json!(["town-square"])),
        (2, json!([])),
    ] {
        let request = json!({"team_id": team, "page": page, "per_page": 3});
        let answer = found
            .answers("GetPublicChannelsForTeam", request, json!({}))
            .await?;
        found.same(
            "GetPublicChannelsForTeam",
            &format!("page {page} of 3"),
            &expected,
            &each(&answer["channels"], "name"),
        );
    }
    let none = json!({"team_id": team, "per_page": 0});
    found
        .answers("GetPublicChannelsForTeam", none, json!({"channels": []}))
        .await?;
    let search = found
        .answers(
            "SearchChannels",
            json!({"team_id": team, "term": "aa"}),
            json!({}),
        )
        .await?;
    found.same(
        "SearchChannels",
        "channels found",
        &json!(["aa"]),
        &each(&search["channels"], "name"),
    );
    story.end().await
}

async fn direct(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["ChannelHasBeenCreated", "UserHasJoinedChannel"]).await?;
    let mut users = Vec::new();
    for name in ["ada", "bob", "carl"] {
        users.push(story.user(name).await?);
    }
    let [ada, bob, carl] = &users[..] else {
        return story.end().await;
    };
    let rule = story.rule("AP-219", "wrong-direct-channel");
    let pair = |one: &str, two: &str| json!({"user_id_1": one, "user_id_2": two});
    let mut ids = [ada.as_str(), bob];
    ids.sort_unstable();
    let name = ids.join("__");
    let made = rule
        .answers("GetDirectChannel", pair(ada, bob), json!({"channel": {"name": name, "type": "CHANNEL_TYPE_DIRECT", "team_id": "", "display_name": ""}}))
        .await?;
    let same = json!({"channel": {"id": made["channel"]["id"]}});
    rule.answers("GetDirectChannel", pair(bob, ada), same.clone())
        .await?;
    rule.answers(
        "GetChannelByName",
        json!({"team_id": UNKNOWN, "name": name}),
        same,
    )
    .await?;
    let members = rule
        .answers(
            "GetChannelMembers",
            json!({"channel_id": made["channel"]["id"], "per_page": 9}),
            json!({}),
        )
        .await?;
    rule.same(
        "GetChannelMembers",
        "members",
        &json!(ids),
        &sorted(&each(&members["channel_members"], "user_id")),
    );
    let invalid = (
        "api.channel.create_direct_channel.invalid_user.app_error",
        400,
    );
    rule.refuses("GetDirectChannel", pair(ada, UNKNOWN), invalid)
        .await?;
    let alone = rule
        .answers("GetDirectChannel", pair(ada, ada), json!({}))
        .await?;
    let members = rule
        .answers(
            "GetChannelMembers",
            json!({"channel_id": alone["channel"]["id"], "per_page": 9}),
            json!({}),
        )
        .await?;
    rule.same(
        "GetChannelMembers",
        "members of a channel with oneself",
        &json!([ada]),
        &each(&members["channel_members"], "user_id"),
    );
    rule.fires("GetDirectChannel", "ChannelHasBeenCreated", 2)
        .await?;
    let joined = story
        .fired(&story.plugin, "UserHasJoinedChannel", 0)
        .await?;
    rule.holds(
        "GetDirectChannel",
        joined.is_empty(),
        "nobody joins it",
        format!("{joined:?}"),
    );

    let rule = story.rule("AP-220", "wrong-group-channel");
    let group = |ids: &[&String]| json!({ "user_ids": ids });
    let made = rule
        .answers("GetGroupChannel", group(&[carl, ada, bob]), json!({"channel": {"type": "CHANNEL_TYPE_GROUP", "team_id": "", "display_name": "ada, bob, carl"}}))
        .await?;
    let name = text(&made["channel"]["name"]);
    let digits = name.len() == 40 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
    rule.holds(
        "GetGroupChannel",
        digits,
        "a name of 40 hexadecimal digits",
        name,
    );
    rule.answers(
        "GetGroupChannel",
        group(&[ada, bob, carl]),
        json!({"channel": {"id": made["channel"]["id"]}}),
    )
    .await?;
    rule.refuses(
        "GetGroupChannel",
        group(&[ada, bob]),
        ("api.channel.create_group.bad_size.app_error", 400),
    )
    .await?;
    rule.refuses(
        "GetGroupChannel",
        group(&[ada, bob, &UNKNOWN.to_owned()]),
        ("api.channel.create_group.bad_user.app_error", 400),
    )
    .await?;
    story.end().await
}
