//! What a plugin's server says when it is asked by hand: health, the list of hooks, and methods that it does not have.

use std::collections::BTreeSet;

use plugin_host::hooks::FailureKind;
use plugin_host::hooks::outcome::classify;
use plugin_proto::hook::Implemented;
use plugin_proto::pb::ImplementedRequest;
use plugin_proto::{HOOKS, Method, Shape, find_hook};
use tonic::{Code, Status};

use super::place;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::plugin_run::raw::{Raw, START, Services};
use crate::scenario::{Interruption, ScenarioResult, scenarios};
use crate::subject::claims::REQUIRED;

scenarios! {
    Plugin, Lifecycle;
    /// The health service, by name.
    "plugin/services/health" => health: ["HE-051", "HE-052", "HE-053"];
    /// The list of hooks, and whether it is true.
    "plugin/services/implemented" => implemented: ["HK-051", "HK-052", "HK-053"];
    /// Methods and services that the plugin does not have.
    "plugin/services/unknown" => unknown: ["LC-056"];
}

/// A process with a connection to it.
async fn connected(case: &Case) -> Result<(Raw, Services), Interruption> {
    let folder = place(case)?;
    let raw = Raw::start(case, &folder, |_| {}).await?;
    let handshake = raw
        .handshake(START)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    let services = raw
        .connect(&handshake)
        .await
        .map_err(|error| Interruption::broken_off(error.to_string()))?;
    Ok((raw, services))
}

async fn health(case: &mut Case) -> ScenarioResult {
    let (raw, services) = connected(case).await?;
    let go = "does not look at the status; a missing service or an unknown name fails its ping";
    let plugin = services.health("plugin").await;
    let reason = match &plugin {
        Ok(_) => "not-serving",
        Err(status) if status.code() == Code::Unimplemented => "no-health-service",
        Err(status) if status.code() == Code::NotFound => "service-unknown",
        Err(status) if status.code() == Code::DeadlineExceeded => "no-answer",
        Err(_) => "check-failed",
    };
    let serving = plugin.as_deref().is_ok_and(|status| status == "SERVING");
    case.require("HE-051")
        .go_host(go)
        .seen("check of plugin", plugin.words())
        .holds(serving, "SERVING", plugin.words(), reason);
    if matches!(&plugin, Err(status) if status.code() == Code::DeadlineExceeded) {
        raw.end().await;
        return Ok(());
    }
    let nobody = services.health(&format!("nobody-{}", case.nonce())).await;
    let not_found = matches!(&nobody, Err(status) if status.code() == Code::NotFound);
    let control = plugin.as_ref().ok();
    case.require("HE-052")
        .seen("control, check of plugin", control)
        .holds(
            not_found,
            "NOT_FOUND",
            nobody.words(),
            "unknown-service-known",
        );
    let whole = services.health("").await;
    let serving = whole.as_deref().is_ok_and(|status| status == "SERVING");
    case.require("HE-053")
        .seen("check of the empty name", whole.words())
        .holds(serving, "SERVING", whole.words(), "server-unknown");
    raw.end().await;
    Ok(())
}

async fn implemented(case: &mut Case) -> ScenarioResult {
    let (raw, services) = connected(case).await?;
    let first = services
        .hook::<Implemented>(ImplementedRequest::default())
        .await;
    let first = match first {
        Ok(answer) => answer,
        Err(status) => {
            let seen = status.words();
            case.require("HK-051")
                .fails("call-failed", "a list of hooks", seen);
            raw.end().await;
            return Ok(());
        }
    };
    if let Some(error) = &first.error {
        case.require("HK-051").fails(
            "error-in-band",
            "a list of hooks",
            format!("{} ({})", error.message, error.id),
        );
        raw.end().await;
        return Ok(());
    }
    judge_names(case, &first.hooks);
    let mut lists = vec![Ok(first.hooks.clone())];
    for _ in 0..2 {
        let again = services
            .hook::<Implemented>(ImplementedRequest::default())
            .await;
        lists.push(again.map(|answer| answer.hooks));
    }
    let distinct: BTreeSet<&String> = first.hooks.iter().collect();
    let repeated = distinct.len() != first.hooks.len();
    let changed = lists.iter().any(|list| {
        !list
            .as_ref()
            .is_ok_and(|list| list.iter().collect::<BTreeSet<_>>() == distinct)
    });
    let reason = if repeated {
        "listed-twice"
    } else {
        "list-changes"
    };
    case.require("HK-052")
        .seen("three lists", &first.hooks)
        .holds(
            !repeated && !changed,
            "three times the same list, each hook once",
            listed(&lists),
            reason,
        );
    judge_handlers(case, &services, &first.hooks).await;
    raw.end().await;
    Ok(())
}

