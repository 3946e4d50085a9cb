//! Hook calls: what is sent, what comes back, and what ends them.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::script::{Answer, InBand, Script, Serve};
use serde_json::{Value, json};

use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Called;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Only listed hooks are called.
    "host/hooks/listed" => listed: ["HK-001"];
    /// Everything arrives, in both directions.
    "host/hooks/fields" => fields: ["HK-002"];
    /// A hook that never answers.
    "host/hooks/deadline" => deadline: ["HK-003"], waits();
    /// An error in band is no failed call.
    "host/hooks/error-in-band" => error_in_band: ["HK-004"];
    /// A plugin without Implemented has every hook.
    "host/hooks/without-implemented" => without_implemented: ["HK-005"];
    /// Odd names in Implemented.
    "host/hooks/odd-names" => odd_names: ["HK-006"];
    /// An answer that is no message.
    "host/hooks/undecodable-answer" => undecodable_answer: ["HK-007"];
}

/// A hook call that the driver must not refuse.
async fn call(
    stage: &Stage<'_>,
    folder: &PluginFolder,
    hook: &str,
    request: Value,
) -> Result<Called, Interruption> {
    stage.hook(folder, hook, request).await?.map_err(|refusal| {
        Interruption::broken_off(format!(
            "the host refused to call {hook}: {}: {}",
            refusal.kind, refusal.message
        ))
    })
}

async fn listed(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().implemented(["OnActivate", "MessageHasBeenPosted"]);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let unlisted = call(&stage, &folder, "MessageWillBePosted", json!({})).await?;
    let other = call(&stage, &folder, "UserHasBeenCreated", json!({})).await?;
    let listed = call(&stage, &folder, "MessageHasBeenPosted", json!({})).await?;
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageHasBeenPosted").is_empty()
        })
        .await?;
    let control = calls(&entries, "MessageHasBeenPosted").len();
    let seen = || {
        case.require("HK-001")
            .seen("control: calls of the listed hook", control)
            .and("its outcome", listed.words())
    };
    let wrong: Vec<&str> = [
        "MessageWillBePosted",
        "UserHasBeenCreated",
        "OnConfigurationChange",
    ]
    .into_iter()
    .filter(|hook| !calls(&entries, hook).is_empty())
    .collect();
    seen().absent("unlisted hook called", &wrong, "unlisted-hook-called");
    for outcome in [unlisted, other] {
        seen().equals(Called::NotImplemented {}, outcome, "wrong-outcome");
    }
    seen().same(
        "calls of the hook that is listed",
        1,
        control,
        "listed-hook-not-called",
    );
    stage.close().await
}

async fn fields(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let request = json!({
        "plugin_context": {"session_id": "s1", "request_id": "r1", "ip_address": "192.0.2.7", "accept_language": "de", "user_agent": "u\u{e4}"},
        "post": {
            "id": "p1", "user_id": "u1", "channel_id": "c1", "message": "Gr\u{fc}\u{df}e \u{1f600} \u{0}nul", "create_at": "1700000000123",
            "is_pinned": true, "hashtags": "#a",
        },
    });
    let answer = json!({"modified_post": {"id": "p1", "message": "\u{e9}change \u{1f600}", "edit_at": "9007199254740993"}, "rejection_reason": ""});
    let serve = Serve::good().hook("MessageWillBePosted", Answer::Value(answer.clone()));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let outcome = call(&stage, &folder, "MessageWillBePosted", request.clone()).await?;
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageWillBePosted").is_empty()
        })
        .await?;
    let arrived = calls(&entries, "MessageWillBePosted")
        .first()
        .and_then(|entry| entry.request());
    let seen = || {
        case.require("HK-002")
            .seen("what the plugin was asked", arrived.clone())
    };
    for part in ["plugin_context", "post"] {
        let got = arrived
            .as_ref()
            .map(|arrived| arrived[part].clone())
            .unwrap_or_default();
        let missing = difference(&request[part], &got);
        seen().absent(
            "field lost or changed on the way to the plugin",
            &missing,
            "request-changed",
        );
    }
    let response = match &outcome {
        Called::Answered { response } => response.clone(),
        _ => Value::Null,
    };
    let missing = difference(&answer["modified_post"], &response["modified_post"]);
    seen().holds(
        missing.is_empty() && !response["modified_post"].is_null(),
        format!("the answer {answer}"),
        format!("{}; different: {}", outcome.words(), missing.words()),
        "answer-changed",
    );
    stage.close().await
}

