//! Links of groups with teams and channels, and the memberships that follow from them.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateDefaultSyncableMembershipsRequest, CreateDefaultSyncableMembershipsResponse,
    DeleteGroupConstrainedMembershipsRequest, DeleteGroupConstrainedMembershipsResponse,
    DeleteGroupSyncableRequest, DeleteGroupSyncableResponse, GetGroupSyncableRequest,
    GetGroupSyncableResponse, GetGroupSyncablesRequest, GetGroupSyncablesResponse, GroupSyncable,
    UpdateGroupSyncableRequest, UpdateGroupSyncableResponse, UpsertGroupSyncableRequest,
    UpsertGroupSyncableResponse,
};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::group::no_rows;
use crate::memory::names::invalid;
use crate::memory::rows::Row as _;
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, channel, fresh, handlers, team};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetGroupSyncable => get,
        GetGroupSyncables => list,
        UpsertGroupSyncable => upsert,
        UpdateGroupSyncable => update,
        DeleteGroupSyncable => delete,
    );
    acts!(methods, store, caller;
        CreateDefaultSyncableMemberships => create_memberships,
        DeleteGroupConstrainedMemberships => delete_memberships,
    );
}

/// Deleted ones, too.
fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupSyncableRequest,
) -> Result<GetGroupSyncableResponse, Refusal> {
    let link = t
        .groups
        .links
        .get(&(r.group_id, r.syncable_id, r.syncable_type));
    Ok(GetGroupSyncableResponse {
        group_syncable: Some(link.ok_or_else(no_rows)?.clone()),
        error: None,
    })
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetGroupSyncablesRequest,
) -> Result<GetGroupSyncablesResponse, Refusal> {
    let wanted = |link: &&GroupSyncable| {
        link.delete_at == 0 && link.group_id == r.group_id && link.syncable_type == r.syncable_type
    };
    Ok(GetGroupSyncablesResponse {
        group_syncables: t.groups.links.values().filter(wanted).cloned().collect(),
        error: None,
    })
}

fn upsert(
    t: &mut Tables,
    _: &PluginId,
    r: UpsertGroupSyncableRequest,
) -> Result<UpsertGroupSyncableResponse, Refusal> {
    Ok(UpsertGroupSyncableResponse {
        group_syncable: Some(put(t, r.group_syncable.unwrap_or_default())?),
        error: None,
    })
}

fn check(link: &GroupSyncable) -> Result<(), Refusal> {
    let refuse = |id| Err(invalid(id, "GroupSyncable.IsValid", ""));
    if !fresh::is_id(&link.group_id) {
        return refuse("model.group_syncable.group_id.app_error");
    }
    if !fresh::is_id(&link.syncable_id) {
        return refuse("model.group_syncable.syncable_id.app_error");
    }
    Ok(())
}

/// Makes a link, or revives it. A channel's needs its team's.
fn put(t: &mut Tables, given: GroupSyncable) -> Result<GroupSyncable, Refusal> {
    check(&given)?;
    match given.syncable_type.as_str() {
        "team" => {
            // Sic: a team that is missed by the name of a channel.
            let missing = || Refusal::new("store.sql_channel.get.existing.app_error", 404);
            t.teams.get(&given.syncable_id).ok_or_else(missing)?;
        }
        "channel" => {
            let team_id = t.channels.find(&given.syncable_id)?.team_id.clone();
            let constrained = t.teams.find(&team_id)?.group_constrained == Some(true);
            let parent = GroupSyncable {
                syncable_id: team_id,
                syncable_type: "team".to_owned(),
                ..given.clone()
            };
            let linked = t
                .groups
                .links
                .get(&parent.key())
                .is_some_and(|link| link.delete_at == 0);
            match (linked, constrained) {
                (true, _) => {}
                (false, true) => {
                    return Err(Refusal::new("group_not_associated_to_synced_team", 400));
                }
                (false, false) => drop(put(t, parent)?),
            }
        }
        _ => return Err(Refusal::new("app.insert_error", 500)),
    }
    if t.groups.get(&given.group_id).is_none() {
        return Err(Refusal::new("app.insert_error", 500));
    }
    let now = t.now();
    let old = t.groups.links.get(&given.key());
    let link = GroupSyncable {
        create_at: old.map_or(now, |old| old.create_at),
        update_at: now,
        delete_at: 0,
        ..given
    };
    t.groups.links.put(link.clone());
    let name = format!("received_group_associated_to_{}", link.syncable_type);
    t.event(&name, To::All, [("group_id", link.group_id.clone().into())]);
    Ok(link)
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateGroupSyncableRequest,
) -> Result<UpdateGroupSyncableResponse, Refusal> {
    let given = r.group_syncable.unwrap_or_default();
    check(&given)?;
    let trouble = || Refusal::new("app.update_error", 500);
    let old = t
        .groups
        .links
        .get(&given.key())
        .ok_or_else(trouble)?
        .clone();
    if given.delete_at != 0 && given.delete_at != old.delete_at {
        return Err(trouble());
    }
    let link = match given.delete_at {
        0 => GroupSyncable {
            auto_add: given.auto_add,
            scheme_admin: given.scheme_admin,
            update_at: t.now(),
            delete_at: 0,
            ..old
        },
        _ => put(t, given)?,
    };
    t.groups.links.put(link.clone());
    Ok(UpdateGroupSyncableResponse {
        group_syncable: Some(link),
        error: None,
    })
}

