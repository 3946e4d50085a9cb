//! Members of teams: looking at them, and at what they have not read; their roles.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetTeamMemberRequest, GetTeamMemberResponse, GetTeamMembersForUserRequest,
    GetTeamMembersForUserResponse, GetTeamMembersRequest, GetTeamMembersResponse,
    GetTeamStatsRequest, GetTeamStatsResponse, GetTeamsUnreadForUserRequest,
    GetTeamsUnreadForUserResponse, TeamMember, TeamStats, TeamUnread, UpdateTeamMemberRolesRequest,
    UpdateTeamMemberRolesResponse,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::roles::{Member, Of};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, handlers};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetTeamMember => get,
        GetTeamMembers => list,
        GetTeamMembersForUser => of_user,
        GetTeamStats => stats,
        GetTeamsUnreadForUser => unread,
        UpdateTeamMemberRoles => update_roles,
    );
}

/// A membership, also one that is over, or the refusal for it.
pub(in crate::memory) fn find<'a>(
    t: &'a Tables,
    team: &str,
    user: &str,
) -> Result<&'a TeamMember, Refusal> {
    t.teams.member(team, user).ok_or_else(|| {
        Refusal::new("app.team.get_member.missing.app_error", 404)
            .said("No team member found for that user ID and team ID.")
            .about(format!("team_id={team} user_id={user}"))
    })
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamMemberRequest,
) -> Result<GetTeamMemberResponse, Refusal> {
    Ok(GetTeamMemberResponse {
        team_member: Some(find(t, &r.team_id, &r.user_id)?.clone()),
        error: None,
    })
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamMembersRequest,
) -> Result<GetTeamMembersResponse, Refusal> {
    let page = Page::of(r.page, r.per_page).cut(t.teams.members(&r.team_id));
    Ok(GetTeamMembersResponse {
        team_members: page.cloned().collect(),
        error: None,
    })
}

/// Those that are over, too.
fn of_user(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamMembersForUserRequest,
) -> Result<GetTeamMembersForUserResponse, Refusal> {
    let page = Page::of(r.page, r.per_page).cut(t.teams.of_user(&r.user_id));
    Ok(GetTeamMembersForUserResponse {
        team_members: page.cloned().collect(),
        error: None,
    })
}

fn stats(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamStatsRequest,
) -> Result<GetTeamStatsResponse, Refusal> {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let is_active = |id: &&str| t.users.get(id).is_some_and(|user| user.delete_at == 0);
    let stats = TeamStats {
        total_member_count: count(t.teams.user_ids(&r.team_id).count()),
        active_member_count: count(t.teams.user_ids(&r.team_id).filter(is_active).count()),
        team_id: r.team_id,
    };
    Ok(GetTeamStatsResponse {
        team_stats: Some(stats),
        error: None,
    })
}

/// Summed over the user's channels that are not archived; direct ones are in no team.
fn unread(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamsUnreadForUserRequest,
) -> Result<GetTeamsUnreadForUserResponse, Refusal> {
    let teams = t
        .teams
        .of_user(&r.user_id)
        .filter(|member| member.delete_at == 0);
    let unread = teams.map(|member| {
        let mut unread = TeamUnread {
            team_id: member.team_id.clone(),
            ..TeamUnread::default()
        };
        for member in t.channels.of_user(&r.user_id) {
            let channel = t.channels.get(&member.channel_id);
            let counted = channel
                .filter(|channel| channel.team_id == unread.team_id && channel.delete_at == 0);
            let Some(channel) = counted else {
                continue;
            };
            let only_mentions = member
                .notify_props
                .get("mark_unread")
                .is_some_and(|mark| mark == "mention");
            if !only_mentions {
                unread.msg_count += channel.total_msg_count - member.msg_count;
                unread.msg_count_root += channel.total_msg_count_root - member.msg_count_root;
            }
            unread.mention_count += member.mention_count;
            unread.mention_count_root += member.mention_count_root;
        }
        unread
    });
    Ok(GetTeamsUnreadForUserResponse {
        team_unreads: unread.collect(),
        error: None,
    })
}

fn update_roles(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateTeamMemberRolesRequest,
) -> Result<UpdateTeamMemberRolesResponse, Refusal> {
    let mut member = find(t, &r.team_id, &r.user_id)?.clone();
    let old = Member {
        guest: member.scheme_guest,
        user: member.scheme_user,
        admin: member.scheme_admin,
        explicit: String::new(),
    };
    let new = Of::Team.update(&old, &r.new_roles)?;
    member.roles = Of::Team.text(&new);
    (member.scheme_guest, member.scheme_user, member.scheme_admin) =
        (new.guest, new.user, new.admin);
    t.teams.put_member(member.clone());
    t.event(
        "memberrole_updated",
        To::User(&member.user_id),
        [("member", written(&member))],
    );
    Ok(UpdateTeamMemberRolesResponse {
        team_member: Some(member),
        error: None,
    })
}