/// The fields of an object that another does not have with the same value; 64-bit numbers may be numbers or their text.
fn difference(expected: &Value, got: &Value) -> Vec<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let Some(fields) = expected.as_object() else {
        return vec!["no object".to_owned()];
    };
    fields
        .iter()
        .filter(|(name, value)| text(value) != text(&got[name.as_str()]))
        .map(|(name, value)| format!("{name}: {value} became {}", got[name.as_str()]))
        .collect()
}

async fn deadline(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(600);
    let stage = Stage::open_with(case, Setting::new().bound("hook", bound)).await?;
    let serve = Serve::good().hook("MessageWillBePosted", Answer::Hang);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let began = Instant::now();
    let outcome = call(&stage, &folder, "MessageWillBePosted", json!({})).await?;
    let took = began.elapsed();
    let other = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageWillBePosted").is_empty()
        })
        .await?;
    let seen = || {
        case.require("HK-003").seen(
            "calls of the hook",
            calls(&entries, "MessageWillBePosted").len(),
        )
    };
    seen().within(
        bound + case.scaled(Duration::from_secs(3)),
        took,
        "hook-not-ended",
    );
    seen().holds(
        took >= bound,
        format!("not before {}", bound.words()),
        took.words(),
        "gave-up-early",
    );
    let kept = matches!(&outcome, Called::Failed { kind, .. } if kind == "deadline");
    seen().holds(
        kept,
        "a failed call: deadline",
        outcome.words(),
        "wrong-outcome",
    );
    seen().holds(
        matches!(other, Ok(Called::Answered { .. })),
        "the next hook is answered",
        other.words(),
        "plugin-ended",
    );
    let status = stage.status(&folder).await?;
    seen().same(
        "the state",
        "running",
        status.state.as_str(),
        "plugin-ended",
    );
    stage.close().await
}

async fn error_in_band(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Messages)?;
    let error = InBand {
        id: "plugin.command.denied".to_owned(),
        message: "not for you".to_owned(),
        detailed_error: "detail".to_owned(),
        status_code: 403,
        place: "ExecuteCommand".to_owned(),
    };
    let serve = Serve::good()
        .hook("ExecuteCommand", Answer::Error(error))
        .hook("RunDataRetention", Answer::status("INTERNAL", "broken"));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let refused = call(&stage, &folder, "ExecuteCommand", json!({})).await?;
    let failed = call(&stage, &folder, "RunDataRetention", json!({})).await?;
    let entries = stage
        .journal(&folder, |entries| {
            calls(entries, "RunDataRetention").len() == 1
        })
        .await?;
    let seen = || {
        case.require("HK-004")
            .seen("calls of the hook", calls(&entries, "ExecuteCommand").len())
    };
    let error = match &refused {
        Called::Refused { error } => error.clone(),
        other => json!({ "instead": other.words() }),
    };
    seen().holds(
        matches!(refused, Called::Refused { .. }),
        "an error in band",
        refused.words(),
        "error-not-told-apart",
    );
    for (field, value) in [
        ("id", json!("plugin.command.denied")),
        ("message", json!("not for you")),
        ("status_code", json!(403)),
    ] {
        seen().same(
            &format!("{field} of the error"),
            value,
            error[field].clone(),
            "error-changed",
        );
    }
    seen().holds(
        matches!(failed, Called::Failed { .. }),
        "a failed call",
        failed.words(),
        "error-not-told-apart",
    );
    stage.close().await
}

