//! How often what API calls lead to is told: once by each hook.

use std::collections::BTreeMap;

use fake_interpreters::base64;
use serde_json::{Value, json};

use super::story::Story;
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Events of many kinds, each told once.
    "host/api/told-once" => told_once: ["AP-019"];
}

/// The methods that are called and a hook that each leads to.
const TOLD: [(&str, &str); 14] = [
    ("CreateUser", "UserHasBeenCreated"),
    ("CreateTeamMember", "UserHasJoinedTeam"),
    ("CreateChannel", "ChannelHasBeenCreated"),
    ("AddChannelMember", "UserHasJoinedChannel"),
    ("UploadFile", "FileWillBeUploaded"),
    ("CreatePost", "MessageWillBePosted"),
    ("CreatePost", "MessageHasBeenPosted"),
    ("UpdatePost", "MessageWillBeUpdated"),
    ("UpdatePost", "MessageHasBeenUpdated"),
    ("AddReaction", "ReactionHasBeenAdded"),
    ("RemoveReaction", "ReactionHasBeenRemoved"),
    ("UpdatePreferencesForUser", "PreferencesHaveChanged"),
    ("DeleteChannelMember", "UserHasLeftChannel"),
    ("DeletePost", "MessageHasBeenDeleted"),
];

async fn told_once(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, TOLD.map(|(_, hook)| hook)).await?;
    let rule = story.rule("AP-019", "told-twice");
    let team = story.team("one").await?;
    let ada = story.member(&team, "ada").await?;
    let channel = story.channel(&team, "place").await?;
    let member = json!({"channel_id": channel, "user_id": ada});
    let file = json!({"data": base64::encode(b"abc"), "channel_id": channel, "filename": "a.txt"});
    story.did("AddChannelMember", member.clone()).await?;
    story.did("UploadFile", file).await?;
    let post = story.post((&ada, &channel), json!({})).await?;
    let reaction = json!({"reaction": {"user_id": ada, "post_id": post, "emoji_name": "smile"}});
    let preference = json!({"user_id": ada, "category": "c", "name": "n", "value": "v"});
    for (method, request) in [
        (
            "UpdatePost",
            json!({"post": {"id": post, "message": "other"}}),
        ),
        ("AddReaction", reaction.clone()),
        ("RemoveReaction", reaction),
        (
            "UpdatePreferencesForUser",
            json!({"user_id": ada, "preferences": [preference]}),
        ),
        ("DeleteChannelMember", member),
        ("DeletePost", json!({"post_id": post})),
    ] {
        story.did(method, request).await?;
    }
    // Once each has come, the plugin is stopped: what is on its way by then arrives before the end.
    for (_, hook) in TOLD {
        story.fired(&story.plugin, hook, 1).await?;
    }
    story.stop(&story.plugin).await?;
    for (method, hook) in TOLD {
        let told = story.fired(&story.plugin, hook, 0).await?;
        let again = repeated(&told);
        rule.holds(
            method,
            !told.is_empty() && again.is_empty(),
            format!("each call of {hook} once"),
            format!("{} calls, more than once: {}", told.len(), json!(again)),
        );
    }
    story.end().await
}

/// The requests that came more than once; the contexts are a call's own.
fn repeated(told: &[Value]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in told {
        let mut request = request.clone();
        if let Value::Object(fields) = &mut request {
            fields.retain(|name, _| !matches!(name.as_str(), "context" | "plugin_context"));
        }
        *counts.entry(request.to_string()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_its_context_alone_is_the_same() {
        let told =
            |id: &str, post: &str| json!({"context": {"request_id": id}, "post": {"id": post}});
        assert_eq!(repeated(&[told("1", "a"), told("2", "b")]), [""; 0]);
        assert_eq!(repeated(&[told("1", "a"), told("2", "a")]).len(), 1);
    }

    #[test]
    fn rows_name_methods_and_hooks() {
        for (method, hook) in TOLD {
            assert!(plugin_proto::find_api(method).is_some(), "{method}");
            assert!(plugin_proto::find_hook(hook).is_some(), "{hook}");
        }
    }
}
