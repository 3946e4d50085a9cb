//! Files and uploads, reactions and emoji.

use fake_interpreters::base64;
use fake_interpreters::script::Answer;
use serde_json::{Value, json};

use super::channels::NO_CHANNEL;
use super::posts::NO_POST;
use super::story::{Story, UNKNOWN, each, text};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Files are uploaded, read and claimed by posts.
    "host/api/files" => files: ["AP-236", "AP-237"];
    /// Plugins change and refuse files.
    "host/api/file-filters" => filters: ["AP-238"];
    /// Files that come in parts.
    "host/api/uploads" => uploads: ["AP-239"];
    /// Reactions.
    "host/api/reactions" => reactions: ["AP-240"];
    /// The server's own emoji.
    "host/api/emoji" => emoji: ["AP-241"];
}

/// No file has that id.
const NO_FILE: (&str, i64) = ("app.file_info.get.app_error", 404);

fn bytes(text: &str) -> String {
    base64::encode(text.as_bytes())
}

async fn files(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-236", "wrong-file");
    let given = json!({"data": bytes("abc"), "channel_id": channel, "filename": "../x/Big.TXT"});
    let expected = json!({"file_info": {"name": "Big.TXT", "extension": "txt", "size": 3, "creator_id": "nouser", "post_id": ""}});
    let file = text(&rule.answers("UploadFile", given, expected.clone()).await?["file_info"]["id"]);
    rule.answers("GetFileInfo", json!({ "file_id": file }), expected)
        .await?;
    rule.answers(
        "GetFile",
        json!({ "file_id": file }),
        json!({"data": bytes("abc")}),
    )
    .await?;
    rule.answers(
        "UploadFile",
        json!({"filename": "none"}),
        json!({"file_info": {"size": 0, "name": "none"}}),
    )
    .await?;
    let nowhere = json!({"data": bytes("abc"), "channel_id": UNKNOWN});
    rule.refuses(
        "UploadFile",
        nowhere,
        ("api.file.upload_file.incorrect_channelId.app_error", 400),
    )
    .await?;
    rule.refuses("GetFile", json!({ "file_id": UNKNOWN }), NO_FILE)
        .await?;
    rule.refuses("GetFileInfo", json!({ "file_id": UNKNOWN }), NO_FILE)
        .await?;
    rule.refuses(
        "GetFileLink",
        json!({ "file_id": UNKNOWN }),
        ("plugin_api.get_file_link.disabled.app_error", 501),
    )
    .await?;
    rule.refuses(
        "ReadFile",
        json!({"path": "nowhere"}),
        ("api.file.read_file.app_error", 500),
    )
    .await?;

    let claimed = story.rule("AP-237", "wrong-claim");
    let copies = claimed
        .answers(
            "CopyFileInfos",
            json!({"user_id": UNKNOWN, "file_ids": [file]}),
            json!({}),
        )
        .await?;
    let copy = copies["file_ids"][0].clone();
    claimed
        .answers(
            "GetFileInfo",
            json!({ "file_id": copy }),
            json!({"file_info": {"creator_id": UNKNOWN, "name": "Big.TXT"}}),
        )
        .await?;
    claimed
        .refuses(
            "CopyFileInfos",
            json!({"user_id": ada, "file_ids": [UNKNOWN]}),
            NO_FILE,
        )
        .await?;
    let post =
        |ids: Value| json!({"post": {"user_id": ada, "channel_id": channel, "file_ids": ids}});
    let first = claimed
        .answers(
            "CreatePost",
            post(json!([file, file, UNKNOWN, copy])),
            json!({"post": {"file_ids": [file]}}),
        )
        .await?;
    claimed
        .answers(
            "GetFileInfo",
            json!({ "file_id": file }),
            json!({"file_info": {"post_id": first["post"]["id"], "channel_id": channel}}),
        )
        .await?;
    claimed
        .answers(
            "CreatePost",
            post(json!([file])),
            json!({"post": {"file_ids": []}}),
        )
        .await?;
    let infos = json!({"per_page": 9, "options": {"channel_id": channel}});
    let listed = claimed.answers("GetFileInfos", infos, json!({})).await?;
    claimed.same(
        "GetFileInfos",
        "files of the channel",
        &json!([file]),
        &each(&listed["file_infos"], "id"),
    );
    claimed
        .answers("GetFileInfos", json!({}), json!({"file_infos": []}))
        .await?;
    let sorting = json!({"per_page": 9, "options": {"sort_by": "Name"}});
    claimed
        .refuses(
            "GetFileInfos",
            sorting,
            ("app.file_info.get_with_options.app_error", 400),
        )
        .await?;
    story
        .did("DeletePost", json!({"post_id": first["post"]["id"]}))
        .await?;
    story.end().await
}

