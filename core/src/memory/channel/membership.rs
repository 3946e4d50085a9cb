//! Joining channels and leaving them, with the messages that say so.

use std::sync::Arc;

use plugin_proto::pb::{
    AddChannelMemberRequest, AddChannelMemberResponse, AddUserToChannelRequest,
    AddUserToChannelResponse, ChannelMember, DeleteChannelMemberRequest,
    DeleteChannelMemberResponse, Post, User, UserHasJoinedChannelRequest,
    UserHasLeftChannelRequest,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::channel::{is_direct, members, notify};
use crate::memory::roles::{Member, Of};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, post, team, user};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        AddChannelMember => add,
        AddUserToChannel => add_as,
        DeleteChannelMember => leave,
    );
}

/// A new member, with what a new member has.
pub(in crate::memory) fn new_member(
    channel_id: &str,
    user: &User,
    admin: bool,
    now: i64,
) -> ChannelMember {
    let guest = team::is_guest(user);
    let roles = Member {
        guest,
        user: !guest,
        admin,
        explicit: String::new(),
    };
    ChannelMember {
        channel_id: channel_id.to_owned(),
        user_id: user.id.clone(),
        roles: Of::Channel.text(&roles),
        notify_props: notify::defaults(),
        last_update_at: now,
        scheme_guest: roles.guest,
        scheme_user: roles.user,
        scheme_admin: roles.admin,
        ..ChannelMember::default()
    }
}

/// Makes somebody a member without telling anybody; who is one already stays as they are.
pub(in crate::memory) fn join_quietly(t: &mut Tables, channel_id: &str, user: &User, admin: bool) {
    if !t.channels.has_member(channel_id, &user.id) {
        let now = t.now();
        t.channels
            .put_member(new_member(channel_id, user, admin, now));
    }
}

async fn add(act: Act, r: AddChannelMemberRequest) -> Result<AddChannelMemberResponse, Refusal> {
    let member = join(&act, &r.channel_id, &r.user_id, "").await?;
    Ok(AddChannelMemberResponse {
        channel_member: Some(member),
        error: None,
    })
}

async fn add_as(act: Act, r: AddUserToChannelRequest) -> Result<AddUserToChannelResponse, Refusal> {
    let member = join(&act, &r.channel_id, &r.user_id, &r.as_user_id).await?;
    Ok(AddUserToChannelResponse {
        channel_member: Some(member),
        error: None,
    })
}

/// What is still to be said when somebody has become a member.
enum Said {
    Nothing,
    /// Before the call has its answer.
    InTheCall(Post),
    /// In the background.
    Afterwards(Post),
}

/// Makes a user a member, and has the channel say so.
pub(in crate::memory) async fn join(
    act: &Act,
    channel_id: &str,
    user_id: &str,
    as_user_id: &str,
) -> Result<ChannelMember, Refusal> {
    let (member, said) = act.with(|t| begin(t, channel_id, user_id, as_user_id))?;
    match said {
        Said::Nothing => {}
        Said::InTheCall(message) => {
            // The member is one all the same.
            post::create_system(act, message).await.map_err(|refusal| {
                let id = "api.channel.post_user_add_remove_message_and_forget.error";
                Refusal::new(id, 500).about(refusal.to_string())
            })?;
        }
        Said::Afterwards(message) => {
            let in_background = act.clone();
            act.in_background(async move { post::say(&in_background, message).await });
        }
    }
    Ok(member)
}

fn begin(
    t: &mut Tables,
    channel_id: &str,
    user_id: &str,
    as_user_id: &str,
) -> Result<(ChannelMember, Said), Refusal> {
    let channel = t.channels.find(channel_id)?.clone();
    let user = t.users.find(user_id)?.clone();
    let actor = match as_user_id {
        "" => None,
        id => Some(t.users.find(id)?.clone()),
    };
    if let Some(member) = t.channels.member(channel_id, user_id) {
        return Ok((member.clone(), Said::Nothing));
    }
    if user.delete_at != 0 {
        return Err(Refusal::new(
            "app.channel.add_member.deleted_user.app_error",
            403,
        ));
    }
    // A direct channel is in no team, so nobody is a member of its team.
    if team::find_member(t, &channel.team_id, user_id)?.delete_at != 0 {
        let id = "api.channel.add_user.to.channel.failed.deleted.app_error";
        return Err(Refusal::new(id, 400));
    }
    if is_direct(&channel) {
        let id = "api.channel.add_user_to_channel.type.app_error";
        return Err(Refusal::new(id, 400));
    }
    let bound = channel.group_constrained == Some(true) && !user.is_bot;
    if bound && !t.groups.admits(channel_id, user_id) {
        return Err(Refusal::new("api.channel.add_members.user_denied", 400).about(user_id));
    }
    let now = t.now();
    let member = new_member(channel_id, &user, false, now);
    t.channels.put_member(member.clone());
    t.tell::<hook::UserHasJoinedChannel>(UserHasJoinedChannelRequest {
        channel_member: Some(member.clone()),
        actor: actor.clone().map(user::cleaned),
        ..UserHasJoinedChannelRequest::default()
    });
    let data = [
        ("user_id", user_id.into()),
        ("team_id", channel.team_id.into()),
    ];
    t.event("user_added", To::Channel(channel_id), data);
    let said = match actor.filter(|actor| actor.id != user.id) {
        Some(actor) => Said::Afterwards(added(channel_id, &user, &actor)),
        None => Said::InTheCall(joined(channel_id, &user)),
    };
    Ok((member, said))
}

