//! Whether users are there: their status, the one that they wrote themselves, and that they type.

mod custom;

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetUserStatusRequest, GetUserStatusResponse, GetUserStatusesByIdsRequest,
    GetUserStatusesByIdsResponse, PublishUserTypingRequest, PublishUserTypingResponse,
    SetUserStatusTimedDndRequest, SetUserStatusTimedDndResponse, Status, UpdateUserStatusRequest,
    UpdateUserStatusResponse, WebsocketBroadcast,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::rows::{Rows, form, row};
use crate::memory::websocket::{To, WebSocketEvent};
use crate::memory::{Refusal, Store, Tables, handlers};

/// The statuses that were ever recorded, by user.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    rows: Rows<Known>,
}
area!(Statuses: rows);

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[prost(message, required, tag = "1")]
    #[serde(with = "status_json")]
    status: Status,
    /// What the status is again when it was to be disturbed for a time only, and that is over.
    #[prost(string, tag = "2")]
    #[serde(default)]
    before: String,
}
row!(Known, "statuses", own, String: |known| known.status.user_id.clone());
form::inner!(status_json: plugin_proto::pb::Status, wire("Status"));

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetUserStatus => get,
        GetUserStatusesByIds => by_ids,
        UpdateUserStatus => update,
        SetUserStatusTimedDND => do_not_disturb,
        PublishUserTyping => typing,
    );
    custom::register(methods, store, caller);
}

/// The status of a user; offline if nothing is known.
pub(super) fn of(t: &mut Tables, user_id: &str) -> Status {
    known(t, user_id).unwrap_or_else(|| Status {
        user_id: user_id.to_owned(),
        status: "offline".to_owned(),
        ..Status::default()
    })
}

/// The status as it is now: what was for a time is over when the time is.
fn known(t: &mut Tables, user_id: &str) -> Option<Status> {
    let seconds = t.now() / 1000;
    let status = &t.statuses.rows.get(user_id)?.status;
    if status.status != "dnd" || status.dnd_end_time == 0 || status.dnd_end_time > seconds {
        return Some(status.clone());
    }
    let known = t.statuses.rows.get_mut(user_id)?;
    known.status.status = std::mem::take(&mut known.before);
    known.status.dnd_end_time = 0;
    known.status.manual = false;
    Some(known.status.clone())
}

/// Somebody did something: they are there, unless they say otherwise themselves.
pub(super) fn seem_online(t: &mut Tables, user_id: &str) {
    if known(t, user_id).is_some_and(|status| status.manual) {
        return;
    }
    set(t, user_id, "online", false);
}

/// A user who cannot sign in any more is away.
pub(super) fn go_offline(t: &mut Tables, user_id: &str) {
    set(t, user_id, "offline", false);
}

/// Records a status.
pub(super) fn set(t: &mut Tables, user_id: &str, word: &str, manual: bool) {
    let now = t.now();
    let mut known = t.statuses.rows.get(user_id).cloned().unwrap_or_default();
    let status = &mut known.status;
    user_id.clone_into(&mut status.user_id);
    word.clone_into(&mut status.status);
    status.manual = manual;
    status.dnd_end_time = 0;
    if matches!(word, "online" | "offline") {
        status.last_activity_at = now;
    }
    t.statuses.rows.put(known);
    let data = [("status", word.into()), ("user_id", user_id.into())];
    t.event("status_change", To::User(user_id), data);
}

/// What all that answer with one status answer.
fn answer(t: &mut Tables, user_id: &str) -> Result<Option<Status>, Refusal> {
    if !t.config.yes("ServiceSettings", "EnableUserStatuses") {
        return Ok(Some(Status::default()));
    }
    let missing = || Refusal::new("app.status.get.missing.app_error", 404).about(user_id);
    known(t, user_id).ok_or_else(missing).map(Some)
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetUserStatusRequest,
) -> Result<GetUserStatusResponse, Refusal> {
    Ok(GetUserStatusResponse {
        status: answer(t, &r.user_id)?,
        error: None,
    })
}

/// First those of whom something is known.
fn by_ids(
    t: &mut Tables,
    _: &PluginId,
    r: GetUserStatusesByIdsRequest,
) -> Result<GetUserStatusesByIdsResponse, Refusal> {
    let mut statuses = Vec::new();
    if t.config.yes("ServiceSettings", "EnableUserStatuses") {
        let is_known = |t: &Tables, id: &String| t.statuses.rows.contains_key(id);
        let (known, unknown): (Vec<_>, Vec<_>) =
            r.user_ids.into_iter().partition(|id| is_known(t, id));
        statuses.extend(known.into_iter().chain(unknown).map(|id| of(t, &id)));
    }
    Ok(GetUserStatusesByIdsResponse {
        statuses,
        error: None,
    })
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserStatusRequest,
) -> Result<UpdateUserStatusResponse, Refusal> {
    match r.status.as_str() {
        "online" => set(t, &r.user_id, "online", false),
        "offline" | "away" | "dnd" => set(t, &r.user_id, &r.status, true),
        _ => {
            return Err(
                Refusal::new("plugin.api.update_user_status.bad_status", 400)
                    .said("unknown status"),
            );
        }
    }
    Ok(UpdateUserStatusResponse {
        status: answer(t, &r.user_id)?,
        error: None,
    })
}

/// The end is in seconds, and on a whole minute.
fn do_not_disturb(
    t: &mut Tables,
    _: &PluginId,
    r: SetUserStatusTimedDndRequest,
) -> Result<SetUserStatusTimedDndResponse, Refusal> {
    let before = of(t, &r.user_id).status;
    set(t, &r.user_id, "dnd", true);
    if let Some(known) = t.statuses.rows.get_mut(&r.user_id) {
        known.before = before;
        known.status.dnd_end_time = r.end_time.saturating_sub(r.end_time.rem_euclid(60));
    }
    // Read as it was written, also when its time is over already.
    let written = t.statuses.rows.get(&r.user_id);
    let status = match t.config.yes("ServiceSettings", "EnableUserStatuses") {
        true => written.map(|known| known.status.clone()),
        false => Some(Status::default()),
    };
    Ok(SetUserStatusTimedDndResponse {
        status,
        error: None,
    })
}

/// Nothing is looked up, and nothing stored.
fn typing(
    t: &mut Tables,
    _: &PluginId,
    r: PublishUserTypingRequest,
) -> Result<PublishUserTypingResponse, Refusal> {
    let payload = [("parent_id", r.parent_id), ("user_id", r.user_id.clone())];
    t.publish(WebSocketEvent {
        name: "typing".to_owned(),
        payload: payload
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect(),
        broadcast: WebsocketBroadcast {
            channel_id: r.channel_id,
            omit_users: vec![r.user_id],
            ..WebsocketBroadcast::default()
        },
    });
    Ok(PublishUserTypingResponse::default())
}
