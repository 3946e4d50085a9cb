//! A plugin that is up: its health, its hooks, its activation, its end.

use std::time::Duration;

use plugin_host::event::Stream;
use plugin_host::hooks::outcome::classify;
use plugin_host::hooks::{Announcement, FailureKind};
use plugin_host::process::stopping::{StopOutcome, StopStep};
use plugin_proto::hook::{Implemented, OnActivate, OnConfigurationChange, OnDeactivate};
use plugin_proto::{find_hook, pb};
use rustix::process::Signal;
use serde_json::Value;
use tonic::{Code, Status};

use super::{Finding, Visit};
use crate::plugin_run::process;
use crate::plugin_run::raw::{Raw, Services};

/// What go-plugin waits between `Shutdown` and SIGKILL.
const AFTER_SHUTDOWN: Duration = Duration::from_secs(2);
/// What a host waits between SIGTERM and SIGKILL.
const AFTER_TERM: Duration = Duration::from_secs(5);

/// Asks it everything, then ends it.
pub(super) async fn speak(visit: &mut Visit<'_>, raw: Raw, services: Services) {
    let health = services.health("plugin").await;
    visit.note(of_health(&health));
    if let Some(hooks) = implemented(visit, &services).await {
        activate(visit, &raw, &services, &hooks).await;
    }
    log_lines(visit, &raw);
    end(visit, raw, &services).await;
}

fn of_health(health: &Result<String, Status>) -> Finding {
    let fault = |says: String, mend: &str| Finding::fault("health", says).mend(mend);
    match health {
        Ok(status) if status == "SERVING" => Finding::fine("health", "SERVING"),
        Ok(status) => fault(
            format!(
                "the health of the service \"plugin\" is {status}: hosts that look at it restart the plugin for ever"
            ),
            "set the status of \"plugin\" to SERVING before the handshake",
        ),
        Err(status) if status.code() == Code::Unimplemented => fault(
            "there is no health service (grpc.health.v1.Health): every check of a host fails"
                .to_owned(),
            "add the health service of your gRPC library (Python: grpcio-health-checking)",
        ),
        Err(status) if status.code() == Code::NotFound => fault(
            "the health service does not know the service \"plugin\"".to_owned(),
            "register the name \"plugin\" with the status SERVING",
        ),
        Err(status) => fault(
            format!(
                "the health check fails: {:?}: {}",
                status.code(),
                status.message()
            ),
            "see the plugin's stderr",
        ),
    }
}

/// The hooks that it says it has.
async fn implemented(visit: &mut Visit<'_>, services: &Services) -> Option<Announcement> {
    let answer = services
        .hook::<Implemented>(pb::ImplementedRequest::default())
        .await;
    let announced = match answer {
        Ok(pb::ImplementedResponse {
            error: Some(error), ..
        }) => {
            let says = format!(
                "Implemented answers an error: {} ({})",
                error.message, error.id
            );
            visit.note(Finding::fault("hooks", says).mend("answer with the list of hook names"));
            return None;
        }
        Ok(answer) => Announcement::read(&answer.hooks),
        Err(status) if status.code() == Code::Unimplemented => {
            let says =
                "Implemented is not served: hosts call every hook there is, or refuse the plugin";
            visit.note(
                Finding::fault("hooks", says)
                    .mend("serve Implemented and list the hooks that have a handler"),
            );
            return Some(Announcement::of_everything());
        }
        Err(status) => {
            let says = format!(
                "Implemented fails: {:?}: {}",
                status.code(),
                status.message()
            );
            visit.note(Finding::fault("hooks", says).mend("answer with the list of hook names"));
            return None;
        }
    };
    let names: Vec<&str> = announced.hooks.names().collect();
    visit.note(match () {
        () if !announced.unknown.is_empty() => Finding::fault(
            "hooks",
            format!(
                "Implemented lists what is no hook: {:?}; it will never be called",
                announced.unknown
            ),
        )
        .mend("write the names exactly as in the service, for instance OnActivate"),
        () if !announced.repeated.is_empty() => Finding::warning(
            "hooks",
            format!("Implemented lists a hook twice: {:?}", announced.repeated),
        )
        .mend("list each hook once"),
        () if names.is_empty() => Finding::warning(
            "hooks",
            "Implemented lists no hook at all, so the plugin will never be called",
        )
        .mend("list the hooks that have a handler"),
        () => Finding::fine("hooks", names.join(", ")),
    });
    Some(announced)
}

/// The hooks by which a host activates a plugin.
async fn activate(visit: &mut Visit<'_>, raw: &Raw, services: &Services, hooks: &Announcement) {
    let has = |name: &str| find_hook(name).is_some_and(|hook| hooks.hooks.contains(hook));
    if has("OnConfigurationChange") {
        let answer = services
            .hook::<OnConfigurationChange>(pb::OnConfigurationChangeRequest::default())
            .await;
        judge_hook(
            visit,
            raw,
            "OnConfigurationChange",
            answer.map(|answer| answer.error),
        )
        .await;
    }
    if has("OnActivate") {
        let answer = services
            .hook::<OnActivate>(pb::OnActivateRequest::default())
            .await;
        if judge_hook(visit, raw, "OnActivate", answer.map(|answer| answer.error)).await {
            visit.note(Finding::fine("activation", "OnActivate succeeds"));
        }
    }
    if has("OnDeactivate") {
        let answer = services
            .hook::<OnDeactivate>(pb::OnDeactivateRequest::default())
            .await;
        judge_hook(
            visit,
            raw,
            "OnDeactivate",
            answer.map(|answer| answer.error),
        )
        .await;
    }
}