/// Several answers to the same question.
fn listed(lists: &[Result<Vec<String>, Status>]) -> String {
    let lists: Vec<String> = lists.iter().map(Words::words).collect();
    lists.join("; then ")
}

/// Exact names and nothing else.
fn judge_names(case: &Case, hooks: &[String]) {
    let known = |name: &String| {
        (name != "Implemented" && find_hook(name).is_some()) || name == "ServeMetrics"
    };
    let strange: Vec<&String> = hooks.iter().filter(|name| !known(name)).collect();
    let reason = if hooks.is_empty() {
        "empty-list"
    } else {
        "no-such-hook"
    };
    case.require("HK-051")
        .seen("number of names", hooks.len())
        .holds(
            strange.is_empty() && !hooks.is_empty(),
            "names of hooks",
            format!("{} names; strange: {}", hooks.len(), strange.words()),
            reason,
        );
}

/// The hooks of TESTEE.md are listed, and whatever is listed is served.
async fn judge_handlers(case: &Case, services: &Services, hooks: &[String]) {
    let omitted: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|name| !hooks.iter().any(|hook| hook == name))
        .collect();
    // Hooks that end something come last.
    let callable = HOOKS
        .iter()
        .filter(|hook| hook.shape != Shape::Stream && hooks.iter().any(|name| name == hook.name));
    let (last, first): (Vec<&Method>, Vec<&Method>) =
        callable.partition(|hook| hook.name == "OnDeactivate");
    let mut dead = Vec::new();
    let mut called = 0_usize;
    for hook in first.into_iter().chain(last) {
        called += 1;
        if matches!(services.empty(hook.path).await, Err(status) if status.code() == Code::Unimplemented)
        {
            dead.push(hook.name);
        }
    }
    let reason = if dead.is_empty() {
        "handler-omitted"
    } else {
        "listed-without-handler"
    };
    case.require("HK-053")
        .seen("hooks called", some(called))
        .holds(
            dead.is_empty() && omitted.is_empty(),
            "the hooks with a handler",
            format!(
                "listed and not served: {}; not listed: {}",
                dead.words(),
                omitted.words()
            ),
            reason,
        );
}

async fn unknown(case: &mut Case) -> ScenarioResult {
    let (raw, services) = connected(case).await?;
    let before = services.health("plugin").await;
    let paths = [
        "/mattermost.pluginapi.v1.PluginHooks/NoSuchHook",
        "/mattermost.pluginapi.v1.NoSuchService/Method",
        "/plugin.GRPCStdio/NoSuchStream",
    ];
    for path in paths {
        let answer = services.empty(path).await;
        let code = answer
            .as_ref()
            .map_or_else(tonic::Status::code, |_| Code::Ok);
        let reason = match answer.as_ref().map_err(classify) {
            Ok(_) => "answered",
            Err(FailureKind::Unavailable) => "connection-lost",
            Err(_) => "wrong-code",
        };
        case.require("LC-056")
            .seen("control, health before", before.as_ref().ok())
            .and("called", path)
            .holds(
                code == Code::Unimplemented,
                "UNIMPLEMENTED",
                answer.words(),
                reason,
            );
    }
    // Hosts open this stream before anything else; whether it is served is the plugin's affair, that it survives is not.
    let stream = services.stdio().await;
    let after = services.health("plugin").await;
    let alive = raw.exit().is_none();
    case.require("LC-056").seen("stdio stream", &stream).holds(
        alive && after.is_ok(),
        "a plugin that goes on",
        format!("{stream}; health afterwards: {}", after.words()),
        "ended",
    );
    raw.end().await;
    Ok(())
}
