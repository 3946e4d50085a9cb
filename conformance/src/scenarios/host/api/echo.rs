//! Whole objects: every field that a plugin may set is read when the object is made, and comes back when it is got.
//!
//! A row says how an object is made and got, which values its fields need to be valid, and which fields are the server's own; the fields
//! themselves are the descriptor's, so a new one is asked for as soon as it is there.

use plugin_proto::{Form, Method, find_api, reflect};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::door::Said;
use super::story::{Story, differences, text, with};
use crate::case::Case;
use crate::case::words::Words;
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::verdict::OutcomeKind;

scenarios! {
    Host, Api;
    /// Objects are made with every field, and got again.
    "host/api/every-field" => every_field: ["AP-014"], deadline(90);
}

/// One kind of object.
struct Row {
    /// The method that makes it, and the field of its request that the object stands in.
    make: (&'static str, &'static str),
    /// The method that gets it, and where the object stands in its answer.
    get: (&'static str, &'static str),
    /// What the second is asked with: fields of its request and of the object.
    by: &'static [(&'static str, &'static str)],
    /// Values that fields need, in JSON; `$NAME` is the id of what was made before by that name.
    given: &'static str,
    /// Fields that the server decides.
    own: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        make: ("CreateUser", "user"),
        get: ("GetUser", "/user"),
        by: &[("user_id", "id")],
        given: r#"{"username": "whole", "email": "whole@localhost", "password": "secret-word-1", "locale": "en", "create_at": 5,
            "notify_props": {"email": "false"}, "props": {"k": "v"}, "timezone": {"manualTimezone": "Europe/Berlin"}}"#,
        own: &[
            "id",
            "update_at",
            "delete_at",
            "password",
            "auth_data",
            "auth_service",
            "roles",
            "last_password_update",
            "last_picture_update",
            "failed_attempts",
            "mfa_active",
            "mfa_secret",
            "remote_id",
            "last_activity_at",
            "is_bot",
            "bot_description",
            "bot_last_icon_update",
            "terms_of_service_id",
            "terms_of_service_create_at",
            "last_login",
        ],
    },
    Row {
        make: ("CreateTeam", "team"),
        get: ("GetTeam", "/team"),
        by: &[("team_id", "id")],
        given: r#"{"name": "whole", "display_name": "Whole", "email": "whole@localhost", "type": "TEAM_TYPE_OPEN", "allowed_domains": "localhost"}"#,
        own: &[
            "id",
            "create_at",
            "update_at",
            "delete_at",
            "invite_id",
            "last_team_icon_update",
            "policy_id",
            "cloud_limits_archived",
        ],
    },
    Row {
        make: ("CreateChannel", "channel"),
        get: ("GetChannel", "/channel"),
        by: &[("channel_id", "id")],
        given: r#"{"team_id": "$team", "type": "CHANNEL_TYPE_PRIVATE", "name": "whole", "display_name": "Whole", "creator_id": "$user", "create_at": 5}"#,
        own: &[
            "id",
            "update_at",
            "delete_at",
            "last_post_at",
            "total_msg_count",
            "total_msg_count_root",
            "last_root_post_at",
            "extra_update_at",
            "policy_id",
            "policy_enforced",
            "policy_is_active",
        ],
    },
    Row {
        make: ("CreatePost", "post"),
        get: ("GetPost", "/post"),
        by: &[("post_id", "id")],
        given: r##"{"user_id": "$user", "channel_id": "$channel", "root_id": "$root", "message": "whole", "type": "custom_whole", "create_at": 5,
            "props": {"text": "x", "list": [1, null, {"a": true}]}, "file_ids": ["$file"]}"##,
        own: &[
            "id",
            "update_at",
            "edit_at",
            "delete_at",
            "original_id",
            "message_source",
            "hashtags",
            "pending_post_id",
            "has_reactions",
            "reply_count",
            "last_reply_at",
            "participants",
            "is_following",
            "metadata",
        ],
    },
    Row {
        make: ("CreateBot", "bot"),
        get: ("GetBot", "/bot"),
        by: &[("bot_user_id", "user_id")],
        given: r#"{"username": "whole-bot", "owner_id": "somebody"}"#,
        own: &[
            "user_id",
            "create_at",
            "update_at",
            "delete_at",
            "last_icon_update",
        ],
    },
    Row {
        make: ("CreateCommand", "cmd"),
        get: ("GetCommand", "/command"),
        by: &[("command_id", "id")],
        given: r#"{"team_id": "$team", "trigger": "whole", "method": "P", "url": "http://localhost/"}"#,
        own: &[
            "id",
            "token",
            "create_at",
            "update_at",
            "delete_at",
            "creator_id",
            "plugin_id",
        ],
    },
    Row {
        make: ("CreateGroup", "group"),
        get: ("GetGroup", "/group"),
        by: &[("group_id", "id")],
        given: r#"{"name": "whole-group", "source": "ldap", "remote_id": "r"}"#,
        own: &["id", "create_at", "update_at", "delete_at"],
    },
    Row {
        make: ("UpsertGroupSyncable", "group_syncable"),
        get: ("GetGroupSyncable", "/group_syncable"),
        by: &[
            ("group_id", "group_id"),
            ("syncable_id", "syncable_id"),
            ("syncable_type", "syncable_type"),
        ],
        given: r#"{"group_id": "$group", "syncable_id": "$team", "syncable_type": "team"}"#,
        own: &["create_at", "update_at", "delete_at"],
    },
    Row {
        make: ("CreateSession", "session"),
        get: ("GetSession", "/session"),
        by: &[("session_id", "id")],
        given: r#"{"user_id": "$user", "token": "tokentokentokentokentokent", "roles": "system_user", "expires_at": 4102444800000, "props": {"k": "v"}}"#,
        own: &[
            "id",
            "create_at",
            "last_activity_at",
            "team_members",
            "local",
        ],
    },
    Row {
        make: ("CreateUploadSession", "upload_session"),
        get: ("GetUploadSession", "/upload_session"),
        by: &[("upload_id", "id")],
        given: r#"{"type": "attachment", "user_id": "$user", "channel_id": "$channel", "filename": "a.txt", "file_size": 3}"#,
        own: &["id", "create_at", "path", "file_offset"],
    },
    Row {
        make: ("CreatePropertyField", "field"),
        get: ("GetPropertyField", "/field"),
        by: &[("field_id", "id")],
        given: r#"{"group_id": "$property", "name": "whole", "type": "text"}"#,
        own: &["id", "create_at", "update_at", "delete_at"],
    },
    Row {
        make: ("CreatePropertyValue", "value"),
        get: ("GetPropertyValue", "/value"),
        by: &[("value_id", "id")],
        given: r#"{"group_id": "$property", "field_id": "$user", "target_id": "$channel", "create_at": 5}"#,
        own: &["id", "update_at", "delete_at"],
    },
    Row {
        make: ("AddReaction", "reaction"),
        get: ("GetReactions", "/reactions/0"),
        by: &[("post_id", "post_id")],
        given: r#"{"user_id": "$user", "post_id": "$root", "emoji_name": "smile", "create_at": 5, "channel_id": "$channel"}"#,
        own: &["update_at", "delete_at"],
    },
    Row {
        make: ("RegisterCommand", "command"),
        get: ("ListPluginCommands", "/commands/0"),
        by: &[("team_id", "team_id")],
        given: r#"{"team_id": "$team", "trigger": "whole"}"#,
        own: &[
            "id",
            "token",
            "create_at",
            "update_at",
            "delete_at",
            "creator_id",
            "method",
            "username",
            "icon_url",
            "description",
            "url",
            "plugin_id",
        ],
    },
    Row {
        make: ("ShareChannel", "shared_channel"),
        get: ("ShareChannel", "/shared_channel"),
        by: &[],
        given: r#"{"channel_id": "$channel", "team_id": "$team", "creator_id": "$user", "type": "O"}"#,
        own: &["create_at", "update_at"],
    },
];

