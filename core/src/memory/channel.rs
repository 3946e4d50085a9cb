//! Channels: making them, changing them, archiving them.

mod direct;

mod find;

mod members;

mod membership;

mod notify;

mod table;

use std::sync::Arc;

use plugin_proto::pb::{
    Channel, ChannelHasBeenCreatedRequest, ChannelType, CreateChannelRequest,
    CreateChannelResponse, DeleteChannelRequest, DeleteChannelResponse, UpdateChannelRequest,
    UpdateChannelResponse,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::names::{self, fits, invalid};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, fresh, handlers, post, team, user};

pub(super) use direct::get_or_create as direct;
pub(super) use membership::{join, join_quietly, new_member, remove};
pub(super) use notify::mute;
pub(super) use table::Channels;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateChannel => create,
        UpdateChannel => update,
    );
    acts!(methods, store, caller;
        DeleteChannel => delete,
    );
    direct::register(methods, store, caller);
    find::register(methods, store, caller);
    members::register(methods, store, caller);
    membership::register(methods, store, caller);
    notify::register(methods, store, caller);
}

/// Whether a channel is of that type.
pub(super) fn is(channel: &Channel, kind: ChannelType) -> bool {
    channel.r#type == i32::from(kind)
}

/// Whether a channel is open to its team.
pub(super) fn is_open(channel: &Channel) -> bool {
    is(channel, ChannelType::Open)
}

/// Whether a channel is between users, in no team.
pub(super) fn is_direct(channel: &Channel) -> bool {
    is(channel, ChannelType::Direct) || is(channel, ChannelType::Group)
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateChannelRequest,
) -> Result<CreateChannelResponse, Refusal> {
    let mut channel = r.channel.unwrap_or_default();
    if channel.delete_at != 0 {
        return Err(Refusal::new(
            "store.sql_channel.save.archived_channel.app_error",
            400,
        ));
    }
    if is(&channel, ChannelType::Direct) {
        return Err(Refusal::new(
            "store.sql_channel.save.direct_channel.app_error",
            400,
        ));
    }
    if !channel.id.is_empty() {
        return Err(Refusal::new(
            "store.sql_channel.save_channel.existing.app_error",
            400,
        ));
    }
    channel.display_name = channel.display_name.trim().to_owned();
    let channel = save(t, channel)?;
    tell_created(t, &channel);
    Ok(CreateChannelResponse {
        channel: Some(channel),
        error: None,
    })
}

/// Checks and saves a new channel.
fn save(t: &mut Tables, mut channel: Channel) -> Result<Channel, Refusal> {
    let now = t.now();
    channel.id = t.new_id();
    if channel.create_at == 0 {
        channel.create_at = now;
    }
    channel.update_at = channel.create_at;
    channel.extra_update_at = 0;
    channel.last_post_at = 0;
    channel.total_msg_count = 0;
    channel.total_msg_count_root = 0;
    channel.last_root_post_at = 0;
    tidy(&mut channel);
    check(&channel)?;
    check_name_is_free(t, &channel)?;
    let limit = t.config.number("TeamSettings", "MaxChannelsPerTeam");
    let live = t
        .channels
        .in_team(&channel.team_id)
        .filter(|channel| channel.delete_at == 0);
    let is_full = usize::try_from(limit).is_ok_and(|limit| live.count() >= limit);
    if is_full && !is_direct(&channel) {
        return Err(Refusal::new(
            "store.sql_channel.save_channel.limit.app_error",
            400,
        ));
    }
    t.channels.put(channel.clone());
    Ok(channel)
}

fn check_name_is_free(t: &Tables, channel: &Channel) -> Result<(), Refusal> {
    match t.channels.is_taken(channel) {
        None => Ok(()),
        Some(_) => Err(
            Refusal::new("store.sql_channel.save_channel.exists.app_error", 400)
                .said("A channel with that name already exists on the same team.")
                .about(format!("name={}", channel.name)),
        ),
    }
}

fn tell_created(t: &mut Tables, channel: &Channel) {
    t.tell::<hook::ChannelHasBeenCreated>(ChannelHasBeenCreatedRequest {
        channel: Some(channel.clone()),
        ..ChannelHasBeenCreatedRequest::default()
    });
}

