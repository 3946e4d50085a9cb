//! What the answers of hooks, and failed calls, mean to whoever asked.

use fake_interpreters::PluginFolder;
use fake_interpreters::script::{Answer, Script, Serve};
use plugin_proto::pb::{ConfigJson, EmailNotificationJson};
use plugin_proto::{HOOKS, reflect};
use serde_json::{Value, json};

use super::filled::{differences, filled, filled_without_secrets};
use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::hooks::FannedOut;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// What filters change and what they leave alone.
    "host/adapter/changes" => changes: ["HK-012", "HK-013"];
    /// Rejections, with and without a post beside them, and silent ones.
    "host/adapter/rejections" => rejections: ["HK-014", "HK-015"];
    /// New content of a file.
    "host/adapter/files" => files: ["HK-016"];
    /// New texts of an e-mail.
    "host/adapter/emails" => emails: ["HK-017"];
    /// A configuration that is none.
    "host/adapter/configurations" => configurations: ["HK-018"];
    /// Posts that are consumed.
    "host/adapter/consumed" => consumed: ["HK-019", "PO-004"];
    /// Pings that are answered, not answered and not known.
    "host/adapter/pings" => pings: ["HK-020"];
    /// Failed calls of hooks that give results.
    "host/adapter/failed-calls" => failed_calls: ["HK-021"];
}

/// A plugin that answers one hook in one way.
async fn answering(
    stage: &Stage<'_>,
    name: &str,
    hook: &str,
    answer: Answer,
) -> Result<PluginFolder, Interruption> {
    let serve = Serve::good()
        .implemented(["OnActivate", hook])
        .hook(hook, answer);
    stage.started(name, &Script::serving(serve)).await
}

/// What a plugin with this one answer makes of a request. That it was asked is for the plugin to say: without a call in its journal
/// nothing is left of what the host says about it.
async fn asked(
    stage: &Stage<'_>,
    name: &str,
    hook: &str,
    request: &Value,
    answer: Answer,
) -> Result<FannedOut, Interruption> {
    let folder = answering(stage, name, hook, answer).await?;
    let mut fanned = stage.ask_hook(&folder, hook, request.clone()).await?;
    if calls(&folder.entries()?, hook).is_empty() {
        fanned.plugins.clear();
    }
    Ok(fanned)
}

/// The outcome of the one plugin that was asked.
fn only(fanned: &FannedOut) -> Option<&str> {
    fanned.plugins.first().map(|part| part.outcome.as_str())
}

/// Hook, field of the answer, field of the request that it replaces.
const REPLACED: [(&str, &str, &str); 3] = [
    ("MessageWillBePosted", "modified_post", "post"),
    ("MessageWillBeUpdated", "modified_post", "new_post"),
    (
        "NotificationWillBePushed",
        "modified_notification",
        "push_notification",
    ),
];

async fn changes(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    for (at, (hook, answered, replaced)) in REPLACED.into_iter().enumerate() {
        let Some(method) = HOOKS.iter().find(|method| method.name == hook) else {
            continue;
        };
        let request = filled(method.request);
        // All as it was, but for the message.
        let mut changed = filled_without_secrets(method.request)[replaced].clone();
        changed["message"] = json!("changed \u{e9}");
        let answer = Answer::Value(json!({ answered: &changed }));
        let fanned = asked(&stage, &format!("changing{at}"), hook, &request, answer).await?;
        let seen = || {
            case.require("HK-012")
                .seen("outcome", only(&fanned))
                .and("what is taken", fanned.request.clone())
        };
        // What the plugin was not sent is not lost by what it answers.
        let mut expected = request[replaced].clone();
        expected["message"] = changed["message"].clone();
        let lost = differences(&expected, &fanned.request[replaced]);
        seen().absent(
            &format!("difference to what {hook} answered"),
            &lost,
            "change-lost",
        );
        let mut others = (request.clone(), fanned.request.clone());
        others.0[replaced] = Value::Null;
        others.1[replaced] = Value::Null;
        let touched = differences(&others.0, &others.1);
        seen().absent(
            "difference to what else was asked",
            &touched,
            "other-field-touched",
        );
        let fanned = asked(
            &stage,
            &format!("content{at}"),
            hook,
            &request,
            Answer::empty(),
        )
        .await?;
        let touched = differences(&request, &fanned.request);
        case.require("HK-013")
            .seen("what was asked", request)
            .and("outcome", only(&fanned))
            .absent(
                "difference to what was asked",
                &touched,
                "changed-by-an-empty-answer",
            );
    }
    stage.close().await
}

