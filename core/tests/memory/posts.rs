//! Posts: made, changed, deleted, listed, found; ephemeral ones; reactions.

use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::teams::team;
use crate::users::user;
use crate::world::{Answer, BEGINNING, World};

/// A server with a team, a channel in it, and a user in the channel.
pub(crate) struct Place {
    pub(crate) w: World,
    pub(crate) team: String,
    pub(crate) channel: String,
    pub(crate) alice: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let w = World::new();
        let team = team(&w, "one");
        let alice = member(&w, &team, "alice");
        let channel = channel(&w, &team, "aa");
        w.ok(
            "AddChannelMember",
            json!({"channel_id": channel, "user_id": alice}),
        );
        w.fired();
        Self {
            w,
            team,
            channel,
            alice,
        }
    }

    pub(crate) fn given(&self, change: Value) -> Value {
        let mut given = json!({"user_id": self.alice, "channel_id": self.channel, "message": "m"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "post": given })
    }

    #[track_caller]
    pub(crate) fn post(&self, change: Value) -> Value {
        self.w.ok("CreatePost", self.given(change))["post"].clone()
    }

    #[track_caller]
    pub(crate) fn id(&self, change: Value) -> String {
        self.post(change)["id"].as_str().unwrap().to_owned()
    }
}

/// No post has that id, or it is deleted.
pub(crate) const MISSING: &str = "app.post.get.app_error";

#[test]
fn a_new_post_is_what_was_given_and_what_the_server_adds() {
    let p = Place::new();
    let post = p.w.answers("CreatePost",
        p.given(json!({"message": "see ~aa #tag @channel", "create_at": 5, "original_id": "x", "delete_at": 7,
            "props": {"force_notification": "x", "add_channel_member": {}, "own": 1}})),
        json!({"post": {"create_at": 5, "update_at": 5, "original_id": "", "delete_at": 0, "hashtags": "#tag", "type": "", "props": {
            "from_plugin": "true", "from_bot": null, "own": 1, "force_notification": null, "add_channel_member": null,
            "channel_mentions": {"aa": {"display_name": "aa", "team_name": "one"}}, "mentionHighlightDisabled": null}}}));
    let fired = p.w.fired();
    assert_eq!(fired.len(), 2);
    let asked = &fired[0].1["post"];
    assert_eq!(
        (fired[0].0, &asked["id"], &asked["hashtags"]),
        ("MessageWillBePosted", &Value::Null, &json!("#tag"))
    );
    assert_eq!(
        (fired[1].0, &fired[1].1["post"]["id"]),
        ("MessageHasBeenPosted", &post["post"]["id"])
    );
    p.w.answers("GetPost", json!({"post_id": post["post"]["id"]}), post);
    p.w.answers(
        "GetUserStatus",
        json!({"user_id": p.alice}),
        json!({"status": {"status": "online"}}),
    );
    assert_eq!(p.w.event("posted").broadcast.channel_id, p.channel);
    // Who is not in the channel may post there, and so may who is deactivated; not for everybody, though.
    let bob = user(&p.w, "bob");
    p.w.ok("DeleteUser", json!({ "user_id": bob }));
    p.w.answers(
        "CreatePost",
        p.given(json!({"user_id": bob, "message": "@all"})),
        json!({"post": {"props": {"mentionHighlightDisabled": true}}}),
    );
    let channel = p.w.ok("GetChannel", json!({"channel_id": p.channel}))["channel"].clone();
    // The message of the one who joined is not counted.
    assert_eq!(
        (
            &channel["total_msg_count"],
            &channel["total_msg_count_root"]
        ),
        (&json!(2), &json!(2))
    );
    let newest = p.post(json!({}));
    p.w.answers(
        "GetChannel",
        json!({"channel_id": p.channel}),
        json!({"channel": {"last_post_at": newest["create_at"]}}),
    );
    p.w.ok("DeleteChannel", json!({"channel_id": p.channel}));
    p.post(json!({"message": ""}));
}