async fn filters(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-238", "change-lost");
    let given = || json!({"data": bytes("abc"), "filename": "a.txt"});
    let changing = story
        .another(
            "changing",
            [(
                "FileWillBeUploaded",
                Answer::Value(json!({"modified_content": bytes("changed")})),
            )],
        )
        .await?;
    let made = rule
        .answers("UploadFile", given(), json!({"file_info": {"size": 7}}))
        .await?;
    rule.answers(
        "GetFile",
        json!({"file_id": made["file_info"]["id"]}),
        json!({"data": bytes("changed")}),
    )
    .await?;
    let asked = story.fired(&changing, "FileWillBeUploaded", 1).await?;
    let whole = asked.len() == 1 && asked[0]["file_content"] == bytes("abc");
    rule.holds(
        "UploadFile",
        whole,
        "the plugin is asked with the bytes",
        format!("{asked:?}"),
    );
    story.stop(&changing).await?;
    let answer = Answer::Value(json!({"rejection_reason": "too dull"}));
    let refusing = story
        .another("refusing", [("FileWillBeUploaded", answer)])
        .await?;
    rule.refuses(
        "UploadFile",
        given(),
        ("File rejected by plugin. too dull", 400),
    )
    .await?;
    story.stop(&refusing).await?;
    story.end().await
}

