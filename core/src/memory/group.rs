//! Groups of users, and the teams and channels that they are linked with.

mod members;

mod rules;

mod syncable;

mod table;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse,
    GetGroupByNameRequest, GetGroupByNameResponse, GetGroupByRemoteIdRequest,
    GetGroupByRemoteIdResponse, GetGroupRequest, GetGroupResponse, GetGroupsBySourceRequest,
    GetGroupsBySourceResponse, GetGroupsRequest, GetGroupsResponse, Group, RestoreGroupRequest,
    RestoreGroupResponse, UpdateGroupRequest, UpdateGroupResponse,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, handlers};

pub(super) use table::Groups;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetGroup => get,
        GetGroupByName => by_name,
        GetGroupByRemoteID => by_remote_id,
        GetGroupsBySource => by_source,
        GetGroups => list,
        CreateGroup => create,
        UpdateGroup => update,
        DeleteGroup => delete,
        RestoreGroup => restore,
    );
    members::register(methods, store, caller);
    syncable::register(methods, store, caller);
}

/// Nothing of that kind is there.
fn no_rows() -> Refusal {
    Refusal::new("app.group.no_rows", 404)
}

fn get(t: &mut Tables, _: &PluginId, r: GetGroupRequest) -> Result<GetGroupResponse, Refusal> {
    Ok(GetGroupResponse {
        group: Some(t.groups.get(&r.group_id).ok_or_else(no_rows)?.clone()),
        error: None,
    })
}

fn by_name(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupByNameRequest,
) -> Result<GetGroupByNameResponse, Refusal> {
    let found = t
        .groups
        .all()
        .find(|group| !r.name.is_empty() && group.name == r.name);
    Ok(GetGroupByNameResponse {
        group: Some(found.ok_or_else(no_rows)?.clone()),
        error: None,
    })
}

fn by_remote_id(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupByRemoteIdRequest,
) -> Result<GetGroupByRemoteIdResponse, Refusal> {
    let wanted = |group: &&Group| group.remote_id == r.remote_id && group.source == r.group_source;
    Ok(GetGroupByRemoteIdResponse {
        group: Some(t.groups.all().find(wanted).ok_or_else(no_rows)?.clone()),
        error: None,
    })
}

fn by_source(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupsBySourceRequest,
) -> Result<GetGroupsBySourceResponse, Refusal> {
    let wanted = |group: &&Group| group.delete_at == 0 && group.source == r.group_source;
    Ok(GetGroupsBySourceResponse {
        groups: t.groups.all().filter(wanted).cloned().collect(),
        error: None,
    })
}

fn list(t: &mut Tables, _: &PluginId, r: GetGroupsRequest) -> Result<GetGroupsResponse, Refusal> {
    let options = r.opts.unwrap_or_default();
    let since = options.since.parse::<i64>().unwrap_or(0);
    let q = options.q.to_lowercase();
    let wanted = |group: &&Group| {
        let live = match (since > 0, options.filter_archived) {
            (true, _) => group.update_at > since,
            (false, archived) => (group.delete_at != 0) == archived,
        };
        live && (group.name.to_lowercase().contains(&q)
            || group.display_name.to_lowercase().contains(&q))
            && (options.filter_allow_reference != "true" || group.allow_reference)
            && (options.source.is_empty() || group.source == options.source)
    };
    let mut groups: Vec<_> = t.groups.all().filter(wanted).cloned().collect();
    groups.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    let page = Page::unlimited_if_zero(r.page, r.per_page);
    Ok(GetGroupsResponse {
        groups: page.cut(groups.into_iter()).collect(),
        error: None,
    })
}

/// A group has no user's name.
fn check_username(t: &Tables, group: &Group) -> Result<(), Refusal> {
    match t.users.named(&group.name) {
        Some(_) => Err(Refusal::new("app.group.username_conflict", 400)
            .about(format!("Username={}", group.name))),
        None => Ok(()),
    }
}

fn is_name_taken(t: &Tables, group: &Group) -> bool {
    let mut others = t.groups.all().filter(|other| other.id != group.id);
    !group.name.is_empty() && others.any(|other| other.name == group.name)
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateGroupRequest,
) -> Result<CreateGroupResponse, Refusal> {
    let mut group = r.group.unwrap_or_default();
    check_username(t, &group)?;
    if !group.id.is_empty() {
        return Err(Refusal::new("app.group.id.app_error", 400).at("Group.IsValidForCreate"));
    }
    rules::check(&group)?;
    if is_name_taken(t, &group) {
        return Err(Refusal::new("app.insert_error", 500));
    }
    group.id = t.new_id();
    group.create_at = t.now();
    group.update_at = group.create_at;
    group.delete_at = 0;
    t.groups.put(group.clone());
    Ok(CreateGroupResponse {
        group: Some(group),
        error: None,
    })
}

/// Everything but the time of creation is replaced; a group may come back by it, and not go.
fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateGroupRequest,
) -> Result<UpdateGroupResponse, Refusal> {
    let given = r.group.unwrap_or_default();
    let old = t.groups.get(&given.id).ok_or_else(no_rows)?.clone();
    check_username(t, &given)?;
    rules::check(&given)?;
    if given.delete_at != 0 && given.delete_at != old.delete_at {
        return Err(Refusal::new("app.select_error", 500));
    }
    if is_name_taken(t, &given) {
        return Err(Refusal::new("app.custom_group.unique_name", 400));
    }
    let group = Group {
        create_at: old.create_at,
        update_at: t.now(),
        ..given
    };
    put(t, &group);
    Ok(UpdateGroupResponse {
        group: Some(group),
        error: None,
    })
}

/// Writes a changed group, and says so.
fn put(t: &mut Tables, group: &Group) {
    t.groups.put(group.clone());
    t.event(
        "received_group",
        To::All,
        [("group_id", group.id.clone().into())],
    );
}

/// Members and links stay.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteGroupRequest,
) -> Result<DeleteGroupResponse, Refusal> {
    let group = t
        .groups
        .get(&r.group_id)
        .filter(|group| group.delete_at == 0);
    let mut group = group.ok_or_else(no_rows)?.clone();
    group.delete_at = t.now();
    group.update_at = group.delete_at;
    put(t, &group);
    Ok(DeleteGroupResponse {
        group: Some(group),
        error: None,
    })
}

fn restore(
    t: &mut Tables,
    _: &PluginId,
    r: RestoreGroupRequest,
) -> Result<RestoreGroupResponse, Refusal> {
    let group = t
        .groups
        .get(&r.group_id)
        .filter(|group| group.delete_at != 0);
    let mut group = group.ok_or_else(no_rows)?.clone();
    group.delete_at = 0;
    group.update_at = t.now();
    put(t, &group);
    Ok(RestoreGroupResponse {
        group: Some(group),
        error: None,
    })
}