/// With a team's link go the links of all channels, of whichever team, as the server does it.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteGroupSyncableRequest,
) -> Result<DeleteGroupSyncableResponse, Refusal> {
    let key = (r.group_id, r.syncable_id, r.syncable_type);
    let now = t.now();
    let mut deleted = t.groups.links.get(&key).ok_or_else(no_rows)?.clone();
    if deleted.delete_at != 0 {
        return Err(Refusal::new(
            "app.group.group_syncable_already_deleted",
            400,
        ));
    }
    (deleted.delete_at, deleted.update_at) = (now, now);
    t.groups.links.put(deleted.clone());
    if deleted.syncable_type == "team" {
        let of_channels = t.groups.links.keys_of(|link| {
            link.group_id == deleted.group_id
                && link.syncable_type == "channel"
                && link.delete_at == 0
        });
        for key in of_channels {
            if let Some(link) = t.groups.links.get_mut(&key) {
                (link.delete_at, link.update_at) = (now, now);
            }
        }
    }
    let name = format!("received_group_not_associated_to_{}", deleted.syncable_type);
    t.event(
        &name,
        To::All,
        [("group_id", deleted.group_id.clone().into())],
    );
    Ok(DeleteGroupSyncableResponse {
        group_syncable: Some(deleted),
        error: None,
    })
}

/// Who is in a group joins what the group is linked with, teams first. Who may not is passed over.
async fn create_memberships(
    act: Act,
    r: CreateDefaultSyncableMembershipsRequest,
) -> Result<CreateDefaultSyncableMembershipsResponse, Refusal> {
    let params = r.params.unwrap_or_default();
    for kind in ["team", "channel"] {
        for (syncable, user) in act.with(|t| wanted(t, kind, params.since)) {
            let again = params.re_add_removed_members;
            let joined = match kind {
                "team" if act.with(|t| may_join_team(t, &syncable, &user, again)) => {
                    team::join(&act, &syncable, &user, "").await.map(drop)
                }
                "channel" => {
                    let team = act.with(|t| {
                        t.channels
                            .find(&syncable)
                            .map(|channel| channel.team_id.clone())
                    })?;
                    let in_team = act.with(|t| t.teams.has_member(&team, &user));
                    if !in_team && act.with(|t| may_join_team(t, &team, &user, again)) {
                        // A message that says so is logged where it fails.
                        drop(team::join(&act, &team, &user, "").await);
                    }
                    channel::join(&act, &syncable, &user, "").await.map(drop)
                }
                _ => Ok(()),
            };
            if let Err(refusal) = joined {
                tracing::info!(%user, "nobody joined by a group: {refusal}");
            }
        }
    }
    Ok(CreateDefaultSyncableMembershipsResponse::default())
}

/// The pairs of what is linked and who is in the group, as far as either is newer.
fn wanted(t: &Tables, kind: &str, since: i64) -> Vec<(String, String)> {
    let links = t.groups.links.values().filter(|link| {
        let live = t
            .groups
            .get(&link.group_id)
            .is_some_and(|group| group.delete_at == 0);
        live && link.delete_at == 0 && link.auto_add && link.syncable_type == kind
    });
    let pairs = links.flat_map(|link| {
        let members = t
            .groups
            .live_members()
            .filter(|member| member.group_id == link.group_id);
        let newer =
            members.filter(move |member| member.create_at >= since || link.update_at >= since);
        newer.map(|member| (link.syncable_id.clone(), member.user_id.clone()))
    });
    pairs.collect()
}

fn may_join_team(t: &Tables, team: &str, user: &str, again: bool) -> bool {
    t.teams
        .member(team, user)
        .is_none_or(|member| member.delete_at != 0 && again)
}

/// Who is in no group that is linked leaves what only groups may be in: channels first. Bots stay.
async fn delete_memberships(
    act: Act,
    _: DeleteGroupConstrainedMembershipsRequest,
) -> Result<DeleteGroupConstrainedMembershipsResponse, Refusal> {
    act.with(|t| {
        let is_bot = |t: &Tables, user: &str| t.users.get(user).is_some_and(|user| user.is_bot);
        let channels: Vec<_> = t
            .channels
            .ids()
            .filter(|id| {
                t.channels
                    .get(id)
                    .is_some_and(|channel| channel.group_constrained == Some(true))
            })
            .map(str::to_owned)
            .collect();
        for id in channels {
            let leaving = t
                .channels
                .user_ids(&id)
                .filter(|user| !t.groups.admits(&id, user) && !is_bot(t, user));
            for user in leaving.map(str::to_owned).collect::<Vec<_>>() {
                channel::remove(t, &id, &user)?;
            }
        }
        let teams: Vec<_> = t
            .teams
            .all()
            .filter(|team| team.group_constrained == Some(true))
            .map(|team| team.id.clone())
            .collect();
        for id in teams {
            let leaving = t
                .teams
                .user_ids(&id)
                .filter(|user| !t.groups.admits(&id, user) && !is_bot(t, user));
            for user in leaving.map(str::to_owned).collect::<Vec<_>>() {
                team::remove_from(t, &id, &user, "").map(drop)?;
            }
        }
        Ok(DeleteGroupConstrainedMembershipsResponse::default())
    })
}
