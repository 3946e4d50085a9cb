//! Changes to users: profile, roles, sign-in, whether they are active.

use std::sync::Arc;

use plugin_proto::pb::{
    ChannelType, DeleteUserRequest, DeleteUserResponse, GetLdapUserAttributesRequest,
    GetLdapUserAttributesResponse, UpdateUserActiveRequest, UpdateUserActiveResponse,
    UpdateUserAuthRequest, UpdateUserAuthResponse, UpdateUserRequest, UpdateUserResponse,
    UpdateUserRolesRequest, UpdateUserRolesResponse, User, UserHasBeenDeactivatedRequest,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::user::{missing, name_taken, rules};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, bot, handlers, names, roles, status};

/// Ways to sign in whose users have the address that the other side knows.
const OAUTH: &[&str] = &["gitlab", "google", "office365", "openid"];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        DeleteUser => delete,
        UpdateUser => update,
        UpdateUserActive => update_active,
        UpdateUserAuth => update_auth,
        UpdateUserRoles => update_roles,
        GetLDAPUserAttributes => ldap_attributes,
    );
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserRequest,
) -> Result<UpdateUserResponse, Refusal> {
    let user = replace(t, r.user.unwrap_or_default())?;
    Ok(UpdateUserResponse {
        user: Some(user),
        error: None,
    })
}

/// Replaces a user's profile; the user as it is shown.
pub(in crate::memory) fn replace(t: &mut Tables, given: User) -> Result<User, Refusal> {
    let old = t.users.find(&given.id)?.clone();
    if t.groups.is_name(&given.username.to_lowercase()) {
        return Err(name_taken());
    }
    let mut user = rules::normalized(given);
    let is_guest = old
        .roles
        .split_whitespace()
        .any(|role| role == "system_guest");
    let domains = t.config.text("TeamSettings", "RestrictCreationToDomains");
    if user.email != old.email && !old.is_bot && !names::in_domains(&user.email, &domains) {
        return Err(Refusal::new(
            match is_guest {
                true => "api.user.update_user.accepted_guest_domain.app_error",
                false => "api.user.update_user.accepted_domain.app_error",
            },
            400,
        ));
    }
    if old.auth_service == "ldap" && (user.username != old.username || user.email != old.email) {
        return Err(Refusal::new("app.user.update.find.app_error", 400));
    }
    keep(&mut user, &old, t.now());
    let must_verify = t.config.yes("EmailSettings", "RequireEmailVerification");
    if must_verify || OAUTH.contains(&old.auth_service.as_str()) {
        user.email.clone_from(&old.email);
    } else if user.email != old.email {
        user.email_verified = false;
    }
    rules::set_defaults(&mut user);
    if user.username != old.username {
        drop_mention_key(&mut user, &old.username);
    }
    rules::check(&user)?;
    t.users.check_unique(&user)?;
    t.users.put(user.clone());
    let shown = rules::cleaned(user);
    t.event("user_updated", To::All, [("user", written(&shown))]);
    Ok(shown)
}

/// What an update does not touch.
fn keep(user: &mut User, old: &User, now: i64) {
    user.create_at = old.create_at;
    user.update_at = now;
    user.delete_at = old.delete_at;
    user.auth_data.clone_from(&old.auth_data);
    user.auth_service.clone_from(&old.auth_service);
    user.password.clone_from(&old.password);
    user.last_password_update = old.last_password_update;
    user.last_picture_update = old.last_picture_update;
    user.email_verified = old.email_verified;
    user.failed_attempts = old.failed_attempts;
    user.mfa_active = old.mfa_active;
    user.mfa_secret.clone_from(&old.mfa_secret);
    user.last_login = old.last_login;
    user.roles.clone_from(&old.roles);
    user.is_bot = old.is_bot;
    user.bot_description.clone_from(&old.bot_description);
    user.bot_last_icon_update = old.bot_last_icon_update;
}

fn drop_mention_key(user: &mut User, old_name: &str) {
    if let Some(keys) = user.notify_props.get_mut("mention_keys") {
        let at_name = format!("@{old_name}");
        let kept = keys
            .split(',')
            .filter(|key| *key != old_name && *key != at_name);
        *keys = kept.collect::<Vec<_>>().join(",");
    }
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteUserRequest,
) -> Result<DeleteUserResponse, Refusal> {
    set_active(t, &r.user_id, false)?;
    Ok(DeleteUserResponse::default())
}

fn update_active(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserActiveRequest,
) -> Result<UpdateUserActiveResponse, Refusal> {
    set_active(t, &r.user_id, r.active)?;
    Ok(UpdateUserActiveResponse::default())
}