fn joined(channel_id: &str, user: &User) -> Post {
    let (kind, text) = match team::is_guest(user) {
        true => (
            "system_guest_join_channel",
            format!("{} joined the channel as guest.", user.username),
        ),
        false => (
            "system_join_channel",
            format!("{} joined the channel.", user.username),
        ),
    };
    post::system(
        channel_id,
        &user.id,
        kind,
        text,
        &[("username", &user.username)],
    )
}

fn added(channel_id: &str, user: &User, actor: &User) -> Post {
    post::system(
        channel_id,
        &actor.id,
        "system_add_to_channel",
        format!(
            "{} added to the channel by {}.",
            user.username, actor.username
        ),
        &[
            ("userId", &actor.id),
            ("username", &actor.username),
            ("addedUserId", &user.id),
            ("addedUsername", &user.username),
        ],
    )
}

async fn leave(
    act: Act,
    r: DeleteChannelMemberRequest,
) -> Result<DeleteChannelMemberResponse, Refusal> {
    let message = act.with(|t| end(t, &r.channel_id, &r.user_id))?;
    let in_background = act.clone();
    act.in_background(async move { post::say(&in_background, message).await });
    Ok(DeleteChannelMemberResponse::default())
}

/// Ends a membership as if the user ended it; the message that says so.
fn end(t: &mut Tables, channel_id: &str, user_id: &str) -> Result<Post, Refusal> {
    let channel = t.channels.find(channel_id)?.clone();
    let user = t.users.find(user_id)?.clone();
    if is_direct(&channel) {
        return Err(Refusal::new("api.channel.leave.direct.app_error", 400));
    }
    if channel.name == team::DEFAULT_CHANNELS[0].0 && !team::is_guest(&user) {
        return Err(Refusal::new("api.channel.remove.default.app_error", 400));
    }
    let member = members::find(t, channel_id, user_id)?.clone();
    t.channels.remove_member(channel_id, user_id);
    // A guest is in a team for its channels only.
    if team::is_guest(&user) && !is_in_channels_of(t, user_id, &channel.team_id) {
        team::remove_from(t, &channel.team_id, user_id, "").map(drop)?;
    }
    let shown = user::cleaned(user.clone());
    t.tell::<hook::UserHasLeftChannel>(UserHasLeftChannelRequest {
        channel_member: Some(member),
        actor: Some(shown),
        ..UserHasLeftChannelRequest::default()
    });
    let data = || {
        [
            ("user_id", user_id.into()),
            ("remover_id", user_id.into()),
            ("channel_id", channel_id.into()),
        ]
    };
    t.event("user_removed", To::Channel(channel_id), data());
    t.event("user_removed", To::User(user_id), data());
    Ok(post::system(
        channel_id,
        user_id,
        "system_leave_channel",
        format!("{} has left the channel.", user.username),
        &[("username", &user.username)],
    ))
}

fn is_in_channels_of(t: &Tables, user_id: &str, team_id: &str) -> bool {
    let members = t.channels.of_user(user_id);
    let mut channels = members.filter_map(|member| t.channels.get(&member.channel_id));
    channels.any(|channel| channel.team_id == team_id)
}

/// Takes a member out, as the server does it by itself: plugins hear of it, and nobody else.
pub(in crate::memory) fn remove(
    t: &mut Tables,
    channel_id: &str,
    user_id: &str,
) -> Result<(), Refusal> {
    let member = members::find(t, channel_id, user_id)?.clone();
    t.channels.remove_member(channel_id, user_id);
    t.tell::<hook::UserHasLeftChannel>(UserHasLeftChannelRequest {
        channel_member: Some(member),
        ..UserHasLeftChannelRequest::default()
    });
    Ok(())
}