/// Whether a hook succeeded; if not, it is explained.
async fn judge_hook(
    visit: &mut Visit<'_>,
    raw: &Raw,
    hook: &str,
    answer: Result<Option<pb::AppError>, Status>,
) -> bool {
    let stderr = || {
        raw.seen
            .lines(Stream::Stderr)
            .into_iter()
            .rev()
            .take(12)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
    };
    let finding = match answer {
        Ok(None) => return true,
        Ok(Some(error)) => Finding::fault(
            "activation",
            format!("{hook} answers an error: {} ({})", error.message, error.id),
        )
        .mend("the message is the plugin's own; with the API of a real server it may succeed"),
        Err(status) if hooks_gone(&status) => {
            let exit = raw.exit_within(Duration::from_millis(500)).await;
            let end = exit.map_or("the connection broke".to_owned(), |exit| {
                format!("the process ended, {exit}")
            });
            Finding::fault("activation", format!("{hook} is not answered: {end}"))
                .mend("its last words on stderr are below")
        }
        Err(status) => Finding::fault(
            "activation",
            format!(
                "{hook} fails with a gRPC status: {:?}: {}",
                status.code(),
                status.message()
            ),
        )
        .mend("answer errors in band, with the status OK and the field error"),
    };
    visit.note(finding.shows(stderr().map(|line| format!("stderr: {}", line.trim_end()))));
    false
}

fn hooks_gone(status: &Status) -> bool {
    classify(status) == FailureKind::Unavailable
}

/// Lines that would end a Go host.
fn log_lines(visit: &mut Visit<'_>, raw: &Raw) {
    let fatal = raw
        .seen
        .lines(Stream::Stderr)
        .into_iter()
        .find(|line| match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => ["@level", "@message", "@timestamp"]
                .iter()
                .filter_map(|name| fields.get(*name))
                .any(|value| !value.is_string()),
            _ => false,
        });
    if let Some(line) = fatal {
        let says = "a JSON line on stderr has an @level, @message or @timestamp that is no string: a Go server ends when it reads it";
        visit.note(
            Finding::fault("log", says)
                .mend("write strings in these fields")
                .shows([format!("stderr: {line}")]),
        );
    }
}

/// Shutdown, then SIGTERM, and what is left.
async fn end(visit: &mut Visit<'_>, raw: Raw, services: &Services) {
    if raw.exit().is_none() {
        let finding = ask(&raw, services).await;
        visit.note(finding);
    }
    let stop = raw.end().await;
    let left = |outcome| {
        matches!(
            outcome,
            StopOutcome::KilledSurvivors | StopOutcome::SurvivorsRemain
        )
    };
    if stop
        .steps
        .iter()
        .any(|report| report.step == StopStep::Sweep && left(report.outcome))
    {
        let says = "processes that the plugin had started were still there after its end (they are gone now)";
        visit.note(Finding::fault("end", says).mend(
            "end child processes in OnDeactivate, and when the plugin itself is asked to end",
        ));
    }
}

/// Asks it to end, by go-plugin's controller and if need be by SIGTERM.
async fn ask(raw: &Raw, services: &Services) -> Finding {
    let answer = tokio::select! {
        answer = services.shutdown() => answer,
        _ = raw.exit_within(AFTER_SHUTDOWN) => Ok(()),
    };
    let served = !matches!(&answer, Err(status) if status.code() == Code::Unimplemented);
    if served && let Some(exit) = raw.exit_within(AFTER_SHUTDOWN).await {
        return match exit.is_success() {
            true => Finding::fine("end", format!("Shutdown ends it, {exit}")),
            false => Finding::warning("end", format!("Shutdown ends it, but with {exit}"))
                .mend("end with status 0"),
        };
    }
    // The process may end by itself in this moment; then there is nobody to tell.
    let _ = process::signal(raw.pid(), Signal::TERM);
    let by_term = raw.exit_within(AFTER_TERM).await.is_some();
    let says = match served {
        true => {
            "two seconds after Shutdown it is still there, so that a Go host kills it: no exit handler runs"
        }
        false => {
            "there is no controller: Go hosts wait two seconds at every stop and then kill it: no exit handler runs"
        }
    };
    let mend = "serve plugin.GRPCController/Shutdown: answer, then end the process";
    match by_term {
        true => Finding::warning("end", format!("{says} (SIGTERM ends it)")).mend(mend),
        false => {
            Finding::fault("end", format!("{says}; SIGTERM does not end it either")).mend(mend)
        }
    }
}
