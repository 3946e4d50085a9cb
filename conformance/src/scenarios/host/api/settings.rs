//! The configuration, preferences and OAuth apps.

use fake_interpreters::base64;
use fake_interpreters::script::Answer;
use serde_json::{Value, json};

use super::story::{Story, UNKNOWN, text, with};
use crate::case::Case;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// The server's configuration and a plugin's own part of it.
    "host/api/configuration" => configuration: ["AP-245", "AP-246"], deadline(90);
    /// Preferences of users.
    "host/api/preferences" => preferences: ["AP-247"];
    /// OAuth apps.
    "host/api/oauth" => oauth: ["AP-248"];
}

/// The JSON in a field of bytes; what is none as a text, so that whoever compares it shows it.
fn document(answer: &Value) -> Value {
    let bytes =
        base64::decode(answer["config_json"].as_str().unwrap_or_default()).unwrap_or_default();
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

fn written(document: &Value) -> Value {
    json!({"config_json": base64::encode(document.to_string().as_bytes())})
}

/// Changes one setting of the server.
async fn set(
    story: &Story<'_>,
    section: &str,
    setting: &str,
    value: Value,
) -> Result<Value, Interruption> {
    let mut whole = document(&story.did("GetUnsanitizedConfig", json!({})).await?);
    if !whole.is_object() {
        let reason = format!("GetUnsanitizedConfig answers no JSON object: {whole}");
        return Err(Interruption::BrokenOff(reason));
    }
    whole[section][setting] = value;
    story.did("SaveConfig", written(&whole)).await?;
    Ok(whole)
}

async fn configuration(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["ConfigurationWillBeSaved", "OnConfigurationChange"]).await?;
    let rule = story.rule("AP-245", "wrong-configuration");
    let before = story
        .fired(&story.plugin, "OnConfigurationChange", 1)
        .await?
        .len();
    let saved = set(&story, "FileSettings", "PublicLinkSalt", json!("secret")).await?;
    rule.fires("SaveConfig", "OnConfigurationChange", before + 1)
        .await?;
    rule.fires("SaveConfig", "ConfigurationWillBeSaved", 1)
        .await?;
    let seen = document(&rule.answers("GetConfig", json!({}), json!({})).await?);
    let salt = &seen["FileSettings"]["PublicLinkSalt"];
    let hidden = salt.is_string() && salt != "secret" && salt != "";
    rule.holds(
        "GetConfig",
        hidden,
        "a mask in the place of a secret",
        salt.to_string(),
    );
    // What is saved with its masks keeps its secrets.
    story.did("SaveConfig", written(&seen)).await?;
    let whole = document(
        &rule
            .answers("GetUnsanitizedConfig", json!({}), json!({}))
            .await?,
    );
    rule.same(
        "GetUnsanitizedConfig",
        "a secret after a save with masks",
        &json!("secret"),
        &whole["FileSettings"]["PublicLinkSalt"],
    );
    let mut other = saved.clone();
    other["TeamSettings"]["SiteName"] = json!("theirs");
    let answer = Answer::Value(
        json!({"modified_config": {"config_json": base64::encode(other.to_string().as_bytes())}}),
    );
    let changing = story
        .another("changing", [("ConfigurationWillBeSaved", answer)])
        .await?;
    story.did("SaveConfig", written(&saved)).await?;
    story.stop(&changing).await?;
    let whole = document(&rule.answers("GetConfig", json!({}), json!({})).await?);
    rule.same(
        "SaveConfig",
        "the name that a plugin gave",
        &json!("theirs"),
        &whole["TeamSettings"]["SiteName"],
    );
    let refusing = Answer::error("theirs.refused", "not now");
    let refusing = story
        .another("refusing", [("ConfigurationWillBeSaved", refusing)])
        .await?;
    rule.refuses("SaveConfig", written(&saved), ("theirs.refused", 500))
        .await?;
    story.stop(&refusing).await?;
    let whole = document(&rule.answers("GetConfig", json!({}), json!({})).await?);
    rule.same(
        "SaveConfig",
        "the name after a refusal",
        &json!("theirs"),
        &whole["TeamSettings"]["SiteName"],
    );
    rule.refuses_somehow("SaveConfig", json!({"config_json": base64::encode(b"[]")}))
        .await?;

    let own = story.rule("AP-246", "wrong-own-part");
    own.answers("GetPluginConfig", json!({}), json!({"config": {}}))
        .await?;
    story
        .did(
            "SavePluginConfig",
            json!({"config": {"TheKey": 1, "other": [true, null]}}),
        )
        .await?;
    own.answers(
        "GetPluginConfig",
        json!({}),
        json!({"config": {"TheKey": 1, "other": [true, null]}}),
    )
    .await?;
    let loaded = document(
        &own.answers("LoadPluginConfiguration", json!({}), json!({}))
            .await?,
    );
    own.same(
        "LoadPluginConfiguration",
        "keys in small letters",
        &json!({"thekey": 1, "other": [true, null]}),
        &loaded,
    );
    let whole = document(
        &own.answers("GetUnsanitizedConfig", json!({}), json!({}))
            .await?,
    );
    own.same(
        "SavePluginConfig",
        "the part in the whole",
        &json!({"TheKey": 1, "other": [true, null]}),
        &whole["PluginSettings"]["Plugins"][&story.plugin.id],
    );
    story
        .did("SavePluginConfig", json!({"config": {"new": "x"}}))
        .await?;
    own.answers(
        "GetPluginConfig",
        json!({}),
        json!({"config": {"new": "x", "TheKey": null}}),
    )
    .await?;
    story.end().await
}

