//! Which plugins are on: what the configuration says, and how the host comes to be as it says.
//!
//! A plugin of which it says nothing is as its host has it. Starts and stops follow it in the background.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::ids::PluginId;
use crate::memory::act::Act;

/// Says of a plugin that it is on, or off.
pub(super) fn set(document: &mut Map<String, Value>, id: &PluginId, on: bool) {
    let mut at = document;
    for key in ["PluginSettings", "PluginStates", id.as_str()] {
        let inner = at.entry(key).or_insert_with(|| Map::new().into());
        if !inner.is_object() {
            *inner = Map::new().into();
        }
        let Some(inner) = inner.as_object_mut() else {
            return;
        };
        at = inner;
    }
    at.insert("Enable".to_owned(), on.into());
}

/// Whether a configuration says that a plugin is on; nothing if it does not speak of it.
pub(super) fn of(document: &Map<String, Value>, id: &str) -> Option<bool> {
    let states = document.get("PluginSettings")?.get("PluginStates")?;
    states.get(id)?.get("Enable")?.as_bool()
}

/// The plugins of which two configurations say different things, the later one something.
pub(super) fn changed(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> BTreeSet<PluginId> {
    let states = after
        .get("PluginSettings")
        .and_then(|section| section.get("PluginStates"))
        .and_then(Value::as_object);
    let ids = states.into_iter().flat_map(Map::keys);
    let ids = ids.filter(|id| {
        let now = of(after, id);
        now.is_some() && now != of(before, id)
    });
    ids.filter_map(|id| PluginId::parse(id).ok()).collect()
}

/// Starts and stops plugins until they are as the configuration says, which may change meanwhile.
pub(super) fn follow(act: &Act, ids: BTreeSet<PluginId>) {
    let Some(plugins) = act.plugins() else {
        return;
    };
    for id in ids {
        let (act, plugins) = (act.clone(), plugins.clone());
        let wanted = {
            let (act, id) = (act.clone(), id.clone());
            move || act.with(|t| of(t.config.document(), id.as_str()))
        };
        act.in_background(async move {
            let mut wants = wanted();
            loop {
                match wants {
                    Some(true) => {
                        if let Err(error) = plugins.enable(&id).await {
                            tracing::error!("a plugin that was enabled does not run: {error}");
                        }
                    }
                    Some(false) => plugins.disable(&id).await,
                    None => return,
                }
                let now = wanted();
                if now == wants {
                    return;
                }
                wants = now;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(states: Value) -> Map<String, Value> {
        let document = json!({"PluginSettings": {"PluginStates": states}});
        document.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_two_configurations_say_differently_has_changed() {
        let on = json!({"Enable": true});
        let off = json!({"Enable": false});
        let before = document(json!({"abc": on, "abd": off, "abe": on}));
        let after = document(json!({"abc": on, "abd": on, "abf": off, "x": on, "abg": 7}));
        let ids = changed(&before, &after);
        let ids: Vec<_> = ids.iter().map(PluginId::as_str).collect();
        assert_eq!(ids, ["abd", "abf"]);
        assert_eq!(changed(&before, &Map::new()), BTreeSet::new());
    }

    #[test]
    fn a_state_is_set_in_whatever_is_there() {
        let id = PluginId::parse("abc").unwrap();
        for document in [Map::new(), document(json!("no object"))] {
            let mut document = document;
            set(&mut document, &id, true);
            assert_eq!(of(&document, "abc"), Some(true));
            set(&mut document, &id, false);
            assert_eq!(of(&document, "abc"), Some(false));
        }
    }
}
