//! What leaves the server: events for clients, for other nodes, requests to other plugins.

use fake_interpreters::base64;
use fake_interpreters::script::{HttpMessage, HttpStep, Script, Serve};
use serde_json::json;

use super::story::{Story, UNKNOWN};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Requests to other plugins.
    "host/api/plugin-http" => plugin_http: ["AP-259"];
    /// Events for clients.
    "host/api/websocket-events" => websocket: ["AP-260"];
}

async fn plugin_http(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let steps = [
        HttpStep::Read {},
        HttpMessage::head(201)
            .header("X-Theirs", "yes")
            .with("hello")
            .complete()
            .step(),
    ];
    let other = story
        .stage
        .started("other", &Script::serving(Serve::default().http(steps)))
        .await?;
    let rule = story.rule("AP-259", "wrong-response");
    let ask = |url: &str| json!({"method": "POST", "url": url, "headers": {"X-Mine": "1", "Mattermost-Plugin-ID": "forged"}, "body": "YQ=="});
    let answer = rule
        .answers(
            "PluginHTTP",
            ask(&format!("/{}/some/path?b=2&a=1", other.id)),
            json!({"status_code": 201, "body": base64::encode(b"hello")}),
        )
        .await?;
    let headers = answer["headers"].as_object();
    let theirs = headers.is_some_and(|headers| {
        headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("X-Theirs") && value == "yes")
    });
    rule.holds(
        "PluginHTTP",
        theirs,
        "the other plugin's header",
        answer.to_string(),
    );
    let asked = story.fired(&other, "ServeHTTP", 1).await?;
    let init = asked
        .first()
        .map(|asked| asked["init"].clone())
        .unwrap_or_default();
    let header = |name: &str| {
        let all = init["headers"].as_array().into_iter().flatten();
        let values = all.filter(|header| {
            header["key"]
                .as_str()
                .is_some_and(|key| key.eq_ignore_ascii_case(name))
        });
        values
            .map(|header| header["values"].clone())
            .next()
            .unwrap_or_default()
    };
    rule.same(
        "PluginHTTP",
        "who asks",
        &json!([story.plugin.id]),
        &header("Mattermost-Plugin-ID"),
    );
    rule.same(
        "PluginHTTP",
        "the header given",
        &json!(["1"]),
        &header("X-Mine"),
    );
    let url = init["url"].as_str().unwrap_or_default();
    rule.holds(
        "PluginHTTP",
        url.starts_with("/some/path"),
        "the rest of the path",
        init["url"].to_string(),
    );
    rule.answers(
        "PluginHTTP",
        ask("/no.such.plugin/x"),
        json!({"status_code": 404}),
    )
    .await?;
    rule.answers(
        "PluginHTTP",
        ask(&format!("/{}", other.id)),
        json!({"status_code": 400}),
    )
    .await?;
    story.end().await
}

async fn websocket(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-260", "wrong-event");
    let request =
        json!({"event": "tea", "payload": {"cups": 2}, "broadcast": {"user_id": UNKNOWN}});
    rule.answers("PublishWebSocketEvent", request, json!({}))
        .await?;
    let name = format!("custom_{}_tea", story.plugin.id);
    let told = story.stage.event(|event| event.event == "websocket").await;
    let part = |event: &crate::driver::protocol::Event, name: &str| {
        event.fields.get(name).cloned().unwrap_or_default()
    };
    let seen = told.as_ref().map(|event| {
        (
            event.text("name").to_owned(),
            part(event, "payload"),
            part(event, "broadcast"),
        )
    });
    match seen {
        None => case
            .require("AP-260")
            .inconclusive("this host tells no websocket events"),
        Some((got, payload, broadcast)) => {
            rule.holds("PublishWebSocketEvent", got == name, &name, &got);
            rule.same(
                "PublishWebSocketEvent",
                "payload",
                &json!({"cups": 2}),
                &payload,
            );
            rule.same(
                "PublishWebSocketEvent",
                "broadcast",
                &json!({"user_id": UNKNOWN}),
                &broadcast,
            );
        }
    }
    story.end().await
}
