//! Preferences: small texts that users have, by category and name.

use std::collections::BTreeMap;
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
use crate::memory::names::fits;
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

/// Longest value, in characters.
const LONGEST_VALUE: usize = 20_000;

/// By user, then by category and name.
#[derive(Debug, Default)]
pub(super) struct Preferences(BTreeMap<String, BTreeMap<(String, String), Preference>>);

impl Preferences {
    pub(super) fn get(&self, user_id: &str, category: &str, name: &str) -> Option<&Preference> {
        let key = (category.to_owned(), name.to_owned());
        self.0.get(user_id)?.get(&key)
    }

    fn of(&self, user_id: &str) -> impl Iterator<Item = &Preference> {
        self.0.get(user_id).into_iter().flat_map(BTreeMap::values)
    }

    pub(super) fn put(&mut self, preference: Preference) {
        let of_user = self.0.entry(preference.user_id.clone()).or_default();
        let key = (preference.category.clone(), preference.name.clone());
        of_user.insert(key, preference);
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, user_id: &str, category: &str, name: &str) {
        if let Some(of_user) = self.0.get_mut(user_id) {
            of_user.remove(&(category.to_owned(), name.to_owned()));
        }
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
    let others = r
        .preferences
        .iter()
        .any(|preference| preference.user_id != r.user_id);
    if others {
        return Err(Refusal::new(
            "api.preference.update_preferences.set.app_error",
            403,
        ));
    }
    let mut preferences = r.preferences;
    for preference in &mut preferences {
        check(preference)?;
    }
    for preference in &preferences {
        t.preferences.put(preference.clone());
    }
    t.event("sidebar_category_updated", To::User(&r.user_id), []);
    let changed = preferences.iter().map(written).collect::<Vec<_>>();
    let changed = Value::from(changed).to_string();
    t.event(
        "preferences_changed",
        To::User(&r.user_id),
        [("preferences", changed.into())],
    );
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
    let others = r
        .preferences
        .iter()
        .any(|preference| preference.user_id != r.user_id);
    if others {
        return Err(Refusal::new(
            "api.preference.delete_preferences.delete.app_error",
            403,
        ));
    }
    for preference in &r.preferences {
        t.preferences
            .remove(&r.user_id, &preference.category, &preference.name);
    }
    t.event("sidebar_category_updated", To::User(&r.user_id), []);
    let deleted = r.preferences.iter().map(written).collect::<Vec<_>>();
    let deleted = Value::from(deleted).to_string();
    t.event(
        "preferences_deleted",
        To::User(&r.user_id),
        [("preferences", deleted.into())],
    );
    Ok(DeletePreferencesForUserResponse::default())
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
