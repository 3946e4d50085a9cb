//! Reactions, and posts that nobody keeps.

use serde_json::{Value, json};

use crate::posts::{MISSING, Place};
use crate::world::BEGINNING;

#[test]
fn ephemeral_posts_are_seen_and_not_kept() {
    let p = Place::new();
    let send = json!({"user_id": "nobody", "post": {"channel_id": "nowhere", "message": "x".repeat(20_000), "update_at": 3, "root_id": "r"}});
    let sent = p.w.answers("SendEphemeralPost", send, json!({"post": {"type": "system_ephemeral", "update_at": 3, "root_id": "r", "props": {}, "user_id": ""}}));
    assert!(sent["post"]["create_at"].as_i64() > Some(BEGINNING));
    assert_eq!(p.w.event("ephemeral_message").broadcast.user_id, "nobody");
    p.w.refuses(
        "GetPost",
        json!({"post_id": sent["post"]["id"]}),
        MISSING,
        404,
    );
    p.w.answers(
        "SendEphemeralPost",
        json!({"user_id": "nobody", "post": {"id": "mine", "create_at": 5}}),
        json!({"post": {"id": "mine", "create_at": 5}}),
    );
    let updated = p.w.answers(
        "UpdateEphemeralPost",
        json!({"user_id": "nobody", "post": {"message": "m"}}),
        json!({"post": {"id": "", "type": "system_ephemeral"}}),
    );
    assert!(updated["post"]["update_at"].as_i64() > Some(BEGINNING));
    assert_eq!(p.w.event("post_edited").broadcast.user_id, "nobody");
    let real = p.id(json!({}));
    p.w.fired();
    p.w.ok(
        "DeleteEphemeralPost",
        json!({"user_id": "nobody", "post_id": real}),
    );
    assert_eq!(p.w.event("post_deleted").broadcast.user_id, "nobody");
    p.w.ok("GetPost", json!({ "post_id": real }));
    assert!(p.w.fired().is_empty());
}

#[test]
fn reactions() {
    let p = Place::new();
    let post = p.id(json!({}));
    p.w.fired();
    let given = |change: Value| {
        let mut given = json!({"user_id": p.alice, "post_id": post, "emoji_name": "smile"});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "reaction": given })
    };
    p.w.answers(
        "AddReaction",
        given(json!({"create_at": 5, "delete_at": 7})),
        json!({"reaction": {"create_at": 5, "delete_at": 0, "channel_id": p.channel}}),
    );
    p.w.ok("AddReaction", given(json!({})));
    p.w.ok(
        "AddReaction",
        given(json!({"emoji_name": "+1", "user_id": "nobody4567890123456789abcd"})),
    );
    assert_eq!(p.w.fired_names(), ["ReactionHasBeenAdded"; 3]);
    p.w.answers(
        "GetReactions",
        json!({ "post_id": post }),
        json!({"reactions": [{"emoji_name": "smile", "create_at": 5}, {"emoji_name": "+1"}]}),
    );
    p.w.answers(
        "GetPost",
        json!({ "post_id": post }),
        json!({"post": {"has_reactions": true}}),
    );
    p.w.refuses(
        "AddReaction",
        given(json!({"post_id": "unknown", "emoji_name": "none"})),
        MISSING,
        404,
    );
    p.w.refuses(
        "AddReaction",
        given(json!({"emoji_name": "none", "user_id": "x"})),
        "app.emoji.get_by_name.no_result",
        404,
    );
    p.w.refuses(
        "AddReaction",
        given(json!({"user_id": "x"})),
        "model.reaction.is_valid.user_id.app_error",
        400,
    );
    p.w.memory
        .configure(|config| config["ServiceSettings"]["EnableCustomEmoji"] = false.into());
    p.w.refuses(
        "AddReaction",
        given(json!({"emoji_name": "none"})),
        "api.emoji.disabled.app_error",
        403,
    );
    p.w.memory.configure(|config| {
        config["ServiceSettings"]["UniqueEmojiReactionLimitPerPost"] = 2.into()
    });
    p.w.refuses(
        "AddReaction",
        given(json!({"emoji_name": "tada"})),
        "app.reaction.save.save.too_many_reactions",
        400,
    );
    p.w.ok("AddReaction", given(json!({})));
    p.w.fired();
    for name in ["smile", "smile", "+1"] {
        p.w.ok("RemoveReaction", given(json!({ "emoji_name": name })));
    }
    let fired = p.w.fired();
    assert_eq!(
        (
            fired.len(),
            fired[0].0,
            &fired[0].1["reaction"]["create_at"]
        ),
        (3, "ReactionHasBeenRemoved", &Value::Null)
    );
    p.w.answers(
        "GetReactions",
        json!({ "post_id": post }),
        json!({"reactions": [{"emoji_name": "+1"}]}),
    );
    p.w.ok(
        "RemoveReaction",
        given(json!({"emoji_name": "+1", "user_id": "nobody4567890123456789abcd"})),
    );
    p.w.answers(
        "GetPost",
        json!({ "post_id": post }),
        json!({"post": {"has_reactions": false}}),
    );
    p.w.answers(
        "GetReactions",
        json!({"post_id": "unknown"}),
        json!({"reactions": []}),
    );
    p.w.refuses(
        "RemoveReaction",
        given(json!({"post_id": "unknown"})),
        MISSING,
        404,
    );
    p.w.ok("DeleteChannel", json!({"channel_id": p.channel}));
    p.w.refuses(
        "AddReaction",
        given(json!({})),
        "api.reaction.save.archived_channel.app_error",
        403,
    );
    p.w.refuses(
        "RemoveReaction",
        given(json!({})),
        "api.reaction.delete.archived_channel.app_error",
        403,
    );
}
