//! Channels that are shared with other servers. The others are plugins: they get what is new by a hook, and say how far they are.

use std::sync::Arc;

use plugin_proto::pb::{
    GetPostsSinceForSyncCursor, InviteRemoteToChannelRequest, InviteRemoteToChannelResponse,
    OnSharedChannelsPingRequest, OnSharedChannelsSyncMsgRequest, OnSharedChannelsSyncMsgResponse,
    RegisterPluginForSharedChannelsRequest, RegisterPluginForSharedChannelsResponse, RemoteCluster,
    ShareChannelRequest, ShareChannelResponse, SharedChannel, SyncMsgJson,
    SyncSharedChannelRequest, SyncSharedChannelResponse, UninviteRemoteFromChannelRequest,
    UninviteRemoteFromChannelResponse, UnregisterPluginForSharedChannelsRequest,
    UnregisterPluginForSharedChannelsResponse, UnshareChannelRequest, UnshareChannelResponse,
    UpdateSharedChannelCursorRequest, UpdateSharedChannelCursorResponse,
    UpdateSharedChannelRequest, UpdateSharedChannelResponse,
};
use plugin_proto::{Methods, hook};
use prost::Message as _;
use serde_json::{Value, json};

use crate::api::plugins::Reply;
use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::journal::area;
use crate::memory::rows::{Row as _, Rows, form, row};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, channel, handlers};

/// Other servers by id, shared channels, and how far each is with which.
#[derive(Debug, Default)]
pub(super) struct Shared {
    remotes: Rows<RemoteCluster>,
    channels: Rows<SharedChannel>,
    invited: Rows<Invited>,
}
area!(Shared: remotes, channels, invited);
row!(RemoteCluster, "remote_clusters", wire("RemoteCluster"), String: |remote| remote.remote_id.clone());
row!(SharedChannel, "shared_channels", wire("SharedChannel"), String: |shared| shared.channel_id.clone());

/// How far another server is with a channel.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Invited {
    #[prost(string, tag = "1")]
    channel_id: String,
    #[prost(string, tag = "2")]
    remote_id: String,
    #[prost(message, required, tag = "3")]
    #[serde(with = "cursor_json")]
    cursor: GetPostsSinceForSyncCursor,
}
row!(
    Invited, "shared_channel_remotes", own,
    (String, String): |invited| (invited.channel_id.clone(), invited.remote_id.clone())
);
form::inner!(
    cursor_json: plugin_proto::pb::GetPostsSinceForSyncCursor,
    wire("GetPostsSinceForSyncCursor")
);

impl Shared {
    /// The other server that a plugin is.
    fn of_plugin(&self, plugin_id: &str) -> Option<&RemoteCluster> {
        let mut remotes = self.remotes.values();
        remotes.find(|remote| remote.plugin_id == plugin_id)
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        UnregisterPluginForSharedChannels => unregister,
        ShareChannel => share,
        UpdateSharedChannel => update,
        UnshareChannel => unshare,
        UpdateSharedChannelCursor => move_cursor,
        InviteRemoteToChannel => invite,
        UninviteRemoteFromChannel => uninvite,
    );
    acts!(methods, store, caller;
        RegisterPluginForSharedChannels => register_plugin,
        SyncSharedChannel => sync,
    );
}

/// One plugin is one remote for ever; a new one is asked at once whether it is there.
async fn register_plugin(
    act: Act,
    r: RegisterPluginForSharedChannelsRequest,
) -> Result<RegisterPluginForSharedChannelsResponse, Refusal> {
    let options = r.opts.unwrap_or_default();
    let plugin =
        PluginId::parse(&options.plugin_id).map_err(|error| Refusal::plain(error.to_string()))?;
    let (remote_id, is_new) = act.with(|t| {
        if let Some(mut remote) = t.shared.of_plugin(&options.plugin_id).cloned() {
            let id = remote.remote_id.clone();
            remote.display_name.clone_from(&options.display_name);
            remote.delete_at = 0;
            t.shared.remotes.put(remote);
            return (id, false);
        }
        let remote = RemoteCluster {
            remote_id: t.new_id(),
            token: t.new_id(),
            create_at: t.now(),
            name: options.plugin_id.clone(),
            display_name: options.display_name.clone(),
            site_url: format!("plugin_{}", options.plugin_id),
            plugin_id: options.plugin_id.clone(),
            ..RemoteCluster::default()
        };
        let id = remote.remote_id.clone();
        t.shared.remotes.put(remote);
        (id, true)
    });
    if is_new {
        let (pinging, id) = (act.clone(), remote_id.clone());
        act.in_background(async move {
            let remote = pinging.with(|t| t.shared.remotes.get(&id).cloned());
            let asked = OnSharedChannelsPingRequest {
                remote_cluster: remote,
                ..OnSharedChannelsPingRequest::default()
            };
            if let Reply::Answered(_) = pinging
                .ask::<hook::OnSharedChannelsPing>(&plugin, asked)
                .await
            {
                pinging.with(|t| {
                    let now = t.now();
                    if let Some(remote) = t.shared.remotes.get_mut(&id) {
                        remote.last_ping_at = now;
                    }
                });
            }
        });
    }
    Ok(RegisterPluginForSharedChannelsResponse {
        remote_id,
        error: None,
    })
}