#[test]
fn what_a_post_must_not_be() {
    let p = Place::new();
    let root = p.id(json!({}));
    let reply = p.id(json!({ "root_id": root }));
    let gone = p.id(json!({}));
    p.w.ok("DeletePost", json!({ "post_id": gone }));
    let elsewhere = channel(&p.w, &p.team, "bb");
    p.w.fired();
    let no_root = "api.post.create_post.root_id.app_error";
    for (change, id, status) in [
        (
            json!({"channel_id": "unknown", "user_id": "unknown"}),
            "app.channel.get.existing.app_error",
            404,
        ),
        (
            json!({"user_id": "unknown", "root_id": "unknown"}),
            "app.user.missing_account.const",
            404,
        ),
        (json!({"root_id": "unknown"}), no_root, 400),
        (json!({ "root_id": gone }), no_root, 400),
        (json!({ "root_id": reply }), no_root, 400),
        (
            json!({"root_id": root, "channel_id": elsewhere}),
            "api.post.create_post.channel_root_id.app_error",
            500,
        ),
    ] {
        p.w.refuses("CreatePost", p.given(change), id, status);
    }
    assert!(p.w.fired().is_empty());
    let long = |length| "x".repeat(length);
    for (change, id) in [
        (json!({"id": "x"}), "app.post.save.existing.app_error"),
        (
            json!({"message": long(16_384)}),
            "model.post.is_valid.message_length.app_error",
        ),
        (
            json!({"props": {"x": long(800_000)}}),
            "model.post.is_valid.props.app_error",
        ),
        (
            json!({"file_ids": (0..12).map(|number| format!("{number:026}")).collect::<Vec<_>>()}),
            "model.post.is_valid.file_ids.app_error",
        ),
        (
            json!({"type": "other"}),
            "model.post.is_valid.type.app_error",
        ),
        (
            json!({"type": "system_ephemeral"}),
            "model.post.is_valid.type.app_error",
        ),
    ] {
        p.w.refuses("CreatePost", p.given(change), id, 400);
        // Plugins were asked about it all the same.
        assert_eq!(p.w.fired_names(), ["MessageWillBePosted"]);
    }
    p.post(json!({"message": "ä".repeat(16_383), "type": "custom_x"}));
}

#[test]
fn plugins_change_posts_and_refuse_them() {
    let p = Place::new();
    let bob = user(&p.w, "bob");
    p.w.fired();
    let changed = json!({"post": {"user_id": bob, "channel_id": p.channel, "message": "theirs", "type": "custom_theirs"}});
    p.w.hooks
        .answer("MessageWillBePosted", Answer::Change(changed));
    p.w.answers("CreatePost", p.given(json!({"message": "#mine"})),
        json!({"post": {"user_id": bob, "message": "theirs", "type": "custom_theirs", "hashtags": "", "props": null}}));
    p.w.fired();
    p.w.hooks.answer(
        "MessageWillBePosted",
        Answer::Change(json!({"post": {"user_id": "short", "channel_id": p.channel}})),
    );
    p.w.refuses(
        "CreatePost",
        p.given(json!({})),
        "model.post.is_valid.user_id.app_error",
        400,
    );
    p.w.hooks
        .answer("MessageWillBePosted", Answer::Reject("no tea"));
    p.w.refuses(
        "CreatePost",
        p.given(json!({})),
        "Post rejected by plugin. no tea",
        400,
    );
    p.w.hooks.answer(
        "MessageWillBePosted",
        Answer::Reject("plugin.message_will_be_posted.dismiss_post"),
    );
    p.w.refuses(
        "CreatePost",
        p.given(json!({})),
        "plugin.message_will_be_posted.dismiss_post",
        400,
    );
    assert_eq!(p.w.fired_names(), ["MessageWillBePosted"; 3]);
    // What was pending is free again when it was refused, and is made once when it was not.
    let pending = || p.given(json!({"pending_post_id": "p"}));
    p.w.hooks
        .answer("MessageWillBePosted", Answer::Reject("no"));
    p.w.refuses("CreatePost", pending(), "Post rejected by plugin. no", 400);
    let first = p.w.ok("CreatePost", pending());
    p.w.answers(
        "CreatePost",
        pending(),
        json!({"post": {"id": first["post"]["id"]}}),
    );
}

