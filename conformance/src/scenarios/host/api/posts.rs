//! Posts, threads, ephemeral posts, and the hooks around them.

use fake_interpreters::script::Answer;
use serde_json::{Value, json};

use super::channels::NO_CHANNEL;
use super::story::{Story, UNKNOWN, text};
use super::users::NO_USER;
use crate::case::Case;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Posts are made, changed and deleted.
    "host/api/posts" => posts: ["AP-225", "AP-226", "AP-227"], deadline(90);
    /// Plugins change and refuse posts.
    "host/api/post-filters" => filters: ["AP-228", "AP-229"], deadline(90);
    /// Threads.
    "host/api/threads" => threads: ["AP-230"];
    /// Posts for one user alone.
    "host/api/ephemeral" => ephemeral: ["AP-234"];
}

/// No post has that id, or it is deleted.
pub(super) const NO_POST: (&str, i64) = ("app.post.get.app_error", 404);

/// A team, a channel of it, and a user in the team.
pub(super) async fn place(story: &Story<'_>) -> Result<(String, String, String), Interruption> {
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.user("ada").await?;
    Ok((team, channel, ada))
}

async fn posts(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(
        case,
        [
            "MessageHasBeenPosted",
            "MessageHasBeenUpdated",
            "MessageHasBeenDeleted",
        ],
    )
    .await?;
    let (_, channel, ada) = place(&story).await?;
    let given = |rest: Value| json!({"post": super::story::with(json!({"user_id": ada, "channel_id": channel}), rest)});

    let made = story.rule("AP-225", "wrong-post-made");
    let request = given(
        json!({"message": "see #tag", "create_at": 5, "original_id": "x", "props": {"own": 1, "force_notification": "x"}}),
    );
    let expected = json!({"message": "see #tag", "create_at": 5, "update_at": 5, "original_id": "", "hashtags": "#tag", "type": "",
        "props": {"own": 1, "from_plugin": "true", "force_notification": null}});
    let post = made
        .answers("CreatePost", request, json!({ "post": expected }))
        .await?;
    let id = text(&post["post"]["id"]);
    made.answers(
        "GetPost",
        json!({ "post_id": id }),
        json!({ "post": expected }),
    )
    .await?;
    let told = made.fires("CreatePost", "MessageHasBeenPosted", 1).await?;
    let saved = told.iter().all(|told| told["post"]["id"] == id);
    made.holds(
        "CreatePost",
        saved,
        "MessageHasBeenPosted with the saved post",
        format!("{told:?}"),
    );
    made.answers(
        "CreatePost",
        given(json!({"message": ""})),
        json!({"post": {"user_id": ada}}),
    )
    .await?;
    made.refuses(
        "CreatePost",
        json!({"post": {"user_id": UNKNOWN, "channel_id": UNKNOWN}}),
        NO_CHANNEL,
    )
    .await?;
    made.refuses(
        "CreatePost",
        json!({"post": {"user_id": UNKNOWN, "channel_id": channel}}),
        NO_USER,
    )
    .await?;
    made.refuses(
        "CreatePost",
        given(json!({"id": "x"})),
        ("app.post.save.existing.app_error", 400),
    )
    .await?;
    made.refuses(
        "CreatePost",
        given(json!({"message": "x".repeat(16_384)})),
        ("model.post.is_valid.message_length.app_error", 400),
    )
    .await?;
    made.refuses(
        "CreatePost",
        given(json!({"type": "system_ephemeral"})),
        ("model.post.is_valid.type.app_error", 400),
    )
    .await?;

    let changed = story.rule("AP-226", "wrong-change");
    let update = |rest: Value| json!({"post": super::story::with(json!({"id": id, "message": "see #tag"}), rest)});
    let others = update(
        json!({"user_id": UNKNOWN, "channel_id": UNKNOWN, "create_at": 1, "type": "custom_x"}),
    );
    let same = changed
        .answers("UpdatePost", others, json!({"post": {"user_id": ada, "channel_id": channel, "create_at": 5, "type": "", "edit_at": 0, "props": {"own": null}}}))
        .await?;
    changed.holds(
        "UpdatePost",
        same["post"]["update_at"].as_i64() > Some(5),
        "update_at grows",
        same.to_string(),
    );
    let edited = changed
        .answers(
            "UpdatePost",
            update(json!({"message": "now #new", "is_pinned": true})),
            json!({"post": {"message": "now #new", "hashtags": "#new", "is_pinned": true}}),
        )
        .await?;
    changed.holds(
        "UpdatePost",
        edited["post"]["edit_at"].as_i64() > Some(5),
        "edit_at is set",
        edited.to_string(),
    );
    let told = changed
        .fires("UpdatePost", "MessageHasBeenUpdated", 2)
        .await?;
    let old = told
        .iter()
        .all(|told| told["old_post"]["original_id"] == id && told["new_post"]["id"] == id);
    changed.holds(
        "UpdatePost",
        old,
        "the old post has an id of its own",
        format!("{told:?}"),
    );
    changed
        .refuses("UpdatePost", json!({"post": {"id": UNKNOWN}}), NO_POST)
        .await?;
    changed
        .refuses(
            "UpdatePost",
            json!({"post": {"message": "x"}}),
            (NO_POST.0, 400),
        )
        .await?;

    let deleted = story.rule("AP-227", "wrong-deletion");
    let root = story.post((&ada, &channel), json!({})).await?;
    let reply = story
        .post((&ada, &channel), json!({ "root_id": root }))
        .await?;
    story.did("DeletePost", json!({ "post_id": root })).await?;
    for id in [&root, &reply] {
        deleted
            .refuses("GetPost", json!({ "post_id": id }), NO_POST)
            .await?;
        deleted
            .refuses("DeletePost", json!({ "post_id": id }), (NO_POST.0, 400))
            .await?;
    }
    let told = deleted
        .fires("DeletePost", "MessageHasBeenDeleted", 1)
        .await?;
    let before = told
        .iter()
        .all(|told| told["post"]["id"] == root && told["post"]["delete_at"].is_null());
    deleted.holds(
        "DeletePost",
        before,
        "the root as it was before",
        format!("{told:?}"),
    );
    story.end().await
}