async fn every_field(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let known = known(&story).await?;
    let mut all = Vec::new();
    for row in ROWS {
        let lost = lost(&story, row, &known).await?;
        let kind = match lost.is_empty() {
            true => OutcomeKind::Passed,
            false => OutcomeKind::Failed,
        };
        for method in [row.make.0, row.get.0] {
            case.cell("AP-014", method, kind);
        }
        let told = lost
            .iter()
            .map(|lost| format!("{} and {}: {lost}", row.make.0, row.get.0));
        all.extend(told);
    }
    case.require("AP-014").seen("objects", ROWS.len()).holds(
        all.is_empty(),
        "every field that was given",
        all.join("; "),
        "field-lost",
    );
    story.end().await
}

/// What rows need by its names.
async fn known(story: &Story<'_>) -> Result<Vec<(&'static str, String)>, Interruption> {
    let user = story.user("known").await?;
    let team = story.team("known").await?;
    let channel = story.channel(&team, "known").await?;
    let root = story.post((&user, &channel), json!({})).await?;
    let file = story
        .did("UploadFile", json!({"data": "YQ==", "filename": "a.txt"}))
        .await?;
    let group = story
        .made(
            "CreateGroup",
            "group",
            json!({"name": "g", "display_name": "G", "source": "custom"}),
        )
        .await?;
    let property = story
        .did("RegisterPropertyGroup", json!({"name": "g"}))
        .await?;
    Ok(vec![
        ("$user", user),
        ("$team", team),
        ("$channel", channel),
        ("$root", root),
        ("$file", text(&file["file_info"]["id"])),
        ("$group", group),
        ("$property", text(&property["group"]["id"])),
    ])
}

