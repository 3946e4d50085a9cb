//! What hooks are asked with and what they answer, field by field.

use fake_interpreters::script::{Answer, Implemented, InBand, Script, Serve};
use plugin_proto::{HOOKS, Method, Shape};
use serde_json::{Value, json};

use super::filled::{differences, filled, filled_without_secrets, secrets};
use super::stage::Stage;
use super::traces::calls;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Every field of every request, and no secret.
    "host/adapter/requests" => requests: ["HK-008", "HK-010"], deadline(40);
    /// Every field of every answer.
    "host/adapter/answers" => answers: ["HK-009"], deadline(40);
    /// Each call arrives once.
    "host/adapter/once" => once: ["HK-022"], deadline(40);
    /// Errors of plugins reach whoever asked.
    "host/adapter/errors" => errors: ["HK-011"];
}

/// The hooks that are called with one message.
fn unary() -> impl Iterator<Item = &'static Method> {
    HOOKS[1..].iter().filter(|hook| hook.shape != Shape::Stream)
}

/// A plugin that has every hook and answers each with an empty message.
fn every_hook() -> Serve {
    let names = unary().map(|hook| hook.name.to_owned()).collect();
    Serve {
        implemented: Some(Implemented::Names(names)),
        ..Serve::default().all_empty()
    }
}

async fn requests(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage
        .started("plugin", &Script::serving(every_hook()))
        .await?;
    for hook in unary() {
        let request = filled(hook.request);
        let called = stage.hook(&folder, hook.name, request.clone()).await?;
        let entries = folder.entries()?;
        let arrived = calls(&entries, hook.name)
            .last()
            .and_then(|call| call.request());
        let Some(arrived) = arrived else {
            let seen = format!("{} was not called, but {}", hook.name, called.words());
            case.require("HK-008")
                .fails("hook-not-called", "a call of every hook", seen);
            continue;
        };
        let what = format!("what {} was asked", hook.name);
        let lost = differences(&filled_without_secrets(hook.request), &arrived);
        let lost: Vec<_> = lost
            .into_iter()
            .filter(|lost| !lost.contains(": null became "))
            .collect();
        case.require("HK-008").seen(&what, arrived.clone()).absent(
            &format!("field of {} that is lost", hook.name),
            &lost,
            "field-lost",
        );
        let sent = secrets(hook.request, &request);
        if !stage.has(Feature::Messages) {
            case.not_applicable("HK-010", "feature messages");
        } else if !sent.is_empty() {
            let leaked = secrets(hook.request, &arrived);
            case.require("HK-010")
                .seen(&what, arrived)
                .and("secrets that were given", sent)
                .absent(&format!("secret in {}", hook.name), &leaked, "secret-sent");
        }
    }
    stage.close().await
}

async fn once(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage
        .started("plugin", &Script::serving(every_hook()))
        .await?;
    let (mut arrived, mut again) = (0, Vec::new());
    for hook in unary() {
        let count = || folder.entries().map(|all| calls(&all, hook.name).len());
        // A start has calls of its own.
        let before = count()?;
        let called = stage.hook(&folder, hook.name, json!({})).await?;
        let more = count()? - before;
        arrived += more.min(1);
        if more > 1 {
            again.push(format!("{}: {more} calls, {}", hook.name, called.words()));
        }
    }
    case.require("HK-022")
        .seen("hooks that arrived", some(arrived))
        .absent("hook that is called again", &again, "called-twice");
    stage.close().await
}

/// A full answer that is neither an error nor a rejection.
fn full_answer(hook: &Method) -> Value {
    let mut answer = filled(hook.response);
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|name, _| name != "error");
        if fields.len() > 1 {
            fields.retain(|name, _| name != "rejection_reason");
        }
    }
    answer
}

async fn answers(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let with_answers =
        || unary().filter(|hook| hook.name != "UserWillLogIn" && full_answer(hook) != json!({}));
    let serve = with_answers().fold(every_hook(), |serve, hook| {
        serve.hook(hook.name, Answer::Value(full_answer(hook)))
    });
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in with_answers() {
        let fanned = stage
            .ask_hook(&folder, hook.name, filled(hook.request))
            .await?;
        let response = fanned
            .plugins
            .first()
            .and_then(|part| part.response.clone());
        let lost = differences(&full_answer(hook), &response.unwrap_or_default());
        let asked = calls(&folder.entries()?, hook.name).len();
        case.require("HK-009")
            .seen(&format!("calls of {}", hook.name), asked)
            .absent(
                &format!("field of the answer of {} that is lost", hook.name),
                &lost,
                "answer-field-lost",
            );
    }
    stage.close().await
}

async fn errors(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let early = ["OnActivate", "OnDeactivate", "OnConfigurationChange"];
    let fallible = || unary().filter(|hook| hook.has_error && !early.contains(&hook.name));
    let error = |hook: &Method| InBand {
        id: format!("plugin.{}", hook.name),
        message: format!("{} says no", hook.name),
        detailed_error: "because".to_owned(),
        status_code: 418,
        place: hook.name.to_owned(),
    };
    let serve = fallible().fold(every_hook(), |serve, hook| {
        serve.hook(hook.name, Answer::Error(error(hook)))
    });
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in fallible() {
        let fanned = stage.ask_hook(&folder, hook.name, json!({})).await?;
        let expected = error(hook);
        let calls = calls(&folder.entries()?, hook.name).len();
        let seen = || {
            case.require("HK-011")
                .go_host("loses the message")
                .seen(&format!("calls of {}", hook.name), calls)
        };
        let got = fanned.error.clone().unwrap_or_default();
        seen().same(
            "the message of the error",
            json!(expected.message),
            got["message"].clone(),
            "message-lost",
        );
        for (field, value) in [
            ("id", json!(expected.id)),
            ("detailed_error", json!(expected.detailed_error)),
            ("status_code", json!(expected.status_code)),
            ("where", json!(expected.place)),
        ] {
            seen().same(
                &format!("{field} of the error"),
                value,
                got[field].clone(),
                "error-changed",
            );
        }
        let outcome = fanned.plugins.first().map(|part| part.outcome.as_str());
        seen().same(
            "the outcome",
            Some("refused"),
            outcome,
            "error-not-told-apart",
        );
    }
    stage.close().await
}
