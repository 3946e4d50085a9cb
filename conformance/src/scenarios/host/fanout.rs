//! Hooks that go to many plugins: who is asked, in which order, with what, and what ends it.

use std::time::{Duration, Instant};

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, Script, Serve};
use serde_json::{Value, json};

use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::Order;
use crate::driver::protocol::hooks::FannedOut;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Plugins are asked in the order of their ids, each in its own name.
    "host/fan-out/order" => order: ["FO-001", "FO-007"];
    /// Each plugin of a chain sees what the one before made of it.
    "host/fan-out/chain" => chain: ["FO-002"];
    /// A rejection ends a chain.
    "host/fan-out/rejection" => rejection: ["FO-003"];
    /// A plugin that crashes or refuses in its turn.
    "host/fan-out/failures" => failures: ["FO-004", "FO-006", "FO-008"];
    /// A plugin that hangs in its turn.
    "host/fan-out/hang" => hang: ["FO-005"], waits();
    /// A hook that is about one plugin.
    "host/fan-out/one" => one: ["FO-009"];
}

const POSTED: &str = "MessageHasBeenPosted";
const FILTER: &str = "MessageWillBePosted";

/// Starts plugins that answer one hook, in another order than that of their ids.
async fn plugins<const N: usize>(
    stage: &Stage<'_>,
    hook: &str,
    answers: [(&str, Answer); N],
) -> Result<Vec<PluginFolder>, Interruption> {
    let mut folders = Vec::new();
    for (name, answer) in answers.into_iter().rev() {
        let serve = Serve::good()
            .implemented(["OnActivate", hook])
            .hook(hook, answer);
        folders.push(stage.started(name, &Script::serving(serve)).await?);
    }
    folders.reverse();
    Ok(folders)
}

/// Entries of one hook: whose, when, and whether it is the end of the call.
fn turns(folders: &[PluginFolder], hook: &str) -> Result<Vec<(f64, String, bool)>, Interruption> {
    let mut turns = Vec::new();
    for folder in folders {
        for entry in folder.entries()? {
            let ended = matches!(entry.event, Seen::Answered { .. });
            let is_call = matches!(entry.event, Seen::Rpc { .. });
            if (ended || is_call) && entry.method() == Some(hook) {
                turns.push((entry.t_ms, folder.id.clone(), ended));
            }
        }
    }
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    Ok(turns)
}

fn ids(fanned: &FannedOut) -> Vec<&str> {
    fanned
        .plugins
        .iter()
        .map(|part| part.plugin.as_str())
        .collect()
}

fn asked(folder: &PluginFolder, hook: &str) -> Result<Vec<Value>, Interruption> {
    let entries: Vec<Entry> = folder.entries()?;
    let requests = calls(&entries, hook).into_iter().filter_map(Entry::request);
    Ok(requests.collect())
}

async fn order(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let slow = || Answer::empty().after(60);
    let answers = [("a", slow()), ("b", slow()), ("c", slow())];
    let folders = plugins(&stage, POSTED, answers).await?;
    let request =
        json!({"context": {"plugin_id": "nobody", "request_id": "r1"}, "post": {"id": "p"}});
    let fanned = stage.fan_out(POSTED, request).await?;
    let turns = turns(&folders, POSTED)?;
    let order: Vec<String> = turns
        .iter()
        .map(|(_, id, ended)| {
            let what = if *ended { "answered" } else { "asked" };
            format!("{id} {what}")
        })
        .collect();
    let expected: Vec<String> = ["a", "b", "c"]
        .iter()
        .flat_map(|name| ["asked", "answered"].map(|what| format!("conf.{name} {what}")))
        .collect();
    let seen = || case.require("FO-001").seen("turns", order.clone());
    seen().same(
        "turns in the order of their calls",
        expected,
        order.clone(),
        "wrong-order",
    );
    seen().same(
        "plugins in the order of the answer",
        vec!["conf.a", "conf.b", "conf.c"],
        ids(&fanned),
        "wrong-order",
    );
    for folder in &folders {
        let request = asked(folder, POSTED)?.pop();
        let seen = || {
            case.require("FO-007")
                .seen("what was asked", request.clone())
        };
        let context = request.clone().unwrap_or_default()["context"].clone();
        seen().same(
            "plugin_id in the context",
            json!(folder.id),
            context["plugin_id"].clone(),
            "wrong-plugin-in-context",
        );
        seen().same(
            "request_id in the context",
            json!("r1"),
            context["request_id"].clone(),
            "request-id-lost",
        );
    }
    stage.close().await
}