async fn rejections(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let request = json!({"post": {"id": "p", "message": "original"}});
    let beside = json!({"modified_post": {"id": "p", "message": "changed"}, "rejection_reason": "not \u{e9} here"});
    let fanned = asked(
        &stage,
        "beside",
        "MessageWillBePosted",
        &request,
        Answer::Value(beside),
    )
    .await?;
    let seen = || case.require("HK-014").seen("outcome", only(&fanned));
    seen().same(
        "the rejection that stops it",
        Some("not \u{e9} here"),
        fanned.why_not(),
        "rejection-lost",
    );
    let silent = "plugin.message_will_be_posted.dismiss_post";
    let answer = Answer::Value(json!({ "rejection_reason": silent }));
    let fanned = asked(&stage, "silent", "MessageWillBePosted", &request, answer).await?;
    let seen = || case.require("HK-015").seen("outcome", only(&fanned));
    seen().same(
        "the rejection that stops it",
        Some(silent),
        fanned.why_not(),
        "dismissal-changed",
    );
    stage.close().await
}

async fn files(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    // abc; longer
    let request =
        json!({"file_info": {"id": "f", "name": "a.txt", "size": 3}, "file_content": "YWJj"});
    let answer = Answer::Value(json!({"modified_content": "bG9uZ2Vy"}));
    let fanned = asked(&stage, "content", "FileWillBeUploaded", &request, answer).await?;
    let seen = |fanned: &FannedOut| {
        case.require("HK-016")
            .seen("outcome", only(fanned))
            .and("what is stored", fanned.request.clone())
    };
    let got = &fanned.request;
    seen(&fanned).same(
        "file_content",
        json!("bG9uZ2Vy"),
        got["file_content"].clone(),
        "content-lost",
    );
    seen(&fanned).same(
        "the size",
        json!(6),
        got["file_info"]["size"].clone(),
        "size-not-counted",
    );
    seen(&fanned).same(
        "the name",
        json!("a.txt"),
        got["file_info"]["name"].clone(),
        "description-lost",
    );
    let answer =
        Answer::Value(json!({"modified_file_info": {"id": "f", "name": "b.txt", "size": 3}}));
    let fanned = asked(&stage, "info", "FileWillBeUploaded", &request, answer).await?;
    let got = &fanned.request;
    seen(&fanned).same(
        "file_content",
        json!("YWJj"),
        got["file_content"].clone(),
        "content-lost",
    );
    seen(&fanned).same(
        "the name",
        json!("b.txt"),
        got["file_info"]["name"].clone(),
        "description-lost",
    );
    stage.close().await
}

const PACKAGE: &str = "mattermost.pluginapi.v1";

/// A message of one kind as the JSON of the protocol.
fn wrapped(name: &str, message: &impl prost::Message) -> Value {
    let name = format!("{PACKAGE}.{name}");
    reflect::message_to_json(&name, &message.encode_to_vec())
        .expect("a message of the contract is JSON by the contract's own descriptor")
}

/// The other way round, or in words why it is no such message.
fn unwrapped<M: prost::Message + Default>(name: &str, json: &Value) -> Result<M, String> {
    let name = format!("{PACKAGE}.{name}");
    let wire = reflect::message_from_json(&name, json).map_err(|error| error.to_string())?;
    M::decode(wire).map_err(|error| error.to_string())
}

async fn emails(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let email = json!({
        "post_id": "p", "recipient_id": "u", "is_thread_reply": true, "subject": "s", "title": "t", "subtitle": "st", "footer_text": "f",
    });
    let text = EmailNotificationJson {
        notification_json: email.to_string().into_bytes().into(),
    };
    let request = json!({"email_notification": wrapped("EmailNotificationJson", &text)});
    let answer =
        Answer::Value(json!({"modified_content": {"subject": "S \u{e9}", "sub_title": "ST"}}));
    let fanned = asked(
        &stage,
        "email",
        "EmailNotificationWillBeSent",
        &request,
        answer,
    )
    .await?;
    let sent = &fanned.request["email_notification"];
    let sent = unwrapped::<EmailNotificationJson>("EmailNotificationJson", sent).and_then(|sent| {
        serde_json::from_slice::<Value>(&sent.notification_json).map_err(|error| error.to_string())
    });
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => {
            let witness = case.require("HK-017").seen("outcome", only(&fanned));
            let seen = format!("{}: {error}", fanned.request["email_notification"]);
            witness.holds(false, "an e-mail with JSON in it", seen, "no-email-sent");
            return stage.close().await;
        }
    };
    let seen = || {
        let judge = case.require("HK-017").seen("outcome", only(&fanned));
        judge.and("what is sent", sent.clone())
    };
    for (field, text) in [
        ("subject", "S \u{e9}"),
        ("subtitle", "ST"),
        ("title", ""),
        ("footer_text", ""),
    ] {
        let got = match &sent[field] {
            Value::Null => json!(""),
            got => got.clone(),
        };
        seen().same(field, json!(text), got, "text-not-replaced");
    }
    for field in ["post_id", "recipient_id", "is_thread_reply"] {
        seen().same(
            field,
            email[field].clone(),
            sent[field].clone(),
            "other-field-touched",
        );
    }
    stage.close().await
}

