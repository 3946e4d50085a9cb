//! Teams: making them, changing them, finding them.

mod icon;

mod members;

mod membership;

mod table;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CreateTeamRequest, CreateTeamResponse, DeleteTeamRequest, DeleteTeamResponse,
    GetTeamByNameRequest, GetTeamByNameResponse, GetTeamRequest, GetTeamResponse,
    GetTeamsForUserRequest, GetTeamsForUserResponse, GetTeamsRequest, GetTeamsResponse,
    SearchTeamsRequest, SearchTeamsResponse, Team, TeamType, UpdateTeamRequest, UpdateTeamResponse,
};

use crate::ids::PluginId;
use crate::memory::names::{self, fits, invalid};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, channel, handlers};

pub(super) use members::find as find_member;
pub(super) use membership::{is_guest, join, remove_from};
pub(super) use table::Teams;

/// The channels that every team has, by name and by what is shown.
pub(super) const DEFAULT_CHANNELS: [(&str, &str); 2] =
    [("town-square", "Town Square"), ("off-topic", "Off-Topic")];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateTeam => create,
        DeleteTeam => delete,
        GetTeams => list,
        GetTeam => get,
        GetTeamByName => get_by_name,
        UpdateTeam => update,
        SearchTeams => search,
        GetTeamsForUser => of_user,
    );
    icon::register(methods, store, caller);
    members::register(methods, store, caller);
    membership::register(methods, store, caller);
}

/// Nobody becomes a member, and no plugin hears of the channels that come with it.
fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateTeamRequest,
) -> Result<CreateTeamResponse, Refusal> {
    let mut team = r.team.unwrap_or_default();
    let existing = || Refusal::new("app.team.save.existing.app_error", 400).at("Team.Save");
    if !team.id.is_empty() {
        return Err(existing());
    }
    let now = t.now();
    team.id = t.new_id();
    team.invite_id = t.new_id();
    team.create_at = now;
    team.update_at = now;
    if team.r#type == i32::from(TeamType::Invite) || !team.allow_open_invite {
        team.allow_open_invite = false;
        // A type that there is not stays one.
        if team.r#type == i32::from(TeamType::Open) {
            team.r#type = TeamType::Invite.into();
        }
    }
    tidy(&mut team);
    check(&team)?;
    if t.teams.named(&team.name).is_some() {
        return Err(existing());
    }
    t.teams.put(team.clone());
    for (name, display_name) in default_channels(t) {
        channel::add_default(t, &team.id, name, display_name);
    }
    Ok(CreateTeamResponse {
        team: Some(team),
        error: None,
    })
}

/// The channels that come with a team: the two, and those of the configuration.
pub(super) fn default_channels(t: &Tables) -> Vec<(String, String)> {
    let two = DEFAULT_CHANNELS.map(|(name, shown)| (name.to_owned(), shown.to_owned()));
    let mut all = two.to_vec();
    for name in t.config.list("TeamSettings", "ExperimentalDefaultChannels") {
        if all.iter().all(|(known, _)| *known != name) {
            all.push((name.clone(), name));
        }
    }
    all
}

fn tidy(team: &mut Team) {
    team.display_name = names::visible(&team.display_name);
    team.description = names::visible(&team.description);
    team.company_name = names::visible(&team.company_name);
}

/// The first rule that a team breaks.
fn check(team: &Team) -> Result<(), Refusal> {
    const AT: &str = "Team.IsValid";
    let refuse = |id| Err(invalid(id, AT, format!("id={}", team.id)));
    if !team.email.is_empty() && !names::is_email(&team.email) {
        return refuse("model.team.is_valid.email.app_error");
    }
    if team.display_name.is_empty() || !fits(&team.display_name, 64) {
        return refuse("model.team.is_valid.name.app_error");
    }
    if team.description.len() > 255 {
        return refuse("model.team.is_valid.description.app_error");
    }
    names::check_team_name(&team.name)?;
    if team.r#type == i32::from(TeamType::Unspecified) {
        return refuse("model.team.is_valid.type.app_error");
    }
    if team.company_name.len() > 64 {
        return refuse("model.team.is_valid.company.app_error");
    }
    if team.allowed_domains.len() > 500 {
        return refuse("model.team.is_valid.domains.app_error");
    }
    Ok(())
}

