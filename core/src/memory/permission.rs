//! What users may do: by their roles in the system, in a team, in a channel. Nothing here ever fails.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    HasPermissionToChannelRequest, HasPermissionToChannelResponse, HasPermissionToRequest,
    HasPermissionToResponse, HasPermissionToTeamRequest, HasPermissionToTeamResponse,
    RolesGrantPermissionRequest, RolesGrantPermissionResponse,
};

use crate::ids::PluginId;
use crate::memory::{Refusal, Store, Tables, handlers, roles};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        HasPermissionTo => to,
        HasPermissionToTeam => to_team,
        HasPermissionToChannel => to_channel,
        RolesGrantPermission => roles_grant,
    );
}

fn in_system(t: &Tables, user: &str, permission: &str) -> bool {
    t.users
        .get(user)
        .is_some_and(|user| grants(&user.roles, permission))
}

/// A team that is not there has no members; the system's roles are asked all the same.
fn in_team(t: &Tables, user: &str, team: &str, permission: &str) -> bool {
    let member = t
        .teams
        .member(team, user)
        .filter(|member| member.delete_at == 0);
    member.is_some_and(|member| grants(&member.roles, permission)) || in_system(t, user, permission)
}

/// Whether somebody may do that in a channel.
pub(super) fn in_channel(t: &Tables, user: &str, channel: &str, permission: &str) -> bool {
    if user.is_empty() || channel.is_empty() {
        return false;
    }
    if let Some(member) = t.channels.member(channel, user)
        && grants(&member.roles, permission)
    {
        return true;
    }
    match t.channels.get(channel) {
        Some(channel) if !channel.team_id.is_empty() => {
            in_team(t, user, &channel.team_id, permission)
        }
        _ => in_system(t, user, permission),
    }
}

fn grants(text: &str, permission: &str) -> bool {
    roles::grant(text.split_whitespace(), permission)
}

fn to(
    t: &mut Tables,
    _: &PluginId,
    r: HasPermissionToRequest,
) -> Result<HasPermissionToResponse, Refusal> {
    Ok(HasPermissionToResponse {
        has_permission: in_system(t, &r.user_id, &r.permission_id),
        error: None,
    })
}

fn to_team(
    t: &mut Tables,
    _: &PluginId,
    r: HasPermissionToTeamRequest,
) -> Result<HasPermissionToTeamResponse, Refusal> {
    let said = !r.user_id.is_empty() && !r.team_id.is_empty();
    Ok(HasPermissionToTeamResponse {
        has_permission: said && in_team(t, &r.user_id, &r.team_id, &r.permission_id),
        error: None,
    })
}

fn to_channel(
    t: &mut Tables,
    _: &PluginId,
    r: HasPermissionToChannelRequest,
) -> Result<HasPermissionToChannelResponse, Refusal> {
    Ok(HasPermissionToChannelResponse {
        has_permission: in_channel(t, &r.user_id, &r.channel_id, &r.permission_id),
        error: None,
    })
}

fn roles_grant(
    _: &mut Tables,
    _: &PluginId,
    r: RolesGrantPermissionRequest,
) -> Result<RolesGrantPermissionResponse, Refusal> {
    let names = r.role_names.iter().map(String::as_str);
    Ok(RolesGrantPermissionResponse {
        has_permission: roles::grant(names, &r.permission_id),
        error: None,
    })
}