#[test]
fn threads() {
    let p = Place::new();
    let root = p.id(json!({"message": "root"}));
    let first = p.id(json!({ "root_id": root }));
    let second = p.post(json!({ "root_id": root }));
    assert_eq!(second["reply_count"], 2);
    p.w.answers(
        "GetPost",
        json!({ "post_id": root }),
        json!({"post": {"reply_count": 2, "update_at": second["create_at"]}}),
    );
    let thread = p.w.answers(
        "GetPostThread",
        json!({ "post_id": first }),
        json!({"post_list": {"has_next": false}}),
    );
    let order = thread["post_list"]["order"].as_array().unwrap();
    assert_eq!((order.len(), &order[0]), (3, &json!(first)));
    assert_eq!(thread["post_list"]["posts"].as_object().unwrap().len(), 3);
    p.w.ok("DeletePost", json!({ "post_id": first }));
    p.w.answers(
        "GetPost",
        json!({ "post_id": root }),
        json!({"post": {"reply_count": 1}}),
    );
    let thread = p.w.ok("GetPostThread", json!({ "post_id": root }));
    assert_eq!(thread["post_list"]["order"], json!([root, second["id"]]));
    p.w.fired();
    p.w.ok("DeletePost", json!({ "post_id": root }));
    let fired = p.w.fired();
    assert_eq!((fired.len(), fired[0].0), (1, "MessageHasBeenDeleted"));
    assert_eq!(
        (&fired[0].1["post"]["id"], &fired[0].1["post"]["delete_at"]),
        (&json!(root), &Value::Null)
    );
    for id in [&json!(root), &second["id"]] {
        p.w.refuses("GetPost", json!({ "post_id": id }), MISSING, 404);
        p.w.refuses("GetPostThread", json!({ "post_id": id }), MISSING, 404);
        p.w.refuses("DeletePost", json!({ "post_id": id }), MISSING, 400);
    }
    p.w.refuses("GetPost", json!({}), MISSING, 404);
    p.w.refuses("GetPostThread", json!({}), MISSING, 400);
    let since = p.w.ok("GetPostsSince", json!({"channel_id": p.channel}));
    assert_eq!(
        since["post_list"]["posts"][&root]["props"]["deleteBy"],
        "com.example.me"
    );
    let one = p.id(json!({}));
    p.w.ok("DeleteChannel", json!({"channel_id": p.channel}));
    p.w.refuses(
        "DeletePost",
        json!({ "post_id": one }),
        "api.post.delete_post.can_not_delete_post_in_deleted.error",
        400,
    );
}

#[test]
fn an_edited_post_leaves_its_old_version_behind() {
    let p = Place::new();
    let post = p.post(json!({"message": "old #old", "props": {"mine": 1}}));
    p.w.fired();
    let update = |change: Value| {
        let mut given = json!({"id": post["id"], "message": "old #old"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "post": given })
    };
    let same = p.w.answers("UpdatePost", update(json!({"user_id": "x", "channel_id": "x", "root_id": "x", "create_at": 1, "type": "custom_x"})),
        json!({"post": {"id": post["id"], "user_id": p.alice, "channel_id": p.channel, "root_id": "", "type": "", "create_at": post["create_at"],
            "edit_at": 0, "props": {"mine": null, "from_plugin": "true"}, "hashtags": "#old"}}));
    assert!(same["post"]["update_at"].as_i64() > post["update_at"].as_i64());
    let fired = p.w.fired();
    assert_eq!(
        (fired.len(), fired[0].0, fired[1].0),
        (2, "MessageWillBeUpdated", "MessageHasBeenUpdated")
    );
    assert_eq!(fired[0].1["old_post"]["id"], post["id"]);
    let old = &fired[1].1["old_post"];
    assert!(
        old["id"] != post["id"] && old["original_id"] == post["id"] && old["delete_at"].is_number()
    );
    p.w.refuses("GetPost", json!({"post_id": old["id"]}), MISSING, 404);
    let new = p.w.answers(
        "UpdatePost",
        update(json!({"message": "new #new", "is_pinned": true})),
        json!({"post": {"message": "new #new", "hashtags": "#new", "is_pinned": true}}),
    );
    assert!(new["post"]["edit_at"].as_i64() > Some(BEGINNING));
    p.w.answers(
        "GetChannel",
        json!({"channel_id": p.channel}),
        json!({"channel": {"last_post_at": new["post"]["update_at"]}}),
    );
    let since = p.w.ok(
        "GetPostsSince",
        json!({"channel_id": p.channel, "time": post["update_at"]}),
    );
    let versions = since["post_list"]["posts"].as_object().unwrap().values();
    assert_eq!(
        versions
            .filter(|version| version["original_id"] == post["id"])
            .count(),
        2
    );
    p.w.fired();
    p.w.hooks
        .answer("MessageWillBeUpdated", Answer::Reject("no"));
    p.w.refuses(
        "UpdatePost",
        update(json!({"message": "x"})),
        "Post rejected by plugin. no",
        400,
    );
    assert_eq!(p.w.fired_names(), ["MessageWillBeUpdated"]);
    p.w.hooks.answer(
        "MessageWillBeUpdated",
        Answer::Change(json!({"new_post": {"id": "other", "user_id": "x", "message": "theirs"}})),
    );
    p.w.answers(
        "UpdatePost",
        update(json!({"message": "x"})),
        json!({"post": {"id": post["id"], "user_id": p.alice, "message": "theirs"}}),
    );
    p.w.refuses("UpdatePost", json!({"post": {}}), MISSING, 400);
    p.w.refuses(
        "UpdatePost",
        json!({"post": {"id": "unknown"}}),
        MISSING,
        404,
    );
    p.w.refuses(
        "UpdatePost",
        update(json!({"message": "x".repeat(16_384)})),
        "model.post.is_valid.message_length.app_error",
        400,
    );
    let burns = p.id(json!({"type": "burn_on_read"}));
    p.w.refuses(
        "UpdatePost",
        json!({"post": {"id": burns}}),
        "api.post.update_post.burn_on_read.app_error",
        400,
    );
    let list = p.w.ok(
        "GetPostsForChannel",
        json!({"channel_id": p.channel, "per_page": 100}),
    );
    let posts = list["post_list"]["posts"].as_object().unwrap();
    let joined = posts
        .values()
        .find(|post| post["type"] == "system_join_channel")
        .unwrap();
    p.w.refuses(
        "UpdatePost",
        json!({"post": {"id": joined["id"]}}),
        "api.post.update_post.system_message.app_error",
        400,
    );
    p.w.ok("DeleteChannel", json!({"channel_id": p.channel}));
    p.w.refuses(
        "UpdatePost",
        update(json!({})),
        "api.post.update_post.can_not_update_post_in_deleted.error",
        400,
    );
}

