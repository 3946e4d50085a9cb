//! What plugins answer against the rules while they start: lists of hooks, and activations.

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::script::{Answer, Repeated, Script, Serve, Wire};
use serde_json::Value;

use super::super::stage::{Setting, Stage, good};
use super::super::traces::{alive, calls, pids};
use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Called, Refusal};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Hooks;
    /// A list of a million names.
    "host/bad-input/many-names" => many_names: ["BI-011"];
    /// A list of hooks that is none.
    "host/bad-input/no-list" => no_list: ["BI-012"];
    /// An activation that is answered with nonsense.
    "host/bad-input/no-activation" => no_activation: ["BI-013"];
}

/// How often the three names repeat, one of them a hook.
const TIMES: usize = 333_334;

async fn many_names(case: &mut Case) -> ScenarioResult {
    let bound = case.scaled(Duration::from_secs(7));
    let setting = Setting::new().bound("implemented", bound);
    let stage = Stage::open_with(case, setting).await?;
    let mut head_hex = Vec::new();
    for name in ["OnActivate", "MessageHasBeenPosted"] {
        head_hex.extend([0x12, u8::try_from(name.len()).unwrap_or_default()]);
        head_hex.extend(name.bytes());
    }
    let names = Answer::Repeated(Repeated {
        head_hex,
        unit_hex: b"\x12\x0aOnActivate\x12\x06no-one\x12\x00".to_vec(),
        times: TIMES,
    });
    let folder = stage.place(
        "plugin",
        &Script::serving(Serve::good().implemented_answer(names)),
    )?;
    let outcome = stage.activate(&folder).await?;
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", Value::Null)
        .await?;
    let unlisted = stage
        .hook(&folder, "MessageWillBePosted", Value::Null)
        .await?;
    let entries = folder.entries()?;
    let asked = calls(&entries, "Implemented").len();
    let seen = || {
        case.require("BI-011")
            .seen("calls of Implemented", (asked > 0).then_some(asked))
            .and("names", 3 * TIMES + 2)
    };
    seen().holds(
        outcome.is_ok() && matches!(next, Ok(Called::Answered { .. })),
        "a plugin that runs, and a listed hook that is answered",
        format!("{}, {}", outcome.words(), next.words()),
        "start-refused",
    );
    seen().holds(
        calls(&entries, "MessageWillBePosted").is_empty(),
        "no call of a hook that is not listed",
        unlisted.words(),
        "unlisted-hook-called",
    );
    seen().same(
        "calls of OnActivate",
        1,
        calls(&entries, "OnActivate").len(),
        "called-twice",
    );
    stage.close().await
}

async fn no_list(case: &mut Case) -> ScenarioResult {
    let lists = [
        ("garbage", Answer::Raw(vec![0xff, 0xff])),
        ("no-text", Answer::Raw(vec![0x12, 2, 0xc3, 0x28])),
        ("compressed", Answer::Wire(Wire::Compressed)),
        ("page", Answer::Wire(Wire::Page)),
    ];
    let scripts = lists.map(|(name, answer)| (name, Serve::good().implemented_answer(answer)));
    refused_starts(case, "BI-012", "Implemented", scripts).await
}

async fn no_activation(case: &mut Case) -> ScenarioResult {
    let answers = [
        ("garbage", Answer::Raw(vec![0xff, 0xff])),
        ("no-text", Answer::Raw(vec![0x0a, 4, 0x0a, 2, 0xc3, 0x28])),
        ("short", Answer::Wire(Wire::Short)),
        ("reset", Answer::Wire(Wire::Reset)),
    ];
    let scripts = answers.map(|(name, answer)| (name, Serve::good().hook("OnActivate", answer)));
    refused_starts(case, "BI-013", "OnActivate", scripts).await
}

/// Each of these starts is refused by the name of the hook, and leaves nothing.
async fn refused_starts<const N: usize>(
    case: &Case,
    id: &'static str,
    hook: &'static str,
    plugins: [(&'static str, Serve); N],
) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    for (name, serve) in plugins {
        let folder = stage.place(name, &Script::serving(serve))?;
        let outcome = stage.activate(&folder).await?;
        judge_refusal(&stage, id, hook, &folder, &outcome).await?;
    }
    let control = stage.place("control", &good())?;
    let control = stage.activate(&control).await?;
    case.require(id).seen("refused starts before", N).holds(
        control.is_ok(),
        "a good plugin starts",
        control.words(),
        "good-refused",
    );
    stage.close().await
}

async fn judge_refusal(
    stage: &Stage<'_>,
    id: &'static str,
    hook: &'static str,
    folder: &PluginFolder,
    outcome: &Result<Activated, Refusal>,
) -> Result<(), Interruption> {
    let entries = folder.entries()?;
    let asked = calls(&entries, hook).len();
    let seen = || {
        let judge = stage.case().require(id);
        judge.seen(&format!("calls of {hook}"), (asked > 0).then_some(asked))
    };
    seen().holds(
        outcome
            .as_ref()
            .is_err_and(|refusal| refusal.message.contains(hook)),
        format!("a start that is refused for {hook}"),
        outcome.words(),
        "garbage-accepted",
    );
    let processes = pids(&entries);
    let gone = stage
        .until(super::super::stage::PATIENCE, || {
            processes.iter().all(|pid| !alive(*pid))
        })
        .await;
    seen().holds(gone, "no process", processes.words(), "process-left");
    Ok(())
}
