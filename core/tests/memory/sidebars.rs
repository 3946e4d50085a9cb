//! The sidebars of users.

use serde_json::json;

use crate::channels::member;
use crate::teams::{channel_named, team};
use crate::users::user;
use crate::world::World;

#[test]
fn sidebars() {
    let w = World::new();
    let id = team(&w, "one");
    let (alice, bob) = (member(&w, &id, "alice"), user(&w, "bob"));
    let direct = w.ok(
        "GetDirectChannel",
        json!({"user_id_1": alice, "user_id_2": bob}),
    )["channel"]["id"]
        .clone();
    let (town_square, off_topic) = (
        channel_named(&w, &id, "town-square"),
        channel_named(&w, &id, "off-topic"),
    );
    let of = |user: &str| json!({"user_id": user, "team_id": id});
    w.answers("GetChannelSidebarCategories", of(&alice), json!({"categories": {"categories": [
        {"type": "favorites", "channel_ids": []}, {"type": "channels", "channel_ids": [off_topic, town_square]}, {"type": "direct_messages", "channel_ids": [direct]}]}}));
    w.refuses(
        "CreateChannelSidebarCategory",
        json!({"user_id": bob, "team_id": id, "new_category": {}}),
        "app.channel.sidebar_categories.app_error",
        404,
    );
    let made = w.answers("CreateChannelSidebarCategory",
        json!({"user_id": alice, "team_id": id, "new_category": {"id": "mine", "display_name": "Mine", "type": "channels", "channel_ids": [town_square]}}),
        json!({"category": {"type": "custom", "user_id": alice, "team_id": id, "display_name": "Mine"}}));
    assert_ne!(made["category"]["id"], "mine");
    let list = w.answers("GetChannelSidebarCategories", of(&alice), json!({"categories": {"categories": [
        {"type": "favorites"}, {"type": "custom", "channel_ids": [town_square]}, {"type": "channels", "channel_ids": [off_topic]}, {"type": "direct_messages"}]}}));
    assert_eq!(list["categories"]["order"][1], made["category"]["id"]);
    let channels = list["categories"]["categories"][2].clone();
    w.answers("UpdateChannelSidebarCategories", json!({"user_id": alice, "team_id": id, "categories": [
        {"id": channels["id"], "display_name": "Other", "channel_ids": [town_square], "muted": true, "collapsed": true}]}),
        json!({"categories": [{"display_name": "Channels", "collapsed": true, "channel_ids": [town_square]}]}));
    w.answers(
        "GetChannelMember",
        json!({"channel_id": town_square, "user_id": alice}),
        json!({"channel_member": {"notify_props": {"mark_unread": "mention"}}}),
    );
    w.answers("GetChannelSidebarCategories", of(&alice), json!({"categories": {"categories": [
        {"type": "favorites"}, {"type": "custom", "channel_ids": []}, {"type": "channels", "channel_ids": [town_square, off_topic]}, {"type": "direct_messages"}]}}));
    w.refuses(
        "UpdateChannelSidebarCategories",
        json!({"user_id": alice, "team_id": id, "categories": [{"id": "unknown"}]}),
        "app.channel.sidebar_categories.app_error",
        500,
    );
    w.answers(
        "GetChannelSidebarCategories",
        of("unknown"),
        json!({"categories": {"categories": [{}, {}, {}]}}),
    );
}
