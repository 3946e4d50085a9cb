//! What plugins answer against the rules: each costs one call or one start and nothing more.

pub mod api;
pub mod names;

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use fake_interpreters::script::{Answer, Script, Serve, Wire};
use plugin_proto::{HOOKS, Shape};
use serde_json::{Value, json};

use super::stage::{Setting, Stage};
use super::traces::calls;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::hello::Feature;
use crate::driver::protocol::{Called, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// Bytes that are no message, as the answer of every hook.
    "host/bad-input/answers" => answers: ["BI-001"];
    /// Text in an answer that is no UTF-8.
    "host/bad-input/text" => text: ["BI-002"];
    /// Answers that are no single plain message of gRPC.
    "host/bad-input/frames" => frames: ["BI-003"];
    /// Connections that break in the middle of an answer.
    "host/bad-input/connections" => connections: ["BI-004"];
    /// Answers and requests of 64 MiB.
    "host/bad-input/large-messages" => large_messages: ["BI-005", "BI-006"], deadline(60);
    /// An answer that comes after its deadline.
    "host/bad-input/late-answer" => late_answer: ["BI-010"];
    /// A hook that does not exist.
    "host/bad-input/unknown-hook" => unknown_hook: ["BI-014"];
    /// Health checks that are answered with nonsense.
    "host/bad-input/health" => health: ["BI-015"];
}

const MIB: usize = 1024 * 1024;

/// The hook that every plugin here answers well.
const CONTROL: &str = "RunDataRetention";

type Said = Result<Called, Refusal>;

/// A hook with a bad answer, and the one after it.
struct Trial {
    hook: &'static str,
    outcome: Said,
    next: Said,
}

impl Trial {
    async fn of(
        stage: &Stage<'_>,
        folder: &PluginFolder,
        hook: &'static str,
    ) -> Result<Trial, Interruption> {
        Ok(Trial {
            hook,
            outcome: stage.hook(folder, hook, Value::Null).await?,
            next: stage.hook(folder, CONTROL, Value::Null).await?,
        })
    }

    /// A failed call, an answered call after it. Whether both came. Some answers may be taken as well.
    fn judge(&self, case: &Case, id: &'static str, entries: &[Entry], may_answer: bool) -> bool {
        let hook = self.hook;
        let asked = calls(entries, hook).len();
        let seen = || {
            let judge = case.require(id);
            judge.seen(&format!("calls of {hook}"), some(asked))
        };
        let failed = seen().holds(
            matches!(self.outcome, Ok(Called::Failed { .. }))
                || may_answer && matches!(self.outcome, Ok(Called::Answered { .. })),
            format!("{hook} failed"),
            self.outcome.words(),
            "wrong-outcome",
        );
        let goes_on = seen().holds(
            matches!(self.next, Ok(Called::Answered { .. })),
            "the next hook is answered",
            self.next.words(),
            "next-hook-fails",
        );
        failed && goes_on
    }
}

/// Plays one trial after the other with one plugin, which has to be the same process to the end.
async fn trials(
    case: &Case,
    id: &'static str,
    serve: Serve,
    hooks: &[&'static str],
    may_answer: &[&'static str],
) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    if matches!(id, "BI-001" | "BI-002") {
        stage.needs(Feature::Messages)?;
    }
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for hook in hooks {
        let trial = Trial::of(&stage, &folder, hook).await?;
        if !trial.judge(case, id, &folder.entries()?, may_answer.contains(hook)) {
            break;
        }
    }
    let starts = super::traces::pids(&folder.entries()?).len();
    let status = stage.status(&folder).await?;
    let seen = || case.require(id).seen("processes", some(starts));
    seen().same("processes of the plugin", 1, starts, "plugin-ended");
    seen().same(
        "the state",
        "running",
        status.state.as_str(),
        "plugin-ended",
    );
    stage.close().await
}

/// A plugin that has every hook.
fn all_hooks() -> Serve {
    let names = HOOKS
        .iter()
        .skip(1)
        .map(|hook| hook.name.to_owned())
        .collect();
    Serve {
        implemented: Some(fake_interpreters::script::Implemented::Names(names)),
        ..Serve::default()
    }
    .all_empty()
}

/// The hooks that can be asked for in a running plugin, but the control.
fn unary_hooks() -> Vec<&'static str> {
    let unary = HOOKS
        .iter()
        .skip(1)
        .filter(|hook| hook.shape != Shape::Stream);
    unary
        .map(|hook| hook.name)
        .filter(|name| !["OnActivate", CONTROL].contains(name))
        .collect()
}