async fn preferences(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["PreferencesHaveChanged"]).await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-247", "wrong-preference");
    let entry = |user: &str, name: &str, value: &str| json!({"user_id": user, "category": "c", "name": name, "value": value});
    let of = |entries: Value| json!({"user_id": ada, "preferences": entries});
    let get = |name: &str| json!({"user_id": ada, "category": "c", "name": name});
    let missing = ("app.preference.get.app_error", 400);
    rule.refuses("GetPreferenceForUser", get("a"), missing)
        .await?;
    let others = of(json!([entry(&ada, "a", "1"), entry(UNKNOWN, "a", "1")]));
    rule.refuses(
        "UpdatePreferencesForUser",
        others.clone(),
        ("api.preference.update_preferences.set.app_error", 403),
    )
    .await?;
    rule.refuses("GetPreferenceForUser", get("a"), missing)
        .await?;
    let long = of(json!([with(
        entry(&ada, "a", "1"),
        json!({"category": "x".repeat(33)})
    )]));
    rule.refuses(
        "UpdatePreferencesForUser",
        long,
        ("model.preference.is_valid.category.app_error", 400),
    )
    .await?;
    rule.answers(
        "UpdatePreferencesForUser",
        of(json!([entry(&ada, "a", "1"), entry(&ada, "b", "2")])),
        json!({}),
    )
    .await?;
    rule.answers(
        "GetPreferenceForUser",
        get("b"),
        json!({"preference": {"value": "2"}}),
    )
    .await?;
    rule.refuses(
        "DeletePreferencesForUser",
        others,
        ("api.preference.delete_preferences.delete.app_error", 403),
    )
    .await?;
    for _ in 0..2 {
        rule.answers(
            "DeletePreferencesForUser",
            of(json!([entry(&ada, "a", "other")])),
            json!({}),
        )
        .await?;
    }
    rule.refuses("GetPreferenceForUser", get("a"), missing)
        .await?;
    rule.answers(
        "GetPreferencesForUser",
        json!({ "user_id": UNKNOWN }),
        json!({"preferences": []}),
    )
    .await?;
    rule.answers(
        "UpdatePreferencesForUser",
        of(json!([entry(&ada, "b", "3")])),
        json!({}),
    )
    .await?;
    let told = rule
        .fires("UpdatePreferencesForUser", "PreferencesHaveChanged", 2)
        .await?;
    let given = told.iter().any(|told| {
        told["preferences"]
            .as_array()
            .is_some_and(|all| all.len() == 2)
    });
    rule.holds(
        "UpdatePreferencesForUser",
        given,
        "the preferences given are told",
        format!("{told:?}"),
    );
    story.end().await
}

async fn oauth(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-248", "wrong-app");
    let given = |rest: Value| json!({"app": with(json!({"creator_id": ada, "name": "a", "callback_urls": "http://x/y", "homepage": "http://x"}), rest)});
    set(
        &story,
        "ServiceSettings",
        "EnableOAuthServiceProvider",
        json!(false),
    )
    .await?;
    rule.refuses(
        "CreateOAuthApp",
        given(json!({})),
        ("api.oauth.register_oauth_app.turn_off.app_error", 501),
    )
    .await?;
    rule.refuses(
        "GetOAuthApp",
        json!({ "app_id": UNKNOWN }),
        ("api.oauth.allow_oauth.turn_off.app_error", 501),
    )
    .await?;
    set(
        &story,
        "ServiceSettings",
        "EnableOAuthServiceProvider",
        json!(true),
    )
    .await?;
    let missing = ("app.oauth.get_app.find.app_error", 404);
    rule.refuses("GetOAuthApp", json!({ "app_id": UNKNOWN }), missing)
        .await?;
    rule.answers("DeleteOAuthApp", json!({ "app_id": UNKNOWN }), json!({}))
        .await?;
    let made = rule
        .answers(
            "CreateOAuthApp",
            given(json!({"client_secret": "mine"})),
            json!({"app": {"name": "a"}}),
        )
        .await?;
    let secret = text(&made["app"]["client_secret"]);
    rule.holds(
        "CreateOAuthApp",
        secret.len() == 26,
        "a secret of the server's own",
        made.to_string(),
    );
    let id = text(&made["app"]["id"]);
    let update =
        given(json!({"id": id, "creator_id": UNKNOWN, "name": "b", "client_secret": "mine"}));
    rule.answers(
        "UpdateOAuthApp",
        update,
        json!({"app": {"name": "b", "creator_id": ada, "client_secret": secret}}),
    )
    .await?;
    rule.refuses(
        "CreateOAuthApp",
        given(json!({"homepage": "x"})),
        ("model.oauth.is_valid.homepage.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateOAuthApp",
        given(json!({ "id": id })),
        ("app.oauth.save_app.existing.app_error", 400),
    )
    .await?;
    story.did("DeleteOAuthApp", json!({ "app_id": id })).await?;
    rule.refuses("GetOAuthApp", json!({ "app_id": id }), missing)
        .await?;
    story.end().await
}