fn unregister(
    t: &mut Tables,
    _: &PluginId,
    r: UnregisterPluginForSharedChannelsRequest,
) -> Result<UnregisterPluginForSharedChannelsResponse, Refusal> {
    let now = t.now();
    let remote = t.shared.of_plugin(&r.plugin_id).cloned();
    let unknown = || Refusal::plain(format!("the plugin {} was never registered", r.plugin_id));
    let mut remote = remote.ok_or_else(unknown)?;
    if remote.delete_at == 0 {
        remote.delete_at = now;
        t.shared.remotes.put(remote);
    }
    Ok(UnregisterPluginForSharedChannelsResponse::default())
}

fn share(
    t: &mut Tables,
    _: &PluginId,
    r: ShareChannelRequest,
) -> Result<ShareChannelResponse, Refusal> {
    Ok(ShareChannelResponse {
        shared_channel: Some(put(t, r.shared_channel.unwrap_or_default())?),
        error: None,
    })
}

/// Shares a channel; what is not said is the channel's. One that is shared already stays as it is.
fn put(t: &mut Tables, given: SharedChannel) -> Result<SharedChannel, Refusal> {
    if let Some(shared) = t.shared.channels.get(&given.channel_id) {
        return Ok(shared.clone());
    }
    let unknown = || Refusal::plain(format!("there is no channel {}", given.channel_id));
    let shared_one = t
        .channels
        .get(&given.channel_id)
        .ok_or_else(unknown)?
        .clone();
    if channel::is_direct(&shared_one) {
        return Err(Refusal::plain("a direct channel cannot be shared"));
    }
    let or = |said: String, own: &str| {
        if said.is_empty() {
            own.to_owned()
        } else {
            said
        }
    };
    let now = t.now();
    let kind = if channel::is_open(&shared_one) {
        "O"
    } else {
        "P"
    };
    let shared = SharedChannel {
        team_id: or(given.team_id, &shared_one.team_id),
        share_name: or(given.share_name, &shared_one.name),
        share_display_name: or(given.share_display_name, &shared_one.display_name),
        share_purpose: or(given.share_purpose, &shared_one.purpose),
        share_header: or(given.share_header, &shared_one.header),
        creator_id: or(given.creator_id, &shared_one.creator_id),
        r#type: or(given.r#type, kind),
        create_at: now,
        update_at: now,
        ..given
    };
    t.shared.channels.put(shared.clone());
    t.channels
        .change(&shared.channel_id, |channel| channel.shared = Some(true));
    let data = [("channel_id", shared.channel_id.clone().into())];
    t.event("channel_converted", To::Channel(&shared.channel_id), data);
    Ok(shared)
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateSharedChannelRequest,
) -> Result<UpdateSharedChannelResponse, Refusal> {
    let given = r.shared_channel.unwrap_or_default();
    let old = t.shared.channels.get(&given.channel_id);
    let unknown = || Refusal::plain(format!("the channel {} is not shared", given.channel_id));
    let create_at = old.ok_or_else(unknown)?.create_at;
    let shared = SharedChannel {
        create_at,
        update_at: t.now(),
        ..given
    };
    t.shared.channels.put(shared.clone());
    t.event("channel_updated", To::Channel(&shared.channel_id), []);
    Ok(UpdateSharedChannelResponse {
        shared_channel: Some(shared),
        error: None,
    })
}

fn unshare(
    t: &mut Tables,
    _: &PluginId,
    r: UnshareChannelRequest,
) -> Result<UnshareChannelResponse, Refusal> {
    let unknown = || Refusal::plain(format!("there is no channel {}", r.channel_id));
    t.channels.get(&r.channel_id).ok_or_else(unknown)?;
    let unshared = t.shared.channels.remove(&r.channel_id).is_some();
    t.shared
        .invited
        .remove_all(|invited| invited.channel_id == r.channel_id);
    t.channels
        .change(&r.channel_id, |channel| channel.shared = None);
    Ok(UnshareChannelResponse {
        unshared,
        error: None,
    })
}

fn move_cursor(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateSharedChannelCursorRequest,
) -> Result<UpdateSharedChannelCursorResponse, Refusal> {
    let invited = t.shared.invited.get_mut(&(r.channel_id, r.remote_id));
    let unknown = || Refusal::plain("the remote is not invited to the channel");
    invited.ok_or_else(unknown)?.cursor = r.cursor.unwrap_or_default();
    Ok(UpdateSharedChannelCursorResponse::default())
}