fn changed(message: &str) -> Answer {
    Answer::Value(json!({"modified_post": {"id": "p", "message": message, "props": {"a": 1.0}}}))
}

async fn chain(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let answers = [
        ("a", changed("A")),
        ("b", Answer::empty()),
        ("c", changed("C")),
    ];
    let folders = plugins(&stage, FILTER, answers).await?;
    let request = json!({"post": {"id": "p", "message": "original"}});
    let fanned = stage.fan_out(FILTER, request).await?;
    let mut messages = Vec::new();
    for folder in &folders {
        messages.extend(
            asked(folder, FILTER)?
                .iter()
                .map(|request| request["post"].clone()),
        );
    }
    let seen = || {
        case.require("FO-002")
            .seen("what each plugin was asked", messages.clone())
    };
    let made = json!({"id": "p", "message": "A", "props": {"a": 1.0}});
    let original = json!({"id": "p", "message": "original"});
    seen().same(
        "messages that the plugins saw",
        vec![original, made.clone(), made],
        messages.clone(),
        "change-not-seen",
    );
    seen().same(
        "the message that is taken",
        json!("C"),
        fanned.request["post"]["message"].clone(),
        "change-lost",
    );
    let outcomes: Vec<&str> = fanned
        .plugins
        .iter()
        .map(|part| part.outcome.as_str())
        .collect();
    seen().same(
        "outcomes",
        vec!["changed", "passed", "changed"],
        outcomes,
        "wrong-outcome",
    );
    stage.close().await
}

async fn rejection(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let no = Answer::Value(json!({"rejection_reason": "no"}));
    let answers = [("a", changed("A")), ("b", no), ("c", changed("C"))];
    let folders = plugins(&stage, FILTER, answers).await?;
    let fanned = stage
        .fan_out(FILTER, json!({"post": {"id": "p", "message": "original"}}))
        .await?;
    let asked_of = |at: usize| asked(&folders[at], FILTER).map(|requests| requests.len());
    let (second, third) = (asked_of(1)?, asked_of(2)?);
    let seen = || {
        case.require("FO-003")
            .seen("calls of the plugin that says no", second)
            .and("plugins", ids(&fanned))
    };
    seen().same(
        "calls of the third plugin",
        0,
        third,
        "asked-after-rejection",
    );
    seen().same(
        "the rejection that stops it",
        Some("no"),
        fanned.why_not(),
        "rejection-lost",
    );
    seen().same(
        "plugins that were asked",
        vec!["conf.a", "conf.b"],
        ids(&fanned),
        "wrong-plugin-named",
    );
    stage.close().await
}