#[test]
fn pages_of_a_channel() {
    let p = Place::new();
    let channel = channel(&p.w, &p.team, "pages");
    let ids: Vec<_> = (1..=5)
        .map(|at| p.id(json!({"channel_id": channel, "create_at": at})))
        .collect();
    let reply = p.id(json!({"channel_id": channel, "create_at": 6, "root_id": ids[0]}));
    let gone = p.id(json!({"channel_id": channel, "create_at": 7}));
    p.w.ok("DeletePost", json!({ "post_id": gone }));
    let order = |method: &str, request: Value| -> Vec<String> {
        let list = p.w.ok(method, request)["post_list"].clone();
        let order = list["order"].as_array().cloned().unwrap_or_default();
        assert!(
            order
                .iter()
                .all(|id| list["posts"][id.as_str().unwrap()]["id"] == *id)
        );
        order
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    };
    let of = |page: i64, per_page: i64| json!({"channel_id": channel, "page": page, "per_page": per_page});
    let page = |page, per_page| order("GetPostsForChannel", of(page, per_page));
    assert_eq!(page(0, 2), [reply.as_str(), &ids[4]]);
    assert_eq!(page(1, 2), [ids[3].as_str(), &ids[2]]);
    assert!(page(3, 2).is_empty() && page(0, 0).is_empty());
    let first = p.w.ok("GetPostsForChannel", of(0, 1));
    // The thread of what is on the page comes along, not in the order.
    assert_eq!(first["post_list"]["posts"].as_object().unwrap().len(), 2);
    p.w.refuses(
        "GetPostsForChannel",
        of(0, 1001),
        "app.post.get_posts.app_error",
        400,
    );
    let around = |page: i64, per_page: i64, id: &str| json!({"channel_id": channel, "post_id": id, "page": page, "per_page": per_page});
    assert_eq!(
        order("GetPostsAfter", around(0, 2, &ids[1])),
        [ids[3].as_str(), &ids[2]]
    );
    assert_eq!(
        order("GetPostsAfter", around(1, 2, &ids[1])),
        [reply.as_str(), &ids[4]]
    );
    assert_eq!(
        order("GetPostsBefore", around(0, 2, &ids[4])),
        [ids[3].as_str(), &ids[2]]
    );
    assert_eq!(
        order("GetPostsBefore", around(1, 2, &ids[4])),
        [ids[1].as_str(), &ids[0]]
    );
    for method in ["GetPostsAfter", "GetPostsBefore"] {
        assert!(order(method, around(0, 0, &ids[2])).is_empty());
        assert!(order(method, around(0, 9, "unknown")).is_empty());
        p.w.refuses(
            method,
            around(-1, 1, &ids[2]),
            "app.post.get_posts_around.get.app_error",
            400,
        );
        p.w.refuses(
            method,
            around(0, -1, &ids[2]),
            "app.post.get_posts_around.get.app_error",
            400,
        );
    }
    let since = |time: i64| {
        order(
            "GetPostsSince",
            json!({"channel_id": channel, "time": time}),
        )
    };
    // The reply has moved its root, and the deleted one is there.
    assert_eq!(since(5), [gone.as_str(), &reply, &ids[0]]);
    assert_eq!(since(0).len(), 7);
    p.w.answers(
        "GetPostsSince",
        json!({"channel_id": "unknown"}),
        json!({"post_list": {"order": []}}),
    );
    let many = json!({"channel_id": channel, "message": "x"});
    for _ in 0..1000 {
        p.post(many.clone());
    }
    assert_eq!(since(0).len(), 1000);
}
