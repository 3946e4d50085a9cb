//! Joining teams and leaving them, with all that follows: default channels, messages that say so.

use std::sync::Arc;

use plugin_proto::pb::{
    CreateTeamMemberRequest, CreateTeamMemberResponse, CreateTeamMembersGracefullyRequest,
    CreateTeamMembersGracefullyResponse, CreateTeamMembersRequest, CreateTeamMembersResponse,
    DeleteTeamMemberRequest, DeleteTeamMemberResponse, Post, TeamMember, TeamMemberWithError, User,
    UserHasJoinedTeamRequest, UserHasLeftTeamRequest,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::roles::{Member, Of};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, channel, names, post, team, user};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        CreateTeamMember => create,
        CreateTeamMembers => create_all,
        CreateTeamMembersGracefully => create_gracefully,
        DeleteTeamMember => delete,
    );
}

async fn create(act: Act, r: CreateTeamMemberRequest) -> Result<CreateTeamMemberResponse, Refusal> {
    Ok(CreateTeamMemberResponse {
        team_member: Some(join(&act, &r.team_id, &r.user_id, "").await?),
        error: None,
    })
}

/// Ends at the first that fails; those before it stay members.
async fn create_all(
    act: Act,
    r: CreateTeamMembersRequest,
) -> Result<CreateTeamMembersResponse, Refusal> {
    let mut team_members = Vec::with_capacity(r.user_ids.len());
    for user_id in &r.user_ids {
        team_members.push(join(&act, &r.team_id, user_id, &r.requestor_id).await?);
    }
    Ok(CreateTeamMembersResponse {
        team_members,
        error: None,
    })
}

async fn create_gracefully(
    act: Act,
    r: CreateTeamMembersGracefullyRequest,
) -> Result<CreateTeamMembersGracefullyResponse, Refusal> {
    let mut team_members = Vec::with_capacity(r.user_ids.len());
    for user_id in r.user_ids {
        let joined = join(&act, &r.team_id, &user_id, &r.requestor_id).await;
        let (member, error) = match joined {
            Ok(member) => (Some(member), None),
            Err(refusal) => (
                None,
                Some(refusal.into_error("CreateTeamMembersGracefully")),
            ),
        };
        team_members.push(TeamMemberWithError {
            user_id,
            member,
            error,
        });
    }
    Ok(CreateTeamMembersGracefullyResponse {
        team_members,
        error: None,
    })
}

/// Makes a user a member, and has the default channels say so. A message that fails is only logged.
pub(in crate::memory) async fn join(
    act: &Act,
    team_id: &str,
    user_id: &str,
    requestor_id: &str,
) -> Result<TeamMember, Refusal> {
    let (member, messages) = act.with(|t| begin(t, team_id, user_id, requestor_id))?;
    for message in messages {
        post::say(act, message).await;
    }
    Ok(member)
}

fn begin(
    t: &mut Tables,
    team_id: &str,
    user_id: &str,
    requestor_id: &str,
) -> Result<(TeamMember, Vec<Post>), Refusal> {
    let team = t.teams.find(team_id)?.clone();
    let user = t.users.find(user_id)?.clone();
    let old = t.teams.member(team_id, user_id).cloned();
    if let Some(live) = old.clone().filter(|member| member.delete_at == 0) {
        return Ok((live, Vec::new()));
    }
    if !user.is_bot && !names::in_domains(&user.email, &team.allowed_domains) {
        let id = "api.team.join_user_to_team.allowed_domains.app_error";
        return Err(Refusal::new(id, 400).about(user_id));
    }
    let limit = t.config.number("TeamSettings", "MaxUsersPerTeam");
    let is_active = |id: &&str| t.users.get(id).is_some_and(|user| user.delete_at == 0);
    let members = t.teams.user_ids(team_id).filter(is_active).count();
    if usize::try_from(limit).is_ok_and(|limit| members >= limit) {
        return Err(Refusal::new(
            match old {
                None => "app.team.join_user_to_team.save_member.max_accounts.app_error",
                Some(_) => "app.team.join_user_to_team.max_accounts.app_error",
            },
            400,
        ));
    }
    let guest = is_guest(&user);
    let roles = Member {
        guest,
        user: !guest,
        admin: !team.email.is_empty() && team.email == user.email,
        explicit: String::new(),
    };
    let now = t.now();
    let member = TeamMember {
        team_id: team_id.to_owned(),
        user_id: user_id.to_owned(),
        roles: Of::Team.text(&roles),
        delete_at: 0,
        scheme_guest: roles.guest,
        scheme_user: roles.user,
        scheme_admin: roles.admin,
        create_at: old.map_or(now, |old| old.create_at),
    };
    t.teams.put_member(member.clone());
    let requestor = t.users.get(requestor_id).cloned();
    let channels = if guest {
        Vec::new()
    } else {
        team::default_channels(t)
    };
    let mut messages = Vec::new();
    let says = t.config.yes(
        "ServiceSettings",
        "ExperimentalEnableDefaultChannelLeaveJoinMessages",
    );
    for (name, _) in channels {
        let Some(channel_id) = t
            .channels
            .named(team_id, &name)
            .map(|channel| channel.id.clone())
        else {
            continue;
        };
        channel::join_quietly(t, &channel_id, &user, roles.admin);
        if says {
            let town_square = name == team::DEFAULT_CHANNELS[0].0;
            messages.push(joined(&channel_id, town_square, &user, requestor.as_ref()));
        }
    }
    t.sidebar.ensure(&mut t.fresh, user_id, team_id);
    t.users.change(user_id, |user| user.update_at = now);
    t.tell::<hook::UserHasJoinedTeam>(UserHasJoinedTeamRequest {
        team_member: Some(member.clone()),
        actor: requestor.map(user::cleaned),
        ..UserHasJoinedTeamRequest::default()
    });
    let data = || [("team_id", team_id.into()), ("user_id", user_id.into())];
    t.event("added_to_team", To::Team(team_id), data());
    t.event("added_to_team", To::User(user_id), data());
    Ok((member, messages))
}

