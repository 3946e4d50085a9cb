//! Members of groups.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    DeleteGroupMemberRequest, DeleteGroupMemberResponse, GetGroupMemberUsersRequest,
    GetGroupMemberUsersResponse, GetGroupsForUserRequest, GetGroupsForUserResponse, GroupMember,
    UpsertGroupMemberRequest, UpsertGroupMemberResponse, UpsertGroupMembersRequest,
    UpsertGroupMembersResponse, User,
};

use crate::ids::PluginId;
use crate::memory::group::no_rows;
use crate::memory::page::Page;
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, handlers, user};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetGroupMemberUsers => users,
        GetGroupsForUser => of_user,
        UpsertGroupMember => upsert,
        UpsertGroupMembers => upsert_all,
        DeleteGroupMember => delete,
    );
}

fn users(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupMemberUsersRequest,
) -> Result<GetGroupMemberUsersResponse, Refusal> {
    let members = t
        .groups
        .live_members()
        .filter(|member| member.group_id == r.group_id);
    let users = members.filter_map(|member| t.users.get(&member.user_id));
    let mut users: Vec<&User> = users.filter(|user| user.delete_at == 0).collect();
    users.sort_unstable_by(|one, other| one.username.cmp(&other.username));
    let page = Page::of(r.page, r.per_page).cut(users.into_iter());
    Ok(GetGroupMemberUsersResponse {
        users: page.cloned().map(user::cleaned).collect(),
        error: None,
    })
}

/// Deleted groups, too.
fn of_user(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupsForUserRequest,
) -> Result<GetGroupsForUserResponse, Refusal> {
    let members = t
        .groups
        .live_members()
        .filter(|member| member.user_id == r.user_id);
    let groups = members.filter_map(|member| t.groups.get(&member.group_id));
    Ok(GetGroupsForUserResponse {
        groups: groups.cloned().collect(),
        error: None,
    })
}

fn upsert(
    t: &mut Tables,
    _: &PluginId,
    r: UpsertGroupMemberRequest,
) -> Result<UpsertGroupMemberResponse, Refusal> {
    Ok(UpsertGroupMemberResponse {
        group_member: put_all(t, &r.group_id, &[r.user_id])?.pop(),
        error: None,
    })
}

fn upsert_all(
    t: &mut Tables,
    _: &PluginId,
    r: UpsertGroupMembersRequest,
) -> Result<UpsertGroupMembersResponse, Refusal> {
    Ok(UpsertGroupMembersResponse {
        group_members: put_all(t, &r.group_id, &r.user_ids)?,
        error: None,
    })
}

/// All or nothing. Who is a member already is one anew.
fn put_all(
    t: &mut Tables,
    group_id: &str,
    user_ids: &[String],
) -> Result<Vec<GroupMember>, Refusal> {
    let is_active = |id: &String| t.users.get(id).is_some_and(|user| user.delete_at == 0);
    let known = t.groups.get(group_id).is_some() && !user_ids.is_empty();
    if !known || !user_ids.iter().all(is_active) {
        return Err(Refusal::new("app.update_error", 500));
    }
    let now = t.now();
    let mut members = Vec::with_capacity(user_ids.len());
    for user_id in user_ids {
        let member = GroupMember {
            group_id: group_id.to_owned(),
            user_id: user_id.clone(),
            create_at: now,
            delete_at: 0,
        };
        t.groups.put_member(member.clone());
        t.event(
            "group_member_add",
            To::User(user_id),
            [("group_id", group_id.into())],
        );
        members.push(member);
    }
    Ok(members)
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteGroupMemberRequest,
) -> Result<DeleteGroupMemberResponse, Refusal> {
    let member = t.groups.member(&r.group_id, &r.user_id);
    let member = member.filter(|member| member.delete_at == 0).cloned();
    let mut member = member.ok_or_else(no_rows)?;
    member.delete_at = t.now();
    t.groups.put_member(member.clone());
    let data = [("group_id", r.group_id.into())];
    t.event("group_member_deleted", To::User(&r.user_id), data);
    Ok(DeleteGroupMemberResponse {
        group_member: Some(member),
        error: None,
    })
}