async fn answers(case: &mut Case) -> ScenarioResult {
    let garbage = || Answer::Raw(b"\xff\xff\xff".to_vec());
    let hooks = unary_hooks();
    let serve = hooks
        .iter()
        .fold(all_hooks(), |serve, hook| serve.hook(hook, garbage()));
    trials(case, "BI-001", serve, &hooks, &[]).await
}

async fn text(case: &mut Case) -> ScenarioResult {
    // A rejection for a reason, and an error with an id; the first byte of two, and none to follow it.
    let reason = Answer::Raw(vec![0x12, 2, 0xc3, 0x28]);
    let error = Answer::Raw(vec![0x0a, 4, 0x0a, 2, 0xc3, 0x28]);
    let serve = all_hooks()
        .hook("MessageWillBePosted", reason.clone())
        .hook("UserWillLogIn", Answer::Raw(vec![0x0a, 2, 0xc3, 0x28]))
        .hook("ExecuteCommand", error);
    let hooks = ["MessageWillBePosted", "UserWillLogIn", "ExecuteCommand"];
    trials(case, "BI-002", serve, &hooks, &[]).await
}

/// As many hooks as there are answers, each with one of them.
async fn wires(case: &Case, id: &'static str, wires: &[Wire]) -> ScenarioResult {
    // Hooks of the life cycle come by themselves.
    let mut hooks = unary_hooks();
    hooks.retain(|name| !name.starts_with("On"));
    hooks.truncate(wires.len());
    let serve = hooks
        .iter()
        .zip(wires)
        .fold(all_hooks(), |serve, (hook, wire)| {
            serve.hook(hook, Answer::Wire(*wire))
        });
    // How long headers may be is the host's to say.
    let may_answer: Vec<&str> = hooks
        .iter()
        .zip(wires)
        .filter(|(_, wire)| matches!(wire, Wire::BigHeaders))
        .map(|(hook, _)| *hook)
        .collect();
    trials(case, id, serve, &hooks, &may_answer).await
}

async fn frames(case: &mut Case) -> ScenarioResult {
    let breaches = [
        Wire::Compressed,
        Wire::OddFlag,
        Wire::Short,
        Wire::Huge,
        Wire::Trailing,
        Wire::NoMessage,
        Wire::OddStatus,
        Wire::Page,
        Wire::Http503,
    ];
    wires(case, "BI-003", &breaches).await
}

async fn connections(case: &mut Case) -> ScenarioResult {
    let breaks = [Wire::Reset, Wire::GoAway, Wire::Garbage, Wire::BigHeaders];
    wires(case, "BI-004", &breaks).await
}

async fn large_messages(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    // As base64 in lines of JSON such messages take longer than anybody waits for.
    stage.needs(Feature::Messages)?;
    // A field that nobody knows, so that the whole of it has to be taken and nothing of it to be told.
    let answer = Answer::long_field(15, b'x', 64 * MIB);
    let serve = all_hooks().hook("MessageHasBeenPosted", answer);
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    let large = stage
        .hook(&folder, "MessageHasBeenPosted", Value::Null)
        .await?;
    let told = large_answers(&folder.entries()?);
    case.require("BI-005")
        .seen("large answers", some(told))
        .holds(
            matches!(large, Ok(Called::Answered { .. })),
            "an answer of 64 MiB is taken",
            large.words(),
            "large-answer-refused",
        );
    let post = json!({"new_post": {"message": "y".repeat(64 * MIB)}});
    let sent = stage.hook(&folder, "MessageHasBeenUpdated", post).await?;
    let control = stage.hook(&folder, CONTROL, Value::Null).await?;
    let arrived = large_requests(&folder.entries()?);
    case.require("BI-006")
        .seen(
            "control: a small request",
            matches!(control, Ok(Called::Answered { .. })).then_some("answered"),
        )
        .holds(
            arrived == 1 && matches!(sent, Ok(Called::Answered { .. })),
            "a request of 64 MiB arrives and is answered",
            format!("{arrived} arrived, {}", sent.words()),
            "large-request-lost",
        );
    stage.close().await
}

/// The paths that were called.
fn paths(entries: &[Entry]) -> impl Iterator<Item = String> {
    entries.iter().filter_map(|entry| match &entry.event {
        Seen::Rpc { path, .. } => Some(path.clone()),
        _ => None,
    })
}

