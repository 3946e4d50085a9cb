//! A server that has something in every table, and questions whose answers need more than the rows: names, orders, words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::teams::team;
use crate::world::World;

/// Puts something into every table.
pub(crate) fn fill(w: &World) {
    let one = team(w, "one");
    let (alice, bob) = (member(w, &one, "alice"), member(w, &one, "bob"));
    let aa = channel(w, &one, "aa");
    for user in [&alice, &bob] {
        w.ok(
            "AddChannelMember",
            json!({"channel_id": aa, "user_id": user}),
        );
    }
    let picture = w.ok("GetProfileImage", json!({ "user_id": alice }))["image"].clone();
    w.ok("SetProfileImage", json!({"user_id": bob, "data": picture}));
    w.ok("SetTeamIcon", json!({"team_id": one, "data": picture}));
    w.ok(
        "SetUserStatusTimedDND",
        json!({"user_id": bob, "end_time": 1_800_000_000}),
    );
    w.ok(
        "UpdateUserStatus",
        json!({"user_id": alice, "status": "away"}),
    );
    w.ok(
        "UpdateUserCustomStatus",
        json!({"user_id": alice, "custom_status": {"emoji": "tea", "text": "Tea"}}),
    );
    let bot = json!({"username": "robot", "display_name": "Robot", "owner_id": alice});
    let bot = w.ok("CreateBot", json!({ "bot": bot }))["bot"]["user_id"].clone();
    w.ok(
        "CreateUserAccessToken",
        json!({"token": {"user_id": bot, "description": "d"}}),
    );
    w.ok(
        "CreateSession",
        json!({"session": {"user_id": alice, "device_id": "d", "props": {"a": "b"}}}),
    );
    w.ok(
        "CreateSession",
        json!({"session": {"user_id": alice, "last_activity_at": 5}}),
    );
    w.ok("CreateChannelSidebarCategory", json!({
        "user_id": alice, "team_id": one, "new_category": {"display_name": "Mine", "channel_ids": [aa]},
    }));
    w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": bob}),
    );
    posts(w, &aa, &alice, &bob);
    files(w, &aa, &alice);
    let image = STANDARD.decode(picture.as_str().unwrap()).unwrap();
    let emoji = w
        .memory
        .add_emoji(&alice, "gone", image.clone().into())
        .unwrap();
    w.memory.remove_emoji(&emoji);
    w.memory.add_emoji(&alice, "mine", image.into()).unwrap();
    w.ok(
        "CreateCommand",
        json!({"cmd": {"team_id": one, "trigger": "tea", "url": "http://x", "method": "P"}}),
    );
    w.ok(
        "RegisterCommand",
        json!({"command": {"trigger": "forgotten"}}),
    );
    w.ok("CreateOAuthApp", json!({"app": {
        "creator_id": alice, "name": "a", "callback_urls": "http://x", "homepage": "http://h", "is_trusted": true,
    }}));
    rest(w, &one, &aa, &alice);
    w.ok(
        "SavePluginConfig",
        json!({"config": {"Colour": "red", "Size": 2.5, "Deep": {"er": [true, null]}}}),
    );
    w.ok("KVSet", json!({"key": "for ever", "value": "AAH/"}));
    w.ok(
        "KVSetWithExpiry",
        json!({"key": "a while", "value": "eA==", "expire_in_seconds": 100_000}),
    );
    w.fired();
}

fn posts(w: &World, aa: &str, alice: &str, bob: &str) {
    let post = |change: Value| {
        let mut post = json!({"channel_id": aa, "user_id": alice, "message": "hello @bob #tag"});
        for (key, value) in change.as_object().unwrap() {
            post[key] = value.clone();
        }
        w.ok("CreatePost", json!({ "post": post }))["post"]["id"].clone()
    };
    let root = post(json!({"create_at": 1000, "props": {"deep": {"er": [1.5, "x", null, {}]}}}));
    post(json!({"create_at": 1000, "message": "the same moment"}));
    let reply = post(json!({"root_id": root, "user_id": bob, "message": "a reply"}));
    let gone = post(json!({"message": "a word that is gone"}));
    w.ok(
        "UpdatePost",
        json!({"post": {"id": root, "message": "hello again", "is_pinned": true}}),
    );
    w.ok("DeletePost", json!({ "post_id": gone }));
    for (user, emoji) in [(alice, "tea"), (bob, "tea"), (bob, "+1")] {
        w.ok(
            "AddReaction",
            json!({"reaction": {"user_id": user, "post_id": reply, "emoji_name": emoji}}),
        );
    }
}

fn files(w: &World, aa: &str, alice: &str) {
    let file = w.ok(
        "UploadFile",
        json!({"data": "YWJj", "channel_id": aa, "filename": "a.txt"}),
    );
    let id = &file["file_info"]["id"];
    w.ok(
        "SetFileSearchableContent",
        json!({"file_id": id, "content": "abc"}),
    );
    w.ok(
        "CreatePost",
        json!({"post": {"channel_id": aa, "user_id": alice, "message": "file", "file_ids": [id]}}),
    );
    let size = (5 << 20) + 3;
    let session = json!({
        "type": "attachment", "user_id": alice, "channel_id": aa, "filename": "b.txt", "file_size": size,
    });
    let session =
        w.ok("CreateUploadSession", json!({ "upload_session": session }))["upload_session"].clone();
    let first = STANDARD.encode(vec![b'x'; 5 << 20]);
    w.ok(
        "UploadData",
        json!({"upload_session": {"id": session["id"]}, "data": first}),
    );
}