/// A channel that comes with its team: nobody is told.
pub(super) fn add_default(t: &mut Tables, team_id: &str, name: String, display_name: String) {
    let channel = Channel {
        team_id: team_id.to_owned(),
        r#type: ChannelType::Open.into(),
        name,
        display_name,
        ..Channel::default()
    };
    if let Err(refusal) = save(t, channel) {
        tracing::warn!("a default channel was not made: {refusal}");
    }
}

fn tidy(channel: &mut Channel) {
    channel.name = names::visible(&channel.name);
    channel.display_name = names::visible(&channel.display_name);
}

/// The first rule that a channel breaks.
fn check(channel: &Channel) -> Result<(), Refusal> {
    const AT: &str = "Channel.IsValid";
    let refuse = |id| Err(invalid(id, AT, format!("id={}", channel.id)));
    if !fresh::is_id(&channel.id) {
        return refuse("model.channel.is_valid.id.app_error");
    }
    if channel.create_at == 0 {
        return refuse("model.channel.is_valid.create_at.app_error");
    }
    if channel.update_at == 0 {
        return refuse("model.channel.is_valid.update_at.app_error");
    }
    if !fits(&channel.display_name, 64) {
        return refuse("model.channel.is_valid.display_name.app_error");
    }
    if !names::is_channel_name(&channel.name) {
        return refuse("model.channel.is_valid.1_or_more.app_error");
    }
    if is(channel, ChannelType::Unspecified) {
        return refuse("model.channel.is_valid.type.app_error");
    }
    if !fits(&channel.header, 1024) {
        return refuse("model.channel.is_valid.header.app_error");
    }
    if !fits(&channel.purpose, 250) {
        return refuse("model.channel.is_valid.purpose.app_error");
    }
    if channel.creator_id.len() > 26 {
        return refuse("model.channel.is_valid.creator_id.app_error");
    }
    if !is_direct(channel) && names::is_internal_channel_name(&channel.name) {
        return refuse("model.channel.is_valid.name.app_error");
    }
    Ok(())
}

/// Everything is replaced, whatever it is. A channel that is not there is no error, and is not there afterwards.
fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateChannelRequest,
) -> Result<UpdateChannelResponse, Refusal> {
    let mut channel = r.channel.unwrap_or_default();
    if channel.delete_at != 0 {
        return Err(Refusal::new("app.channel.update.bad_id", 400));
    }
    channel.update_at = t.now();
    tidy(&mut channel);
    check(&channel)?;
    check_name_is_free(t, &channel)?;
    if t.channels.get(&channel.id).is_some() {
        t.channels.put(channel.clone());
    }
    let data = [("channel", written(&channel))];
    t.event("channel_updated", To::Channel(&channel.id), data);
    Ok(UpdateChannelResponse {
        channel: Some(channel),
        error: None,
    })
}

async fn delete(act: Act, r: DeleteChannelRequest) -> Result<DeleteChannelResponse, Refusal> {
    let message = act.with(|t| {
        let channel = t.channels.find(&r.channel_id)?;
        if channel.delete_at != 0 {
            return Err(Refusal::new(
                "api.channel.delete_channel.deleted.app_error",
                400,
            ));
        }
        if channel.name == team::DEFAULT_CHANNELS[0].0 {
            return Err(Refusal::new(
                "api.channel.delete_channel.cannot.app_error",
                400,
            ));
        }
        let channel_id = channel.id.clone();
        let bot = user::system_bot(t)?;
        Ok(post::system(
            &channel_id,
            &bot.id,
            "system_channel_deleted",
            format!("{} archived the channel.", bot.username),
            &[("username", &bot.username)],
        ))
    })?;
    post::say(&act, message).await;
    act.with(|t| {
        let now = t.now();
        t.channels.change(&r.channel_id, |channel| {
            channel.delete_at = now;
            channel.update_at = now;
        });
        let team_id = t.channels.find(&r.channel_id)?.team_id.clone();
        let data = [
            ("channel_id", r.channel_id.clone().into()),
            ("delete_at", now.into()),
        ];
        match team_id.is_empty() {
            true => t.event("channel_deleted", To::Channel(&r.channel_id), data),
            false => t.event("channel_deleted", To::Team(&team_id), data),
        }
        Ok(DeleteChannelResponse::default())
    })
}