async fn failures(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let answers = [
        ("a", changed("A")),
        ("b", Answer::Exit(3)),
        ("c", Answer::empty()),
    ];
    let folders = plugins(&stage, FILTER, answers).await?;
    let fanned = stage
        .fan_out(FILTER, json!({"post": {"id": "p", "message": "original"}}))
        .await?;
    let crashed = asked(&folders[1], FILTER)?.len();
    let third = asked(&folders[2], FILTER)?;
    case.require("FO-004")
        .seen("calls of the plugin that crashes", crashed)
        .and("outcomes", outcomes(&fanned))
        .same(
            "calls of the third plugin",
            1,
            third.len(),
            "not-asked-after-failure",
        );
    let seen = || {
        case.require("FO-008")
            .seen("calls of the plugin that crashes", crashed)
            .and("what is taken", fanned.request.clone())
    };
    seen().same(
        "the message that is taken",
        json!("A"),
        fanned.request["post"]["message"].clone(),
        "change-undone",
    );
    let saw = third
        .first()
        .map(|request| request["post"]["message"].clone());
    seen().same(
        "the message that the third plugin saw",
        Some(json!("A")),
        saw,
        "change-undone",
    );
    stage.deactivate(&folders[0]).await?;
    stage.deactivate(&folders[2]).await?;

    let hook = "GenerateSupportData";
    let files = |name: &str| Answer::Value(json!({"files": [{"filename": name, "data": "YQ=="}]}));
    let refusal = Answer::error("a.b", "not today");
    let answers = [("d", files("d.txt")), ("e", refusal), ("f", files("f.txt"))];
    let folders = plugins(&stage, hook, answers).await?;
    let fanned = stage.fan_out(hook, json!({})).await?;
    let refused = asked(&folders[1], hook)?.len();
    let seen = || {
        case.require("FO-006")
            .seen("calls of the plugin that refuses", refused)
            .and("outcomes", outcomes(&fanned))
    };
    seen().same(
        "calls of the third plugin",
        1,
        asked(&folders[2], hook)?.len(),
        "not-asked-after-error",
    );
    let given = fanned.plugins.iter().filter(|part| part.response.is_some());
    seen().same("answers that came back", 2, given.count(), "answer-lost");
    stage.close().await
}

fn outcomes(fanned: &FannedOut) -> Vec<String> {
    let parts = fanned.plugins.iter();
    parts
        .map(|part| format!("{}: {}", part.plugin, part.outcome))
        .collect()
}

async fn hang(case: &mut Case) -> ScenarioResult {
    let bound = Duration::from_millis(600);
    let stage = Stage::open_with(case, Setting::new().bound("hook", bound)).await?;
    let answers = [
        ("a", Answer::empty()),
        ("b", Answer::Hang),
        ("c", Answer::empty()),
    ];
    let folders = plugins(&stage, POSTED, answers).await?;
    let began = Instant::now();
    let fanned = stage.fan_out(POSTED, json!({"post": {"id": "p"}})).await?;
    let took = began.elapsed();
    let seen = || {
        case.require("FO-005")
            .seen("outcomes", outcomes(&fanned))
            .and("time", took)
    };
    seen().same(
        "calls of the third plugin",
        1,
        asked(&folders[2], POSTED)?.len(),
        "not-asked-after-hang",
    );
    seen().within(
        bound + case.scaled(Duration::from_secs(3)),
        took,
        "turn-not-bounded",
    );
    let kind = fanned.plugins.iter().find_map(|part| part.kind.as_deref());
    seen().same(
        "the kind of the failure",
        Some("deadline"),
        kind,
        "wrong-outcome",
    );
    stage.close().await
}

async fn one(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let hook = "ExecuteCommand";
    let answers = [("a", Answer::empty()), ("b", Answer::empty())];
    let folders = plugins(&stage, hook, answers).await?;
    let order = Order::FanOut {
        hook: hook.to_owned(),
        request: json!({}),
    };
    let fanned = stage.ask::<FannedOut>(order).await?;
    let control = stage.ask_hook(&folders[0], hook, json!({})).await?;
    let mut calls = Vec::new();
    for folder in &folders {
        calls.push(asked(folder, hook)?.len());
    }
    let said = match &fanned {
        Ok(fanned) => format!("asked {}", ids(fanned).words()),
        Err(refusal) => refusal.message.clone(),
    };
    case.require("FO-009")
        .seen("control: plugins that are asked by id", ids(&control))
        .and("calls", calls.clone())
        .holds(
            fanned.is_err() && calls == [1, 0],
            "no call but that of the control",
            format!("{said}; calls: {}", calls.words()),
            "fanned-out",
        );
    stage.close().await
}