fn rest(w: &World, one: &str, aa: &str, alice: &str) {
    let group = json!({"name": "g", "display_name": "G", "source": "custom"});
    let group = w.ok("CreateGroup", json!({ "group": group }))["group"]["id"].clone();
    w.ok(
        "UpsertGroupMember",
        json!({"group_id": group, "user_id": alice}),
    );
    let link =
        json!({"group_id": group, "syncable_id": one, "syncable_type": "team", "auto_add": true});
    w.ok("UpsertGroupSyncable", json!({ "group_syncable": link }));
    let opts = json!({"plugin_id": "com.example.remote", "display_name": "Remote"});
    let remote =
        w.ok("RegisterPluginForSharedChannels", json!({ "opts": opts }))["remote_id"].clone();
    let invited = json!({"channel_id": aa, "remote_id": remote, "user_id": alice, "share_if_not_shared": true});
    w.ok("InviteRemoteToChannel", invited);
    let cursor = json!({"last_post_update_at": 7, "last_post_id": "p"});
    w.ok(
        "UpdateSharedChannelCursor",
        json!({"channel_id": aa, "remote_id": remote, "cursor": cursor}),
    );
    let group = w.ok("RegisterPropertyGroup", json!({"name": "p"}))["group"]["id"].clone();
    let field = json!({"group_id": group, "name": "n", "type": "select", "attrs": {"options": [{"name": "x"}]}});
    let field = w.ok("CreatePropertyField", json!({ "field": field }))["field"]["id"].clone();
    w.ok("CreatePropertyValue", json!({"value": {
        "group_id": group, "field_id": field, "target_id": alice, "target_type": "user", "value": {"a": [1.5, null]},
    }}));
}

/// Two servers answer the same.
#[track_caller]
pub(crate) fn assert_same(one: &World, other: &World) {
    let (one, other) = (answers(one), answers(other));
    for (one, other) in one.iter().zip(&other) {
        assert!(one == other, "{one:#}\nis not\n{other:#}");
    }
    assert_eq!(one.len(), other.len());
}

/// What is answered to questions that need more than the rows.
fn answers(w: &World) -> Vec<Value> {
    let mut answers = Vec::new();
    let mut ask = |method: &str, request: Value| {
        let answer = w.ask(method, &request);
        answers.push(json!({"method": method, "request": request, "answer": answer}));
        answer
    };
    let one = ask("GetTeamByName", json!({"name": "one"}))["team"]["id"].clone();
    let alice = ask("GetUserByUsername", json!({"name": "alice"}))["user"]["id"].clone();
    ask("GetUserByEmail", json!({"email": "bob@example.com"}));
    let aa =
        ask("GetChannelByName", json!({"team_id": one, "name": "aa"}))["channel"]["id"].clone();
    ask("GetTeamsForUser", json!({ "user_id": alice }));
    ask(
        "GetChannelsForTeamForUser",
        json!({"team_id": one, "user_id": alice}),
    );
    ask(
        "GetPublicChannelsForTeam",
        json!({"team_id": one, "per_page": 50}),
    );
    ask("GetTeamMembers", json!({"team_id": one, "per_page": 50}));
    ask(
        "GetChannelMembers",
        json!({"channel_id": aa, "per_page": 50}),
    );
    ask(
        "GetChannelSidebarCategories",
        json!({"user_id": alice, "team_id": one}),
    );
    let page = ask(
        "GetPostsForChannel",
        json!({"channel_id": aa, "per_page": 50}),
    );
    for post in page["post_list"]["order"].as_array().into_iter().flatten() {
        ask("GetPostThread", json!({ "post_id": post }));
        ask(
            "GetPostsAfter",
            json!({"channel_id": aa, "post_id": post, "per_page": 50}),
        );
        ask(
            "GetPostsBefore",
            json!({"channel_id": aa, "post_id": post, "per_page": 50}),
        );
        ask("GetReactions", json!({ "post_id": post }));
    }
    ask("GetPostsSince", json!({"channel_id": aa, "time": 1}));
    for terms in [
        "hello",
        "hel*",
        "again",
        "gone",
        "\"the same\"",
        "in:aa",
        "from:alice hello",
    ] {
        ask(
            "SearchPostsInTeam",
            json!({"team_id": one, "params_list": [{"terms": terms}]}),
        );
        ask(
            "SearchPostsInTeamForUser",
            json!({"team_id": one, "user_id": alice, "search_params": {"terms": terms}}),
        );
    }
    ask("GetFileInfos", json!({"page": 0, "per_page": 50}));
    ask("GetEmojiList", json!({"per_page": 50}));
    ask("GetBots", json!({"options": {"per_page": 50}}));
    ask("GetSystemInstallDate", json!({}));
    ask("GetDiagnosticId", json!({}));
    ask("GetPluginConfig", json!({}));
    ask("KVList", json!({"per_page": 50}));
    ask("KVGet", json!({"key": "for ever"}));
    answers
}
