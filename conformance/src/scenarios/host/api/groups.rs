//! Groups and their links, and shared channels.

use serde_json::{Value, json};

use super::story::{Story, UNKNOWN, each, text, with};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Groups and their members.
    "host/api/groups" => groups: ["AP-254"];
    /// Groups are linked with teams and channels.
    "host/api/syncables" => syncables: ["AP-255"];
    /// Channels are shared with plugins.
    "host/api/shared-channels" => shared: ["AP-256"];
}

/// No group, member or link is there.
const NO_ROWS: (&str, i64) = ("app.group.no_rows", 404);

async fn groups(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let (ada, bob) = (story.user("ada").await?, story.user("bob").await?);
    let rule = story.rule("AP-254", "wrong-group");
    let given = |rest: Value| json!({"group": with(json!({"name": "one", "display_name": "One", "source": "custom"}), rest)});
    let one = text(
        &rule
            .answers(
                "CreateGroup",
                given(json!({})),
                json!({"group": {"name": "one"}}),
            )
            .await?["group"]["id"],
    );
    rule.refuses(
        "CreateGroup",
        given(json!({"name": "ada"})),
        ("app.group.username_conflict", 400),
    )
    .await?;
    rule.refuses("CreateGroup", given(json!({})), ("app.insert_error", 500))
        .await?;
    rule.refuses(
        "CreateGroup",
        given(json!({"name": "here"})),
        ("model.group.name.reserved_name.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateGroup",
        given(json!({"name": "x", "source": "other"})),
        ("model.group.source.app_error", 400),
    )
    .await?;
    story
        .did(
            "CreateGroup",
            given(json!({"name": "two", "display_name": "Another"})),
        )
        .await?;
    let listed = rule.answers("GetGroups", json!({}), json!({})).await?;
    rule.same(
        "GetGroups",
        "all groups by what they are called",
        &json!(["two", "one"]),
        &each(&listed["groups"], "name"),
    );
    let pair = |user: &str| json!({"group_id": one, "user_id": user});
    for user in [&bob, &ada] {
        rule.answers(
            "UpsertGroupMember",
            pair(user),
            json!({"group_member": {"user_id": user}}),
        )
        .await?;
    }
    rule.refuses(
        "UpsertGroupMember",
        pair(UNKNOWN),
        ("app.update_error", 500),
    )
    .await?;
    let members = |per_page: i64| json!({"group_id": one, "per_page": per_page});
    let users = rule
        .answers("GetGroupMemberUsers", members(9), json!({}))
        .await?;
    rule.same(
        "GetGroupMemberUsers",
        "members by name",
        &json!(["ada", "bob"]),
        &each(&users["users"], "username"),
    );
    rule.answers("GetGroupMemberUsers", members(0), json!({"users": []}))
        .await?;
    rule.answers(
        "DeleteGroupMember",
        pair(&bob),
        json!({"group_member": {"user_id": bob}}),
    )
    .await?;
    rule.refuses("DeleteGroupMember", pair(&bob), NO_ROWS)
        .await?;
    let id = || json!({ "group_id": one });
    rule.refuses("RestoreGroup", id(), NO_ROWS).await?;
    rule.answers("DeleteGroup", id(), json!({"group": {"id": one}}))
        .await?;
    rule.refuses("DeleteGroup", id(), NO_ROWS).await?;
    let gone = rule
        .answers("GetGroup", id(), json!({"group": {"name": "one"}}))
        .await?;
    rule.holds(
        "GetGroup",
        gone["group"]["delete_at"].as_i64() > Some(0),
        "a deleted group is found, with delete_at",
        gone.to_string(),
    );
    rule.answers(
        "GetGroupByName",
        json!({"name": "one"}),
        json!({"group": {"id": one}}),
    )
    .await?;
    rule.answers(
        "GetGroupsForUser",
        json!({ "user_id": ada }),
        json!({"groups": [{"id": one}]}),
    )
    .await?;
    let listed = rule.answers("GetGroups", json!({}), json!({})).await?;
    rule.same(
        "GetGroups",
        "groups that are left",
        &json!(["two"]),
        &each(&listed["groups"], "name"),
    );
    rule.answers("RestoreGroup", id(), json!({"group": {"delete_at": 0}}))
        .await?;
    rule.refuses("GetGroup", json!({ "group_id": UNKNOWN }), NO_ROWS)
        .await?;
    story.end().await
}

async fn syncables(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let group = story
        .made(
            "CreateGroup",
            "group",
            json!({"name": "g", "display_name": "G", "source": "custom"}),
        )
        .await?;
    let ada = story.user("ada").await?;
    story
        .did(
            "UpsertGroupMember",
            json!({"group_id": group, "user_id": ada}),
        )
        .await?;
    let rule = story.rule("AP-255", "wrong-link");
    let link =
        |id: &str, kind: &str| json!({"group_id": group, "syncable_id": id, "syncable_type": kind});
    let upsert = |id: &str, kind: &str| json!({"group_syncable": with(link(id, kind), json!({"auto_add": true}))});
    rule.answers(
        "UpsertGroupSyncable",
        upsert(&channel, "channel"),
        json!({"group_syncable": {"syncable_id": channel, "auto_add": true}}),
    )
    .await?;
    // The channel's team is linked with it.
    rule.answers(
        "GetGroupSyncable",
        link(&team, "team"),
        json!({"group_syncable": {"syncable_id": team, "auto_add": true}}),
    )
    .await?;
    rule.refuses(
        "UpsertGroupSyncable",
        upsert(UNKNOWN, "channel"),
        ("app.channel.get.existing.app_error", 404),
    )
    .await?;
    rule.refuses(
        "UpsertGroupSyncable",
        upsert(UNKNOWN, "team"),
        ("store.sql_channel.get.existing.app_error", 404),
    )
    .await?;
    let listed = rule
        .answers(
            "GetGroupSyncables",
            json!({"group_id": group, "syncable_type": "team"}),
            json!({}),
        )
        .await?;
    rule.same(
        "GetGroupSyncables",
        "linked teams",
        &json!([team]),
        &each(&listed["group_syncables"], "syncable_id"),
    );
    let all = json!({"params": {"scope_teams": true, "scope_channels": true}});
    rule.answers("CreateDefaultSyncableMemberships", all, json!({}))
        .await?;
    rule.answers(
        "GetTeamMember",
        json!({"team_id": team, "user_id": ada}),
        json!({"team_member": {"user_id": ada}}),
    )
    .await?;
    rule.answers(
        "GetChannelMember",
        json!({"channel_id": channel, "user_id": ada}),
        json!({"channel_member": {"user_id": ada}}),
    )
    .await?;
    rule.answers("DeleteGroupSyncable", link(&team, "team"), json!({}))
        .await?;
    rule.refuses(
        "DeleteGroupSyncable",
        link(&team, "team"),
        ("app.group.group_syncable_already_deleted", 400),
    )
    .await?;
    // With the team's link, those of its channels are gone.
    let listed = rule
        .answers(
            "GetGroupSyncables",
            json!({"group_id": group, "syncable_type": "channel"}),
            json!({}),
        )
        .await?;
    rule.same(
        "DeleteGroupSyncable",
        "linked channels",
        &json!([]),
        &each(&listed["group_syncables"], "syncable_id"),
    );
    rule.refuses("DeleteGroupSyncable", link(UNKNOWN, "team"), NO_ROWS)
        .await?;
    rule.refuses("GetGroupSyncable", link(UNKNOWN, "team"), NO_ROWS)
        .await?;
    story.end().await
}

async fn shared(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnSharedChannelsPing", "OnSharedChannelsSyncMsg"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-256", "wrong-sharing");
    let own = story.plugin.id.clone();
    let register = |shown: &str| json!({"opts": {"plugin_id": own, "display_name": shown}});
    rule.refuses_somehow(
        "UnregisterPluginForSharedChannels",
        json!({ "plugin_id": own }),
    )
    .await?;
    let made = rule
        .answers(
            "RegisterPluginForSharedChannels",
            register("One"),
            json!({}),
        )
        .await?;
    let remote = text(&made["remote_id"]);
    rule.holds(
        "RegisterPluginForSharedChannels",
        !remote.is_empty(),
        "the id of a remote",
        made.to_string(),
    );
    rule.fires("RegisterPluginForSharedChannels", "OnSharedChannelsPing", 1)
        .await?;
    for _ in 0..2 {
        story
            .did(
                "UnregisterPluginForSharedChannels",
                json!({ "plugin_id": own }),
            )
            .await?;
    }
    rule.answers(
        "RegisterPluginForSharedChannels",
        register("Two"),
        json!({ "remote_id": remote }),
    )
    .await?;
    rule.answers(
        "UnshareChannel",
        json!({ "channel_id": channel }),
        json!({"unshared": false}),
    )
    .await?;
    rule.refuses_somehow("UnshareChannel", json!({ "channel_id": UNKNOWN }))
        .await?;
    let invite = |share: bool| json!({"channel_id": channel, "remote_id": remote, "user_id": ada, "share_if_not_shared": share});
    rule.refuses(
        "InviteRemoteToChannel",
        invite(false),
        ("api.command_share.channel_not_shared.error", 400),
    )
    .await?;
    let pair = || json!({"channel_id": channel, "remote_id": remote});
    rule.refuses(
        "UninviteRemoteFromChannel",
        pair(),
        ("api.command_share.channel_remote_id_not_exists", 500),
    )
    .await?;
    for _ in 0..2 {
        rule.answers("InviteRemoteToChannel", invite(true), json!({}))
            .await?;
    }
    rule.answers(
        "GetChannel",
        json!({ "channel_id": channel }),
        json!({"channel": {"shared": true}}),
    )
    .await?;
    let again = json!({"shared_channel": {"channel_id": channel, "share_name": "other"}});
    rule.answers(
        "ShareChannel",
        again,
        json!({"shared_channel": {"share_name": "place"}}),
    )
    .await?;
    story
        .post((&ada, &channel), json!({"message": "hello"}))
        .await?;
    story
        .did("SyncSharedChannel", json!({ "channel_id": channel }))
        .await?;
    let synced = story
        .fired(&story.plugin, "OnSharedChannelsSyncMsg", 1)
        .await?;
    rule.holds(
        "SyncSharedChannel",
        !synced.is_empty(),
        "OnSharedChannelsSyncMsg",
        format!("{} calls", synced.len()),
    );
    story.did("UninviteRemoteFromChannel", pair()).await?;
    rule.answers(
        "UnshareChannel",
        json!({ "channel_id": channel }),
        json!({"unshared": true}),
    )
    .await?;
    rule.answers(
        "GetChannel",
        json!({ "channel_id": channel }),
        json!({"channel": {"shared": false}}),
    )
    .await?;
    story.end().await
}