async fn configurations(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let config = |text: &str| {
        let config = ConfigJson {
            config_json: text.as_bytes().to_vec().into(),
        };
        wrapped("ConfigJson", &config)
    };
    let request = json!({"new_config": config("{\"a\": 1}")});
    let hook = "ConfigurationWillBeSaved";
    let good = Answer::Value(json!({"modified_config": config("{\"a\": 2}")}));
    let control = asked(&stage, "good", hook, &request, good).await?;
    let taken = control.request["new_config"] == config("{\"a\": 2}") && !control.stopped;
    for (at, text) in ["{\"a\": ", "no json", "[1]"].into_iter().enumerate() {
        let answer = Answer::Value(json!({"modified_config": config(text)}));
        let fanned = asked(&stage, &format!("bad{at}"), hook, &request, answer).await?;
        let seen = || {
            case.require("HK-018")
                .seen("control: outcome of a good one", only(&control))
                .and("outcome", only(&fanned))
        };
        seen().holds(
            taken,
            "a good configuration is taken",
            control.words(),
            "good-configuration-lost",
        );
        seen().holds(
            fanned.stopped && fanned.error.is_some(),
            "an error, and nothing is saved",
            fanned.words(),
            "bad-configuration-taken",
        );
        let kept = differences(&request, &fanned.request);
        seen().absent(
            "difference to what was to be saved",
            &kept,
            "bad-configuration-taken",
        );
    }
    stage.close().await
}

async fn consumed(case: &mut Case) -> ScenarioResult {
    let post = |id: &str, message: &str| json!({"id": id, "message": message, "file_ids": ["f"]});
    let request = json!({"posts": [post("a", "1"), post("b", "2"), post("c", "3")]});
    let one = json!({"posts": [post("b", "changed"), post("z", "unknown")]});
    let hook = "MessagesWillBeConsumed";
    let replaced = json!([post("a", "1"), post("b", "changed"), post("c", "3")]);
    let rows = [
        ("HK-019", None, one.clone(), replaced, "post-removed"),
        (
            "HK-019",
            None,
            json!({}),
            request["posts"].clone(),
            "post-removed",
        ),
        (
            "PO-004",
            Some("answer_is_all"),
            one.clone(),
            one["posts"].clone(),
            "post-kept",
        ),
        (
            "PO-004",
            Some("answer_is_all"),
            json!({}),
            Value::Null,
            "post-kept",
        ),
    ];
    for (at, (id, policy, answer, left, reason)) in rows.into_iter().enumerate() {
        let setting = match policy {
            Some(word) => Setting::new().consumed(word),
            None => Setting::new(),
        };
        let stage = Stage::open_with(case, setting).await?;
        let name = format!("plugin{at}");
        let fanned = asked(&stage, &name, hook, &request, Answer::Value(answer)).await?;
        case.require(id).seen("outcome", only(&fanned)).same(
            "the posts that are taken",
            left,
            fanned.request["posts"].clone(),
            reason,
        );
        stage.close().await?;
    }
    Ok(())
}

async fn pings(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let hook = "OnSharedChannelsPing";
    let rows = [
        (
            "healthy",
            Answer::Value(json!({"healthy": true})),
            true,
            "healthy-ping-sick",
        ),
        (
            "sick",
            Answer::Value(json!({"healthy": false})),
            false,
            "sick-ping-healthy",
        ),
        (
            "broken",
            Answer::status("INTERNAL", "broken"),
            false,
            "failed-ping-healthy",
        ),
    ];
    for (name, answer, healthy, reason) in rows {
        let fanned = asked(&stage, name, hook, &json!({}), answer).await?;
        case.require("HK-020")
            .seen(&format!("outcome of {name}"), only(&fanned))
            .same("counts as healthy", Some(healthy), fanned.healthy, reason);
    }
    let without = answering(&stage, "without", "OnInstall", Answer::empty()).await?;
    let fanned = stage.ask_hook(&without, hook, json!({})).await?;
    case.require("HK-020")
        .seen("outcome without the hook", only(&fanned))
        .same(
            "counts as healthy",
            Some(true),
            fanned.healthy,
            "unknown-ping-sick",
        );
    stage.close().await
}

async fn failed_calls(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let rows = [
        ("ExecuteCommand", "plugin.grpc.execute_command.error"),
        ("RunDataRetention", "plugin.grpc.run_data_retention.error"),
        (
            "OnSharedChannelsSyncMsg",
            "plugin.grpc.on_shared_channels_sync_msg.error",
        ),
    ];
    for (at, (hook, id)) in rows.into_iter().enumerate() {
        let answer = Answer::status("INTERNAL", "it broke on the way");
        let fanned = asked(&stage, &format!("plugin{at}"), hook, &json!({}), answer).await?;
        let error = fanned.error.clone().unwrap_or_default();
        let seen = || case.require("HK-021").seen("outcome", only(&fanned));
        seen().same(
            "the id of the error",
            json!(id),
            error["id"].clone(),
            "no-error-given",
        );
        seen().same(
            "status_code of the error",
            json!(500),
            error["status_code"].clone(),
            "no-error-given",
        );
        let detail = &error["detailed_error"];
        let kept = detail
            .as_str()
            .is_some_and(|detail| detail.contains("it broke on the way"));
        seen().holds(
            kept,
            "detailed_error with \"it broke on the way\"",
            detail.words(),
            "cause-lost",
        );
    }
    stage.close().await
}