/// Whether somebody is a guest of the server.
pub(in crate::memory) fn is_guest(user: &User) -> bool {
    user.roles
        .split_whitespace()
        .any(|role| role == "system_guest")
}

fn joined(channel_id: &str, town_square: bool, user: &User, requestor: Option<&User>) -> Post {
    let to = if town_square { "team" } else { "channel" };
    match requestor {
        None => post::system(
            channel_id,
            &user.id,
            &format!("system_join_{to}"),
            format!("{} joined the {to}.", user.username),
            &[("username", &user.username)],
        ),
        Some(requestor) => post::system(
            channel_id,
            &requestor.id,
            &format!("system_add_to_{to}"),
            format!(
                "{} added to the {to} by {}.",
                user.username, requestor.username
            ),
            &[
                ("userId", &requestor.id),
                ("username", &requestor.username),
                ("addedUserId", &user.id),
                ("addedUsername", &user.username),
            ],
        ),
    }
}

async fn delete(act: Act, r: DeleteTeamMemberRequest) -> Result<DeleteTeamMemberResponse, Refusal> {
    let message = act.with(|t| {
        if t.teams.get(&r.team_id).is_none() {
            // Sic: here a team is missed by another name.
            let id = "app.team.get_by_invite_id.finding.app_error";
            return Err(Refusal::new(id, 404).about(&r.team_id));
        }
        t.users.find(&r.user_id)?;
        remove_from(t, &r.team_id, &r.user_id, &r.requestor_id)
    })?;
    if let Some(message) = message {
        post::say(&act, message).await;
    }
    Ok(DeleteTeamMemberResponse::default())
}

/// Ends a membership, and those in the team's channels; the message that says so.
pub(in crate::memory) fn remove_from(
    t: &mut Tables,
    team_id: &str,
    user_id: &str,
    requestor_id: &str,
) -> Result<Option<Post>, Refusal> {
    let missing = || Refusal::new("api.team.remove_user_from_team.missing.app_error", 400);
    let mut member = t
        .teams
        .member(team_id, user_id)
        .cloned()
        .ok_or_else(missing)?;
    let channels: Vec<_> = t
        .channels
        .in_team(team_id)
        .map(|channel| channel.id.clone())
        .collect();
    for channel in channels {
        t.channels.remove_member(&channel, user_id);
    }
    let now = t.now();
    member.delete_at = now;
    member.roles.clear();
    (member.scheme_guest, member.scheme_user, member.scheme_admin) = (false, false, false);
    t.teams.put_member(member.clone());
    t.preferences.remove(user_id, "last", "channel");
    t.sidebar.forget(user_id, team_id);
    t.users.change(user_id, |user| user.update_at = now);
    let requestor = t.users.get(requestor_id).cloned();
    let user = t.users.find(user_id)?.clone();
    let town_square = t.channels.named(team_id, team::DEFAULT_CHANNELS[0].0);
    let says = t.config.yes(
        "ServiceSettings",
        "ExperimentalEnableDefaultChannelLeaveJoinMessages",
    );
    let message = town_square
        .filter(|_| says)
        .map(|channel| match &requestor {
            Some(requestor) if requestor.id != user.id => post::system(
                &channel.id,
                &user.id,
                "system_remove_from_team",
                format!("{} was removed from the team.", user.username),
                &[("username", &user.username)],
            ),
            _ => post::system(
                &channel.id,
                &user.id,
                "system_leave_team",
                format!("{} left the team.", user.username),
                &[("username", &user.username)],
            ),
        });
    t.tell::<hook::UserHasLeftTeam>(UserHasLeftTeamRequest {
        team_member: Some(member),
        actor: requestor.map(user::cleaned),
        ..UserHasLeftTeamRequest::default()
    });
    let data = [("team_id", team_id.into()), ("user_id", user_id.into())];
    t.event("leave_team", To::Team(team_id), data);
    Ok(message)
}
