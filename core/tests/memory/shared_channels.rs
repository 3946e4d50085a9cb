//! Channels that are shared with other servers, which are plugins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::channels::channel;
use crate::teams::team;
use crate::users::user;
use crate::world::{Told, World};

const PLAIN: &str = "plugin.api.error.app_error";

#[test]
fn a_channel_is_shared_and_synced() {
    let w = World::new();
    let place = channel(&w, &team(&w, "one"), "aa");
    let alice = user(&w, "alice");
    w.fired();
    let register =
        |shown: &str| json!({"opts": {"plugin_id": "com.example.remote", "display_name": shown}});
    w.refuses(
        "UnregisterPluginForSharedChannels",
        json!({"plugin_id": "com.example.remote"}),
        PLAIN,
        500,
    );
    w.refuses(
        "RegisterPluginForSharedChannels",
        json!({"opts": {}}),
        PLAIN,
        500,
    );
    let remote = w.ok("RegisterPluginForSharedChannels", register("One"))["remote_id"].clone();
    assert_eq!(w.fired_names(), ["OnSharedChannelsPing"]);
    let unregister = || json!({"plugin_id": "com.example.remote"});
    w.ok("UnregisterPluginForSharedChannels", unregister());
    w.ok("UnregisterPluginForSharedChannels", unregister());
    let invite = |share: bool| json!({"channel_id": place, "remote_id": remote, "user_id": alice, "share_if_not_shared": share});
    w.refuses(
        "InviteRemoteToChannel",
        invite(false),
        "api.command_share.channel_not_shared.error",
        400,
    );
    w.refuses(
        "InviteRemoteToChannel",
        json!({"channel_id": "unknown", "share_if_not_shared": true}),
        "api.command_share.share_channel.error",
        400,
    );
    w.refuses(
        "InviteRemoteToChannel",
        invite(true),
        "api.command_share.remote_id_invalid.error",
        500,
    );
    w.answers(
        "RegisterPluginForSharedChannels",
        register("Two"),
        json!({ "remote_id": remote }),
    );
    assert!(w.fired().is_empty());
    let pair = || json!({"channel_id": place, "remote_id": remote});
    w.refuses(
        "UninviteRemoteFromChannel",
        pair(),
        "api.command_share.channel_remote_id_not_exists",
        500,
    );
    w.refuses(
        "UpdateSharedChannelCursor",
        json!({"channel_id": place, "remote_id": remote, "cursor": {}}),
        PLAIN,
        500,
    );
    w.ok("InviteRemoteToChannel", invite(true));
    w.ok("InviteRemoteToChannel", invite(true));
    w.answers(
        "GetChannel",
        json!({ "channel_id": place }),
        json!({"channel": {"shared": true}}),
    );
    let post = |remote: &Value| {
        let given =
            json!({"user_id": alice, "channel_id": place, "message": "m", "remote_id": remote});
        w.ok("CreatePost", json!({ "post": given }))["post"].clone()
    };
    let mine = post(&json!("other"));
    post(&remote);
    w.fired();
    let sync = || {
        w.ok("SyncSharedChannel", json!({ "channel_id": place }));
        let fired = w.fired();
        assert_eq!(fired.len(), 1);
        let json = fired[0].1["sync_msg"]["sync_msg_json"]
            .as_str()
            .unwrap()
            .to_owned();
        let message: Value = serde_json::from_slice(&STANDARD.decode(json).unwrap()).unwrap();
        assert_eq!(
            (fired[0].0, &message["channel_id"]),
            ("OnSharedChannelsSyncMsg", &json!(place))
        );
        message["posts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|post| post["id"].clone())
            .collect::<Vec<_>>()
    };
    // Nobody answers, so the cursor stays; what came from there does not go back.
    assert_eq!(sync(), [mine["id"].clone()]);
    w.hooks.reply(Told::Answer(
        json!({"response": {"posts_last_update_at": mine["update_at"]}}),
    ));
    assert_eq!(sync(), [mine["id"].clone()]);
    assert!(sync().is_empty());
    w.ok(
        "UpdateSharedChannelCursor",
        json!({"channel_id": place, "remote_id": remote, "cursor": {"last_post_update_at": 1}}),
    );
    assert_eq!(sync(), [mine["id"].clone()]);
    w.ok("UninviteRemoteFromChannel", pair());
    w.ok("SyncSharedChannel", json!({"channel_id": "unknown"}));
    w.ok("SyncSharedChannel", json!({ "channel_id": place }));
    assert!(w.fired().is_empty());
}

#[test]
fn sharing_and_its_end() {
    let w = World::new();
    let place = channel(&w, &team(&w, "one"), "aa");
    let (alice, bob) = (user(&w, "alice"), user(&w, "bob"));
    let share = |id: &Value| json!({"shared_channel": {"channel_id": id}});
    w.refuses("ShareChannel", share(&json!("unknown")), PLAIN, 500);
    let direct = w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": bob}),
    )["channel"]["id"]
        .clone();
    w.refuses("ShareChannel", share(&direct), PLAIN, 500);
    w.refuses("UpdateSharedChannel", share(&json!(place)), PLAIN, 500);
    w.answers(
        "UnshareChannel",
        json!({ "channel_id": place }),
        json!({"unshared": false}),
    );
    w.refuses(
        "UnshareChannel",
        json!({"channel_id": "unknown"}),
        PLAIN,
        500,
    );
    w.answers(
        "ShareChannel",
        share(&json!(place)),
        json!({"shared_channel": {"share_name": "aa", "share_display_name": "aa", "type": "O"}}),
    );
    w.answers(
        "ShareChannel",
        json!({"shared_channel": {"channel_id": place, "share_name": "other"}}),
        json!({"shared_channel": {"share_name": "aa"}}),
    );
    w.answers(
        "UpdateSharedChannel",
        json!({"shared_channel": {"channel_id": place, "share_name": "other"}}),
        json!({"shared_channel": {"share_name": "other"}}),
    );
    // It is at home elsewhere.
    let remote = w.ok(
        "RegisterPluginForSharedChannels",
        json!({"opts": {"plugin_id": "com.example.remote"}}),
    )["remote_id"]
        .clone();
    w.refuses(
        "InviteRemoteToChannel",
        json!({"channel_id": place, "remote_id": remote}),
        "api.command_share.channel_invite_not_home.error",
        400,
    );
    w.answers(
        "UnshareChannel",
        json!({ "channel_id": place }),
        json!({"unshared": true}),
    );
    w.answers(
        "GetChannel",
        json!({ "channel_id": place }),
        json!({"channel": {"shared": null}}),
    );
}
