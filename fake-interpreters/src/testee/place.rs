//! Where the message of each hook carries an order, and how that text is read and written in the message's JSON form.
//!
//! A place is a path of field names; a number picks an element of a list. Behind `#` the path goes on inside JSON that the bytes
//! before it hold; with nothing behind `#` those bytes are the text itself. `TESTEE.md` shows the same table to authors.

use serde_json::{Map, Value};

use crate::base64;

/// The places of the hooks whose message has a text for an order.
pub const PLACES: &[(&str, &str)] = &[
    ("OnInstall", "event.user_id"),
    (
        "ConfigurationWillBeSaved",
        "new_config.config_json#TeamSettings.SiteName",
    ),
    ("MessageWillBePosted", "post.message"),
    ("MessageWillBeUpdated", "new_post.message"),
    ("MessageHasBeenPosted", "post.message"),
    ("MessageHasBeenUpdated", "new_post.message"),
    ("MessagesWillBeConsumed", "posts.0.message"),
    ("MessageHasBeenDeleted", "post.message"),
    ("FileWillBeUploaded", "file_info.name"),
    ("ReactionHasBeenAdded", "reaction.emoji_name"),
    ("ReactionHasBeenRemoved", "reaction.emoji_name"),
    ("NotificationWillBePushed", "push_notification.message"),
    (
        "EmailNotificationWillBeSent",
        "email_notification.notification_json#subject",
    ),
    ("PreferencesHaveChanged", "preferences.0.value"),
    ("UserHasBeenCreated", "user.username"),
    ("UserWillLogIn", "user.username"),
    ("UserHasLoggedIn", "user.username"),
    ("UserHasBeenDeactivated", "user.username"),
    ("OnSAMLLogin", "user.username"),
    ("ChannelHasBeenCreated", "channel.header"),
    ("UserHasJoinedChannel", "channel_member.roles"),
    ("UserHasLeftChannel", "channel_member.roles"),
    ("UserHasJoinedTeam", "team_member.roles"),
    ("UserHasLeftTeam", "team_member.roles"),
    ("ExecuteCommand", "args.command"),
    ("OnWebSocketConnect", "web_conn_id"),
    ("OnWebSocketDisconnect", "web_conn_id"),
    ("WebSocketMessageHasBeenPosted", "request.action"),
    ("OnPluginClusterEvent", "event.data#"),
    ("OnSharedChannelsSyncMsg", "remote_cluster.display_name"),
    ("OnSharedChannelsPing", "remote_cluster.display_name"),
    (
        "OnSharedChannelsAttachmentSyncMsg",
        "remote_cluster.display_name",
    ),
    (
        "OnSharedChannelsProfileImageSyncMsg",
        "remote_cluster.display_name",
    ),
];

/// The place of a hook's order, if its message has one.
pub fn of(hook: &str) -> Option<&'static str> {
    PLACES
        .iter()
        .find(|(name, _)| *name == hook)
        .map(|(_, place)| *place)
}

/// The text at a place of a message in its JSON form.
pub fn read(message: &Value, place: &str) -> Option<String> {
    let (path, inner) = split(place);
    let text = find(message, path)?.as_str()?;
    let Some(inner) = inner else {
        return Some(text.to_owned());
    };
    let bytes = base64::decode(text)?;
    if inner.is_empty() {
        return String::from_utf8(bytes).ok();
    }
    let json: Value = serde_json::from_slice(&bytes).ok()?;
    find(&json, inner)?.as_str().map(str::to_owned)
}

/// Writes the text at a place; what leads there and is missing is made.
pub fn write(message: &mut Value, place: &str, text: &str) {
    let (path, inner) = split(place);
    let slot = make(message, path);
    *slot = match inner {
        None => text.into(),
        Some("") => base64::encode(text.as_bytes()).into(),
        Some(inner) => {
            let bytes = slot.as_str().and_then(base64::decode).unwrap_or_default();
            let mut json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            *make(&mut json, inner) = text.into();
            base64::encode(json.to_string().as_bytes()).into()
        }
    };
}

fn split(place: &str) -> (&str, Option<&str>) {
    match place.split_once('#') {
        Some((path, inner)) => (path, Some(inner)),
        None => (place, None),
    }
}

/// The value at a path of names and numbers.
pub fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, step| match step.parse::<usize>() {
            Ok(at) => value.get(at),
            Err(_) => value.get(step),
        })
}

/// The value at a path, made if it is not there.
pub fn make<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.')
        .fold(value, |value, step| match step.parse::<usize>() {
            Ok(at) => {
                if !value.is_array() {
                    *value = Value::Array(Vec::new());
                }
                let list = value.as_array_mut().expect("it was made a list above");
                if list.len() <= at {
                    list.resize(at + 1, Value::Object(Map::new()));
                }
                &mut list[at]
            }
            Err(_) => {
                if !value.is_object() {
                    *value = Value::Object(Map::new());
                }
                &mut value[step]
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::method::Form;
    use plugin_proto::{HOOKS, reflect};
    use serde_json::json;

    #[test]
    fn every_place_is_one_in_the_message_of_its_hook() {
        for (hook, place) in PLACES {
            let method = HOOKS.iter().find(|method| method.name == *hook).unwrap();
            let mut message = json!({});
            write(&mut message, place, "conformance n é");
            assert_eq!(
                read(&message, place).as_deref(),
                Some("conformance n é"),
                "{hook}"
            );
            let wire = reflect::from_json(method, Form::Request, &message).unwrap();
            let again = reflect::to_json(method, Form::Request, &wire).unwrap();
            assert_eq!(again, message, "{hook}");
        }
    }

    #[test]
    fn what_stands_around_the_text_stays() {
        let mut message =
            json!({"new_config": {"config_json": base64::encode(br#"{"A":{"B":1}}"#)}});
        let place = of("ConfigurationWillBeSaved").unwrap();
        write(&mut message, place, "x");
        let bytes = base64::decode(message["new_config"]["config_json"].as_str().unwrap()).unwrap();
        let config: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            config,
            json!({"A": {"B": 1}, "TeamSettings": {"SiteName": "x"}})
        );
        assert_eq!(of("OnActivate"), None);
    }
}