/// Channels and members stay as they are.
fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteTeamRequest,
) -> Result<DeleteTeamResponse, Refusal> {
    let mut team = t.teams.find(&r.team_id)?.clone();
    team.delete_at = t.now();
    team.update_at = team.delete_at;
    t.teams.put(team.clone());
    t.event(
        "delete_team",
        To::Team(&team.id),
        [("team", written(&team))],
    );
    Ok(DeleteTeamResponse::default())
}

fn list(t: &mut Tables, _: &PluginId, _: GetTeamsRequest) -> Result<GetTeamsResponse, Refusal> {
    Ok(GetTeamsResponse {
        teams: by_display_name(t.teams.all()),
        error: None,
    })
}

fn by_display_name<'a>(teams: impl Iterator<Item = &'a Team>) -> Vec<Team> {
    let mut teams: Vec<_> = teams.cloned().collect();
    teams.sort_by_cached_key(|team| (team.display_name.to_lowercase(), team.name.clone()));
    teams
}

fn get(t: &mut Tables, _: &PluginId, r: GetTeamRequest) -> Result<GetTeamResponse, Refusal> {
    Ok(GetTeamResponse {
        team: Some(t.teams.find(&r.team_id)?.clone()),
        error: None,
    })
}

/// The team of that name, or the refusal for it.
pub(super) fn named<'a>(t: &'a Tables, name: &str) -> Result<&'a Team, Refusal> {
    let missing = || Refusal::new("app.team.get_by_name.missing.app_error", 404).about(name);
    t.teams.named(name).ok_or_else(missing)
}

fn get_by_name(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamByNameRequest,
) -> Result<GetTeamByNameResponse, Refusal> {
    Ok(GetTeamByNameResponse {
        team: Some(named(t, &r.name)?.clone()),
        error: None,
    })
}

/// Only what an administrator of the team may set is taken over, and all of that.
fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateTeamRequest,
) -> Result<UpdateTeamResponse, Refusal> {
    let given = r.team.unwrap_or_default();
    let mut team = t.teams.find(&given.id)?.clone();
    let allowed = t.config.text("TeamSettings", "RestrictCreationToDomains");
    let wanted = given
        .allowed_domains
        .split([',', ' ', '@'])
        .filter(|domain| !domain.is_empty());
    for domain in wanted {
        if !names::in_domains(&format!("x@{domain}"), &allowed) {
            let id = "api.team.update_restricted_domains.mismatch.app_error";
            return Err(Refusal::new(id, 400).about(domain));
        }
    }
    team.display_name = given.display_name;
    team.description = given.description;
    team.allow_open_invite = given.allow_open_invite;
    team.company_name = given.company_name;
    team.allowed_domains = given.allowed_domains;
    team.last_team_icon_update = given.last_team_icon_update;
    team.group_constrained = given.group_constrained;
    tidy(&mut team);
    check(&team)?;
    team.update_at = t.now();
    put(t, &team);
    Ok(UpdateTeamResponse {
        team: Some(team),
        error: None,
    })
}

/// Writes a changed team, and says so.
fn put(t: &mut Tables, team: &Team) {
    t.teams.put(team.clone());
    t.event("update_team", To::Team(&team.id), [("team", written(team))]);
}

fn search(
    t: &mut Tables,
    _: &PluginId,
    r: SearchTeamsRequest,
) -> Result<SearchTeamsResponse, Refusal> {
    let term = r.term.to_lowercase();
    let matches = |team: &&Team| {
        team.name.contains(&term) || team.display_name.to_lowercase().contains(&term)
    };
    Ok(SearchTeamsResponse {
        teams: by_display_name(t.teams.all().filter(matches)),
        error: None,
    })
}

fn of_user(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamsForUserRequest,
) -> Result<GetTeamsForUserResponse, Refusal> {
    let members = t
        .teams
        .of_user(&r.user_id)
        .filter(|member| member.delete_at == 0);
    let teams = members.filter_map(|member| t.teams.get(&member.team_id));
    Ok(GetTeamsForUserResponse {
        teams: teams.filter(|team| team.delete_at == 0).cloned().collect(),
        error: None,
    })
}