async fn filters(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["MessageHasBeenPosted", "MessageWillBeUpdated"]).await?;
    let (_, channel, ada) = place(&story).await?;
    let given = |message: &str| json!({"post": {"user_id": ada, "channel_id": channel, "message": message}});
    let chained = story.rule("AP-228", "change-lost");
    let changing = json!({"modified_post": {"user_id": ada, "channel_id": channel, "message": "theirs", "type": "custom_theirs"}});
    let first = story
        .another(
            "changing",
            [("MessageWillBePosted", Answer::Value(changing))],
        )
        .await?;
    let post = chained
        .answers(
            "CreatePost",
            given("mine"),
            json!({"post": {"message": "theirs", "type": "custom_theirs"}}),
        )
        .await?;
    chained
        .answers(
            "GetPost",
            json!({"post_id": post["post"]["id"]}),
            json!({"post": {"message": "theirs"}}),
        )
        .await?;
    let asked = story.fired(&first, "MessageWillBePosted", 1).await?;
    let unsaved = asked
        .iter()
        .all(|asked| asked["post"]["id"].is_null() && asked["post"]["message"] == "mine");
    chained.holds(
        "CreatePost",
        !asked.is_empty() && unsaved,
        "the plugin is asked before there is an id",
        format!("{asked:?}"),
    );
    let told = chained
        .fires("CreatePost", "MessageHasBeenPosted", 1)
        .await?;
    let saved = told.iter().all(|told| told["post"]["message"] == "theirs");
    chained.holds(
        "CreatePost",
        saved,
        "MessageHasBeenPosted with what was saved",
        format!("{told:?}"),
    );
    story.stop(&first).await?;

    let refused = story.rule("AP-229", "rejection-lost");
    for (name, reason, id) in [
        ("refusing", "no tea", "Post rejected by plugin. no tea"),
        (
            "dismissing",
            "plugin.message_will_be_posted.dismiss_post",
            "plugin.message_will_be_posted.dismiss_post",
        ),
    ] {
        let answer = Answer::Value(json!({ "rejection_reason": reason }));
        let refusing = story
            .another(name, [("MessageWillBePosted", answer)])
            .await?;
        refused
            .refuses("CreatePost", given("refused"), (id, 400))
            .await?;
        story.stop(&refusing).await?;
    }
    let list = refused
        .answers(
            "GetPostsForChannel",
            json!({"channel_id": channel, "per_page": 9}),
            json!({}),
        )
        .await?;
    refused.same(
        "GetPostsForChannel",
        "posts that were saved",
        &json!([post["post"]["id"]]),
        &list["post_list"]["order"],
    );
    // One more that is saved: by then, what was refused would have been told, too.
    let last = story
        .post((&ada, &channel), json!({"message": "last"}))
        .await?;
    let told = story
        .fired(&story.plugin, "MessageHasBeenPosted", 2)
        .await?;
    let messages: Value = told
        .iter()
        .map(|told| told["post"]["message"].clone())
        .collect();
    refused.same(
        "CreatePost",
        "messages that were told",
        &json!(["theirs", "last"]),
        &messages,
    );
    let answer = Answer::Value(json!({"rejection_reason": "keep it"}));
    let refusing = story
        .another("keeping", [("MessageWillBeUpdated", answer)])
        .await?;
    let update = json!({"post": {"id": last, "message": "changed"}});
    refused
        .refuses(
            "UpdatePost",
            update,
            ("Post rejected by plugin. keep it", 400),
        )
        .await?;
    story.stop(&refusing).await?;
    refused
        .answers(
            "GetPost",
            json!({ "post_id": last }),
            json!({"post": {"message": "last"}}),
        )
        .await?;
    story.end().await
}