/// Activates or deactivates a user, with all that follows from it.
pub(in crate::memory) fn set_active(t: &mut Tables, id: &str, active: bool) -> Result<(), Refusal> {
    let was_active = t.users.find(id)?.delete_at == 0;
    if active && !was_active {
        let live = t
            .users
            .rows
            .values()
            .filter(|user| user.delete_at == 0 && !user.is_bot);
        if t.user_limit.is_some_and(|limit| live.count() >= limit) {
            return Err(Refusal::new(
                "app.user.update_active.user_limit.exceeded",
                400,
            ));
        }
    }
    let now = t.now();
    t.users.change(id, |user| {
        user.update_at = now;
        user.delete_at = if active { 0 } else { now };
    });
    let shown = rules::cleaned(t.users.find(id)?.clone());
    t.event("user_updated", To::All, [("user", written(&shown))]);
    archive_direct(t, id, active);
    if !active {
        bot::disable_owned(t, id)?;
        t.sessions.forget_user(id);
        status::go_offline(t, id);
        t.tell::<hook::UserHasBeenDeactivated>(UserHasBeenDeactivatedRequest {
            user: Some(shown),
            ..UserHasBeenDeactivatedRequest::default()
        });
    }
    Ok(())
}

/// The direct channels of somebody who is deactivated are archived, until they are back.
fn archive_direct(t: &mut Tables, id: &str, active: bool) {
    let now = t.now();
    let channels = t
        .channels
        .of_user(id)
        .filter_map(|member| t.channels.get(&member.channel_id));
    let direct = channels.filter(|channel| channel.r#type == i32::from(ChannelType::Direct));
    let direct: Vec<_> = direct.map(|channel| channel.id.clone()).collect();
    for channel in direct {
        t.channels.change(&channel, |channel| {
            channel.delete_at = if active { 0 } else { now };
            channel.update_at = now;
        });
    }
}

/// Who is not there is no error here.
fn update_auth(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserAuthRequest,
) -> Result<UpdateUserAuthResponse, Refusal> {
    let auth = r.user_auth.unwrap_or_default();
    let data = auth.auth_data.clone().filter(|data| !data.is_empty());
    let holds = |user: &User| user.id != r.user_id && user.auth_data == data;
    if data.is_some() && t.users.rows.values().any(holds) {
        return Err(Refusal::new(
            "app.user.update_auth_data.email_exists.app_error",
            400,
        ));
    }
    let now = t.now();
    t.users.change(&r.user_id, |user| {
        user.auth_service.clone_from(&auth.auth_service);
        user.auth_data = data;
        user.password.clear();
        user.last_password_update = now;
        user.update_at = now;
    });
    Ok(UpdateUserAuthResponse {
        user_auth: Some(auth),
        error: None,
    })
}

fn update_roles(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserRolesRequest,
) -> Result<UpdateUserRolesResponse, Refusal> {
    let old = t.users.get(&r.user_id).cloned();
    // Sic: here a user who is not there is a bad request.
    let old = old.ok_or_else(|| missing(&r.user_id).coded(400))?;
    if let Some(unknown) = roles::unknown_role(&r.new_roles) {
        return Err(Refusal::new("app.role.check_roles_exist.role_not_found", 400).about(unknown));
    }
    let is_admin = |roles: &str| roles.split_whitespace().any(|role| role == "system_admin");
    let others = |user: &User| user.id != old.id && user.delete_at == 0 && is_admin(&user.roles);
    if is_admin(&old.roles) && !is_admin(&r.new_roles) && !t.users.rows.values().any(others) {
        return Err(Refusal::new("app.user.update.lastAdmin.app_error", 400));
    }
    let now = t.now();
    t.users.change(&old.id, |user| {
        user.roles.clone_from(&r.new_roles);
        user.update_at = now;
    });
    t.sessions.change_roles(&old.id, &r.new_roles);
    let data = [
        ("user_id", old.id.clone().into()),
        ("roles", r.new_roles.into()),
    ];
    t.event("user_role_updated", To::User(&old.id), data);
    Ok(UpdateUserRolesResponse {
        user: Some(rules::cleaned(t.users.find(&old.id)?.clone())),
        error: None,
    })
}

fn ldap_attributes(
    _: &mut Tables,
    _: &PluginId,
    _: GetLdapUserAttributesRequest,
) -> Result<GetLdapUserAttributesResponse, Refusal> {
    Err(Refusal::new("ent.ldap.disabled.app_error", 501)
        .said("AD/LDAP disabled or licence does not support AD/LDAP."))
}