async fn uploads(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-239", "wrong-upload");
    let missing = ("app.upload.get.app_error", 404);
    let given = |channel: &str| json!({"upload_session": {"type": "attachment", "user_id": ada, "channel_id": channel, "filename": "a.txt", "file_size": 3, "file_offset": 9}});
    rule.refuses(
        "CreateUploadSession",
        given(UNKNOWN),
        ("app.upload.create.incorrect_channel_id.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateUploadSession",
        given("short"),
        ("model.upload_session.is_valid.channel_id.app_error", 400),
    )
    .await?;
    let made = rule
        .answers(
            "CreateUploadSession",
            given(&channel),
            json!({"upload_session": {"file_offset": 0, "file_size": 3}}),
        )
        .await?;
    let id = text(&made["upload_session"]["id"]);
    rule.answers(
        "GetUploadSession",
        json!({ "upload_id": id }),
        json!({"upload_session": {"filename": "a.txt", "user_id": ada}}),
    )
    .await?;
    let part = |offset: i64, data: &str| json!({"upload_session": {"id": id, "file_offset": offset}, "data": bytes(data)});
    rule.refuses(
        "UploadData",
        part(1, "bc"),
        ("app.upload.upload_data.concurrent.app_error", 400),
    )
    .await?;
    let done = rule
        .answers("UploadData", part(0, "abcdef"), json!({"file_info": {"name": "a.txt", "size": 3, "creator_id": ada, "channel_id": channel}}))
        .await?;
    rule.answers(
        "GetFile",
        json!({"file_id": done["file_info"]["id"]}),
        json!({"data": bytes("abc")}),
    )
    .await?;
    rule.refuses("GetUploadSession", json!({ "upload_id": id }), missing)
        .await?;
    rule.refuses("UploadData", part(0, "abc"), missing).await?;
    story.end().await
}

async fn reactions(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["ReactionHasBeenAdded", "ReactionHasBeenRemoved"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.user("ada").await?;
    let post = story.post((&ada, &channel), json!({})).await?;
    let reaction = |user: &str, name: &str| json!({"reaction": {"user_id": user, "post_id": post, "emoji_name": name}});
    let rule = story.rule("AP-240", "wrong-reaction");
    rule.answers(
        "AddReaction",
        reaction(&ada, "smile"),
        json!({"reaction": {"emoji_name": "smile", "channel_id": channel}}),
    )
    .await?;
    rule.answers("AddReaction", reaction(&ada, "smile"), json!({}))
        .await?;
    rule.answers("AddReaction", reaction(UNKNOWN, "heart"), json!({}))
        .await?;
    let there = rule
        .answers("GetReactions", json!({ "post_id": post }), json!({}))
        .await?;
    rule.same(
        "GetReactions",
        "reactions, the oldest first",
        &json!(["smile", "heart"]),
        &each(&there["reactions"], "emoji_name"),
    );
    rule.answers(
        "GetPost",
        json!({ "post_id": post }),
        json!({"post": {"has_reactions": true}}),
    )
    .await?;
    rule.refuses(
        "AddReaction",
        reaction(&ada, "no-such-emoji"),
        ("app.emoji.get_by_name.no_result", 404),
    )
    .await?;
    let nothing = json!({"reaction": {"user_id": ada, "post_id": UNKNOWN, "emoji_name": "smile"}});
    rule.refuses("AddReaction", nothing.clone(), NO_POST)
        .await?;
    rule.refuses("RemoveReaction", nothing, NO_POST).await?;
    rule.fires("AddReaction", "ReactionHasBeenAdded", 3).await?;
    for name in ["smile", "smile", "heart"] {
        story
            .did(
                "RemoveReaction",
                reaction(if name == "heart" { UNKNOWN } else { &ada }, name),
            )
            .await?;
    }
    rule.answers(
        "GetReactions",
        json!({ "post_id": post }),
        json!({"reactions": []}),
    )
    .await?;
    rule.answers(
        "GetReactions",
        json!({ "post_id": UNKNOWN }),
        json!({"reactions": []}),
    )
    .await?;
    rule.answers(
        "GetPost",
        json!({ "post_id": post }),
        json!({"post": {"has_reactions": false}}),
    )
    .await?;
    rule.fires("RemoveReaction", "ReactionHasBeenRemoved", 3)
        .await?;
    story
        .did("DeleteChannel", json!({ "channel_id": channel }))
        .await?;
    rule.refuses(
        "AddReaction",
        reaction(&ada, "smile"),
        ("api.reaction.save.archived_channel.app_error", 403),
    )
    .await?;
    rule.refuses(
        "DeleteChannel",
        json!({ "channel_id": UNKNOWN }),
        NO_CHANNEL,
    )
    .await?;
    story.end().await
}

async fn emoji(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-241", "wrong-emoji");
    rule.refuses(
        "GetEmojiByName",
        json!({"name": "smile"}),
        ("app.emoji.get_by_name.no_result", 404),
    )
    .await?;
    rule.refuses(
        "GetEmoji",
        json!({ "emoji_id": UNKNOWN }),
        ("app.emoji.get.no_result", 404),
    )
    .await?;
    rule.refuses(
        "GetEmojiImage",
        json!({ "emoji_id": UNKNOWN }),
        ("app.emoji.get.no_result", 404),
    )
    .await?;
    for sorting in ["name", "", "colour"] {
        rule.answers(
            "GetEmojiList",
            json!({"sort_by": sorting, "per_page": 9}),
            json!({"emojis": []}),
        )
        .await?;
    }
    story.end().await
}
