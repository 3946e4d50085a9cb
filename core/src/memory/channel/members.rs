//! Members of channels: looking at them, and their roles.

use std::collections::BTreeSet;
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    ChannelMember, GetChannelMemberRequest, GetChannelMemberResponse,
    GetChannelMembersByIdsRequest, GetChannelMembersByIdsResponse, GetChannelMembersForUserRequest,
    GetChannelMembersForUserResponse, GetChannelMembersRequest, GetChannelMembersResponse,
    UpdateChannelMemberRolesRequest, UpdateChannelMemberRolesResponse,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::roles::{Member, Of};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, handlers};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetChannelMember => get,
        GetChannelMembers => list,
        GetChannelMembersByIds => by_ids,
        GetChannelMembersForUser => of_user,
        UpdateChannelMemberRoles => update_roles,
    );
}

/// A membership, or the refusal for it.
pub(super) fn find<'a>(
    t: &'a Tables,
    channel: &str,
    user: &str,
) -> Result<&'a ChannelMember, Refusal> {
    t.channels.member(channel, user).ok_or_else(|| {
        Refusal::new("app.channel.get_member.missing.app_error", 404)
            .said("No channel member found for that user ID and channel ID.")
            .about(format!("channel_id={channel} user_id={user}"))
    })
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelMemberRequest,
) -> Result<GetChannelMemberResponse, Refusal> {
    Ok(GetChannelMemberResponse {
        channel_member: Some(find(t, &r.channel_id, &r.user_id)?.clone()),
        error: None,
    })
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelMembersRequest,
) -> Result<GetChannelMembersResponse, Refusal> {
    let page = Page::unlimited_if_zero(r.page, r.per_page);
    Ok(GetChannelMembersResponse {
        channel_members: page
            .cut(t.channels.members(&r.channel_id))
            .cloned()
            .collect(),
        error: None,
    })
}

fn by_ids(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelMembersByIdsRequest,
) -> Result<GetChannelMembersByIdsResponse, Refusal> {
    let ids: BTreeSet<_> = r.user_ids.iter().collect();
    let members = ids
        .into_iter()
        .filter_map(|id| t.channels.member(&r.channel_id, id));
    Ok(GetChannelMembersByIdsResponse {
        channel_members: members.cloned().collect(),
        error: None,
    })
}

/// Of which team is asked for does not matter.
fn of_user(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelMembersForUserRequest,
) -> Result<GetChannelMembersForUserResponse, Refusal> {
    let page = Page::of(r.page, r.per_page).cut(t.channels.of_user(&r.user_id));
    Ok(GetChannelMembersForUserResponse {
        channel_members: page.cloned().collect(),
        error: None,
    })
}

fn update_roles(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateChannelMemberRolesRequest,
) -> Result<UpdateChannelMemberRolesResponse, Refusal> {
    let mut member = find(t, &r.channel_id, &r.user_id)?.clone();
    let old = Member {
        guest: member.scheme_guest,
        user: member.scheme_user,
        admin: member.scheme_admin,
        explicit: String::new(),
    };
    let new = Of::Channel.update(&old, &r.new_roles)?;
    member.roles = Of::Channel.text(&new);
    (member.scheme_guest, member.scheme_user, member.scheme_admin) =
        (new.guest, new.user, new.admin);
    member.last_update_at = t.now();
    put(t, &member);
    Ok(UpdateChannelMemberRolesResponse {
        channel_member: Some(member),
        error: None,
    })
}

/// Writes a changed member, and says so.
pub(super) fn put(t: &mut Tables, member: &ChannelMember) {
    t.channels.put_member(member.clone());
    let data = [("channelMember", written(member))];
    t.event("channel_member_updated", To::User(&member.user_id), data);
}
