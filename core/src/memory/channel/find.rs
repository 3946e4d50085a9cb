//! Finding channels, one and many.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Channel, ChannelStats, GetChannelByNameForTeamNameRequest, GetChannelByNameForTeamNameResponse,
    GetChannelByNameRequest, GetChannelByNameResponse, GetChannelRequest, GetChannelResponse,
    GetChannelStatsRequest, GetChannelStatsResponse, GetChannelsForTeamForUserRequest,
    GetChannelsForTeamForUserResponse, GetPublicChannelsForTeamRequest,
    GetPublicChannelsForTeamResponse, SearchChannelsRequest, SearchChannelsResponse,
};

use crate::ids::PluginId;
use crate::memory::channel::{is_direct, is_open};
use crate::memory::page::Page;
use crate::memory::{Refusal, Store, Tables, handlers, team};

/// How many channels a search finds at most.
const FOUND: usize = 100;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetChannel => get,
        GetChannelByName => by_name,
        GetChannelByNameForTeamName => by_names,
        GetPublicChannelsForTeam => open_in_team,
        GetChannelsForTeamForUser => of_user,
        GetChannelStats => stats,
        SearchChannels => search,
    );
}

fn get(t: &mut Tables, _: &PluginId, r: GetChannelRequest) -> Result<GetChannelResponse, Refusal> {
    Ok(GetChannelResponse {
        channel: Some(t.channels.find(&r.channel_id)?.clone()),
        error: None,
    })
}

fn named(t: &Tables, team: &str, name: &str, deleted: bool) -> Result<Channel, Refusal> {
    let found = t.channels.named(team, name);
    let found = found.filter(|channel| deleted || channel.delete_at == 0);
    found.cloned().ok_or_else(|| {
        Refusal::new("app.channel.get_by_name.missing.app_error", 404)
            .said("Channel does not exist.")
            .about(format!("team_id={team} name={name}"))
    })
}

fn by_name(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelByNameRequest,
) -> Result<GetChannelByNameResponse, Refusal> {
    Ok(GetChannelByNameResponse {
        channel: Some(named(t, &r.team_id, &r.name, r.include_deleted)?),
        error: None,
    })
}

fn by_names(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelByNameForTeamNameRequest,
) -> Result<GetChannelByNameForTeamNameResponse, Refusal> {
    let team = &team::named(t, &r.team_name)?.id;
    Ok(GetChannelByNameForTeamNameResponse {
        channel: Some(named(t, team, &r.channel_name, r.include_deleted)?),
        error: None,
    })
}

fn by_display_name<'a>(channels: impl Iterator<Item = &'a Channel>) -> Vec<&'a Channel> {
    let mut channels: Vec<_> = channels.collect();
    let key = |channel: &&Channel| (channel.display_name.to_lowercase(), channel.name.clone());
    channels.sort_by_cached_key(key);
    channels
}

fn open_in_team(
    t: &mut Tables,
    _: &PluginId,
    r: GetPublicChannelsForTeamRequest,
) -> Result<GetPublicChannelsForTeamResponse, Refusal> {
    let open = t.channels.in_team(&r.team_id);
    let open = open.filter(|channel| is_open(channel) && channel.delete_at == 0);
    let page = Page::of(r.page, r.per_page).cut(by_display_name(open).into_iter());
    Ok(GetPublicChannelsForTeamResponse {
        channels: page.cloned().collect(),
        error: None,
    })
}

/// Those of the team, and all direct ones. None at all is an error.
fn of_user(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelsForTeamForUserRequest,
) -> Result<GetChannelsForTeamForUserResponse, Refusal> {
    let channels = t.channels.of_user(&r.user_id);
    let channels = channels.filter_map(|member| t.channels.get(&member.channel_id));
    let wanted = |channel: &&Channel| {
        let in_team = r.team_id.is_empty() || channel.team_id == r.team_id;
        (in_team || is_direct(channel)) && (r.include_deleted || channel.delete_at == 0)
    };
    let channels = by_display_name(channels.filter(wanted));
    if channels.is_empty() {
        let details = format!("team_id={} user_id={}", r.team_id, r.user_id);
        return Err(
            Refusal::new("app.channel.get_channels.not_found.app_error", 404).about(details),
        );
    }
    Ok(GetChannelsForTeamForUserResponse {
        channels: channels.into_iter().cloned().collect(),
        error: None,
    })
}

/// Who is deactivated is not counted; the number of guests is, sic, that of all.
fn stats(
    t: &mut Tables,
    _: &PluginId,
    r: GetChannelStatsRequest,
) -> Result<GetChannelStatsResponse, Refusal> {
    let is_active = |id: &&str| t.users.get(id).is_some_and(|user| user.delete_at == 0);
    let members = t.channels.user_ids(&r.channel_id).filter(is_active).count();
    let members = i64::try_from(members).unwrap_or(i64::MAX);
    Ok(GetChannelStatsResponse {
        channel_stats: Some(ChannelStats {
            channel_id: r.channel_id,
            member_count: members,
            guest_count: members,
            ..ChannelStats::default()
        }),
        error: None,
    })
}

fn search(
    t: &mut Tables,
    _: &PluginId,
    r: SearchChannelsRequest,
) -> Result<SearchChannelsResponse, Refusal> {
    let shows_archived = t
        .config
        .yes("TeamSettings", "ExperimentalViewArchivedChannels");
    let term = r.term.trim().to_lowercase();
    let matches = |channel: &&Channel| {
        let texts = [&channel.name, &channel.display_name, &channel.purpose];
        is_open(channel)
            && (shows_archived || channel.delete_at == 0)
            && texts.iter().any(|text| text.to_lowercase().contains(&term))
    };
    let found = by_display_name(t.channels.in_team(&r.team_id).filter(matches));
    Ok(SearchChannelsResponse {
        channels: found.into_iter().take(FOUND).cloned().collect(),
        error: None,
    })
}
