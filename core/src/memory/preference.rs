//! Preferences: small texts that users have, by category and name.

use std::sync::Arc;

use plugin_proto::pb::{
    DeletePreferencesForUserRequest, DeletePreferencesForUserResponse, GetPreferenceForUserRequest,
    GetPreferenceForUserResponse, GetPreferencesForUserRequest, GetPreferencesForUserResponse,
    Preference, PreferencesHaveChangedRequest, UpdatePreferencesForUserRequest,
    UpdatePreferencesForUserResponse,
};
use plugin_proto::{Methods, hook};
use serde_json::{Map, Value};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::names::fits;
use crate::memory::rows::{Rows, row};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

/// Longest value, in characters.
const LONGEST_VALUE: usize = 20_000;

/// By user, category and name.
#[derive(Debug, Default)]
pub(super) struct Preferences {
    rows: Rows<Preference>,
}
area!(Preferences: rows);
row!(
    Preference, "preferences", model,
    (String, String, String): |row| (row.user_id.clone(), row.category.clone(), row.name.clone())
);

impl Preferences {
    pub(super) fn get(&self, user_id: &str, category: &str, name: &str) -> Option<&Preference> {
        let key = (user_id.to_owned(), category.to_owned(), name.to_owned());
        self.rows.get(&key)
    }

    fn of(&self, user_id: &str) -> impl Iterator<Item = &Preference> {
        let first = (user_id.to_owned(), String::new(), String::new());
        let rows = self.rows.range(first..).map(|(_, preference)| preference);
        rows.take_while(move |preference| preference.user_id == user_id)
    }

    pub(super) fn put(&mut self, preference: Preference) {
        self.rows.put(preference);
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, user_id: &str, category: &str, name: &str) {
        let key = (user_id.to_owned(), category.to_owned(), name.to_owned());
        self.rows.remove(&key);
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetPreferenceForUser => get,
        GetPreferencesForUser => list,
        UpdatePreferencesForUser => update,
        DeletePreferencesForUser => delete,
    );
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetPreferenceForUserRequest,
) -> Result<GetPreferenceForUserResponse, Refusal> {
    let found = t.preferences.get(&r.user_id, &r.category, &r.name);
    // Sic: what is not there is a bad request.
    let missing = || Refusal::new("app.preference.get.app_error", 400);
    Ok(GetPreferenceForUserResponse {
        preference: Some(found.ok_or_else(missing)?.clone()),
        error: None,
    })
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetPreferencesForUserRequest,
) -> Result<GetPreferencesForUserResponse, Refusal> {
    Ok(GetPreferencesForUserResponse {
        preferences: t.preferences.of(&r.user_id).cloned().collect(),
        error: None,
    })
}

/// All or nothing.
fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdatePreferencesForUserRequest,
) -> Result<UpdatePreferencesForUserResponse, Refusal> {
    check_own(
        &r.preferences,
        &r.user_id,
        "api.preference.update_preferences.set.app_error",
    )?;
    let mut preferences = r.preferences;
    for preference in &mut preferences {
        check(preference)?;
    }
    for preference in &preferences {
        t.preferences.put(preference.clone());
    }
    show(t, "preferences_changed", &r.user_id, &preferences);
    t.tell::<hook::PreferencesHaveChanged>(PreferencesHaveChangedRequest {
        preferences,
        ..PreferencesHaveChangedRequest::default()
    });
    Ok(UpdatePreferencesForUserResponse::default())
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeletePreferencesForUserRequest,
) -> Result<DeletePreferencesForUserResponse, Refusal> {
    check_own(
        &r.preferences,
        &r.user_id,
        "api.preference.delete_preferences.delete.app_error",
    )?;
    for preference in &r.preferences {
        t.preferences
            .remove(&r.user_id, &preference.category, &preference.name);
    }
    show(t, "preferences_deleted", &r.user_id, &r.preferences);
    Ok(DeletePreferencesForUserResponse::default())
}

/// Nobody writes another's.
fn check_own(preferences: &[Preference], user_id: &str, id: &'static str) -> Result<(), Refusal> {
    match preferences
        .iter()
        .all(|preference| preference.user_id == user_id)
    {
        true => Ok(()),
        false => Err(Refusal::new(id, 403)),
    }
}

/// Their user is told, and that the sidebar may look different.
fn show(t: &mut Tables, event: &str, user_id: &str, preferences: &[Preference]) {
    t.event("sidebar_category_updated", To::User(user_id), []);
    let shown = preferences.iter().map(written).collect::<Vec<_>>();
    let shown = Value::from(shown).to_string();
    t.event(event, To::User(user_id), [("preferences", shown.into())]);
}

/// Bad colours of a theme are replaced; everything else has to be right.
fn check(preference: &mut Preference) -> Result<(), Refusal> {
    let refuse = |id| Err(Refusal::new(id, 400).at("Preference.IsValid"));
    if !fresh::is_id(&preference.user_id) {
        return refuse("model.preference.is_valid.id.app_error");
    }
    if !(1..=32).contains(&preference.category.len()) {
        return refuse("model.preference.is_valid.category.app_error");
    }
    if preference.name.len() > 32 {
        return refuse("model.preference.is_valid.name.app_error");
    }
    if !fits(&preference.value, LONGEST_VALUE) {
        return refuse("model.preference.is_valid.value.app_error");
    }
    if preference.category == "theme" {
        let theme = serde_json::from_str::<Map<String, Value>>(&preference.value);
        let Some(mut theme) = theme
            .ok()
            .filter(|theme| theme.values().all(Value::is_string))
        else {
            return refuse("model.preference.is_valid.theme.app_error");
        };
        for (name, color) in &mut theme {
            let is_text = matches!(name.as_str(), "image" | "type" | "codeTheme");
            if !is_text && !color.as_str().is_some_and(is_color) {
                *color = "#ffffff".into();
            }
        }
        preference.value = Value::from(theme).to_string();
    }
    Ok(())
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