/// The fields that do not come back, by path.
async fn lost(
    story: &Story<'_>,
    row: &Row,
    known: &[(&str, String)],
) -> Result<Vec<String>, Interruption> {
    let (make, field) = row.make;
    let given = known.iter().fold(row.given.to_owned(), |text, (name, id)| {
        text.replace(name, id)
    });
    let given: Value = serde_json::from_str(&given)?;
    let Some(message) = find_api(make).and_then(|method| message_in(method, field)) else {
        return Err(Interruption::Suite(
            format!("{make} has no message {field}").into(),
        ));
    };
    let whole = whole(&message, &given, row.own);
    // What is needed and never shown, a password, is given, too.
    let sent = with(whole.clone(), given);
    let made = match story.door.call(make, &json!({ field: sent })).await? {
        Said::Answer(answer) => answer,
        other => return Ok(vec![format!("it is not made: {}", other.words())]),
    };
    let answered = made.as_object().and_then(|fields| fields.values().next());
    let object = answered.cloned().unwrap_or_else(|| whole.clone());
    let (get, at) = row.get;
    let request: Map<String, Value> = row
        .by
        .iter()
        .map(|(key, from)| ((*key).to_owned(), object[*from].clone()))
        .collect();
    let got = match row.by {
        [] => Said::Answer(made),
        _ => story.door.call(get, &Value::Object(request)).await?,
    };
    let Said::Answer(got) = got else {
        return Ok(vec![format!("it is not got: {}", got.words())]);
    };
    Ok(differences(&whole, got.pointer(at).unwrap_or(&Value::Null)))
}

fn message_in(method: &Method, field: &str) -> Option<MessageDescriptor> {
    let request = reflect::pool().get_message_by_name(method.message(Form::Request))?;
    request
        .get_field_by_name(field)?
        .kind()
        .as_message()
        .cloned()
}

/// The object with every field but the server's own.
fn whole(message: &MessageDescriptor, given: &Value, own: &[&str]) -> Value {
    let fields = message
        .fields()
        .filter(|field| !own.contains(&field.name()));
    let filled = fields.map(|field| {
        let value = given
            .get(field.name())
            .cloned()
            .unwrap_or_else(|| plain(&field));
        (field.name().to_owned(), value)
    });
    Value::Object(filled.collect())
}

fn plain(field: &FieldDescriptor) -> Value {
    let value = match field.kind() {
        Kind::String => json!(format!("{} \u{e9}", field.name())),
        Kind::Bool => json!(true),
        Kind::Bytes => json!("AP8="),
        Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => {
            json!({"text": "x", "list": [1.5, null, {"y": true}]})
        }
        Kind::Message(message) if message.full_name() == "google.protobuf.Value" => {
            json!({"a": [1, "b", null]})
        }
        Kind::Message(message) => whole(&message, &Value::Null, &[]),
        _ => json!(7),
    };
    match field.is_list() {
        true => json!([value]),
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_fields_of_their_messages() {
        for row in ROWS {
            let method = find_api(row.make.0).unwrap();
            let message = message_in(method, row.make.1).unwrap();
            let given: Value = serde_json::from_str(row.given).unwrap();
            let names = given.as_object().unwrap().keys().map(String::as_str);
            for name in names.chain(row.own.iter().copied()) {
                assert!(
                    message.get_field_by_name(name).is_some(),
                    "{} {name}",
                    row.make.0
                );
            }
            assert!(find_api(row.get.0).is_some(), "{}", row.get.0);
        }
    }
}
