//! What members of channels want to be told of.

use std::collections::HashMap;
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    PatchChannelMembersNotificationsRequest, PatchChannelMembersNotificationsResponse,
    UpdateChannelMemberNotificationsRequest, UpdateChannelMemberNotificationsResponse,
};

use crate::ids::PluginId;
use crate::memory::channel::members;
use crate::memory::{Refusal, Store, Tables, handlers};

/// How many memberships may be changed at once.
const AT_ONCE: usize = 200;
/// Longest JSON of all of it, in characters.
const LONGEST: usize = 800_000;
/// What an update of one membership takes; other keys it drops.
const KNOWN: &[&str] = &[
    "mark_unread",
    "desktop",
    "desktop_sound",
    "desktop_notification_sound",
    "desktop_threads",
    "email",
    "push",
    "push_threads",
    "ignore_channel_mentions",
    "channel_auto_follow_threads",
];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        UpdateChannelMemberNotifications => update,
        PatchChannelMembersNotifications => patch,
    );
}

/// What a new member wants to be told of.
pub(super) fn defaults() -> HashMap<String, String> {
    let defaults = [
        ("desktop", "default"),
        ("mark_unread", "all"),
        ("push", "default"),
        ("email", "default"),
        ("ignore_channel_mentions", "default"),
        ("channel_auto_follow_threads", "off"),
    ];
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    defaults.into_iter().map(owned).collect()
}

fn check(props: &HashMap<String, String>) -> Result<(), Refusal> {
    let level: &[&str] = &["default", "all", "mention", "none"];
    let rules: [(&str, &[&str], &'static str); 8] = [
        (
            "desktop",
            level,
            "model.channel_member.is_valid.notify_level.app_error",
        ),
        (
            "desktop_threads",
            level,
            "model.channel_member.is_valid.notify_level.app_error",
        ),
        (
            "mark_unread",
            &["all", "mention"],
            "model.channel_member.is_valid.unread_level.app_error",
        ),
        (
            "push",
            level,
            "model.channel_member.is_valid.push_level.app_error",
        ),
        (
            "push_threads",
            level,
            "model.channel_member.is_valid.push_level.app_error",
        ),
        (
            "email",
            &["default", "true", "false"],
            "model.channel_member.is_valid.email_value.app_error",
        ),
        (
            "ignore_channel_mentions",
            &["default", "on", "off"],
            "model.channel_member.is_valid.ignore_channel_mentions_value.app_error",
        ),
        (
            "channel_auto_follow_threads",
            &["on", "off"],
            "model.channel_member.is_valid.channel_auto_follow_threads_value.app_error",
        ),
    ];
    for (key, allowed, id) in rules {
        if let Some(value) = props.get(key)
            && !allowed.contains(&value.as_str())
        {
            return Err(Refusal::new(id, 400)
                .at("ChannelMember.IsValid")
                .about(format!("{key}={value}")));
        }
    }
    Ok(())
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateChannelMemberNotificationsRequest,
) -> Result<UpdateChannelMemberNotificationsResponse, Refusal> {
    let mut member = members::find(t, &r.channel_id, &r.user_id)?.clone();
    let known = r.notifications.into_iter();
    member
        .notify_props
        .extend(known.filter(|(key, _)| KNOWN.contains(&key.as_str())));
    check(&member.notify_props)?;
    let length = member
        .notify_props
        .iter()
        .map(|(key, value)| key.chars().count() + value.chars().count() + 6);
    if length.sum::<usize>() > LONGEST {
        return Err(Refusal::new(
            "app.channel.update_member.notify_props_limit_exceeded.app_error",
            400,
        ));
    }
    member.last_update_at = t.now();
    members::put(t, &member);
    Ok(UpdateChannelMemberNotificationsResponse {
        channel_member: Some(member),
        error: None,
    })
}

/// Members that there are not are passed over in silence.
fn patch(
    t: &mut Tables,
    _: &PluginId,
    r: PatchChannelMembersNotificationsRequest,
) -> Result<PatchChannelMembersNotificationsResponse, Refusal> {
    if r.members.len() > AT_ONCE {
        let id = "app.channel.patch_channel_members_notify_props.too_many";
        return Err(Refusal::new(id, 400));
    }
    if r.notify_props.is_empty() {
        let id = "app.channel.patch_channel_members_notify_props.app_error";
        return Err(Refusal::new(id, 500));
    }
    check(&r.notify_props)?;
    let now = t.now();
    for pair in &r.members {
        let Some(member) = t.channels.member(&pair.channel_id, &pair.user_id) else {
            continue;
        };
        let mut member = member.clone();
        member.notify_props.extend(r.notify_props.clone());
        member.last_update_at = now;
        members::put(t, &member);
    }
    Ok(PatchChannelMembersNotificationsResponse::default())
}

/// Mutes a channel for a member, or no more.
pub(in crate::memory) fn mute(t: &mut Tables, channel: &str, user: &str, muted: bool) {
    let Some(mut member) = t.channels.member(channel, user).cloned() else {
        return;
    };
    let mark = if muted { "mention" } else { "all" };
    member
        .notify_props
        .insert("mark_unread".to_owned(), mark.to_owned());
    member.last_update_at = t.now();
    members::put(t, &member);
}
