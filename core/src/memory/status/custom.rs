//! The status that users write themselves: JSON in a property of the user.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    CustomStatus, Preference, RemoveUserCustomStatusRequest, RemoveUserCustomStatusResponse,
    UpdateUserCustomStatusRequest, UpdateUserCustomStatusResponse,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ids::PluginId;
use crate::memory::{Refusal, Store, Tables, emoji, handlers, user};

/// The property.
const PROPERTY: &str = "customStatus";
/// Where the last ones are kept, and how many.
const RECENT: (&str, &str, usize) = ("custom_status", "recent_custom_statuses", 5);
/// What Go writes for no time at all.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        UpdateUserCustomStatus => update,
        RemoveUserCustomStatus => remove,
    );
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateUserCustomStatusRequest,
) -> Result<UpdateUserCustomStatusResponse, Refusal> {
    let given = r.custom_status.unwrap_or_default();
    if given.emoji.is_empty() && given.text.is_empty() {
        return Err(Refusal::new(
            "api.custom_status.set_custom_statuses.update.app_error",
            400,
        ));
    }
    if !given.emoji.is_empty() && emoji::check_usable(t, &given.emoji).is_err() {
        return Err(Refusal::new(
            "api.custom_status.set_custom_statuses.emoji_not_found",
            400,
        ));
    }
    let status = written(given, t.now());
    write(t, &r.user_id, status.to_string())?;
    keep(t, &r.user_id, status);
    Ok(UpdateUserCustomStatusResponse::default())
}

fn remove(
    t: &mut Tables,
    _: &PluginId,
    r: RemoveUserCustomStatusRequest,
) -> Result<RemoveUserCustomStatusResponse, Refusal> {
    write(t, &r.user_id, String::new())?;
    Ok(RemoveUserCustomStatusResponse::default())
}

fn write(t: &mut Tables, user_id: &str, text: String) -> Result<(), Refusal> {
    let mut changed = t.users.find(user_id)?.clone();
    changed.props.insert(PROPERTY.to_owned(), text);
    user::replace(t, changed).map(|_| ())
}

/// As the server writes it: an emoji that stands for none, a text that is not too long, a duration if there is an end.
fn written(given: CustomStatus, now: i64) -> Value {
    const LONGEST: usize = 100;
    let emoji = match given.emoji.is_empty() {
        true => "speech_balloon".to_owned(),
        false => given.emoji,
    };
    let duration = match given.duration.is_empty() && given.expires_at >= now {
        true => "date_and_time".to_owned(),
        false => given.duration,
    };
    let end = OffsetDateTime::from_unix_timestamp_nanos(i128::from(given.expires_at) * 1_000_000);
    let end = end.ok().filter(|_| given.expires_at != 0);
    let end = end.and_then(|end| end.format(&Rfc3339).ok());
    json!({
        "emoji": emoji,
        "text": given.text.chars().take(LONGEST).collect::<String>(),
        "duration": duration,
        "expires_at": end.unwrap_or_else(|| NO_TIME.to_owned()),
    })
}

fn keep(t: &mut Tables, user_id: &str, status: Value) {
    let (category, name, length) = RECENT;
    let old = t.preferences.get(user_id, category, name);
    let old = old.and_then(|old| serde_json::from_str::<Vec<Value>>(&old.value).ok());
    let same = |other: &Value| other["emoji"] == status["emoji"] && other["text"] == status["text"];
    let mut recent: Vec<_> = old
        .into_iter()
        .flatten()
        .filter(|other| !same(other))
        .collect();
    recent.insert(0, status);
    recent.truncate(length);
    t.preferences.put(Preference {
        user_id: user_id.to_owned(),
        category: category.to_owned(),
        name: name.to_owned(),
        value: Value::from(recent).to_string(),
    });
}