fn invite(
    t: &mut Tables,
    _: &PluginId,
    r: InviteRemoteToChannelRequest,
) -> Result<InviteRemoteToChannelResponse, Refusal> {
    if !t.shared.channels.contains_key(&r.channel_id) {
        if !r.share_if_not_shared {
            return Err(Refusal::new(
                "api.command_share.channel_not_shared.error",
                400,
            ));
        }
        let shared = SharedChannel {
            channel_id: r.channel_id.clone(),
            home: "true".to_owned(),
            creator_id: r.user_id,
            ..SharedChannel::default()
        };
        let refused = |refusal: Refusal| {
            Refusal::new("api.command_share.share_channel.error", 400).about(refusal.message)
        };
        put(t, shared).map_err(refused)?;
    }
    let known = t
        .shared
        .remotes
        .get(&r.remote_id)
        .is_some_and(|remote| remote.delete_at == 0);
    if !known {
        return Err(
            Refusal::new("api.command_share.remote_id_invalid.error", 500).about(r.remote_id),
        );
    }
    let home = t
        .shared
        .channels
        .get(&r.channel_id)
        .is_some_and(|shared| shared.home == "true");
    if !home {
        return Err(Refusal::new(
            "api.command_share.channel_invite_not_home.error",
            400,
        ));
    }
    let invited = Invited {
        channel_id: r.channel_id,
        remote_id: r.remote_id,
        cursor: GetPostsSinceForSyncCursor::default(),
    };
    if !t.shared.invited.contains_key(&invited.key()) {
        t.shared.invited.put(invited);
    }
    Ok(InviteRemoteToChannelResponse::default())
}

fn uninvite(
    t: &mut Tables,
    _: &PluginId,
    r: UninviteRemoteFromChannelRequest,
) -> Result<UninviteRemoteFromChannelResponse, Refusal> {
    let left = t.shared.invited.remove(&(r.channel_id, r.remote_id));
    let unknown = || Refusal::new("api.command_share.channel_remote_id_not_exists", 500);
    left.ok_or_else(unknown)?;
    Ok(UninviteRemoteFromChannelResponse::default())
}

/// In the background each remote gets what it does not have yet; whether there is such a channel is not asked.
async fn sync(act: Act, r: SyncSharedChannelRequest) -> Result<SyncSharedChannelResponse, Refusal> {
    let remotes = act.with(|t| {
        let invited = t
            .shared
            .invited
            .keys()
            .filter(|(channel, _)| *channel == r.channel_id);
        let remotes = invited.filter_map(|(_, remote)| t.shared.remotes.get(remote));
        remotes
            .filter(|remote| remote.delete_at == 0)
            .cloned()
            .collect::<Vec<_>>()
    });
    for remote in remotes {
        let (syncing, channel_id) = (act.clone(), r.channel_id.clone());
        act.in_background(async move { sync_one(&syncing, channel_id, remote).await });
    }
    Ok(SyncSharedChannelResponse::default())
}

async fn sync_one(act: &Act, channel_id: String, remote: RemoteCluster) {
    let Ok(plugin) = PluginId::parse(&remote.plugin_id) else {
        return;
    };
    let key = (channel_id.clone(), remote.remote_id.clone());
    let message = act.with(|t| message(t, &channel_id, &key));
    let asked = OnSharedChannelsSyncMsgRequest {
        sync_msg: Some(SyncMsgJson {
            sync_msg_json: message.to_string().into(),
        }),
        remote_cluster: Some(remote),
        ..OnSharedChannelsSyncMsgRequest::default()
    };
    // Who does not answer gets the same again the next time.
    if let Reply::Answered(answer) = act
        .ask::<hook::OnSharedChannelsSyncMsg>(&plugin, asked)
        .await
        && let Ok(answer) = OnSharedChannelsSyncMsgResponse::decode(answer)
        && let Some(response) = answer.response
    {
        act.with(|t| {
            if let Some(Invited { cursor, .. }) = t.shared.invited.get_mut(&key) {
                let reached = response.posts_last_update_at;
                cursor.last_post_update_at = cursor.last_post_update_at.max(reached);
            }
        });
    }
}

/// What is new in a channel since the cursor; what came from that remote does not go back to it.
fn message(t: &mut Tables, channel_id: &str, key: &(String, String)) -> Value {
    let since = t
        .shared
        .invited
        .get(key)
        .map_or(0, |invited| invited.cursor.last_post_update_at);
    let posts = t.posts.changed_after(channel_id, since);
    let posts = posts.filter(|post| post.remote_id.as_deref() != Some(key.1.as_str()));
    let posts: Vec<_> = posts.map(written).collect();
    json!({
        "id": t.new_id(),
        "channel_id": channel_id,
        "users": {},
        "posts": posts,
        "reactions": [],
    })
}