async fn threads(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let (team, channel, ada) = place(&story).await?;
    let elsewhere = story.channel(&team, "elsewhere").await?;
    let rule = story.rule("AP-230", "wrong-thread");
    let root = story.post((&ada, &channel), json!({})).await?;
    let first = story
        .post((&ada, &channel), json!({ "root_id": root }))
        .await?;
    let reply = json!({"post": {"user_id": ada, "channel_id": channel, "root_id": root}});
    let second = rule
        .answers("CreatePost", reply, json!({"post": {"reply_count": 2}}))
        .await?;
    let moved = json!({"post": {"reply_count": 2, "update_at": second["post"]["create_at"]}});
    rule.answers("GetPost", json!({ "post_id": root }), moved)
        .await?;
    let thread = rule
        .answers("GetPostThread", json!({ "post_id": first }), json!({}))
        .await?;
    let order = thread["post_list"]["order"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let asked_first = order.len() == 3 && order.first() == Some(&json!(first));
    rule.holds(
        "GetPostThread",
        asked_first,
        "three posts, the one asked for first",
        thread.to_string(),
    );
    let no_root = ("api.post.create_post.root_id.app_error", 400);
    for root in [UNKNOWN, &first] {
        let reply = json!({"post": {"user_id": ada, "channel_id": channel, "root_id": root}});
        rule.refuses("CreatePost", reply, no_root).await?;
    }
    let reply = json!({"post": {"user_id": ada, "channel_id": elsewhere, "root_id": root}});
    rule.refuses(
        "CreatePost",
        reply,
        ("api.post.create_post.channel_root_id.app_error", 500),
    )
    .await?;
    rule.refuses("GetPostThread", json!({ "post_id": UNKNOWN }), NO_POST)
        .await?;
    rule.refuses("GetPostThread", json!({}), (NO_POST.0, 400))
        .await?;
    story.did("DeletePost", json!({ "post_id": first })).await?;
    rule.answers(
        "GetPost",
        json!({ "post_id": root }),
        json!({"post": {"reply_count": 1}}),
    )
    .await?;
    story.end().await
}

async fn ephemeral(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["MessageWillBePosted", "MessageHasBeenPosted"]).await?;
    let (_, channel, ada) = place(&story).await?;
    let rule = story.rule("AP-234", "wrong-ephemeral-post");
    let given = json!({"user_id": UNKNOWN, "post": {"user_id": UNKNOWN, "channel_id": UNKNOWN, "message": "psst"}});
    let sent = rule
        .answers(
            "SendEphemeralPost",
            given,
            json!({"post": {"message": "psst", "type": "system_ephemeral", "user_id": UNKNOWN}}),
        )
        .await?;
    let id = text(&sent["post"]["id"]);
    rule.holds(
        "SendEphemeralPost",
        id.len() == 26,
        "an id",
        sent.to_string(),
    );
    rule.refuses("GetPost", json!({ "post_id": id }), NO_POST)
        .await?;
    let again = json!({"user_id": ada, "post": {"id": id, "message": "changed"}});
    rule.answers(
        "UpdateEphemeralPost",
        again,
        json!({"post": {"id": id, "type": "system_ephemeral", "message": "changed"}}),
    )
    .await?;
    // Deleting one tells a client to forget it: a real post of that id stays.
    let real = story.post((&ada, &channel), json!({})).await?;
    story
        .did(
            "DeleteEphemeralPost",
            json!({"user_id": ada, "post_id": real}),
        )
        .await?;
    rule.answers(
        "GetPost",
        json!({ "post_id": real }),
        json!({"post": {"id": real}}),
    )
    .await?;
    rule.fires("SendEphemeralPost", "MessageWillBePosted", 1)
        .await?;
    rule.fires("SendEphemeralPost", "MessageHasBeenPosted", 1)
        .await?;
    story.end().await
}