fn large_answers(entries: &[Entry]) -> usize {
    let is_large =
        |entry: &&Entry| matches!(&entry.event, Seen::Answered { bytes, .. } if *bytes > 64 * MIB);
    entries.iter().filter(is_large).count()
}

fn large_requests(entries: &[Entry]) -> usize {
    let is_large = |entry: &&Entry| matches!(&entry.event, Seen::Rpc { message, .. } if message.len > 64 * MIB);
    entries.iter().filter(is_large).count()
}

async fn late_answer(case: &mut Case) -> ScenarioResult {
    // The hook after the late one has all the time it needs.
    let bound = Duration::from_millis(600);
    let setting = Setting::new().bound("hook.MessageWillBePosted", bound);
    let stage = Stage::open_with(case, setting).await?;
    let rejecting = |reason: &str| Answer::Value(json!({ "rejection_reason": reason }));
    let serve = all_hooks()
        .hook("MessageWillBePosted", rejecting("late").after(1_500))
        .hook("UserWillLogIn", rejecting("own"));
    let folder = stage.started("plugin", &Script::serving(serve)).await?;
    for _ in 0..2 {
        let late = stage
            .hook(&folder, "MessageWillBePosted", Value::Null)
            .await?;
        let next = stage.hook(&folder, "UserWillLogIn", Value::Null).await?;
        let asked = calls(&folder.entries()?, "MessageWillBePosted").len();
        let seen = || {
            case.require("BI-010")
                .seen("calls of the late hook", some(asked))
        };
        seen().holds(
            matches!(&late, Ok(Called::Failed { kind, .. }) if kind == "deadline"),
            "the late hook failed: deadline",
            late.words(),
            "wrong-outcome",
        );
        let got = match &next {
            Ok(Called::Answered { response }) => response["rejection_reason"].clone(),
            other => json!(other.words()),
        };
        seen().same(
            "the answer to the plugin's own key",
            json!("own"),
            got,
            "anothers-answer",
        );
    }
    stage.close().await
}

async fn unknown_hook(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let folder = stage
        .started("plugin", &Script::serving(all_hooks()))
        .await?;
    for hook in ["NoSuchHook", "", "messagehasbeenposted", "OnActivate "] {
        let outcome = stage.hook(&folder, hook, Value::Null).await?;
        let next = stage.hook(&folder, CONTROL, Value::Null).await?;
        let seen = || {
            case.require("BI-014").seen(
                "control",
                matches!(next, Ok(Called::Answered { .. })).then_some("answered"),
            )
        };
        // Every text contains the name of no letters; a refusal names it by its quotes.
        let name = if hook.is_empty() { "\"\"" } else { hook };
        let named = matches!(&outcome, Err(refusal) if refusal.message.contains(name));
        seen().holds(
            named || matches!(outcome, Ok(Called::NotImplemented {})),
            format!("{} is refused by its name", hook.words()),
            outcome.words(),
            "answered",
        );
        let strange: Vec<String> = paths(&folder.entries()?)
            .filter(|path| path.starts_with("/mattermost."))
            .filter(|path| plugin_proto::find_path(path).is_none())
            .collect();
        seen().absent("call of a method that is none", &strange, "sent");
    }
    stage.close().await
}

async fn health(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let answers = [
        ("garbage", Answer::Raw(vec![0xff])),
        ("short", Answer::Wire(Wire::Short)),
        ("page", Answer::Wire(Wire::Page)),
        ("reset", Answer::Wire(Wire::Reset)),
    ];
    for (name, answer) in answers {
        let serve = all_hooks().hook(plugin_proto::health::CHECK, answer);
        let folder = stage.started(name, &Script::serving(serve)).await?;
        let health = stage.health(&folder).await?;
        let next = stage.hook(&folder, CONTROL, Value::Null).await?;
        let checks = paths(&folder.entries()?)
            .filter(|path| path == plugin_proto::health::CHECK)
            .count();
        let seen = || case.require("BI-015").seen("health checks", some(checks));
        seen().holds(
            !health.healthy,
            format!("a plugin whose health is {name} is not healthy"),
            health.words(),
            "healthy",
        );
        seen().holds(
            matches!(next, Ok(Called::Answered { .. })),
            "an answered hook",
            next.words(),
            "plugin-ended",
        );
    }
    stage.close().await
}