async fn without_implemented(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().implemented_answer(Answer::status("UNIMPLEMENTED", "unknown method"));
    let folder = stage.place("plugin", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let said = outcome.words();
    let asked = calls(&folder.entries()?, "Implemented").len();
    // A host that never asked has nothing to be judged by.
    let asked = (asked > 0).then_some(asked);
    let seen = || {
        case.require("HK-005")
            .go_host("fails the start")
            .seen("calls of Implemented", asked)
    };
    if !seen().holds(outcome.is_ok(), "a plugin that runs", said, "start-refused") {
        return stage.close().await;
    }
    for hook in [
        "MessageWillBePosted",
        "ConfigurationWillBeSaved",
        "OnSAMLLogin",
    ] {
        let outcome = call(&stage, &folder, hook, json!({})).await?;
        let entries = stage
            .journal(&folder, |entries| !calls(entries, hook).is_empty())
            .await?;
        let kept = matches!(outcome, Called::Answered { .. }) && calls(&entries, hook).len() == 1;
        seen().holds(
            kept,
            format!("{hook} is called"),
            outcome.words(),
            "hook-not-called",
        );
    }
    stage.close().await
}

async fn odd_names(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let serve = Serve::good().implemented([
        "OnActivate",
        "OnActivate",
        "NoSuchHook",
        "messagewillbeposted",
        "UserHasBeenCreated ",
        "",
        "ServeMetrics",
        "Implemented",
        "MessageHasBeenPosted",
        "MessageHasBeenPosted",
    ]);
    let folder = stage.place("plugin", &Script::serving(serve))?;
    let outcome = stage.activate(&folder).await?;
    let said = outcome.words();
    let asked = calls(&folder.entries()?, "Implemented").len();
    // A host that never asked has nothing to be judged by.
    let asked = (asked > 0).then_some(asked);
    let seen = || case.require("HK-006").seen("calls of Implemented", asked);
    if !seen().holds(outcome.is_ok(), "a plugin that runs", said, "start-refused") {
        return stage.close().await;
    }
    let good = call(&stage, &folder, "MessageHasBeenPosted", json!({})).await?;
    let wrong = call(&stage, &folder, "MessageWillBePosted", json!({})).await?;
    let blank = call(&stage, &folder, "UserHasBeenCreated", json!({})).await?;
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageHasBeenPosted").is_empty()
        })
        .await?;
    seen().holds(
        matches!(good, Called::Answered { .. }),
        "the listed hook is answered",
        good.words(),
        "listed-hook-not-called",
    );
    let misspelt =
        calls(&entries, "MessageWillBePosted").len() + calls(&entries, "UserHasBeenCreated").len();
    let spelt = format!("{misspelt} calls, {}, {}", wrong.words(), blank.words());
    seen().holds(
        misspelt == 0,
        "no call of a hook that is not listed in its exact spelling",
        spelt,
        "wrong-spelling-called",
    );
    seen().same(
        "calls of OnActivate",
        1,
        calls(&entries, "OnActivate").len(),
        "called-twice",
    );
    seen().same(
        "calls of MessageHasBeenPosted",
        1,
        calls(&entries, "MessageHasBeenPosted").len(),
        "called-twice",
    );
    stage.close().await
}

async fn undecodable_answer(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    stage.needs(Feature::Messages)?;
    let serve = Serve::good().hook(
        "MessageWillBePosted",
        Answer::Raw(vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]),
    );
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let outcome = call(&stage, &folder, "MessageWillBePosted", json!({})).await?;
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    let entries = stage
        .journal(&folder, |entries| {
            !calls(entries, "MessageWillBePosted").is_empty()
        })
        .await?;
    let seen = || {
        case.require("HK-007").seen(
            "calls of the hook",
            calls(&entries, "MessageWillBePosted").len(),
        )
    };
    seen().holds(
        matches!(outcome, Called::Failed { .. }),
        "a failed call",
        outcome.words(),
        "wrong-outcome",
    );
    seen().holds(
        matches!(next, Ok(Called::Answered { .. })),
        "the next hook is answered",
        next.words(),
        "plugin-ended",
    );
    let status = stage.status(&folder).await?;
    seen().same(
        "the state",
        "running",
        status.state.as_str(),
        "plugin-ended",
    );
    stage.close().await
}
