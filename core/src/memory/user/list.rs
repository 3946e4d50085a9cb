//! Lists of users.

use std::collections::BTreeSet;
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetUsersByIdsRequest, GetUsersByIdsResponse, GetUsersByUsernamesRequest,
    GetUsersByUsernamesResponse, GetUsersInChannelRequest, GetUsersInChannelResponse,
    GetUsersInTeamRequest, GetUsersInTeamResponse, GetUsersRequest, GetUsersResponse, User,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::user::rules::{cleaned, profile};
use crate::memory::{Refusal, Store, Tables, handlers, status};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetUsers => list,
        GetUsersByIds => by_ids,
        GetUsersByUsernames => by_usernames,
        GetUsersInTeam => in_team,
        GetUsersInChannel => in_channel,
    );
}

fn list(t: &mut Tables, _: &PluginId, r: GetUsersRequest) -> Result<GetUsersResponse, Refusal> {
    let restrictions = r.view_restrictions.as_ref();
    let visible = |user: &User| {
        restrictions.is_none_or(|limits| {
            limits
                .teams
                .iter()
                .any(|team| t.teams.has_member(team, &user.id))
                || limits
                    .channels
                    .iter()
                    .any(|channel| t.channels.has_member(channel, &user.id))
        })
    };
    let wanted = |user: &&User| {
        let roles = |role: &str| user.roles.split_whitespace().any(|has| has == role);
        (r.role.is_empty() || user.roles.contains(&r.role))
            && (r.roles.is_empty() || r.roles.iter().any(|role| roles(role)))
            && match (r.inactive, r.active) {
                (true, _) => user.delete_at != 0,
                (false, true) => user.delete_at == 0,
                (false, false) => true,
            }
            && visible(user)
    };
    let users = t.users.by_name().filter(wanted).cloned().map(cleaned);
    Ok(GetUsersResponse {
        users: Page::of(r.page, r.per_page).cut(users).collect(),
        error: None,
    })
}

fn by_ids(
    t: &mut Tables,
    _: &PluginId,
    r: GetUsersByIdsRequest,
) -> Result<GetUsersByIdsResponse, Refusal> {
    let ids: BTreeSet<_> = r.user_ids.iter().collect();
    let users = ids.into_iter().filter_map(|id| t.users.get(id)).cloned();
    Ok(GetUsersByIdsResponse {
        users: users.collect(),
        error: None,
    })
}

fn by_usernames(
    t: &mut Tables,
    _: &PluginId,
    r: GetUsersByUsernamesRequest,
) -> Result<GetUsersByUsernamesResponse, Refusal> {
    let names: BTreeSet<_> = r.usernames.iter().collect();
    let users = names
        .into_iter()
        .filter_map(|name| t.users.named(name))
        .cloned();
    Ok(GetUsersByUsernamesResponse {
        users: users.map(profile).collect(),
        error: None,
    })
}

fn in_team(
    t: &mut Tables,
    _: &PluginId,
    r: GetUsersInTeamRequest,
) -> Result<GetUsersInTeamResponse, Refusal> {
    let mut users: Vec<_> = t
        .teams
        .user_ids(&r.team_id)
        .filter_map(|id| t.users.get(id))
        .collect();
    users.sort_unstable_by(|one, other| one.username.cmp(&other.username));
    let page = Page::of(r.page, r.per_page).cut(users.into_iter());
    Ok(GetUsersInTeamResponse {
        users: page.cloned().map(cleaned).collect(),
        error: None,
    })
}

fn in_channel(
    t: &mut Tables,
    _: &PluginId,
    r: GetUsersInChannelRequest,
) -> Result<GetUsersInChannelResponse, Refusal> {
    let members: Vec<String> = t
        .channels
        .user_ids(&r.channel_id)
        .map(str::to_owned)
        .collect();
    let rank = |t: &mut Tables, id: &str| match r.sort_by.as_str() {
        "username" => Ok(0),
        "status" => Ok(match status::of(t, id).status.as_str() {
            "online" => 0,
            "away" => 1,
            "dnd" => 2,
            _ => 3,
        }),
        _ => Err(Refusal::bad_request(
            "plugin.api.get_users_in_channel",
            "invalid sort option",
        )),
    };
    // The order is checked before anything is looked up.
    rank(t, "")?;
    let mut users = Vec::with_capacity(members.len());
    for id in members {
        let rank = rank(t, &id)?;
        users.extend(t.users.get(&id).map(|user| (rank, user.clone())));
    }
    users.sort_unstable_by(|(one, a), (other, b)| (one, &a.username).cmp(&(other, &b.username)));
    let page = Page::of(r.page, r.per_page).cut(users.into_iter());
    Ok(GetUsersInChannelResponse {
        users: page.map(|(_, user)| cleaned(user)).collect(),
        error: None,
    })
}
