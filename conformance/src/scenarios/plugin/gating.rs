//! Hooks without a handler: they are not listed, and a call that comes all the same does no harm.

use std::collections::BTreeSet;

use plugin_proto::hook::Implemented;
use plugin_proto::method::Form;
use plugin_proto::pb::ImplementedRequest;
use plugin_proto::{Method, Shape, find_hook, reflect};
use serde_json::Value;
use tonic::Code;

use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::Session;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// A plugin that is without some hooks.
    "plugin/gating" => gating: ["HK-113", "HK-114", "HK-115"];
}

/// The variable that takes hooks away.
const WITHOUT: &str = "CONFORMANCE_WITHOUT";

/// Hooks that a plugin with all of them is to be without: at least one of each shape.
const SPARE: [&str; 8] = [
    "OnInstall",
    "MessageWillBeUpdated",
    "MessageHasBeenUpdated",
    "NotificationWillBePushed",
    "MessagesWillBeConsumed",
    "UserHasLoggedIn",
    "OnSharedChannelsSyncMsg",
    "OnSharedChannelsPing",
];

async fn gating(case: &mut Case) -> ScenarioResult {
    let claims = case.subject().capabilities.clone();
    let unclaimed: Vec<&'static Method> = fake_interpreters::testee::hooks()
        .filter(|hook| !claims.claims_hook(hook.name))
        .collect();
    let (absent, variable) = if unclaimed.is_empty() {
        let spare = SPARE.iter().filter_map(|name| find_hook(name)).collect();
        (spare, SPARE.join(" "))
    } else {
        (unclaimed, String::new())
    };
    let session = Session::start(case, Word::Allow, &[(WITHOUT, &variable)]).await?;
    let pid = session.raw.pid();
    let listed = session
        .services
        .hook::<Implemented>(ImplementedRequest::default())
        .await
        .map_err(|status| Interruption::broken_off(format!("Implemented: {status}")))?;
    let listed: BTreeSet<String> = listed.hooks.into_iter().collect();
    let wrong: Vec<&str> = absent
        .iter()
        .map(|hook| hook.name)
        .filter(|name| listed.contains(*name))
        .collect();
    case.require("HK-113")
        .seen("control: hooks that are listed", some(listed.len()))
        .absent("hook listed without a handler", &wrong, "listed");
    let mut answers = Vec::new();
    for hook in absent {
        let message = filled::parts(hook).swap_remove(0);
        let asking = session.asking(case, hook, message, &Word::Allow);
        answers.push((hook, session.services.call(hook, asking.wire()?).await));
    }
    // The evidence of a later hook comes after all that the earlier ones could have written.
    let hook = find_hook("MessageWillBePosted")
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let control = session.order(case, hook, &Word::Allow).await?;
    let ran = session.raw.seen.evidence();
    for (hook, answer) in answers {
        let problem = match &answer {
            _ if ran.iter().any(|evidence| evidence.hook == hook.name) => Some("handler-run"),
            Err(status) if status.code() == Code::Unimplemented => None,
            Err(_) => Some("wrong-code"),
            Ok(answer) => match reflect::to_json(hook, Form::Response, answer) {
                Ok(answer) if objects(hook, &answer) => Some("objects"),
                Ok(_) => None,
                Err(_) => Some("undecodable"),
            },
        };
        case.require("HK-114").seen("hook called", hook.name).holds(
            problem.is_none(),
            format!(
                "{}: UNIMPLEMENTED, or an answer without objection",
                hook.name
            ),
            format!("{}: {}", hook.name, answer.words()),
            problem.unwrap_or("objects"),
        );
    }
    let exit = session.raw.exit();
    case.require("HK-115").seen("process", pid).holds(
        exit.is_none() && control.evidence.is_some(),
        "a plugin that goes on and answers a hook that it has",
        format!("exit: {}; {}", exit.words(), control.words()),
        "process-ended",
    );
    session.end(case).await;
    Ok(())
}

/// Whether the answer of a hook that nobody handles stands in the way of something. That nobody synchronizes or pings is for the
/// host to know from the list.
fn objects(hook: &Method, answer: &Value) -> bool {
    match hook.shape {
        Shape::Filter => *answer != serde_json::json!({}),
        Shape::Fallible => answer.get("error").is_some() && answer["error"]["status_code"] != 501,
        _ => false,
    }
}
