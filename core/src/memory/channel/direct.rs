//! Channels between users: two, or a few. One for the same users is never made twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Channel, ChannelType, GetDirectChannelRequest, GetDirectChannelResponse,
    GetGroupChannelRequest, GetGroupChannelResponse,
};
use sha1::{Digest as _, Sha1};

use crate::ids::PluginId;
use crate::memory::channel::{new_member, save, tell_created};
use crate::memory::names::{direct_name, hex};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, handlers};

/// How many users a group has.
const GROUP: std::ops::RangeInclusive<usize> = 3..=8;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetDirectChannel => direct,
        GetGroupChannel => group,
    );
}

fn direct(
    t: &mut Tables,
    _: &PluginId,
    r: GetDirectChannelRequest,
) -> Result<GetDirectChannelResponse, Refusal> {
    Ok(GetDirectChannelResponse {
        channel: Some(get_or_create(t, &r.user_id_1, &r.user_id_2)?),
        error: None,
    })
}

/// The channel between two users, or the one that somebody has with themselves.
pub(in crate::memory) fn get_or_create(
    t: &mut Tables,
    one: &str,
    other: &str,
) -> Result<Channel, Refusal> {
    let name = direct_name(one, other);
    if let Some(channel) = t.channels.named("", &name) {
        return Ok(channel.clone());
    }
    if t.users.get(one).is_none() || t.users.get(other).is_none() {
        let id = "api.channel.create_direct_channel.invalid_user.app_error";
        return Err(Refusal::new(id, 400).about(name));
    }
    let restricted = t.config.text("TeamSettings", "RestrictDirectMessage") == "team";
    let common = shares_team(t, one, other);
    if restricted && !common {
        let id = "api.channel.create_channel.direct_channel.team_restricted_error";
        return Err(Refusal::new(id, 403));
    }
    let channel = save(
        t,
        Channel {
            r#type: ChannelType::Direct.into(),
            name,
            creator_id: one.to_owned(),
            ..Channel::default()
        },
    )?;
    let members = BTreeSet::from([one, other]);
    enter(t, &channel, members.iter().copied());
    let data = [("creator_id", one.into()), ("teammate_id", other.into())];
    t.event("direct_added", To::Channel(&channel.id), data);
    Ok(channel)
}

fn shares_team(t: &Tables, one: &str, other: &str) -> bool {
    let mut teams = t.teams.of_user(one).filter(|member| member.delete_at == 0);
    teams.any(|member| t.teams.has_member(&member.team_id, other))
}

fn group(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupChannelRequest,
) -> Result<GetGroupChannelResponse, Refusal> {
    if !GROUP.contains(&r.user_ids.len()) {
        return Err(Refusal::new(
            "api.channel.create_group.bad_size.app_error",
            400,
        ));
    }
    let ids: BTreeSet<&str> = r.user_ids.iter().map(String::as_str).collect();
    let users = ids.iter().filter_map(|id| t.users.get(id));
    let mut usernames: Vec<_> = users.map(|user| user.username.clone()).collect();
    if usernames.len() != r.user_ids.len() {
        return Err(Refusal::new(
            "api.channel.create_group.bad_user.app_error",
            400,
        ));
    }
    usernames.sort_unstable();
    let sorted: String = ids.iter().copied().collect();
    let name = hex(&Sha1::digest(sorted.as_bytes()));
    let existing = t.channels.named("", &name).cloned();
    let channel = match existing {
        Some(channel) => channel,
        None => {
            // What does not fit is cut off.
            let display_name = usernames.join(", ").chars().take(64).collect();
            let channel = Channel {
                r#type: ChannelType::Group.into(),
                name,
                display_name,
                ..Channel::default()
            };
            let channel = save(t, channel)?;
            enter(t, &channel, ids.iter().copied());
            for id in &ids {
                t.event(
                    "group_added",
                    To::User(id),
                    [("channel_id", channel.id.clone().into())],
                );
            }
            channel
        }
    };
    Ok(GetGroupChannelResponse {
        channel: Some(channel),
        error: None,
    })
}

/// Those for whom the channel was made are in it, and plugins hear of the channel only.
fn enter<'a>(t: &mut Tables, channel: &Channel, ids: impl Iterator<Item = &'a str>) {
    let now = t.now();
    for id in ids {
        let user = t.users.get(id).cloned().unwrap_or_default();
        t.channels
            .put_member(new_member(&channel.id, &user, false, now));
    }
    tell_created(t, channel);
}
