//! Teams' icons. A team without one has none; an icon that is removed stays in the store, as a file would.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetTeamIconRequest, GetTeamIconResponse, RemoveTeamIconRequest, RemoveTeamIconResponse,
    SetTeamIconRequest, SetTeamIconResponse,
};

use crate::ids::PluginId;
use crate::memory::{Refusal, Store, Tables, handlers, picture};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetTeamIcon => get,
        SetTeamIcon => set,
        RemoveTeamIcon => remove,
    );
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetTeamIconRequest,
) -> Result<GetTeamIconResponse, Refusal> {
    t.teams.find(&r.team_id)?;
    if t.config.text("FileSettings", "DriverName").is_empty() {
        return Err(Refusal::new(
            "api.team.get_team_icon.filesettings_no_driver.app_error",
            501,
        ));
    }
    let missing = || Refusal::new("api.team.get_team_icon.read_file.app_error", 404);
    Ok(GetTeamIconResponse {
        icon: t.teams.icon(&r.team_id).ok_or_else(missing)?.clone(),
        error: None,
    })
}

fn set(
    t: &mut Tables,
    _: &PluginId,
    r: SetTeamIconRequest,
) -> Result<SetTeamIconResponse, Refusal> {
    t.teams.find(&r.team_id)?;
    let icon = picture::square(&r.data).map_err(|error| match error {
        picture::Unusable::Decode => Refusal::new("api.team.set_team_icon.decode.app_error", 400),
        picture::Unusable::Encode => Refusal::new("api.team.set_team_icon.encode.app_error", 500),
    })?;
    t.teams.set_icon(&r.team_id, icon.into());
    let now = t.now();
    touch(t, &r.team_id, now)?;
    Ok(SetTeamIconResponse::default())
}

fn remove(
    t: &mut Tables,
    _: &PluginId,
    r: RemoveTeamIconRequest,
) -> Result<RemoveTeamIconResponse, Refusal> {
    touch(t, &r.team_id, 0)?;
    Ok(RemoveTeamIconResponse::default())
}

fn touch(t: &mut Tables, id: &str, icon_update: i64) -> Result<(), Refusal> {
    let mut team = t.teams.find(id)?.clone();
    team.last_team_icon_update = icon_update;
    team.update_at = t.now();
    super::put(t, &team);
    Ok(())
}
